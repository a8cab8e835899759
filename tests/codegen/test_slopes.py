"""The derivatives of x sigmoid(x) and x normcdf(x): recognised, and exact beside their zeros."""

import numpy as np
import pytest
from mpmath import mp, mpf

from actgen.codegen.evaluate import MEANING, evaluate
from actgen.codegen.ir import ONE, Symbol, X, apply, is_op, sigmoid, walk
from actgen.codegen.library import LIBRARY
from actgen.codegen.precision import FLOAT32
from actgen.codegen.simulate import simulate
from actgen.codegen.slopes import with_sigmoid_parts, with_slopes

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


# sigmoid(v) + w sigmoid(v) sigmoid(-v)


def test_a_product_with_a_sigmoid_of_its_sign_is_recognised():
    v, w = 2 * (X + X**3), X * (3 + X**2)
    whole = sigmoid(v) + apply("product", sigmoid(-v), apply("product", sigmoid(v), w))
    assert with_sigmoid_parts(whole) == apply("sigmoidpart", v, w)


def test_constants_go_into_a_sum():
    v = 2 * (X + X**3)
    whole = sigmoid(v) + sigmoid(v) * sigmoid(-v) * X * (1 + 3 * X**2) * 2
    assert with_sigmoid_parts(whole) == apply("sigmoidpart", v, X * (2 + 6 * X**2))


@pytest.mark.parametrize(("v", "w"), [(X, -X), (X, X**2), (X - 1, X), (X**2, X), (X, ONE)])
def test_other_signs_are_left_alone(v, w):
    whole = sigmoid(v) + sigmoid(v) * sigmoid(-v) * w
    assert with_sigmoid_parts(whole) == whole


def parts_at(tier, **values):
    names = ("x", "low", "b", "b_low")
    given = {name: np.asarray(values.get(name, 0.0), np.float32) for name in names}
    return simulate(LIBRARY[f"sigmoidparts_{tier}"].body, given, FLOAT32)


@pytest.mark.parametrize(("tier", "bound"), [("f32", 1), ("f32_fast", 3)])
def test_errors_of_parts_are_those_of_their_terms(tier, bound):
    rng = np.random.default_rng(6)
    x = rng.uniform(-112, 20, 2000).astype(np.float32)
    b = (x * rng.uniform(0.1, 3, x.size)).astype(np.float32)
    low, b_low = (
        (v * rng.uniform(-(2.0**-25), 2.0**-25, v.size)).astype(np.float32) for v in (x, b)
    )
    computed = parts_at(tier, x=x, low=low, b=b, b_low=b_low)
    with mp.workdps(40):
        for given in zip(computed, x, low, b, b_low, strict=True):
            found, *at = (mpf(float(value)) for value in given)
            v, w = at[0] + at[1], at[2] + at[3]
            exact = MEANING["sigmoidparts"](*at)
            falling = mp.exp(-abs(v)) / (1 + mp.exp(-abs(v)))
            size = max(abs(exact), falling, abs(w) * falling) if v < 0 else abs(exact)
            assert abs(found - exact) <= bound * mpf(float(FLOAT32.ulp(np.float64(size))))


@pytest.mark.parametrize("tier", ["f32", "f32_fast"])
def test_special_values_of_parts(tier):
    x = np.float32([np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38, -3e38, -200])
    found = parts_at(
        tier, x=x, b=np.float32([np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38, -3e38, -900])
    )
    np.testing.assert_array_equal(found, np.float32([np.nan, 1, -0.0, 0.5, 0.5, 1, -0.0, -0.0]))
    assert np.signbit(found[[2, 6, 7]]).all()
