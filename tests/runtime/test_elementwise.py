"""Check elementwise calls over arrays of any strides, dtype and overlap."""

from __future__ import annotations

import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actgen.activation import Activation

from .conftest import sample
from .reference import silu as expected_silu
from .reference import silu_slope
from .strides import SHAPES, pairs

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_out_is_filled_as_from_a_copy(data: st.DataObject) -> None:
    x, out = data.draw(SHAPES.flatmap(lambda shape: pairs(shape, shape)))
    expected = expected_silu(x.copy())
    assert sample("silu")(x, out=out) is out
    np.testing.assert_array_almost_equal_nulp(out, expected, 1)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_parameter_may_overlap_out(data: st.DataObject) -> None:
    beta, out = data.draw(SHAPES.flatmap(lambda shape: pairs(shape, shape, np.float64)))
    beta[...] = np.abs(beta) + 0.1
    x = np.linspace(-2, 2, out.size).reshape(out.shape)
    expected = expected_silu(x, beta.copy())
    sample("silu")(x, beta, out=out)
    np.testing.assert_allclose(out, expected, rtol=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_where_leaves_the_rest_of_out(data: st.DataObject) -> None:
    x, out = data.draw(SHAPES.flatmap(lambda shape: pairs(shape, shape)))
    mask = np.random.default_rng(data.draw(st.integers(0, 9))).random(x.shape[-1]) < 0.5
    expected = np.where(mask, expected_silu(x.copy()), out)
    sample("silu")(x, out=out, where=mask)
    np.testing.assert_array_almost_equal_nulp(out, expected, 1)


def test_without_out_masked_elements_are_zero(silu: Activation) -> None:
    result = silu(np.ones(3), where=[True, False, True])
    np.testing.assert_array_equal(result == 0, [False, True, False])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_gradients_are_filled_as_from_copies(data: st.DataObject) -> None:
    x, out = data.draw(SHAPES.flatmap(lambda shape: pairs(shape, shape, np.float64)))
    dy = out if data.draw(st.booleans()) else np.ones(x.shape[-1])
    expected = dy * silu_slope(x.copy())
    assert sample("silu").vjp(x, dy, out=out) is out
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [0, 1, 7, 255, 256, 257, 1000])
def test_bits_do_not_depend_on_the_way(silu: Activation, dtype: Any, length: int) -> None:
    x = (np.arange(length) / 97 - 5).astype(dtype)
    result = silu(x)
    bits = result.tobytes()
    assert result.dtype == dtype
    in_place = x.copy()
    assert silu(in_place, out=in_place).tobytes() == bits
    apart = np.repeat(x, 2)[::2]
    assert silu(apart).tobytes() == bits
    assert silu(x[::-1])[::-1].tobytes() == bits
    assert silu(x, np.ones(1)).tobytes() == bits
    assert b"".join(silu(value).tobytes() for value in x[:9]) == bits[: 9 * x.itemsize]
    shifted = np.empty(length * x.itemsize + 1, np.uint8)[1:].view(dtype)
    shifted[...] = x
    assert silu(shifted).tobytes() == bits


@pytest.mark.parametrize("dtype", ["bool", *"bhilqBHILQ", "efd"[0], "f", "d"])
def test_dtypes_promote_as_those_of_exp(silu: Activation, dtype: str) -> None:
    x = np.array([0, 1], dtype)
    assert silu(x).dtype == np.exp(x).dtype
    assert type(silu(x[0])) is type(np.exp(x[0]))
    assert type(silu(np.array(x[0]))) is type(np.exp(np.array(x[0])))


def test_python_numbers_and_sequences(silu: Activation) -> None:
    assert type(silu(1)) is type(silu(1.0)) is np.float64
    assert type(silu(True)) is np.float16
    assert silu([[1, 2], [3, 4]]).shape == (2, 2)
    assert silu([]).shape == (0,)


def test_foreign_byte_order_and_read_only_arrays(silu: Activation) -> None:
    x = np.linspace(-1, 1, 9)
    swapped = silu(x.astype(">f8"))
    assert swapped.dtype == np.float64 and swapped.dtype.isnative
    frozen = x.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(silu(frozen), silu(x))
    np.testing.assert_array_equal(swapped, silu(x))


