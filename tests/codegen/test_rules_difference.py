"""Differences of one function: each rule on its own, as text and in value."""

import pytest

from actgen.codegen.emit.text import emit_text
from actgen.codegen.rules_difference import DIFFERENCE_RULES
from actgen.codegen.simplify import simplify
from tests.codegen.algebraic import applied, difference, formula

ROWS = [
    ("exp difference", "exp(x + 1) - exp(x - 1)", "exp(x - 1) * expm1(2)"),
    (
        "sigmoid difference",
        "sigmoid(x + 1) - sigmoid(x - 1)",
        "-(sigmoid(x + 1) * sigmoid(1 - x) * expm1(-2))",
    ),
    (
        "sigmoid difference",
        "sigmoid(a * (x + 1)) - sigmoid(a * x)",
        "-(sigmoid(a * (x + 1)) * sigmoid(-(a * x)) * expm1(-a))",
    ),
    (
        "tanh difference",
        "tanh(x + 1) - tanh(x - 1)",
        "-(2 * sigmoid(2 * (x + 1)) * sigmoid(-(2 * (x - 1))) * expm1(-4))",
    ),
    ("softplus difference", "softplus(x) - softplus(x - 2)", "log1p(expm1(2) * sigmoid(x - 2))"),
    ("erf difference", "erf(x + 1) - erf(x - 1)", "erfc(abs(x) - 1) - erfc(abs(x) + 1)"),
    (
        "normcdf difference",
        "normcdf(x + 2) - normcdf(x)",
        "normcdf(1 - abs(x + 1)) - normcdf(-1 - abs(x + 1))",
    ),
    ("atan difference", "atan(x + 1) - atan(x - 1)", "acot(0.5 * (1 + (x + 1) * (x - 1)))"),
    ("log difference", "log(x**2 + 2) - log(x**2 + 1)", "log1p(1 / (x**2 + 1))"),
    ("log1p difference", "log1p(x**2) - log1p(x**2 - 0.5)", "log1p(0.5 / (0.5 + x**2))"),
    ("stable softplus", "max(x, 0) + softplus(-abs(x))", "softplus(x)"),
    ("stable softplus", "min(x, 0) - softplus(-abs(x))", "-softplus(-x)"),
]


@pytest.mark.parametrize(("name", "given", "wanted"), ROWS)
def test_the_rule_gives_this_form_of_the_same_value(name, given, wanted):
    found = applied(DIFFERENCE_RULES, name, given)
    assert emit_text(found) == wanted
    assert difference(formula(given), found) < 1e-30


def test_every_rule_has_a_row():
    assert {name for name, _, _ in DIFFERENCE_RULES} == {row[0] for row in ROWS}


@pytest.mark.parametrize(
    "given",
    [
        "sigmoid(2 * x) - sigmoid(x)",
        "tanh(x + 1) + tanh(x - 1)",
        "exp(x) - exp(a)",
        "log(x + a) - log(x)",
    ],
)
def test_no_rule_applies(given):
    node = simplify(formula(given))
    changed = [
        name
        for name, _, rule in DIFFERENCE_RULES
        if (result := rule(node)) is not None and simplify(result) != node
    ]
    assert not changed
