"""Hold the gated and reshaping activations to the oracle: values, gradients, axes, bad shapes."""

from __future__ import annotations

import numpy as np
import pytest

import actgen
from tests.activations.cases import DTYPES
from tests.oracle import errors
from tests.oracle.gated import GATE_SECOND, GATES, gated
from tests.oracle.reshaping import crelu, crelu_vjp, maxout, maxout_vjp

BOUNDS = {"float16": 0.51, "bfloat16": 0.51, "float32": 1.0, "float64": 4.0}
CASES = [*((name, {}) for name in sorted(GATES)), ("geglu", {"approximate": True})]
CASES += [("swiglu", {"alpha": 1.75})]


def _halves(x, name):
    first, second = np.split(x.astype(float), 2, axis=-1)
    return (second, first) if name in GATE_SECOND else (first, second)


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("dtype", list(DTYPES))
def test_gated(name, params, dtype):
    rng = np.random.default_rng(20)
    x = (3 * rng.normal(size=(4, 50))).astype(DTYPES[dtype])
    x[0, :25] = np.array([0.0, -0.0, *rng.uniform(-60, 60, 23)]).astype(x.dtype)
    gate, value = _halves(x, name)
    exact = [gated(name, g, v, **params) for g, v in zip(gate.flat, value.flat, strict=True)]
    activation = actgen.get(name)
    result = activation(x, **params)
    assert result.dtype == x.dtype
    assert result.shape == (4, 25)
    assert errors(result, [triple[0] for triple in exact]).max() <= BOUNDS[dtype]

    gradient = activation.vjp(x, np.ones((4, 25), x.dtype), **params)
    assert gradient.shape == x.shape
    by_gate, by_value = _halves(gradient, name)
    slopes = [triple[1] for triple in exact]
    if (
        dtype == "float64"
    ):  # near a zero of the slope: 4 ULP of the value, which is its largest term
        scale = np.maximum(np.abs(value), np.abs(np.array(slopes, float).reshape(value.shape)))
        error = np.abs(by_gate.ravel() - np.array(slopes, float)).reshape(value.shape)
        assert (error <= 4 * 2.0**-52 * scale).all()
    else:
        assert errors(by_gate.astype(x.dtype), slopes).max() <= BOUNDS[dtype]
    weights = [triple[2] for triple in exact]
    assert errors(by_value.astype(x.dtype), weights).max() <= BOUNDS[dtype]


@pytest.mark.parametrize("name", sorted(GATES))
def test_axes_of_the_gated(name):
    x = np.random.default_rng(21).normal(size=(4, 6, 8))
    activation = actgen.get(name)
    for axis in (0, 1, -1, -2):
        expected = np.moveaxis(activation(np.moveaxis(x, axis, -1).copy()), -1, axis)
        np.testing.assert_array_equal(activation(x, axis=axis), expected)
    assert activation(np.empty((3, 0))).shape == (3, 0)
    with pytest.raises(ValueError, match="odd"):
        activation(np.ones((2, 3)))
    with pytest.raises(ValueError, match="axis"):
        activation(np.array(1.0))


def test_halves_with_infinities():
    assert actgen.swiglu(np.array([-np.inf, 2.0])).tolist() == [0.0]
    assert actgen.glu(np.array([2.0, -np.inf])).tolist() == [0.0]
    assert actgen.geglu(np.array([[-np.inf, 2.0], [np.inf, 2.0]])).tolist() == [[0.0], [np.inf]]
    result = actgen.reglu(np.array([[np.nan, 1.0], [-5.0, 2.0]]))
    assert np.isnan(result[0, 0])
    assert result[1, 0] == 0


def test_gradient_by_the_steepness_of_swiglu():
    x = np.random.default_rng(22).normal(size=(3, 8))
    ends = [actgen.swiglu(x, alpha=1 + sign * 1e-6).sum() for sign in (-1, 1)]
    gradient = actgen.get("swiglu").vjp(x, np.ones((3, 4)), wrt="alpha")
    np.testing.assert_allclose(gradient, (ends[1] - ends[0]) / 2e-6, rtol=1e-8)


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_crelu(dtype):
    x = np.array([[1.0, -2.0, 0.0, 4.0], [-0.5, 0.0, 3.0, -7.0]]).astype(DTYPES[dtype])
    result = actgen.crelu(x)
    assert result.dtype == x.dtype
    assert result.tolist() == [crelu(row) for row in x.astype(float).tolist()]
    dy = np.arange(1.0, 17).reshape(2, 8).astype(x.dtype)
    gradient = actgen.get("crelu").vjp(x, dy)
    rows = zip(x.astype(float).tolist(), dy.astype(float).tolist(), strict=True)
    assert gradient.tolist() == [crelu_vjp(row, weights) for row, weights in rows]
    columns = [crelu(column) for column in x.T.astype(float).tolist()]
    assert actgen.crelu(x, axis=0).T.tolist() == columns


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_maxout(dtype):
    x = np.random.default_rng(23).permutation(48).reshape(2, 6, 4).astype(DTYPES[dtype])
    result = actgen.maxout(x, 3)
    assert result.dtype == x.dtype
    assert result.shape == (2, 2, 4)
    gradient = actgen.get("maxout").vjp(x, np.ones_like(result), groups=3)
    for i in range(2):
        for j in range(4):
            column = x[i, :, j].astype(float).tolist()
            assert result[i, :, j].tolist() == maxout(column, 3)
            assert gradient[i, :, j].tolist() == maxout_vjp(column, [1.0, 1.0], 3)
    flat = actgen.maxout(x.reshape(2, 24), groups=2, axis=-1)
    assert flat.tolist() == [maxout(row, 2) for row in x.reshape(2, 24).astype(float).tolist()]
    tie = actgen.get("maxout").vjp(np.ones((1, 4)), np.ones((1, 2)), groups=2)
    assert tie.tolist() == [[1, 0, 1, 0]]
    with pytest.raises(ValueError, match="multiple"):
        actgen.maxout(np.ones((2, 5)), 2)
    with pytest.raises(ValueError, match="groups"):
        actgen.maxout(np.ones((2, 4)), 0)
