"""Float64 functions that carry no rounding errors along: errors, tails, special values."""

import numpy as np
import pytest
from mpmath import mp, mpf

from actgen.codegen.budgets import NEAR_ZERO
from actgen.codegen.evaluate import MEANING
from actgen.codegen.ir import X, apply
from actgen.codegen.library import LIBRARY
from actgen.codegen.ops import QUICK
from actgen.codegen.quicken import Yardstick, quicken
from tests.codegen.test_functions import SPECIAL, call, compiled, errors

RANGES = {
    "exp": (-746, 709.7),
    "expm1": (-50, 709.7),
    "sigmoid": (-746, 40),
    "softplus": (-746, 800),
    "tanh": (-22, 22),
    "tanhsoftplus": (-746, 40),
    "normcdf": (-38.5, 9),
}


def arguments(name, count=400):
    low, high = RANGES[name.split("_")[0]]
    if "times" in name:
        low *= 1.25
    rng = np.random.default_rng(8)
    x = np.concatenate(
        [
            rng.uniform(low, high, count),
            rng.uniform(max(low, -6), min(high, 6), count),
            rng.choice([-1, 1], count) * np.exp2(rng.uniform(-60, 3, count)),
        ]
    )
    rest = x * rng.uniform(-(2.0**-53), 2.0**-53, x.size)
    factor = rng.uniform(-1, 1, x.size) * np.exp2(rng.uniform(0, 200, x.size))
    return [{"x": x, "low": rest, "b": factor}[arg] for arg in LIBRARY[name].args]


@pytest.mark.parametrize("name", [f"{name}_fast" for name in QUICK])
def test_error(name, tmp_path):
    given = arguments(name)
    computed = call(compiled([name], tmp_path), name, *given)
    with mp.workprec(160):
        exact = [
            MEANING[name](*map(mpf, row))
            for row in zip(*map(np.ndarray.tolist, given), strict=True)
        ]
    inside = [abs(e) < mpf(np.finfo(np.float64).max) for e in exact]
    exact = [e for e, keep in zip(exact, inside, strict=True) if keep]
    assert errors(computed[inside], exact).max() <= LIBRARY[name].error


@pytest.mark.parametrize("name", RANGES)
def test_special_values(name, tmp_path):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1.7e308, -1.7e308])
    computed = call(compiled([f"{name}_fast"], tmp_path), f"{name}_fast", x)
    np.testing.assert_allclose(computed, SPECIAL[name], rtol=1e-15)


@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanhsoftplus", "normcdf"])
def test_zero_wins_over_infinity(name, tmp_path):
    x, factor = np.array([-np.inf, -np.inf]), np.array([np.inf, -np.inf])
    name = f"{name}_times_fast"
    computed = call(compiled([name], tmp_path), name, x, factor)
    np.testing.assert_array_equal(computed, [0.0, -0.0])
    np.testing.assert_array_equal(np.signbit(computed), [False, True])


def test_only_functions_that_have_a_fast_version_change():
    assert quicken(apply("log1p", X)) is None
    found = quicken(apply("sigmoid_times", X, apply("log1p", X)))
    assert found == apply("sigmoid_times_fast", X, apply("log1p", X))


def apart(one, other):
    return Yardstick(other, "x", [{}], [np.zeros(0)]).error(one)


def test_what_is_lost_is_measured():
    whole = apply("sigmoid_times", X, X)
    found = quicken(whole)
    assert found is not None
    assert 0.5 < apart(found, whole) < 4
    cancelling = X * (apply("sigmoid", X) - apply("sigmoid", X * X))
    found = quicken(cancelling)
    assert found is not None
    assert apart(found, cancelling) > 100


def test_sums_are_measured_by_their_largest_term():
    cancelling = apply("sigmoid", X) - apply("sigmoid", X * X)
    found = quicken(cancelling)
    assert found is not None
    assert apart(found, cancelling) <= 1 / NEAR_ZERO
