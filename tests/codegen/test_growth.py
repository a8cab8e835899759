"""Orders of growth: leading terms at ±∞ and ±0 against values far out."""

import pytest
from mpmath import mp

from actgen.codegen.emit.text import emit_text
from actgen.codegen.evaluate import evaluate
from actgen.codegen.growth import growth
from actgen.codegen.orders import asymptote, limit
from tests.codegen.algebraic import formula

A = {"a": 1, "b": -1, "p": 1}


@pytest.mark.parametrize(
    ("given_", "direction", "wanted"),
    [
        ("x / (1 + x)", 1, "1"),
        ("x**3 / (1 + x**2)", -1, "x"),
        ("a * x / (b + x)", 1, "a"),
        ("sqrt(4 * x**2 + 1)", -1, "-(2 * x)"),
        ("1 / (1 + x**2)", 1, "1 / abs(x) / abs(x)"),
        ("log(1 + x**2)", 1, "2 * log(abs(x))"),
        ("asinh(x)", 1, "log(2) + log(abs(x))"),
        ("atan(x)", -1, "-(0.5 * pi)"),
        ("tanh(x) * x", -1, "-x"),
        ("x * sigmoid(x)", -1, "0"),
        ("exp(-x**2) * x**5", 1, "0"),
        ("sech2(exp(x)) * exp(x)", 1, "0"),
        ("exp(-2 * x) * exp(x)", 1, "0"),
        ("cosh(x) / exp(2 * x)", 1, "0"),
        ("max(x, 2 * x)", 1, "2 * x"),
        ("where(x > 3, x, exp(x))", 1, "x"),
        ("softplus(a * x)", 1, "a * x"),
        ("hypot(x, 1)", -1, "-x"),
        ("rootratio(x**2 + 4, x, 4)", -1, "2 / abs(x) / abs(x)"),
        ("x + sin(x)", 1, "x"),
    ],
)
def test_leading_term(given_, direction, wanted):
    expr = formula(given_)
    term = asymptote(growth(expr, direction, A), direction)
    assert emit_text(term) == wanted
    at = {"x": direction * mp.mpf(10) ** 60, "a": 1.7, "b": -0.6, "p": 2.3}
    exact, rough = evaluate(expr, at, 400), evaluate(term, at, 400)
    assert abs(exact - rough) <= 1e-15 * abs(exact) + mp.mpf(10) ** -5000


@pytest.mark.parametrize(
    ("given_", "direction", "wanted"),
    [("x / tanh(x)", 1, None), ("1 / x", 1, "1 / x"), ("x**2 / (x + x**2)", -1, "x")],
)
def test_leading_term_at_0(given_, direction, wanted):
    term = asymptote(growth(formula(given_), direction, A, "near"), direction, "near")
    if wanted is not None:
        assert emit_text(term) == wanted
    else:
        assert limit(growth(formula(given_), direction, A, "near")) == formula("1")


@pytest.mark.parametrize(
    ("given_", "direction", "kind"),
    [
        ("exp(x)", 1, "large"),
        ("exp(x)", -1, "tiny"),
        ("exp(x) - x**9", 1, "large"),
        ("exp(2 * x) - exp(x)", 1, "large"),
        ("exp(x) * exp(-x)", 1, "unknown"),
        ("sin(x)", 1, "bounded"),
        ("sin(x) / x", 1, "bounded"),
        ("x - x * tanh(x)", 1, "unknown"),
        ("x**p", 1, "unknown"),
        ("0 * x", 1, "zero"),
    ],
)
def test_kind(given_, direction, kind):
    assert growth(formula(given_), direction, A).kind == kind


def test_a_bounded_function_over_a_power_vanishes():
    assert growth(formula("sin(x) / x"), 1, A).vanishes
    assert not growth(formula("sin(x) * x"), 1, A).vanishes


def test_limits():
    assert limit(growth(formula("x"), -1, A)) == -formula("inf")
    assert limit(growth(formula("x - x**2 / x"), 1, A)) is None
    assert limit(growth(formula("1 / x"), 1, A)) == formula("0")
