"""Polynomials near 0: what cancels there keeps every digit, and nothing else is touched."""

import math

import pytest
from mpmath import mp

from actgen.codegen.evaluate import evaluate
from actgen.codegen.ieee import evaluate_float64
from actgen.codegen.ir import is_op
from actgen.codegen.series import repair_origin
from tests.codegen.algebraic import formula

NEAR = [s * x for x in (1e-300, 1e-20, 1e-8, 3e-4, 0.01, 0.12, 0.4, 0.9) for s in (1, -1)]


@pytest.mark.parametrize(
    "given_",
    [
        "x - tanh(x)",
        "x - sin(x)",
        "expm1(x) - x",
        "(expm1(x) - x) / x",
        "1 / tanh(x) - 1 / x",
        "exp(-abs(x)) - exp(-2 * abs(x))",
        "abs(x) - log1p(abs(x))",
        "cos(x) / x - sin(x) / x**2",
        "(exp(-x**2) - 1) / x + sin(x)",
        "softplus(x) - log(2) - x / 2",
    ],
)
def test_no_digit_is_lost(given_):
    expr = formula(given_)
    repaired, notes = repair_origin(expr)
    assert [note.rule for note in notes] == ["polynomial near 0"]
    for x in NEAR:
        exact = evaluate(expr, {"x": x}, 1000)
        if abs(exact) > 1e-300:
            error = abs(mp.mpf(evaluate_float64(repaired, {"x": x})) - exact)
            assert error <= 8 * math.ulp(float(exact)), x


@pytest.mark.parametrize(
    ("given_", "at_0"),
    [("sin(x) / x", 1.0), ("x / expm1(x)", 1.0), ("tanh(x)**2 / x", 0.0), ("x / sinh(2 * x)", 0.5)],
)
def test_removable_singularity(given_, at_0):
    repaired, notes = repair_origin(formula(given_))
    assert [note.rule for note in notes] == ["removable singularity"]
    assert evaluate_float64(repaired, {"x": 0.0}) == at_0


@pytest.mark.parametrize(
    "given_",
    ["x + tanh(x)", "tanh(x) / 2", "1 / x", "a * x - tanh(a * x)", "log(x) - x", "cos(x) - 1 / 2"],
)
def test_what_does_not_cancel_is_left_alone(given_):
    assert repair_origin(formula(given_)) == (formula(given_), ())


def test_a_zero_at_the_edge_of_an_interval_is_no_obstacle():
    repaired, _ = repair_origin(formula("(expm1(x) * x - x**2 * (x - 1) * (x + 1)) / x**2"))
    assert is_op(repaired, "where", "add", "sub", "div")
    assert evaluate_float64(repaired, {"x": 0.0}) == 2.0
