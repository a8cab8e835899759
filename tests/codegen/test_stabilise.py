"""The whole pass: naive formulas in every order become the good form, and keep their value."""

import pytest
from hypothesis import given, settings

from actgen.codegen.emit.text import emit_text
from actgen.codegen.stabilise import stabilise
from tests.codegen.algebraic import difference, expressions, formula


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("log(1 + exp(x))", "softplus(x)"),
        ("log(exp(x) + 1)", "softplus(x)"),
        ("max(x, 0) + log(1 + exp(-abs(x)))", "softplus(x)"),
        ("1 / (1 + exp(-x))", "sigmoid(x)"),
        ("exp(x) / (1 + exp(x))", "sigmoid(x)"),
        ("1 - 1 / (1 + exp(x))", "sigmoid(x)"),
        ("1 / (1 + e**(-x))", "sigmoid(x)"),
        ("(1 + tanh(x / 2)) / 2", "sigmoid(x)"),
        ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", "tanh(x)"),
        ("2 / (1 + exp(-2 * x)) - 1", "tanh(x)"),
        ("1 - tanh(x)**2", "sech2(x)"),
        ("log(1 - sigmoid(x))", "-softplus(x)"),
        ("log(x + sqrt(x**2 + 1))", "asinh(x)"),
        ("atanh(x / sqrt(x**2 + 1))", "asinh(x)"),
        ("0.5 * x * (1 + erf(x / sqrt(2)))", "x * normcdf(x)"),
        ("(cosh(x) - 1) / sinh(x)", "tanh(0.5 * x)"),
        ("x / abs(x)", "sign(x)"),
        ("log((1 + exp(x)) / (1 + exp(x - 1)))", "log1p(expm1(1) * sigmoid(x - 1))"),
        ("(x + 1)**2 - x**2 - 1", "2 * x"),
    ],
)
def test_naive_formula(given_, wanted):
    found, notes = stabilise(formula(given_))
    assert emit_text(found) == wanted
    assert difference(formula(given_), found) < 1e-30
    assert len({note.rule for note in notes}) == len(notes)


def test_a_good_formula_is_left_alone():
    for text in ("x * sigmoid(x)", "tanh(x)", "x / (1 + abs(x))", "max(x, 0)"):
        assert stabilise(formula(text)) == (formula(text), ())


def test_forms_with_corners_come_last():
    given_ = formula("exp(x) / (2 + exp(x))")
    assert stabilise(given_)[0] == given_
    found, notes = stabilise(given_, last=True)
    assert "abs" in emit_text(found)
    assert [note.rule for note in notes] == ["rational in exp"]


@pytest.mark.parametrize("last", [False, True])
@settings(max_examples=60, deadline=None)
@given(expr=expressions())
def test_the_value_stays(last, expr):
    assert difference(expr, stabilise(expr, last)[0]) < 1e-25
