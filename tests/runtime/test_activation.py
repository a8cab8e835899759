"""Check what an activation is besides a function of arrays."""

from __future__ import annotations

import copy
import inspect
import pickle
from decimal import Decimal
from typing import Any

import numba
import numpy as np
import pytest

from actgen.activation import Activation


def test_bound_parameters_make_another_activation(silu: Activation) -> None:
    doubled = silu.with_params(alpha=2)
    x = np.linspace(-2, 2, 5)
    np.testing.assert_array_equal(doubled(x), silu(x, beta=2.0))
    np.testing.assert_array_equal(doubled.derivative(x), silu.derivative(x, beta=2.0))
    np.testing.assert_array_equal(doubled(x, 1.0), silu(x))
    assert doubled.params == {"beta": 2.0} and silu.params == {"beta": 1.0}
    assert repr(doubled) == "actgen.silu.with_params(beta=2.0)"


def test_equal_activations_are_equal(silu: Activation, prelu: Activation) -> None:
    assert silu.with_params(beta=1) == silu
    assert silu.with_params(beta=2) == silu.with_params(alpha=2.0) != silu
    assert silu.fast != silu and silu.fast == silu.fast.fast
    assert silu != prelu and silu != "silu"
    weights = [prelu.with_params(weight=value) for value in ([0.1, 0.2], np.array([0.1, 0.2]))]
    assert len({*weights, prelu.with_params(weight=0.1), prelu}) == 3


def test_activations_do_not_change(silu: Activation, prelu: Activation) -> None:
    with pytest.raises(AttributeError, match="immutable"):
        silu.name = "other"
    with pytest.raises(AttributeError, match="immutable"):
        del silu.name
    with pytest.raises(TypeError):
        silu.spec["name"] = "other"  # type: ignore[index]
    with pytest.raises(TypeError):
        silu.params["beta"] = 2.0  # type: ignore[index]
    weight = np.array([0.1, 0.2])
    bound = prelu.with_params(weight=weight)
    weight[:] = 9.0
    np.testing.assert_array_equal(bound.params["weight"], [0.1, 0.2])
    with pytest.raises(ValueError, match="read-only"):
        bound.params["weight"][0] = 1.0


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_and_copies_are_equal(
    any_sample: Activation, prelu: Activation, protocol: int
) -> None:
    for activation in (any_sample, any_sample.fast, prelu.with_params(weight=[0.1], axis=None)):
        assert pickle.loads(pickle.dumps(activation, protocol)) == activation
        assert copy.deepcopy(activation) is copy.copy(activation) is activation


def test_signatures_and_docs_are_those_of_the_spec(silu: Activation, softmax: Activation) -> None:
    assert str(inspect.signature(silu)) == "(x, beta=1.0, *, out=None, where=True)"
    assert str(inspect.signature(silu.with_params(beta=2))).startswith("(x, beta=2.0,")
    assert str(inspect.signature(softmax)) == "(x, tau=1.0, axis=-1, where=None, *, out=None)"
    assert silu.__name__ == silu.name == "silu"
    assert inspect.getdoc(silu) == "The sample silu."
    assert silu.formula == silu.spec["formula"] == "x"


def test_the_axis_can_be_bound(softmax: Activation) -> None:
    x = np.arange(6.0).reshape(2, 3)
    bound = softmax.with_params(axis=[0, 1])
    np.testing.assert_array_equal(bound(x), softmax(x, axis=(0, 1)))
    assert bound.params == {"tau": 1.0, "axis": (0, 1)}
    with pytest.raises(TypeError, match="axis must be"):
        softmax.with_params(axis="last")


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "missing the argument 'x'"),
        ((1, 2, 3), {}, "at most 2 positional"),
        ((1,), {"betta": 2}, "unexpected keyword argument 'betta'. Did you mean 'beta'?"),
        ((1, 2), {"beta": 2}, "multiple values for argument 'beta'"),
        ((1,), {"beta": 1, "alpha": 2}, "multiple values"),
        ((1,), {"beta": "2"}, "beta must be a number"),
        ((1,), {"beta": None}, "beta must be a number"),
        ((1,), {"beta": True}, "beta must be a number"),
        ((1,), {"beta": 1j}, "beta must be a number"),
    ],
)
def test_calls_fail_as_those_of_functions_do(
    silu: Activation, args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message.replace("?", r"\?")):
        silu(*args, **kwargs)


@pytest.mark.parametrize("beta", [0.0, -1.0, np.nan, np.array([1.0, -1.0])])
def test_constraints_are_checked_first(silu: Activation, beta: Any) -> None:
    out = np.zeros(2)
    for call in (
        lambda: silu(np.ones(2), beta, out=out),
        lambda: silu.vjp(np.ones(2), 1.0, out=out, beta=beta),
        lambda: silu.with_params(beta=beta),
    ):
        with pytest.raises(ValueError, match=r"silu: beta must be > 0.0, got"):
            call()
    assert not out.any()


def test_constraints_between_parameters(rrelu: Activation) -> None:
    with pytest.raises(ValueError, match=r"lower must be <= upper \(0.5\), got 0.75"):
        rrelu(1.0, 0.75)


def test_only_parameters_can_be_bound(silu: Activation) -> None:
    with pytest.raises(TypeError, match=r"no parameter 'betta'. Did you mean 'beta'\?"):
        silu.with_params(betta=2.0)
    with pytest.raises(TypeError, match="no parameter 'axis'"):
        silu.with_params(axis=0)
    with pytest.raises(TypeError, match="multiple values for parameter 'beta'"):
        silu.with_params(alpha=1.0, beta=2.0)


