"""Products of what vanishes: complete before they are rounded, the same values."""

import pytest
from mpmath import mp

from actgen.codegen.evaluate import evaluate
from actgen.codegen.ir import PI, X, apply, exp, normcdf, sigmoid, sqrt, tanh, walk
from actgen.codegen.lower import lower
from actgen.codegen.precision import FLOAT32, FLOAT64
from actgen.codegen.simulate import simulate
from actgen.codegen.tails import as_exponent, complete_tails
from tests.oracle import format_of
from tests.oracle.ulp import error

GATE = apply("product", normcdf(X), X)
CASES = {
    "sum": apply("product", sigmoid(X) + exp(2 * X), X**2),
    "product": apply("product", apply("product", sigmoid(X), X), X),
    "small argument": apply("product", tanh(GATE), X),
    "difference": apply("product", sigmoid(X) - 2 * exp(X) * sigmoid(-X), X**3),
}


@pytest.mark.parametrize("name", CASES)
def test_values_stay(name):
    found = complete_tails(CASES[name], FLOAT64)
    assert found != CASES[name]
    for x in (-30.5, -8.25, -1.5, 0.75, 20.0):
        a, b = (evaluate(e, {"x": x}, 40) for e in (found, CASES[name]))
        assert abs(a - b) <= 2.0**-55 * abs(b)


@pytest.mark.parametrize("name", CASES)
def test_digits_are_kept_among_the_subnormal_numbers(name):
    lowered = lower(CASES[name], FLOAT64)
    places = (-38.2, -37.9, -37.5) if "tanh" in repr(CASES[name]) else (-740.5, -735.25, -720.0)
    for x in places:
        computed = float(simulate(lowered, {"x": x}))
        with mp.workdps(40):
            assert error(computed, evaluate(CASES[name], {"x": x}, 40), format_of("float64")) <= 2


def test_other_products_stay():
    for expr in (sigmoid(X) * X, apply("product", X, sigmoid(X)), apply("product", sigmoid(X), X)):
        assert complete_tails(expr, FLOAT64) == expr


def test_a_small_argument_stands_for_its_tanh():
    found = complete_tails(CASES["small argument"], FLOAT64)
    assert apply("product", normcdf(X), apply("product", X, X)) in set(walk(found))


@pytest.mark.parametrize(
    ("expr", "constant"), [(3 * exp(-X), 3), (exp(-X) / sqrt(2 * PI), (2 * mp.pi) ** -0.5)]
)
def test_a_constant_may_go_into_the_exponent(expr, constant):
    exponent, logarithm = as_exponent(expr, FLOAT32)
    assert exponent == -X
    known = sum(float(part.value) for part in (logarithm.high, logarithm.low))
    assert abs(known - mp.log(constant)) < 2.0**-47


@pytest.mark.parametrize("expr", [exp(X), -2 * exp(X), X * exp(X), 2 * exp(X) * exp(X**2), 2 * X])
def test_nothing_else_goes_into_an_exponent(expr):
    assert as_exponent(expr, FLOAT32) is None
