"""Exact identities: what each makes of a formula, and that the value stays."""

import pytest
from hypothesis import given, settings

from actgen.codegen.emit.text import emit_text
from actgen.codegen.ir import INF, X, apply
from actgen.codegen.simplify import simplify, truth
from tests.codegen.algebraic import difference, expressions, formula


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("x + 0", "x"),
        ("1 * x / 1", "x"),
        ("0 * exp(x)", "0"),
        ("x - x", "0"),
        ("x / x", "1"),
        ("x + x", "2 * x"),
        ("2 * (3 * x)", "6 * x"),
        ("x * x**2", "x**3"),
        ("x**0", "1"),
        ("x**1", "x"),
        ("- -x", "x"),
        ("-(x - 1)", "1 - x"),
        ("sign(x)**2", "1"),
        ("sign(x) * x", "abs(x)"),
        ("sign(x) * abs(x)", "x"),
        ("x / abs(x)", "sign(x)"),
        ("abs(x) / x", "sign(x)"),
        ("abs(x)**3", "abs(x) * x**2"),
        ("abs(abs(x))", "abs(x)"),
        ("abs(exp(x))", "exp(x)"),
        ("exp(0)", "1"),
        ("sigmoid(0)", "0.5"),
        ("tanh(-x)", "-tanh(x)"),
        ("cosh(-2 * x)", "cosh(2 * x)"),
        ("log(1)", "0"),
        ("floor(-2.5)", "-3"),
        ("round(2.5)", "2"),
        ("min(x, x)", "x"),
        ("max(2, 3)", "3"),
        ("min(x, inf)", "x"),
        ("max(x, -inf)", "x"),
        ("max(x, inf)", "max(x, inf)"),
        ("where(2 > 1, x, 0)", "x"),
        ("where(x > 0, 1, 1)", "1"),
        ("where(x > 0, where(x > 0, 1, 2), 3)", "where(x > 0, 1, 3)"),
        ("where(not x > 0, 1, 2)", "where(x > 0, 2, 1)"),
        ("where(2 * x + 1 < 3, 1, 0)", "where(x < 1, 1, 0)"),
        ("where(1 - x < 3, 1, 0)", "where(x > -2, 1, 0)"),
        ("where(max(x, 0) < 6, 1, 0)", "where(x < 6, 1, 0)"),
        ("where(0 < x, 1, 0)", "where(x > 0, 1, 0)"),
    ],
)
def test_identity(given_, wanted):
    found = simplify(formula(given_))
    assert emit_text(found) == wanted
    if "inf" not in given_:
        assert difference(formula(given_), found) < 1e-40


def test_a_product_with_a_number_is_plain():
    assert simplify(apply("product", 0, X)) == simplify(X * 0)
    assert is_product(simplify(apply("product", X, X)))
    assert simplify(-INF) == -INF


def is_product(expr):
    return expr == apply("product", X, X)


def test_truth_of_literals():
    assert truth(formula("where(1 > 2, 0, 1)").args[0]) is False
    assert truth(formula("where(x > 2, 0, 1)").args[0]) is None


@settings(max_examples=80, deadline=None)
@given(expressions())
def test_simplifying_keeps_the_value_and_comes_to_rest(expr):
    once = simplify(expr)
    assert difference(expr, once) < 1e-40
    assert simplify(once) == once


def test_a_negated_selection_comes_to_rest():
    chosen, negated = formula("where(x > 0, 0, x)"), formula("where(x > 0, 0, -x)")
    assert simplify(0 - chosen) == simplify(-1 * chosen) == negated
