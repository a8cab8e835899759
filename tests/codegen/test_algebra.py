"""Views of expressions: sums of terms, products of powers, and back."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from mpmath import mp

from actgen.codegen.algebra import (
    constants_inside,
    exact_power,
    factors,
    from_factors,
    from_terms,
    terms,
    without_common_symbol,
)
from actgen.codegen.emit.text import emit_text
from actgen.codegen.evaluate import evaluate
from actgen.codegen.expand import cancels, expanded, monomials
from actgen.codegen.ir import ONE, PI, Symbol, X, absolute, exp, is_op, sqrt
from tests.codegen.algebraic import difference, expressions, formula

A = Symbol("a")


@pytest.mark.parametrize(
    ("given_", "coefficient", "wanted"),
    [
        ("6 * x / 4", "3/2", {X: 1}),
        ("-x * a**2", "-1", {X: 1, A: 2}),
        ("x**2 / sqrt(x)", "1", {X: Fraction(3, 2)}),
        ("sqrt(x) * sqrt(x)", "1", {X: 1}),
        ("abs(x)**2", "1", {X: 2}),
        ("abs(x)**3", "1", {X: 2, absolute(X): 1}),
        ("x / (x * a)", "1", {A: -1}),
        ("sqrt(4) * x", "2", {X: 1}),
        ("1 / 3", "1/3", {}),
        ("sqrt(x**2)", "1", {formula("x**2"): Fraction(1, 2)}),  # |x|, not x
    ],
)
def test_factors(given_, coefficient, wanted):
    scale, parts = factors(formula(given_))
    assert (scale, dict(parts)) == (Fraction(coefficient), wanted)


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("x + 2 * x - a", {X: 3, A: -1}),
        ("x - (a - x)", {X: 2, A: -1}),
        ("-(x + 1)", {X: -1, ONE: -1}),
        ("x * a - a * x", {}),
        ("1/3 * x + 2", {X: Fraction(1, 3), ONE: 2}),
    ],
)
def test_terms(given_, wanted):
    assert {term: scale for scale, term in terms(formula(given_))} == wanted


@pytest.mark.parametrize(
    ("value", "exponent", "wanted"),
    [("9/4", "1/2", "3/2"), ("2", "1/2", None), ("2", "-3", "1/8"), ("4", "1/3", None)],
)
def test_exact_powers(value, exponent, wanted):
    found = exact_power(Fraction(value), Fraction(exponent))
    assert found == (None if wanted is None else Fraction(wanted))


def test_products_are_built_readable():
    assert emit_text(from_factors(Fraction(2, 3), [(X, Fraction(1))])) == "2 * x / 3"
    assert emit_text(from_factors(Fraction(-1, 4), [(X, Fraction(-1, 2))])) == "-(0.25 / sqrt(x))"
    assert emit_text(from_factors(Fraction(5), [])) == "5"
    assert emit_text(from_terms([(Fraction(-1), X), (Fraction(1), A)])) == "a - x"


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("(x + 1) * (x - 1)", "x**2 - 1"),
        ("a * (x + 1) - a * x", "a"),
        ("sqrt(1 + x) * sqrt(1 + x)", "1 + x"),
        ("exp(x) * (exp(-x) + 1)", "1 + exp(x)"),
        ("(x + 1)**9", "(x + 1)**9"),
    ],
)
def test_multiplied_out(given_, wanted):
    assert emit_text(expanded(formula(given_))) == wanted


def test_cancelling_terms_are_seen():
    assert cancels(monomials(formula("(x + 1) * x - x")))
    assert not cancels(monomials(formula("(x + 1) * x + x")))
    assert monomials(exp(X) * sqrt(X)) == [(1, exp(X) * sqrt(X))]


@settings(max_examples=60, deadline=None)
@given(expressions())
def test_both_views_keep_the_value(expr):
    assert difference(expr, from_terms(terms(expr))) < 1e-40
    assert difference(expr, from_factors(*factors(expr))) < 1e-40


def test_a_symbol_that_all_terms_share_is_taken_out():
    factor = 2 * sqrt(2 / PI)
    found = without_common_symbol(factor * (X + 3 * X**3))
    assert is_op(found, "mul") and found.args[0] == X
    for at in (0.3, -7.0):
        whole, apart = (evaluate(e, {"x": at}) for e in (factor * (X + 3 * X**3), found))
        assert mp.almosteq(whole, apart)
    for other in (X + 3 * X**3, factor * (X + 1), factor * (X + A * X**3), factor * X):
        assert without_common_symbol(other) == other


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2 * where(x > 0, x, 3 * exp(x))", "where(x > 0, 2 * x, 6 * exp(x))"),
        ("where(x > 0, 1, 0) * -2", "where(x > 0, -2, 0)"),
        ("x * where(x > 0, 1, 0)", "x * where(x > 0, 1, 0)"),
        ("2 * exp(x)", "2 * exp(x)"),
    ],
)
def test_constants_go_into_cases(text, wanted):
    assert emit_text(constants_inside(formula(text))) == wanted
