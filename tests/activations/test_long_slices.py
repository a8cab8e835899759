"""Hold softmax and its kin in float32 arithmetic to their bounds, over slices of any length."""

from __future__ import annotations

import numpy as np
import pytest

import actgen
from tests.activations.cases import DTYPES

# of a float32 result; the sum adds no more than a rounding in float64
BOUND = {"accurate": 2.0, "fast": 4.0}
NAMES = ("softmax", "log_softmax", "softmin")
# around vectors, short rows, tiles, and what is kept
LENGTHS = (1, 2, 16, 17, 28, 29, 63, 1000, 2049, 65_537)


def exact(name, x, axis=-1):
    """Return the values in extended precision."""
    x = x.astype(np.longdouble)
    shifted = (
        x - x.max(axis, keepdims=True) if name != "softmin" else x.min(axis, keepdims=True) - x
    )
    e = np.exp(shifted)
    if name != "log_softmax":
        return e / e.sum(axis, keepdims=True)
    # the largest is 1, and apart
    peak = shifted.argmax(axis)
    np.put_along_axis(e, np.expand_dims(peak, axis), 0, axis)
    return shifted - np.log1p(e.sum(axis, keepdims=True))


def ulps(computed, reference):
    size = np.maximum(np.abs(reference), np.longdouble(2.0**-126))
    unit = np.ldexp(np.longdouble(1), np.frexp(size)[1] - 24)
    return float((np.abs(computed.astype(np.longdouble) - reference) / unit).max())


def same_bits(computed, expected):
    """Tell whether two arrays are the same to the bit, but for which NaN a NaN is."""
    if computed.shape != expected.shape or computed.dtype != expected.dtype:
        return False
    bits = [np.where(np.isnan(a), 0, a).astype(a.dtype).tobytes() for a in (computed, expected)]
    return bits[0] == bits[1] and (np.isnan(computed) == np.isnan(expected)).all()


def tier(name, speed):
    activation = actgen.get(name)
    return activation.fast if speed == "fast" else activation


def kinds(n, rng):
    """Yield rows: ordinary, wide, equal, one ahead of many, tails, far from 0, and padded."""
    yield rng.normal(size=n)
    yield 30 * rng.normal(size=n)
    yield np.zeros(n)
    for gap in (0.3, 5, 20, 90, 103):
        yield np.r_[np.full(n - 1, 1.7 - gap), 1.7]
    yield rng.uniform(-110, 0, n)
    yield 60_000 + rng.normal(size=n)
    yield 70_000 + 20 * rng.normal(size=n)
    yield 1e30 * rng.normal(size=n)
    yield np.r_[rng.normal(size=n - n // 2), np.full(n // 2, -np.inf)]


@pytest.mark.parametrize("speed", BOUND)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", LENGTHS)
def test_rows(name, n, speed):
    rng = np.random.default_rng(n)
    x = np.array(list(kinds(n, rng)), np.float32)
    x = -x if name == "softmin" else x
    result = tier(name, speed)(x)
    with np.errstate(all="ignore"):
        reference = exact(name, x)
    for row, computed, wanted in zip(x, result, reference, strict=True):
        finite = np.isfinite(wanted)
        np.testing.assert_array_equal(computed[~finite], wanted[~finite].astype(np.float32))
        assert ulps(computed[finite], wanted[finite]) <= BOUND[speed], row[:5]


@pytest.mark.parametrize("speed", BOUND)
@pytest.mark.parametrize("name", NAMES)
def test_a_million_elements(name, speed):
    x = (3 * np.random.default_rng(1).normal(size=10**6)).astype(np.float32)
    assert ulps(tier(name, speed)(x), exact(name, x)) <= BOUND[speed]


@pytest.mark.parametrize(
    ("name", "dtype", "speed"),  # kernels for strides compile long
    [
        ("softmax", "float32", "accurate"),
        ("softmax", "bfloat16", "fast"),
        ("log_softmax", "float32", "fast"),
        ("log_softmax", "bfloat16", "accurate"),
    ],
)
def test_bits_do_not_depend_on_the_layout(name, dtype, speed):
    rng = np.random.default_rng(2)
    activation = tier(name, speed)
    for shape in ((3, 17, 300), (1, 5000, 3), (2, 1100, 70)):
        x = (4 * rng.normal(size=shape)).astype(DTYPES[dtype])
        x[0, 0, 0], x[-1, -1, -1] = np.inf, np.nan
        mask = rng.random(shape) < 0.8
        rows = np.ascontiguousarray(np.moveaxis(x, 1, -1))
        expected = np.moveaxis(activation(rows), -1, 1)
        under = np.ascontiguousarray(np.moveaxis(mask, 1, -1))
        masked = np.moveaxis(activation(rows, where=under), -1, 1)
        spread = np.zeros((*shape[:2], 2 * shape[2]), x.dtype)[..., ::-2]
        spread[...] = x
        for given in (x, np.asfortranarray(x), spread):
            assert same_bits(activation(given, axis=1), expected)
            assert same_bits(activation(given, axis=1, where=mask), masked)
            out = np.zeros_like(given)
            assert same_bits(activation(given, axis=1, out=out), expected)
            inside = given.copy()
            assert same_bits(activation(inside, axis=1, out=inside), expected)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [7, 1000, 70_000])
def test_gradients_of_the_fast_tier(name, n):
    rng = np.random.default_rng(n)
    x = (3 * rng.normal(size=(4, n))).astype(np.float32)
    dy = rng.normal(size=x.shape).astype(np.float32)
    got = actgen.get(name).fast.vjp(x, dy)
    want = actgen.get(name).vjp(x.astype(float), dy.astype(float))
    y = np.abs(actgen.get(name)(x.astype(float)))
    scale = np.abs(dy) + np.abs(dy * y).sum(1, keepdims=True)
    if name == "log_softmax":
        scale = np.abs(dy) + np.exp(-y) * np.abs(dy).sum(1, keepdims=True)
        y = np.ones_like(y)
    assert (np.abs(got - want) <= 4 * 2.0**-24 * y * scale + 2.0**-149).all()
    columns = actgen.get(name).fast.vjp(x.T, dy.T, axis=0)
    np.testing.assert_array_equal(columns.T, got)
    np.testing.assert_array_equal(
        actgen.get(name).fast.vjp(np.ascontiguousarray(x.T), np.ascontiguousarray(dy.T), axis=0).T,
        got,
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("n", [100, 70_000])
def test_16_bit_slices_are_rounded_once(dtype, n):
    x = (2 * np.random.default_rng(n).normal(size=(2, n))).astype(DTYPES[dtype])
    for name in NAMES:
        with np.errstate(under="ignore"):
            wanted = exact(name, x.astype(np.float32))
            result = actgen.get(name)(x).astype(np.longdouble)
        p, e_min = (11, -14) if dtype == "float16" else (8, -126)
        size = np.maximum(np.abs(wanted), np.longdouble(2.0**e_min))
        unit = np.ldexp(np.longdouble(1), np.frexp(size)[1] - p)
        assert (np.abs(result - wanted) / unit).max() <= 0.51
