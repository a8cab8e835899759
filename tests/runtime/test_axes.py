"""Check normalizations, gates and reshapings over any axis, strides and overlap."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actgen import layout
from actgen.activation import Activation

from . import reference
from .conftest import sample
from .strides import SHAPES, pairs

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]


def close(result: Any, expected: Any) -> None:
    tolerance = 8 * float(ml_dtypes.finfo(expected.dtype).eps)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(
        result.astype(float), expected.astype(float), rtol=tolerance, atol=tolerance
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_normalizations_fill_out_as_from_a_copy(data: st.DataObject) -> None:
    x, out = data.draw(SHAPES.flatmap(lambda shape: pairs(shape, shape, np.float64)))
    axis = tuple(data.draw(st.sets(st.integers(0, x.ndim - 1), min_size=1)))
    mask = np.random.default_rng(data.draw(st.integers(0, 9))).random(x.shape[-1]) < 0.6
    where = data.draw(st.sampled_from([None, mask]))
    expected = reference.softmax(x.copy(), axis, True if where is None else mask)
    assert sample("softmax")(x, axis=axis, where=where, out=out) is out
    close(out, expected)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_gradients_of_normalizations_fill_out_as_from_copies(data: st.DataObject) -> None:
    x, out = data.draw(SHAPES.flatmap(lambda shape: pairs(shape, shape, np.float64)))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    dy = out if data.draw(st.booleans()) else np.arange(float(x.shape[-1]))
    y = reference.softmax(x.copy(), axis)
    expected = y * (dy - (y * dy).sum(axis, keepdims=True))
    sample("softmax").vjp(x, dy, axis=axis, out=out)
    close(out, expected)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_gates_fill_out_as_from_a_copy(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    axis = data.draw(st.integers(0, len(shape) - 1))
    double = (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :])
    x, out = data.draw(pairs(double, shape, np.float64))
    expected = reference.swiglu(x.copy(), axis)
    assert sample("swiglu")(x, axis=axis, out=out) is out
    close(out, expected)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_concatenations_fill_out_as_from_a_copy(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    axis = data.draw(st.integers(0, len(shape) - 1))
    double = (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :])
    x, out = data.draw(pairs(shape, double, np.float64))
    expected = reference.crelu(x.copy(), axis)
    assert sample("crelu")(x, axis=axis, out=out) is out
    close(out, expected)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_groups_fill_out_as_from_a_copy(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    axis = data.draw(st.integers(0, len(shape) - 1))
    groups = data.draw(st.integers(1, 3))
    wide = (*shape[:axis], groups * shape[axis], *shape[axis + 1 :])
    x, out = data.draw(pairs(wide, shape, np.float64))
    expected = reference.maxout(x.copy(), groups, axis)
    assert sample("maxout")(x, groups, axis=axis, out=out) is out
    close(out, expected)


def test_gradients_of_gates_and_reshapings() -> None:
    x = np.random.default_rng(0).standard_normal((2, 4, 3))
    for axis in (0, 1):
        gate, value = np.split(x, 2, axis)
        s = 1 / (1 + np.exp(-gate))
        parts = [value * s * (1 + gate * (1 - s)), gate * s]
        dx, dbeta = sample("swiglu").vjp(x, 1.0, ("x", "beta"), axis=axis)
        close(dx, np.concatenate(parts, axis))
        close(dbeta, np.sum(value * gate * gate * s * (1 - s)))
    close(sample("crelu").vjp(x, 1.0, axis=1), np.where(x > 0, 1.0, -1.0))
    top = np.repeat(reference.maxout(x, 2, 1), 2, 1)
    close(sample("maxout").vjp(x, 1.0, groups=2, axis=1), np.where(x == top, 1.0, 0.0))
    y = reference.softmax(x, -1)
    change = y * ((y * x).sum(-1, keepdims=True) - x)
    close(sample("softmax").vjp(x, x, "tau"), np.sum(x * change))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_kept(dtype: Any) -> None:
    x = np.linspace(-3, 3, 24).reshape(2, 4, 3).astype(dtype)
    for axis in (0, 1, -1):
        close(sample("softmax")(x, axis=axis), reference.softmax(x, axis))
        close(sample("softmax")(x.T, axis=axis), reference.softmax(x.T, axis))
    close(sample("swiglu")(x, axis=1), reference.swiglu(x, 1))
    close(sample("crelu")(x, axis=1), reference.crelu(x, 1))
    close(sample("maxout")(x, 2, axis=1), reference.maxout(x, 2, 1))
    assert sample("softmax")(np.arange(3)).dtype == np.float64


def test_fully_masked_slices_are_zero(softmax: Activation) -> None:
    np.testing.assert_array_equal(softmax(np.ones((2, 3)), where=[[True], [False]])[1], 0.0)


@pytest.mark.parametrize("shape", [(0,), (0, 2), (2, 0), (2, 0, 4)])
def test_empty_arrays(any_sample: Activation, shape: tuple[int, ...]) -> None:
    needed = {"prelu": {"weight": 0.5}, "maxout": {"groups": 1}}.get(any_sample.name, {})
    axis = {} if any_sample.params.keys().isdisjoint({"axis"}) else {"axis": shape.index(0)}
    for dtype in DTYPES:
        x = np.empty(shape, dtype)
        assert any_sample(x, **needed, **axis).size == 0
        assert any_sample.vjp(x, 1.0, **needed, **axis).shape == shape


@pytest.mark.parametrize(
    ("axis", "error"),
    [
        (3, ValueError),
        (3, IndexError),
        ((0, 0), ValueError),
        ((0, -3), ValueError),
        ((0, 9), ValueError),
        ((), ValueError),
        (1.0, TypeError),
        ("1", TypeError),
        (None, TypeError),
    ],
)
def test_an_unfit_axis_is_refused(softmax: Activation, axis: Any, error: type) -> None:
    out = np.zeros((2, 3, 4))
    with pytest.raises(error, match="axis"):
        softmax(np.ones((2, 3, 4)), axis=axis, out=out)
    assert not out.any()


def test_what_does_not_fit_the_axis_is_refused() -> None:
    with pytest.raises(ValueError, match="length 3, which is odd"):
        sample("swiglu")(np.ones(3))
    with pytest.raises(TypeError, match="axis must be an int"):
        sample("swiglu")(np.ones((4, 4)), axis=(0, 1))
    for weight in (0.5, [0.5, 0.1, 0.2]):
        for axis in ("channels", 1.5, (1,)):
            with pytest.raises(TypeError, match="axis must be an int"):
                sample("prelu")(np.ones((2, 3)), weight, axis=axis)
    with pytest.raises(ValueError, match="length 4, no multiple of 3"):
        sample("maxout")(np.ones((2, 4)), 3)
    with pytest.raises(ValueError, match="groups must be > 0"):
        sample("maxout")(np.ones((2, 4)), 0)
    with pytest.raises(ValueError, match="where has shape"):
        sample("softmax")(np.ones(3), where=[True, False])
    with pytest.raises(ValueError, match="dy has shape"):
        sample("softmax").vjp(np.ones(3), np.ones(2))
    with pytest.raises(TypeError, match="where has dtype"):
        sample("softmax")(np.ones(3), where=[1, 0, 1])
    for name in ("softmax", "swiglu", "crelu"):
        with pytest.raises(np.exceptions.AxisError):
            sample(name)(1.0)


def test_views_reach_an_axis_without_copying() -> None:
    x = np.zeros((3, 4, 5, 6))
    for array, axes, shape in [
        (x, (3,), (60, 6)),
        (x, (0,), (1, 3, 120)),
        (x, (1,), (3, 4, 30)),
        (x, (1, 2), (3, 20, 6)),
        (x.transpose(0, 2, 1, 3), (2,), (3, 4, 30)),
        (x[:, ::2], (3,), (6, 6, 5)),
        (x[:, ::3, ::2], (3,), None),
        (x[:, 0], (1,), (3, 5, 6)),
        (x.T, (0,), (60, 6)),
    ]:
        found = layout.slices([array], axes)
        assert shape == (None if found is None else found[0].shape)
        assert found is None or np.shares_memory(found[0], x)