def test_required_parameters(prelu: Activation, maxout: Activation) -> None:
    with pytest.raises(TypeError, match="missing the required parameter 'weight'"):
        prelu(1.0)
    assert "weight" not in prelu.params
    assert maxout.with_params(groups=2)([[1, 2]]).shape == (1, 1)
    with pytest.raises(TypeError, match="groups must be an int"):
        maxout([[1, 2]], 2.0)


def test_derivatives_of_other_orders_are_refused(silu: Activation, softmax: Activation) -> None:
    np.testing.assert_array_equal(silu.derivative([1.0], 0), silu([1.0]))
    assert silu.derivative(0.0, order=2) == 0.5
    for order in (-1, 3, True):
        with pytest.raises(ValueError, match="order 0, 1 and 2"):
            silu.derivative(1.0, order)
    with pytest.raises(TypeError):
        silu.derivative(1.0, 1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="use vjp"):
        softmax.derivative([1.0])


def test_gradients_that_do_not_exist_are_refused(silu: Activation, rrelu: Activation) -> None:
    with pytest.raises(ValueError, match="with respect to 'gamma', only x, beta"):
        silu.vjp(1.0, 1.0, "gamma")
    with pytest.raises(ValueError, match="training"):
        rrelu.vjp(1.0, 1.0, "training")
    with pytest.raises(ValueError, match="out takes"):
        silu.vjp(1.0, 1.0, "beta", out=np.zeros(()))
    with pytest.raises(TypeError, match="dy has dtype complex128"):
        silu.vjp(1.0, 1j)
    with pytest.raises(ValueError, match="dy has shape"):
        silu.vjp([1.0], [1.0, 2.0])


def test_random_numbers_come_from_the_generator_given(rrelu: Activation) -> None:
    x = -np.ones((3, 4))
    drawn = rrelu(x, training=True, rng=7)
    np.testing.assert_array_equal(rrelu(x, training=True, rng=np.random.default_rng(7)), drawn)
    np.testing.assert_array_equal(rrelu(x.T.copy().T, training=True, rng=7), drawn)
    np.testing.assert_array_equal(rrelu.vjp(x, 1.0, training=True, rng=7), -drawn)
    assert len(set(drawn.ravel())) == 12 and (drawn >= -0.5).all() and (drawn <= -0.125).all()
    assert (rrelu(x, training=True) != rrelu(x, training=True)).any()
    np.testing.assert_array_equal(rrelu(x), -0.3125)
    for rng, error in [("seed", TypeError), (1.5, TypeError), (True, TypeError), (-1, ValueError)]:
        with pytest.raises(error, match="rng"):
            rrelu(x, training=True, rng=rng)
    with pytest.raises(ValueError, match="seed of the forward call"):
        rrelu.vjp(x, 1.0, training=True)


def test_scalar_functions_are_called_from_numba(silu: Activation, swiglu: Activation) -> None:
    plain, doubled = silu.scalar, silu.with_params(beta=2).scalar
    gate = swiglu.with_params(beta=2).scalar

    @numba.njit
    def both(x):  # type: ignore[no-untyped-def]
        return plain(x), plain(x, 2.0), doubled(x), gate(x, 1.0)

    values = both(0.75)
    assert values[0] == silu(0.75)
    assert values[1] == values[2] == values[3] == silu(0.75, 2.0)
    with pytest.raises(TypeError, match="no arrays"):
        _ = silu.with_params(beta=[1.0, 2.0]).scalar


def test_calls_like_earlier_ones_are_checked_like_them(silu: Activation, rrelu: Activation) -> None:
    x = np.linspace(-2, 2, 9)
    out = np.empty_like(x)
    for _ in range(3):
        for beta in (0.3, 1, 2, 2.0, np.float64(0.3), np.float32(0.3), np.int8(2)):
            expected = silu(x.copy(order="F")[::1], np.full(1, float(beta)))
            np.testing.assert_array_equal(silu(x, beta), expected)
            np.testing.assert_array_equal(silu(x, beta=beta), expected)
            np.testing.assert_array_equal(silu(x, alpha=beta, out=out), expected)
            assert silu(x, beta, out=out) is out
        for bad, error in ((True, TypeError), (-0.3, ValueError), (-0.0, ValueError)):
            with pytest.raises(error):
                silu(x, bad)
        np.testing.assert_array_equal(rrelu(x, training=False), rrelu(x))
        with pytest.raises(TypeError):
            rrelu(x, training=0)
        with pytest.raises(TypeError, match="multiple values"):
            silu(x, 0.3, beta=0.3)
        with pytest.raises(TypeError, match="unexpected"):
            silu(x, betta=0.3)
        overlapping = np.concatenate([x, x])
        silu(overlapping[:9], 0.3, out=overlapping[3:12])
        np.testing.assert_array_equal(overlapping[3:12], silu(x, 0.3))
        for unfit in (out[:4], out.astype(np.float32), out.reshape(3, 3)):
            with pytest.raises((TypeError, ValueError), match="out"):
                silu(x, 0.3, out=unfit)


def test_equal_numbers_of_other_types_are_other_arguments(silu: Activation) -> None:
    x = np.linspace(-1, 1, 9)
    silu(x, 0.5)
    with pytest.raises(TypeError, match="beta must be a number"):
        silu(x, Decimal("0.5"))


def test_large_integers_are_numbers(silu: Activation) -> None:
    x = np.linspace(-1, 1, 9)
    np.testing.assert_array_equal(silu(x, 10**30), silu(x, 1e30))
    with pytest.raises(ValueError, match="beta is beyond the largest float64"):
        silu(x, 10**400)
