"""Check the primitives of kernels against NumPy, ml_dtypes and exact arithmetic."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from actgen.intrinsics import (
    copysign,
    fma,
    kernel,
    load,
    maximum,
    minimum,
    narrow,
    same_start,
    select,
    stack_buffer,
    ufunc,
)

BITS = np.arange(2**16, dtype=np.uint16)


@kernel
def widen(x, out):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        out[i] = load(x[i])


@kernel
def round_to(x, out):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        out[i] = narrow(x[i], out)


@kernel
def combine(x, y, out):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        out[0, i] = maximum(x[i], y[i])
        out[1, i] = minimum(x[i], y[i])
        out[2, i] = select(x[i] < y[i], x[i], y[i])
        out[3, i] = copysign(x[i], y[i])


@kernel
def residue(a, b, out):  # type: ignore[no-untyped-def]
    for i in range(a.size):
        product = a[i] * b[i]
        out[i] = fma(a[i], b[i], -product)


@kernel
def reversed_tiles(x, out):  # type: ignore[no-untyped-def]
    tile = stack_buffer(8, x)
    for start in range(0, x.size, 8):
        for i in range(8):
            tile[i] = x[start + i]
        for i in range(8):
            out[start + i] = tile[7 - i]


@kernel
def begins_alike(a, b):  # type: ignore[no-untyped-def]
    return same_start(a, b)


def half_patterns() -> np.ndarray[Any, Any]:
    """float32 values at, beside and half-way between float16 and bfloat16 values."""
    halves = BITS.view(np.float16).astype(np.float32)
    centres = np.concatenate([halves, (halves[1:] + halves[:-1]) / 2])
    upper = (BITS.astype(np.uint32) << 16)[:, None] + np.array([0, 1, 0x7FFF, 0x8000, 0x8001])
    patterns = np.concatenate([centres.view(np.uint32), upper.astype(np.uint32).ravel()])
    return np.concatenate([patterns, patterns + 1, patterns - 1]).view(np.float32)


def check_sixteen_bits() -> None:
    with np.errstate(all="ignore"):
        samples = half_patterns()
        for dtype, view in ((np.dtype(np.float16), "u2"), (np.dtype(ml_dtypes.bfloat16), "i2")):
            wide = np.empty(BITS.size)
            widen(BITS.view(view), wide)
            np.testing.assert_array_equal(wide, BITS.view(dtype).astype(np.float64))
            rounded = np.empty(samples.size, view)
            round_to(samples, rounded)
            expected = samples.astype(dtype)
            nan = np.isnan(samples)
            np.testing.assert_array_equal(rounded[~nan], expected[~nan].view(view))
            assert np.isnan(rounded.view(dtype)[nan].astype(np.float32)).all()


def test_sixteen_bit_floats_convert_as_numpy_converts_them() -> None:
    check_sixteen_bits()


def test_sixteen_bit_floats_convert_without_hardware_too(tmp_path: Any) -> None:
    code = "from test_intrinsics import check_sixteen_bits; check_sixteen_bits()"
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "ACTGEN_CACHE_DIR": str(tmp_path)}
    where = os.path.dirname(__file__)
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=where, check=True)


def test_float64_narrows_to_float32_to_nearest_even() -> None:
    x = np.array([1.0, 1 + 2.0**-24, 1 + 3 * 2.0**-24, 1e300, np.nan, -0.0])
    out = np.empty(x.size, np.float32)
    round_to(x, out)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(out.view(np.int32), x.astype(np.float32).view(np.int32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_selections_keep_nan_and_take_the_first_of_equals(dtype: type) -> None:
    values = np.array([np.nan, -np.inf, -1.0, -0.0, 0.0, 2.0, np.inf], dtype)
    x, y = (grid.ravel() for grid in np.meshgrid(values, values))
    out = np.empty((4, x.size), dtype)
    combine(x, y, out)
    with np.errstate(invalid="ignore"):
        larger = np.where((y > x) | np.isnan(y), y, x)
        smaller = np.where((y < x) | np.isnan(y), y, x)
        for found, expected in ((out[0], larger), (out[1], smaller)):
            np.testing.assert_array_equal(found, expected)
            np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))
        np.testing.assert_array_equal(out[2], np.where(x < y, x, y))
    np.testing.assert_array_equal(np.signbit(out[3]), np.signbit(y))


def test_fma_rounds_once() -> None:
    from fractions import Fraction

    draw = np.random.default_rng(1)
    a, b = draw.standard_normal(50), draw.standard_normal(50)
    out = np.empty(50)
    residue(a, b, out)
    exact = [Fraction(u) * Fraction(v) - Fraction(u * v) for u, v in zip(a, b, strict=True)]
    assert [Fraction(value) for value in out] == exact


def test_a_stack_buffer_holds_a_tile() -> None:
    x = np.arange(32, dtype=np.float32)
    reversed_tiles(x, x)
    np.testing.assert_array_equal(x, np.arange(32).reshape(4, 8)[:, ::-1].ravel())


def test_same_start_compares_addresses() -> None:
    x = np.zeros(8)
    assert begins_alike(x, x[:4])
    assert not begins_alike(x, x[1:])


def test_a_ufunc_has_one_loop_for_each_element_type() -> None:
    @ufunc
    def scaled(x, factor):  # type: ignore[no-untyped-def]
        return narrow(load(x) * factor, x)

    single = scaled.loops(np.dtype(np.float32))
    scaled.loops(np.dtype(np.float64))
    assert single is scaled.loops(np.dtype(np.float32))
    assert single.types == ["fd->f"]
    with pytest.raises(TypeError, match="no loop for elements of dtype int64"):
        scaled.loops(np.dtype(np.int64))


def test_division_by_zero_is_ieee() -> None:
    @kernel
    def inverse(x, out):  # type: ignore[no-untyped-def]
        for i in range(x.size):
            out[i] = 1.0 / x[i]

    out = np.empty(2)
    inverse(np.array([0.0, -0.0]), out)
    np.testing.assert_array_equal(out, [np.inf, -np.inf])
