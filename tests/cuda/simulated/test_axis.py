"""Kernels along an axis: rows, walks and columns, masks, ties and special slices, against CPUs."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import actgen
from actgen.cuda import axis as plans
from tests.cuda.fake_cuda import FakeArray, FakeCuda, on_host
from tests.oracle import errors
from tests.oracle.normalization import MASKED_VALUE, NORMALIZATIONS, under_mask

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
PLAIN = sorted(set(NORMALIZATIONS) - {"gumbel_softmax"})
every_plain = pytest.mark.parametrize("name", PLAIN)
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
# the simulator is slow: every function, and every dtype with one of them
every_case = pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *(("softmax", dtype) for dtype in DTYPES),
        *((name, DTYPES[k % 4]) for k, name in enumerate(PLAIN) if name != "softmax"),
    ],
)
BOUNDS = {"float64": 4.0, "float32": 2.0, "float16": 0.51, "bfloat16": 0.51}


@pytest.fixture(autouse=True)
def _quick(fake: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(plans, "_TOGETHER", 32)  # the simulator is slow
    with np.errstate(all="ignore"):
        yield


@pytest.fixture
def short_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rows of some 20 elements be long: then a block walks along them."""
    monkeypatch.setattr(plans, "_MOST", 4)


def numbers(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(scale=3, size=shape).astype(dtype)


def check(name: str, rows: Any, found: Any, mask: Any = None) -> None:
    """Hold rows to the oracle."""
    assert found.dtype == rows.dtype
    for index, (row, computed) in enumerate(zip(rows, found, strict=True)):
        lists = row.astype(float).tolist()
        if mask is None:
            exact = NORMALIZATIONS[name][0](lists)
        else:
            function = under_mask(NORMALIZATIONS[name][0], MASKED_VALUE[name])
            exact = function(lists, mask=mask[index].tolist())
        if name == "sparsemax" and rows.dtype == np.float64:
            np.testing.assert_allclose(computed, np.array(exact, float), atol=1e-14)
        else:
            error = errors(computed, exact).max()
            assert error <= BOUNDS[rows.dtype.name], (row, computed, error)


@every_case
def test_rows(name: str, dtype: Any) -> None:
    for length in (1, 8, 19):
        x = numbers((3, length), dtype, length)
        check(name, x, on_host(actgen.get(name)(FakeArray(x))))


@every_case
def test_walks(fake: FakeCuda, short_rows: None, name: str, dtype: Any) -> None:
    x = numbers((2, 37), dtype)
    x[1] = np.sort(x[1])  # the largest comes last
    check(name, x, on_host(actgen.get(name)(FakeArray(x))))
    assert fake.launches[0].name.endswith(("block", "online"))


def test_rows_of_several_warps(fake: FakeCuda) -> None:
    x = numbers((1, 1090), np.float32)
    x[0, 700:] = -np.inf
    for name in ("softmax", "log_softmax"):
        check(name, x, on_host(actgen.get(name)(FakeArray(x))))
    assert {launch.block for launch in fake.launches} == {64, 128}


@every_plain
def test_columns(fake: FakeCuda, name: str) -> None:
    shape = (1, 70, 2) if name == "softmax" else (2, 5, 3)
    x = numbers(shape, np.float32)
    found = on_host(actgen.get(name)(FakeArray(x), axis=1))
    rows = (np.moveaxis(array, 1, -1).reshape(-1, shape[1]) for array in (x, found))
    check(name, *rows)
    assert fake.launches[0].name.endswith("_columns")


@pytest.mark.parametrize(("name", "dtype"), zip(sorted(MASKED_VALUE), DTYPES * 2, strict=False))
def test_masks(short_rows: None, name: str, dtype: Any) -> None:
    for length in (6, 36):
        x = numbers((4, length), dtype)
        mask = np.random.default_rng(1).random(x.shape) < 0.6
        mask[0], mask[1] = False, True
        x[2, ~mask[2]] = np.nan
        f = actgen.get(name)
        found = on_host(f(FakeArray(x), where=FakeArray(mask)))
        check(name, x, found, mask)
        columns = (FakeArray(np.ascontiguousarray(array.T)) for array in (x, mask))
        check(name, x, on_host(f(next(columns), axis=0, where=next(columns))).T, mask)
        dy = numbers(x.shape, dtype, 2)
        slope = on_host(f.vjp(FakeArray(x), FakeArray(dy), where=FakeArray(mask)))
        close(slope, f.vjp(x, dy, where=mask))
        assert not slope[~mask].any()


def close(found: Any, wanted: Any) -> None:
    """Hold gradients to those of the CPU: both add in float64, each in an order of its own."""
    assert found.dtype == wanted.dtype
    digits = {"float64": 1e-14, "float32": 1.2e-7, "float16": 1e-3, "bfloat16": 1e-2}
    rtol = digits[wanted.dtype.name]
    np.testing.assert_allclose(found.astype(float), wanted.astype(float), rtol=rtol, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("hardmax", np.float32),
        ("log_softmax", np.float16),
        ("softmax", np.float32),
        ("sparsemax", np.float32),
    ],
)
def test_special_slices(short_rows: None, name: str, dtype: Any) -> None:
    for length in (3, 36):
        x = np.zeros((7, length), dtype)
        x[0] = -np.inf
        x[1, 1] = np.inf
        x[2, -1] = np.nan
        x[3, 0], x[3, 1] = 5, 5
        x[4, :] = -np.inf
        x[4, 1] = 2
        x[5] = 1e30 * np.arange(length)
        for array, axis in ((x, 1), (np.ascontiguousarray(x.T), 0)):
            found = on_host(actgen.get(name)(FakeArray(array), axis=axis))
            wanted = actgen.get(name)(array, axis=axis)
            digits = 3e-7 if dtype == np.float32 else 1e-3
            np.testing.assert_allclose(found, wanted, rtol=digits, err_msg=f"{length} {axis}")


