"""Lowering: constants are rounded, powers multiplied, and rounding errors carried along."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.evaluate import evaluate, number
from actgen.codegen.ir import (
    HALF,
    INF,
    ONE,
    PI,
    Apply,
    Const,
    Symbol,
    X,
    apply,
    exp,
    is_op,
    sigmoid,
    softplus,
    sqrt,
    tanh,
    walk,
    where,
)
from actgen.codegen.lower import lower

from . import plain

A, B = Symbol("a"), Symbol("b")
# away from overflow and underflow, where transformations are exact
floats = st.floats(1e-60, 1e60) | st.floats(-1e60, -1e-60)


def const(value):
    return Const(Fraction(value))


def run(expr, **values):
    """Return what the text of a lowered expression computes."""
    return plain.value(emit_cpu(expr), values)


def argument(expr):
    """Return the two parts of the argument that `exp` is called with."""
    call = lower(exp(expr))
    assert is_op(call, "exp_twofold")
    return call.args


# Constants


def test_constants_become_the_nearest_float64():
    assert lower(const("0.1")) == const(0.1)
    assert lower(PI) == const(math.pi)
    assert lower(-const("0.1")) == const(-0.1)
    assert lower(const(10) ** 400) == lower(const(10**400)) == INF
    assert lower(-(const(10) ** 400)) == -INF
    assert lower(-INF) == -INF


def test_constants_are_folded_before_they_are_rounded():
    assert lower(sqrt(2 / PI)) == const(math.sqrt(2 / math.pi))
    assert lower(const("0.1") + const("0.2")) == const(0.3)


def _around(value):
    return value, math.nextafter(value, 0)


def test_an_irrational_factor_keeps_its_rest():
    lowered = lower(X * sqrt(2 / PI))
    assert is_op(lowered, "fma")
    x, high, rest = lowered.args
    assert x == X and high in map(const, _around(math.sqrt(2 / math.pi)))
    assert is_op(rest, "mul")
    for x in (1.1, -3.7e5, 2.3e-200):
        exact = evaluate(X * sqrt(2 / PI), {"x": x}, 60)
        assert abs(run(lowered, x=x) - exact) <= 0.5000001 * math.ulp(float(exact))
    assert run(lower(X / PI), x=math.inf) == math.inf


@pytest.mark.parametrize("expr", [2 * X, X / 4, X / 3, 1702 * X, X * HALF])
def test_an_exact_factor_is_multiplied_once(expr):
    assert emit_cpu(lower(expr)).count("x") == 1
    assert not is_op(lower(expr), "fma")


# Powers


@pytest.mark.parametrize(
    ("exponent", "text"),
    [
        (2, "x * x"),
        (3, "x * x * x"),
        (4, "x * x * (x * x)"),
        (-1, "1.0 / x"),
        (-2, "1.0 / (x * x)"),
        (HALF, "sqrt(x)"),
        (const("1.5"), "x * sqrt(x)"),
        (-HALF, "1.0 / sqrt(x)"),
        (65, "x ** 65.0"),
        (const("0.3"), "x ** 0.3"),
        (A, "x ** a"),
    ],
)
def test_powers_are_products_where_that_is_short(exponent, text):
    assert emit_cpu(lower(X**exponent)) == text


@given(st.integers(-64, 64).filter(bool), st.floats(0.5, 2))
@settings(deadline=None)
def test_products_have_the_value_of_the_power(exponent, x):
    assert run(lower(X**exponent), x=x) == pytest.approx(x**exponent, rel=1e-14)


# Arguments with their rounding errors


def test_an_exact_argument_stays_as_it_is():
    for expr in (X, -X, 2 * X, X / 8, abs_x()):
        assert is_op(lower(exp(expr)), "exp")


def abs_x():
    return apply("abs", X)


def test_functions_that_do_not_magnify_take_the_plain_argument():
    assert is_op(lower(tanh(X * A)), "tanh")


@given(floats, floats)
@settings(deadline=None)
def test_sums_and_products_are_error_free(x, a):
    for expr, exact in (
        (X + A, Fraction(x) + Fraction(a)),
        (X - A, Fraction(x) - Fraction(a)),
        (X * A, Fraction(x) * Fraction(a)),
        (-(X * A), -Fraction(x) * Fraction(a)),
        (X**2, Fraction(x) ** 2),
        (2 * (X - A), 2 * (Fraction(x) - Fraction(a))),
    ):
        high, low = (run(part, x=x, a=a) for part in argument(expr))
        assert Fraction(high) + Fraction(low) == exact
        assert high == float(exact)


@given(floats, floats, floats)
@settings(deadline=None)
def test_longer_arguments_are_as_good_as_twice_the_digits(x, a, b):
    fx, fa, fb = map(Fraction, (x, a, b))
    for expr, exact, size in (
        (X / A, fx / fa, abs(fx / fa)),
        (X * A + B, fx * fa + fb, abs(fx * fa) + abs(fb)),
        ((X + A) - B, fx + fa - fb, abs(fx) + abs(fa) + abs(fb)),
        ((X + A) * B, (fx + fa) * fb, (abs(fx) + abs(fa)) * abs(fb)),
        (X * A / B, fx * fa / fb, abs(fx * fa / fb)),
        (X**2 * A, fx**2 * fa, abs(fx**2 * fa)),
        (X / 10, fx / 10, abs(fx)),
    ):
        high, low = (Fraction(run(part, x=x, a=a, b=b)) for part in argument(expr))
        assert abs(high + low - exact) <= size * Fraction(1, 2**100)


def test_an_irrational_factor_in_an_argument_has_twice_the_digits():
    high, low = (Fraction(run(part, x=1.1)) for part in argument(X * sqrt(2 / PI)))
    exact = evaluate(X * sqrt(2 / PI), {"x": 1.1}, 60)
    with mp.workdps(60):
        assert abs(number(high) + number(low) - exact) < 1e-31


@given(floats, floats)
@settings(deadline=None)
def test_choices_carry_the_error_of_the_branch_they_take(x, a):
    branch = where(apply("lt", X, A), X + A, X * A)
    exact = Fraction(x) + Fraction(a) if x < a else Fraction(x) * Fraction(a)
    high, low = (run(part, x=x, a=a) for part in argument(branch))
    assert Fraction(high) + Fraction(low) == exact


def test_a_guarded_product_of_zero_has_no_error():
    high, low = argument(apply("product", A, X))
    assert (run(low, a=0.0, x=math.inf), run(low, a=0.1, x=0.1) != 0) == (0.0, True)
    assert is_op(high, "product")


# Comparisons


@given(floats, floats, floats, st.sampled_from(["lt", "le", "gt", "ge"]))
@settings(deadline=None)
def test_comparisons_see_what_rounding_took(x, a, b, op):
    lowered = lower(where(apply(op, X + A, B), 1, 0))
    left, right = Fraction(x) + Fraction(a), Fraction(b)
    holds = {"lt": left < right, "le": left <= right, "gt": left > right, "ge": left >= right}
    assert run(lowered, x=x, a=a, b=b) == holds[op]
    nearby = float(left)
    assume(nearby != b)
    holds = {
        "lt": left < Fraction(nearby),
        "le": left <= Fraction(nearby),
        "gt": left > Fraction(nearby),
        "ge": left >= Fraction(nearby),
    }
    assert run(lowered, x=x, a=a, b=nearby) == holds[op]


def test_comparisons_of_what_is_exact_stay_plain():
    assert emit_cpu(lower(where(apply("ge", X, 0), X, A))) == "x if x >= 0.0 else a"


# Vanishing factors


def test_a_product_with_a_vanishing_factor_is_rounded_once():
    assert repr(lower(X * sigmoid(X))) == "(sigmoid_times x x)"
    assert repr(lower(X * exp(-X) * A)) == "(exp_times (neg x) (mul x a))"
    assert repr(lower(apply("product", exp(X), A))) == "(exp_times x a)"
    assert repr(lower(X * exp(X + A))).startswith("(exp_twofold_times (add x a) ")
    assert repr(lower(X * tanh(softplus(X)))) == "(tanhsoftplus_times x x)"


@pytest.mark.parametrize("expr", [2 * exp(X), -exp(X), exp(-(X * X)) / 2, sigmoid(X) / 2])
def test_a_constant_alone_is_no_reason_for_it(expr):
    assert not any("_times" in getattr(node, "op", "") for node in walk(lower(expr)))


def test_a_constant_may_keep_an_exponential_from_overflowing():
    assert repr(lower(exp(X) / 2)) == "(exp_times x 1/2)"
    infinite = "(copysign (inf) (div 1 x))"
    joined = f"(where (ge x 1400) {infinite} (exp_times x (div 1 x)))"
    assert repr(lower(exp(X) / X)) == joined
    assert repr(lower(exp(-(X * X)) / X)).startswith("(div (exp")
    assert repr(lower(exp(X) / sqrt(exp(X) + 1))).startswith("(div (exp")


# The whole


def test_what_says_more_than_a_value_is_dropped():
    assert lower(apply("stop_gradient", exp(X))) == exp(X)
    assert lower(apply("straight_through", X, exp(X))) == X


def test_lowering_is_idempotent_on_exact_expressions():
    expr = where(apply("lt", X, 0), X * HALF, X + ONE)
    assert lower(lower(expr)) == lower(expr)
    assert isinstance(lower(expr), Apply)