def test_subclasses_and_array_protocols(silu: Activation) -> None:
    class Wrapper:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
            return np.ones(2)

    assert type(silu(np.ones((2, 2)).view(np.recarray))) is np.ndarray
    assert silu(Wrapper()).shape == (2,)


@pytest.mark.parametrize(
    "value",
    [
        1j,
        "text",
        None,
        [object()],
        np.ones(2, complex),
        np.ones(2, np.longdouble),
        np.array(["a"]),
        np.array(["2020-01-01"], "M8[D]"),
        np.ma.array([1.0]),
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused(silu: Activation, value: Any) -> None:
    for call in (silu, silu.derivative, lambda x: silu.vjp(x, 1.0)):
        with pytest.raises(TypeError, match="x "):
            call(value)


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.zeros(3, np.float32), TypeError),
        (np.zeros(4), ValueError),
        (np.zeros((1, 3)), ValueError),
        (np.broadcast_to(np.zeros(3), 3), ValueError),
        (np.ma.zeros(3), TypeError),
        ([0.0] * 3, TypeError),
        (np.zeros(3, ">f8"), TypeError),
    ],
)
def test_an_unfit_out_is_refused_untouched(silu: Activation, out: Any, error: type) -> None:
    before = np.array(out)
    for call in (silu, silu.derivative, lambda x, out: silu.vjp(x, 1.0, out=out)):
        with pytest.raises(error, match="out"):
            call(np.ones(3), out=out)
    np.testing.assert_array_equal(out, before)


def test_array_parameters_broadcast(silu: Activation) -> None:
    x, beta = np.linspace(-2, 2, 12).reshape(3, 4), np.array([[0.5], [1.0], [2.0]])
    np.testing.assert_allclose(silu(x, beta), expected_silu(x, beta))
    assert silu(x[0], beta).shape == (3, 4)
    assert silu(x.astype(np.float32), beta).dtype == np.float32
    with pytest.raises(ValueError, match="shape"):
        silu(x, np.ones(3))


def test_gradients_of_broadcast_operands_are_summed(silu: Activation) -> None:
    x, beta = np.linspace(-2, 2, 4), np.array([[0.5], [1.0], [2.0]], np.float32)
    dx, dbeta = silu.vjp(x, 1.0, ("x", "alpha"), beta=beta)
    np.testing.assert_allclose(dx, silu_slope(x, beta).sum(0))
    s = 1 / (1 + np.exp(-beta * x))
    assert dbeta.dtype == np.float32
    np.testing.assert_allclose(dbeta, (x * x * s * (1 - s)).sum(1, keepdims=True), rtol=1e-6)
    assert type(silu.vjp(x.astype(np.float32), 1, "beta")) is np.float32


def test_a_weight_lies_along_its_axis(prelu: Activation) -> None:
    x, weight = np.random.default_rng(0).standard_normal((2, 3, 4)), np.array([0.1, 0.2, 0.3])
    expected = np.where(x >= 0, x, weight[:, None] * x)
    np.testing.assert_array_equal(prelu(x, weight), expected)
    np.testing.assert_array_equal(prelu(x.swapaxes(1, 2), weight, axis=-1).swapaxes(1, 2), expected)
    np.testing.assert_array_equal(prelu(x, weight[:, None], axis=None), expected)
    np.testing.assert_array_equal(prelu(x[0, 0], [0.5]), np.maximum(x[0, 0], 0.5 * x[0, 0]))
    dweight = prelu.vjp(x, 1.0, "weight", weight=weight)
    np.testing.assert_allclose(dweight, np.minimum(x, 0).sum((0, 2)))
    assert prelu.vjp(x, 1.0, "weight", weight=weight[:1]).shape == (1,)
    with pytest.raises(ValueError, match="length 3"):
        prelu(x, weight, axis=0)
    with pytest.raises(np.exceptions.AxisError):
        prelu(x, weight, axis=3)


def test_no_floating_point_warnings(silu: Activation) -> None:
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        for x in (np.array([-1e4, 1e4, np.inf]), np.float32(-1e4), np.zeros((3, 4))[:, ::2] - 1e4):
            silu(x)
            silu(x, np.ones(1))
            silu.vjp(x, 1.0, ("x", "beta"))
