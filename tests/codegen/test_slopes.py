"""The derivatives of x sigmoid(x) and x normcdf(x): recognised, and exact beside their zeros."""

import numpy as np
import pytest
from mpmath import mp, mpf

from actgen.codegen.evaluate import MEANING, evaluate
from actgen.codegen.ir import Symbol, X, apply, is_op, walk
from actgen.codegen.library import LIBRARY
from actgen.codegen.precision import FLOAT32
from actgen.codegen.simulate import simulate
from actgen.codegen.slopes import with_slopes

ZEROS = {"siluslope": -1.2784645427610738, "normcdfslope": -0.7517915246935645}


def inputs(name):
    beside = np.float32(ZEROS[name]) + np.arange(-300, 300) * np.float32(2.0**-23)
    wide = np.linspace(-110, 20, 1500)
    rng = np.random.default_rng(4)
    small = rng.choice([-1, 1], 300) * np.exp2(rng.uniform(-149, 3, 300))
    return np.concatenate([beside, wide, small]).astype(np.float32)


def errors(computed, name, x):
    with mp.workdps(40):
        exact = [MEANING[name](mpf(float(v))) for v in x]
        ulps = FLOAT32.ulp(np.array([float(e) for e in exact]))
        return np.array(
            [
                float(abs(mpf(float(c)) - e) / mpf(float(u)))
                for c, e, u in zip(computed, exact, ulps, strict=True)
            ]
        )


@pytest.mark.parametrize("tier", ["f32", "f32_fast"])
@pytest.mark.parametrize("name", ZEROS)
def test_errors_in_float32(name, tier):
    function = LIBRARY[f"{name}_{tier}"]
    x = inputs(name)
    worst = errors(simulate(function.body, {"x": x}, FLOAT32), name, x)
    assert worst.max() <= function.error


@pytest.mark.parametrize("tier", ["f32", "f32_fast"])
def test_error_at_an_unevaluated_sum(tier):
    """The rest of the argument decides beside the zero."""
    function = LIBRARY[f"siluslope_twofold_{tier}"]
    x = inputs("siluslope")[:600]
    low = (x * np.random.default_rng(5).uniform(-(2.0**-25), 2.0**-25, x.size)).astype(np.float32)
    computed = simulate(function.body, {"x": x, "low": low}, FLOAT32)
    worst = errors(computed, "siluslope", x.astype(np.float64) + low)
    assert worst.max() <= function.error


@pytest.mark.parametrize("tier", ["f32", "f32_fast"])
@pytest.mark.parametrize("name", ZEROS)
def test_special_values(name, tier):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3e38, -3e38], np.float32)
    computed = simulate(LIBRARY[f"{name}_{tier}"].body, {"x": x}, FLOAT32)
    np.testing.assert_array_equal(computed, [np.nan, 1, 0, 0.5, 0.5, 0.5, 1, 0])


@pytest.mark.parametrize("name", ["siluslope", "siluslope_twofold", "normcdfslope"])
def test_the_float64_sums(name):
    x = np.linspace(-40, 40, 400)
    arguments = {"x": x, "low": np.zeros_like(x)}
    computed = simulate(LIBRARY[name].body, arguments)
    base = name.removesuffix("_twofold")
    exact = np.array([float(MEANING[base](mpf(v))) for v in x])
    np.testing.assert_allclose(computed, exact, rtol=1e-13, atol=1e-16)


def test_derivatives_are_recognised_however_they_are_written():
    beta = Symbol("beta")
    u = beta * X
    opposite = apply("sigmoid", apply("product", beta, -X))
    guarded = apply("product", apply("sigmoid", u) * opposite * beta, X)
    found = with_slopes(apply("sigmoid", u) + guarded)
    assert found == apply("siluslope", u)
    assert not any(is_op(node, "sigmoid") for node in walk(found))


def test_what_is_recognised_has_the_same_value():
    sigmoid = apply("sigmoid", 2 * X)
    whole = X * (sigmoid * apply("sigmoid", -(2 * X)) * 2 * X + sigmoid)
    found = with_slopes(whole)
    assert any(is_op(node, "siluslope") for node in walk(found))
    for x in (-3.0, 0.25, 4.0):
        a, b = (evaluate(e, {"x": x}) for e in (whole, found))
        assert abs(a - b) < 1e-25


def test_another_factor_is_left_alone():
    sigmoid = apply("sigmoid", X)
    whole = sigmoid + 3 * X * sigmoid * apply("sigmoid", -X)
    assert with_slopes(whole) == whole
