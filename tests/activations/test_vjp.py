"""Hold the gradients of the elementwise activations, by input and by parameter, to the oracle."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from mpmath import diff, mp, mpf

import actgen
from tests.activations.cases import CASES, DTYPES, bound, case_id, evaluate, points
from tests.activations.judge import BOUNDS
from tests.oracle import errors, reference

PARTIALS = {
    "relu": {"negative_slope": 0.0, "max_value": 2.5, "threshold": 0.25},
    "leaky_relu": {"negative_slope": 0.01},
    "elu": {"alpha": 1.0},
    "celu": {"alpha": 1.5},
    "clipped_gelu": {"min_val": -0.125, "max_val": 2.0},
    "silu": {"beta": 1.0},
    "hard_sigmoid": {"slope": 1 / 6, "offset": 0.5},
    "hard_tanh": {"min_val": -1.0, "max_val": 1.0},
    "scaled_tanh": {"scale_a": 0.67, "scale_b": 1.7159},
    "softcap": {"cap": 2.0},
    "soft_shrink": {"lambd": 0.5},
    "shrink": {"lambd": 0.5, "bias": 0.25},
    "threshold": {"threshold": 0.0, "value": 3.0},
    "softplus": {"beta": 1.0},
    "squareplus": {"b": 4.0},
    "snake": {"frequency": 1.5},
    "laplace": {"mu": 0.707107, "sigma": 0.282095},
    "rrelu": {"lower": 0.125, "upper": 1 / 3},
}


# every activation in float64; a few in the other dtypes, where only loading and rounding differ
INPUTS = [("float64", *case) for case in CASES] + [
    (dtype, name, {})
    for dtype in ("float16", "bfloat16", "float32")
    for name in ("relu", "gelu", "silu", "tanh_shrink")
]


@pytest.mark.parametrize(("dtype", "name", "params"), INPUTS, ids=case_id)
def test_gradient_by_the_input(dtype, name, params):
    x = points(name, params, DTYPES[dtype], 1)
    gradient = bound(name, params).vjp(x, np.ones_like(x))
    assert gradient.dtype == x.dtype
    slope = evaluate(name, params, x, 1)
    np.testing.assert_array_equal(gradient.astype(float), slope.astype(float))

    x = x[np.abs(x.astype(float)) < 50][::3]
    dy = np.random.default_rng(2).normal(size=x.shape).astype(x.dtype)
    function = reference(name, params)
    terms = [function.terms(place, 1) for place in x.astype(float).tolist()]
    with mp.workprec(160):
        pairs = zip(terms, dy.astype(float).tolist(), strict=True)
        exact = [sum(parts) * weight for parts, weight in pairs]
    gradient = bound(name, params).vjp(x, dy)
    if dtype == "float64":
        scale = np.array([float(max(map(abs, parts))) for parts in terms]) * np.abs(dy)
        error = np.abs(gradient - np.array(exact, float))
        smallest = 5e-324 * (1 + 3 * np.abs(dy))  # 3 ULP of the slope, and a rounding
        assert (error <= 4 * 2.0**-52 * scale + smallest).all()
    else:
        # a slope that float32 arithmetic gives, within the bound itself, is multiplied as it is
        product = evaluate(name, params, x, 1) * dy
        assert ((errors(gradient, exact) <= BOUNDS[dtype]) | (gradient == product)).all()


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(name, parameter) for name, params in PARTIALS.items() for parameter in params],
)
def test_gradient_by_a_parameter(name, parameter):
    params = PARTIALS[name]
    rng = np.random.default_rng(4)
    x, dy = 3 * rng.normal(size=40), rng.normal(size=40)

    def value_at(number, at):
        return reference(name, {**params, parameter: number})(at)

    with mp.workprec(160):
        centre, step = mpf(params[parameter]), mpf(2) ** -60
        parts = [
            weight * diff(partial(value_at, at=at), centre, h=step, relative=False)
            for at, weight in zip(x.tolist(), dy.tolist(), strict=True)
        ]
        exact, scale = float(sum(parts)), float(sum(map(abs, parts)))
    gradient = bound(name, params).vjp(x, dy, wrt=parameter)
    assert np.shape(gradient) == ()
    assert abs(float(gradient) - exact) <= 1e-13 * max(scale, 1e-3)


def test_gradients_of_prelu():
    rng = np.random.default_rng(6)
    x, dy = rng.normal(size=(3, 4, 5)), rng.normal(size=(3, 4, 5))
    weight = rng.uniform(0, 1, 4)
    along = weight[None, :, None]
    np.testing.assert_array_equal(actgen.prelu(x, weight), np.where(x >= 0, x, along * x))
    prelu = actgen.get("prelu")
    slopes = np.where(x > 0, 1.0, along)
    np.testing.assert_array_equal(prelu.vjp(x, dy, weight=weight), dy * slopes)
    np.testing.assert_array_equal(prelu.derivative(x, weight=weight), slopes)
    by_weight = prelu.vjp(x, dy, wrt="weight", weight=weight)
    np.testing.assert_allclose(by_weight, np.where(x < 0, x * dy, 0).sum((0, 2)), rtol=1e-13)
    trailing = rng.uniform(0, 1, (4, 1))
    np.testing.assert_array_equal(
        actgen.prelu(x, trailing, axis=None), np.where(x >= 0, x, trailing * x)
    )
    assert prelu.derivative(np.zeros((2, 4)), weight=weight).tolist() == [weight.tolist()] * 2
