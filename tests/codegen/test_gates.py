"""Products x sigmoid(x) and x normcdf(x): recognised, and exact enough on every side."""

import numpy as np
import pytest
from mpmath import mp, mpf

from actgen.codegen.evaluate import MEANING
from actgen.codegen.gates import with_gates
from actgen.codegen.ir import Symbol, X, apply
from actgen.codegen.library import LIBRARY
from actgen.codegen.precision import FLOAT32
from actgen.codegen.simulate import simulate

from .test_slopes import errors

GATES = ("sigmoidgate", "normcdfgate")
SUFFIXES = ("_f32", "_f32_fast")
every_tier = pytest.mark.parametrize("suffix", SUFFIXES)


@every_tier
@pytest.mark.parametrize("name", GATES)
def test_errors_in_float32(name, suffix):
    function = LIBRARY[name + suffix]
    rng = np.random.default_rng(4)
    small = rng.choice([-1, 1], 300) * np.exp2(rng.uniform(-149, 3, 300))
    x = np.concatenate([np.linspace(-112, 20, 1500), small, rng.uniform(-15, 5, 1500)])
    x = x.astype(np.float32)
    worst = errors(simulate(function.body, {"x": x}, FLOAT32), name + suffix, x)
    assert worst.max() <= function.error


@every_tier
def test_error_at_an_unevaluated_sum_and_another_factor(suffix):
    function = LIBRARY["sigmoidgate_twofold" + suffix]
    rng = np.random.default_rng(5)
    x = rng.uniform(-110, 20, 1500).astype(np.float32)
    low = (x * rng.uniform(-(2.0**-25), 2.0**-25, x.size)).astype(np.float32)
    b = np.copysign(np.exp2(rng.uniform(-20, 20, x.size)), x).astype(np.float32)
    computed = simulate(function.body, {"x": x, "low": low, "b": b}, FLOAT32)
    with mp.workdps(40):
        given = zip(x, low, b, strict=True)
        exact = [MEANING["sigmoidgate_twofold" + suffix](*map(mpf, map(float, v))) for v in given]
        unit = FLOAT32.ulp(np.array([float(e) for e in exact]))
        away = [float(abs(mpf(float(c)) - e)) for c, e in zip(computed, exact, strict=True)]
    assert (np.array(away) / unit).max() <= function.error


@every_tier
@pytest.mark.parametrize("name", GATES)
def test_special_values(name, suffix):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38, -3e38, 3e-45, -120], np.float32)
    computed = simulate(LIBRARY[name + suffix].body, {"x": x}, FLOAT32)
    expected = [np.nan, np.inf, 0, 0, -0.0, np.float32(3e38), 0, np.float32(1e-45), 0]
    np.testing.assert_array_equal(computed, expected)
    np.testing.assert_array_equal(np.signbit(computed[1:]), np.signbit(x[1:]))


@every_tier
def test_special_values_of_another_factor(suffix):
    x = np.array([np.inf, -np.inf, -np.inf, np.nan, -125, -0.0], np.float32)
    b = np.array([np.inf, -np.inf, -3e38, np.nan, -3e38, -0.0], np.float32)
    function = LIBRARY["sigmoidgate_twofold" + suffix]
    given = {"x": x, "low": np.zeros_like(b), "b": b}
    computed = simulate(function.body, given, FLOAT32)
    np.testing.assert_array_equal(computed, [np.inf, 0, 0, np.nan, 0, 0])


@every_tier
def test_what_is_recognised(suffix):
    y, low = Symbol("y"), Symbol("low")
    cases = [
        (apply("normcdf_times", y, y), apply(f"normcdfgate{suffix}", y)),
        (apply("sigmoid_times", X, y), None),
        (
            apply("sigmoid_twofold_times", 2 * X * (X * X) + X, low, X),
            f"sigmoidgate_twofold{suffix}",
        ),
        (apply("sigmoid_twofold_times", X - 1, low, X), None),
        (apply("sigmoid_twofold_times", -2 * X, low, X), None),
        (apply("normcdf_twofold_times", X, low, X), None),
    ]
    for given, expected in cases:
        if isinstance(expected, str):
            expected = apply(expected, *given.args)
        assert with_gates(given, suffix, LIBRARY) == (given if expected is None else expected)
        assert with_gates(given, suffix, {}) == given
