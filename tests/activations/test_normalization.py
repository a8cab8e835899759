"""Hold the normalizations to the oracle: values, gradients, masks, axes and special slices."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp

import actgen
from tests.activations.cases import DTYPES
from tests.oracle import errors, format_of
from tests.oracle.normalization import MASKED_VALUE, NORMALIZATIONS, under_mask

PLAIN = sorted(set(NORMALIZATIONS) - {"gumbel_softmax"})
every_plain = pytest.mark.parametrize("name", PLAIN)
every_dtype = pytest.mark.parametrize("dtype", list(DTYPES))


def _slices(dtype):
    """Return rows of one length: ordinary, wide apart, equal, dominated, tiny and huge values."""
    rng = np.random.default_rng(8)
    n = 17
    rows = [rng.normal(size=n), 30 * rng.normal(size=n), np.zeros(n), 1e-3 * rng.normal(size=n)]
    for gap in (5, 12, 20, 30, 45, 100):
        rows.append(np.r_[gap, rng.uniform(-1, 0, n - 1)])
    rows += [1e4 * rng.normal(size=n), np.r_[np.full(n - 1, -np.inf), 2.0]]
    return np.array(rows).astype(dtype)


def _allowed(dtype, n):
    # float64 sums may round once for each of their terms; all others are summed in float64
    return {"float16": 0.51, "bfloat16": 0.51, "float64": 2 + n / 2}.get(str(dtype), 2.0)


@every_plain
@every_dtype
def test_forward(name, dtype):
    x = _slices(DTYPES[dtype])
    result = actgen.get(name)(x)
    assert result.dtype == x.dtype
    for row, computed in zip(x, result, strict=True):
        exact = NORMALIZATIONS[name][0](row.astype(float).tolist())
        if name == "sparsemax" and dtype == "float64":
            # differences of a sum: held to the rounding of its largest term
            scale = np.abs(row[np.isfinite(row)]).max() * row.size * 2.0**-52
            assert np.abs(computed - np.array(exact, float)).max() <= scale
            continue
        error = errors(computed, exact)
        assert error.max() <= _allowed(x.dtype, row.size), (row, computed, error)


@every_plain
@every_dtype
def test_gradient(name, dtype):
    x = _slices(DTYPES[dtype])[:-1]
    dy = np.random.default_rng(9).normal(size=x.shape).astype(x.dtype)
    result = actgen.get(name).vjp(x, dy)
    assert result.dtype == x.dtype
    unit = 2.0 ** (1 - format_of(x.dtype).p)
    smallest = float(np.float64(format_of(x.dtype).ulp(mp.mpf(0))))
    for row, weights, computed in zip(x, dy, result, strict=True):
        lists = row.astype(float).tolist(), weights.astype(float).tolist()
        exact = np.array(NORMALIZATIONS[name][1](*lists), float)
        # y * (dy - sum(y * dy)) cancels: each entry is held to the size of its terms
        y = np.array(NORMALIZATIONS[name][0](lists[0]), float)
        weight = np.abs(lists[1])
        scale = np.abs(y) * (weight + (np.abs(y) * weight).sum())
        if name in ("log_softmax", "sparsemax"):
            scale = weight + weight.sum()
        wide = dtype == "float64"
        allowed = (row.size * unit if wide else unit) * np.where(wide, scale, np.abs(exact))
        floor = smallest + (0 if wide else 1e-14 * scale)
        assert (np.abs(computed.astype(float) - exact) <= allowed + floor).all(), (row, computed)


@every_plain
def test_any_axis_is_the_last_axis_of_a_transposed_array(name):
    x = np.random.default_rng(10).normal(size=(3, 4, 5, 2))
    activation = actgen.get(name)
    for axis in range(-4, 4):
        moved = np.moveaxis(x, axis, -1)
        expected = np.moveaxis(activation(np.ascontiguousarray(moved)), -1, axis)
        np.testing.assert_array_equal(activation(x, axis=axis), expected)


@pytest.mark.parametrize("name", sorted(MASKED_VALUE))
def test_tuple_of_axes(name):
    x = np.random.default_rng(11).normal(size=(3, 4, 5))
    activation = actgen.get(name)
    flat = activation(x.transpose(1, 0, 2).reshape(4, 15)).reshape(4, 3, 5).transpose(1, 0, 2)
    np.testing.assert_allclose(activation(x, axis=(0, 2)), flat, rtol=1e-14)
    whole = activation(x.ravel()).reshape(x.shape)
    np.testing.assert_allclose(activation(x, axis=(0, 1, 2)), whole, rtol=1e-14)


@pytest.mark.parametrize("name", sorted(MASKED_VALUE))
@every_dtype
def test_masks(name, dtype):
    rng = np.random.default_rng(12)
    x = rng.normal(size=(5, 6)).astype(DTYPES[dtype])
    mask = rng.random((5, 6)) < 0.6
    mask[0], mask[1] = False, True
    x[2, ~mask[2]] = np.nan
    result = actgen.get(name)(x, where=mask)
    function = under_mask(NORMALIZATIONS[name][0], MASKED_VALUE[name])
    for row, kept, computed in zip(x, mask, result, strict=True):
        exact = function(row.astype(float).tolist(), mask=kept.tolist())
        assert errors(computed, exact).max() <= _allowed(x.dtype, row.size)
    dy = rng.normal(size=x.shape).astype(x.dtype)
    gradient = actgen.get(name).vjp(x, dy, where=mask).astype(float)
    assert (gradient[~mask] == 0).all()
    for row, weights, kept, computed in zip(x, dy, mask, gradient, strict=True):
        lists = row.astype(float).tolist(), weights.astype(float).tolist()
        exact = under_mask(NORMALIZATIONS[name][1], 0)(*lists, mask=kept.tolist())
        tolerance = 4 * 2.0 ** -format_of(x.dtype).p * (1 + np.abs(lists[1]).sum())
        np.testing.assert_allclose(computed, np.array(exact, float), atol=tolerance)


@every_plain
def test_nan_stays_in_its_slice(name):
    x = np.random.default_rng(13).normal(size=(3, 4))
    clean = actgen.get(name)(x)
    x[1, 2] = np.nan
    result = actgen.get(name)(x)
    np.testing.assert_array_equal(result[[0, 2]], clean[[0, 2]])
    assert np.isnan(result[1]).any()


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_special_slices(name):
    activation = actgen.get(name)
    assert np.isnan(activation(np.full(3, -np.inf))).all()
    assert np.isnan(activation(np.array([0.0, np.inf]))).all()
    assert np.isnan(activation(np.array([0.0, np.nan]))).all()
    assert activation(np.empty((0,))).shape == (0,)
    assert activation(np.empty((3, 0))).shape == (3, 0)
    assert activation(np.empty((0, 3))).shape == (0, 3)
    with pytest.raises(ValueError, match="axis"):
        activation(np.array(1.0))


@every_plain
@every_dtype
@pytest.mark.parametrize("length", [1, 2, 1000])
def test_weights_sum_to_one(name, dtype, length):
    x = np.random.default_rng(14).normal(size=(2, length)).astype(DTYPES[dtype])
    result = actgen.get(name)(x).astype(float)
    total = np.exp(result).sum(-1) if name == "log_softmax" else result.sum(-1)
    np.testing.assert_allclose(total, 1, atol=4 * 2.0 ** -format_of(x.dtype).p)


def test_hardmax_takes_the_first():
    x = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]
    assert actgen.hardmax(x).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert actgen.get("hardmax").vjp(x, np.ones((2, 3))).tolist() == [[0, 0, 0]] * 2


@every_dtype
def test_gumbel_softmax(dtype):
    x = np.random.default_rng(15).normal(size=(4, 6)).astype(DTYPES[dtype])
    soft = actgen.gumbel_softmax(x, tau=0.5, rng=7)
    assert soft.dtype == x.dtype
    np.testing.assert_allclose(soft.astype(float).sum(-1), 1, atol=4 * 2.0 ** -format_of(x.dtype).p)
    np.testing.assert_array_equal(soft, actgen.gumbel_softmax(x, tau=0.5, rng=7))
    hard = actgen.gumbel_softmax(x, tau=0.5, hard=True, rng=7)
    assert np.isin(hard.astype(float), (0, 1)).all()
    np.testing.assert_array_equal(hard.argmax(-1), soft.astype(float).argmax(-1))
    dy = np.random.default_rng(16).normal(size=x.shape).astype(x.dtype)
    gumbel = actgen.get("gumbel_softmax").with_params(tau=0.5)
    np.testing.assert_array_equal(
        gumbel.vjp(x, dy, hard=True, rng=7), gumbel.vjp(x, dy, hard=False, rng=7)
    )


def test_gumbel_softmax_draws_from_the_categorical_distribution():
    logits = np.log(np.array([0.5, 0.3, 0.2]))
    rows = np.broadcast_to(logits, (20_000, 3))
    share = actgen.gumbel_softmax(rows, hard=True, rng=3).mean(0)
    np.testing.assert_allclose(share, [0.5, 0.3, 0.2], atol=0.02)