@every_case
def test_gradients(short_rows: None, name: str, dtype: Any) -> None:
    f = actgen.get(name)
    for length in (7, 36):
        x, dy = numbers((3, length), dtype), numbers((3, length), dtype, 1)
        wanted = f.vjp(x, dy)
        close(on_host(f.vjp(FakeArray(x), FakeArray(dy))), wanted)
        tall = (FakeArray(np.ascontiguousarray(array.T)) for array in (x, dy))
        close(on_host(f.vjp(*tall, axis=0)).T, wanted)


@pytest.mark.parametrize("name", ["softmax", "softmin", "log_softmax"])
def test_fast_tier(short_rows: None, name: str) -> None:
    f, x, dy = actgen.get(name), numbers((3, 36), np.float32), numbers((3, 36), np.float32, 1)
    for start in (20, 0):
        x, dy = x[:, start:].copy(), dy[:, start:].copy()
        np.testing.assert_allclose(on_host(f.fast(FakeArray(x))), f(x), rtol=5e-7)
        slope = on_host(f.fast.vjp(FakeArray(x), FakeArray(dy)))
        np.testing.assert_allclose(slope, f.vjp(x, dy), rtol=2e-6, atol=2e-7)


@every_case
def test_bits_do_not_depend_on_the_place(short_rows: None, name: str, dtype: Any) -> None:
    """Neither on the alignment, nor on the other rows, nor on `out`."""
    f = actgen.get(name)
    for length in (8, 36):
        memory = numbers((3 * length + 1,), dtype)
        wanted = on_host(f(FakeArray(memory[1:].copy().reshape(3, length))))
        shifted = memory[1:].reshape(3, length)
        np.testing.assert_array_equal(on_host(f(FakeArray(shifted))), wanted)
        np.testing.assert_array_equal(on_host(f(FakeArray(shifted[1]))), wanted[1])
        f(FakeArray(shifted), out=FakeArray(shifted))
        np.testing.assert_array_equal(shifted, wanted)


def test_gradients_may_lie_over_slopes(short_rows: None) -> None:
    for length in (8, 36):
        x, dy = numbers((3, length), np.float32), numbers((3, length), np.float32, 1)
        wanted = on_host(actgen.softmax.vjp(FakeArray(x), FakeArray(dy)))
        actgen.softmax.vjp(FakeArray(x), FakeArray(dy), out=FakeArray(dy))
        np.testing.assert_array_equal(dy, wanted)


@every_dtype
def test_groups(dtype: Any) -> None:
    x = numbers((2, 6, 5), dtype)
    x[0, :2, 0] = 0.0, -0.0
    x[1, 3, 1] = np.nan
    x[1, :3, 2] = 7
    for axis, groups in ((1, 3), (1, 2), (0, 2), (2, 5), (2, 1)):
        y = actgen.maxout(x, groups=groups, axis=axis)
        found = on_host(actgen.maxout(FakeArray(x), groups=groups, axis=axis))
        np.testing.assert_array_equal(found.astype(float), y.astype(float))
        np.testing.assert_array_equal(np.signbit(found), np.signbit(y))
        dy = numbers(y.shape, dtype, 1)
        wanted = actgen.maxout.vjp(x, dy, groups=groups, axis=axis)
        slope = actgen.maxout.vjp(FakeArray(x), FakeArray(dy), groups=groups, axis=axis)
        np.testing.assert_array_equal(on_host(slope).astype(float), wanted.astype(float))


@pytest.mark.parametrize("dtype", [np.float64, np.float16], ids=lambda d: d.__name__)
def test_gumbel_softmax(short_rows: None, dtype: Any) -> None:
    f = actgen.gumbel_softmax.with_params(tau=0.5)
    for length in (6, 36):
        x, dy = numbers((3, length), dtype), numbers((3, length), dtype, 1)
        soft, hard = (
            on_host(f(FakeArray(x), hard=hard, rng=7)).astype(float) for hard in (False, True)
        )
        np.testing.assert_allclose(soft.sum(-1), 1, atol=0.02)
        np.testing.assert_array_equal(hard.argmax(-1), soft.argmax(-1))
        np.testing.assert_array_equal(hard.sum(-1), 1)
        slopes = [
            on_host(f.vjp(FakeArray(x), FakeArray(dy), hard=hard, rng=7)) for hard in (False, True)
        ]
        np.testing.assert_array_equal(*slopes)
    if dtype == np.float64:
        step = 1e-6
        up, down = (
            on_host(actgen.gumbel_softmax(FakeArray(x), tau=0.5 + by, rng=7))
            for by in (step, -step)
        )
        found = on_host(f.vjp(FakeArray(x), FakeArray(dy), wrt="tau", rng=7))
        np.testing.assert_allclose(found, (dy * (up - down)).sum() / (2 * step), rtol=1e-5)
