"""Guards: no NaN, 0 or infinity where the exact value is another number."""

import math
from fractions import Fraction

import pytest
from mpmath import mp

from actgen.codegen.evaluate import evaluate
from actgen.codegen.guard import guard, keep_nan
from actgen.codegen.ieee import evaluate_float64
from actgen.codegen.ir import Symbol, X, absolute, apply, exp, where
from tests.codegen.algebraic import formula

FAR = [1e3, 1e10, 1e19, 1e60, 3e38, 1e155, 1e200, 1.7e308]


@pytest.mark.parametrize(
    "given_",
    [
        "x * exp(-x**2)",
        "x / (1 + x)",
        "x**3 / (1 + x**2)",
        "(x**3 + 2 * x) / (x**2 + 3)",
        "log(1 + x**2)",
        "1 / (1 + x**2)**2",
        "sqrt(x**2 + 1)",
        "x * sech2(exp(x)) * exp(x)",
    ],
)
def test_tails(given_):
    expr = formula(given_)
    guarded, _ = guard(expr, {})
    for x in (s * x for x in FAR for s in (1, -1)):
        exact, found = evaluate(expr, {"x": x}, 1000), evaluate_float64(guarded, {"x": x})
        if abs(exact) > 1.8e308:
            assert found == math.copysign(math.inf, exact), x
        elif not mp.isnan(exact):
            assert abs(found - exact) <= 1e-12 * abs(exact) + 5e-324, x


@pytest.mark.parametrize(
    ("given_", "at_minus", "at_plus"),
    [
        ("sin(x) / x", 0.0, 0.0),
        ("x - sqrt(x)", None, math.inf),
        ("x / (1 + abs(x))", -1.0, 1.0),
        ("expm1(x) - x", math.inf, math.inf),
        ("x * sigmoid(x)", 0.0, math.inf),
        ("x**2 / (1 + x**2)", 1.0, 1.0),
        ("x / sqrt(1 + x**2)", -1.0, 1.0),
        ("exp(x) / x - expm1(x) / x**2", 0.0, math.inf),
    ],
)
def test_infinities(given_, at_minus, at_plus):
    guarded, _ = guard(formula(given_), {})
    for x, wanted in ((-math.inf, at_minus), (math.inf, at_plus)):
        if wanted is not None:
            assert evaluate_float64(guarded, {"x": x}) == wanted


def test_what_overflows_is_infinite_all_the_way():
    guarded, notes = guard(formula("exp(x) / x - expm1(x) / x**2"), {})
    assert "overflow" in {note.rule for note in notes}
    for x in (720.0, 1e3, 1e10, 1e30):
        assert evaluate_float64(guarded, {"x": x}) == math.inf


def test_small_inputs_do_not_underflow_on_the_way():
    guarded, notes = guard(formula("x**3 / (x**2 + x**4)"), {})
    assert "leading term at 0" in {note.rule for note in notes}
    for x in (1e-320, -1e-310, 1e-200, 1e-60):
        assert evaluate_float64(guarded, {"x": x}) == pytest.approx(x, rel=1e-9)


def test_without_parameters_the_leading_term_stands_where_float32_still_has_digits():
    plain = formula("50 * tanh(x / 50)")
    assert guard(plain, {})[0] == where(apply("lt", absolute(X), Fraction(1, 2**60)), X, plain)


def test_with_parameters_it_stands_where_no_float32_is():
    plain = formula("a * tanh(x / a)")
    assert guard(plain, {"a": 1})[0] == where(
        apply("lt", absolute(X), Fraction(1, 2**200)), X, plain
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_parameters_without_a_sign_are_tried_both_ways(sign):
    guarded, _ = guard(formula("a * x / (1 + abs(x))"), {})
    assert evaluate_float64(guarded, {"x": math.inf, "a": 2.0 * sign}) == 2.0 * sign


def test_a_parameter_that_may_be_0_wins_over_infinity():
    guarded, _ = guard(formula("a * exp(x)"), {"a": 1}, frozenset({Symbol("a")}))
    assert evaluate_float64(guarded, {"x": 1e4, "a": 0.0}) == 0.0


def test_good_expressions_are_left_alone():
    for text in ("tanh(x)", "exp(x)", "x + 1", "sigmoid(x)"):
        assert guard(formula(text), {}) == (formula(text), ())


def test_nan_is_handed_through():
    dropped = where(formula("where(x > 0, 1, 0)").args[0], 1, 0)
    assert math.isnan(evaluate_float64(keep_nan(dropped, X), {"x": math.nan}))
    assert keep_nan(exp(X), X) == exp(X)
