"""Logarithms: each rule on its own, its result as text and in value."""

import pytest

from actgen.codegen.emit.text import emit_text
from actgen.codegen.rules_logarithm import LAST_LOGARITHM_RULES, LOGARITHM_RULES
from actgen.codegen.simplify import simplify
from tests.codegen.algebraic import applied, difference, formula

RULES = (*LAST_LOGARITHM_RULES, *LOGARITHM_RULES)
ALONG_AXIS = {"log-sum-exp"}  # tested with whole formulas, in test_reverse
ROWS = [
    ("log of exp", "log(exp(x))", "x"),
    ("log of exp", "log(x * exp(x))", "x + log(x)"),
    ("log of exp", "log(1 / (1 + x**2))", "-log(1 + x**2)"),
    ("log of sigmoid", "log(sigmoid(x))", "-softplus(-x)"),
    (
        "log of twice sigmoid",
        "log(2 * sigmoid(x))",
        "where(x > -1, log1p(tanh(0.5 * x)), log(2) - softplus(-x))",
    ),
    ("log1mexp", "log(-expm1(x))", "log1mexp(x)"),
    ("asinh", "log(rootsum(x**2 + 1, x, 1))", "asinh(x)"),
    ("log of cosh", "log(cosh(x))", "logcosh(x)"),
    ("log of cosh", "log(2 * cosh(x))", "abs(x) + softplus(-(2 * abs(x)))"),
    ("log of cosh", "log(3 * cosh(x))", "abs(x) + softplus(-(2 * abs(x))) + log(1.5)"),
    (
        "log of cosh and a number",
        "log(3 + 2 * cosh(x))",
        "abs(x) + log(1 + 3 * exp(-abs(x)) + exp(-(2 * abs(x))))",
    ),
    (
        "log of cosh and a number",
        "log1p(2 * cosh(x))",
        "abs(x) + log(1 + exp(-abs(x)) + exp(-(2 * abs(x))))",
    ),
    ("logaddexp", "log(exp(x) + exp(1))", "where(x > 1, x + softplus(1 - x), 1 + softplus(x - 1))"),
    (
        "logaddexp",
        "log(3 + 2 * exp(x))",
        "where(x + log(2) > log(3), x + log(2) + softplus(log(3) - x - log(2)), log(3) + "
        "softplus(x + log(2) - log(3)))",
    ),
    (
        "logaddexp",
        "log(exp(x) + exp(2 * x))",
        "where(x > 2 * x, x + softplus(x), 2 * x + softplus(-x))",
    ),
    (
        "log of a product",
        "log(sigmoid(-x) * (1 + exp(1 + x)))",
        "log(sigmoid(-x)) + log(1 + exp(1 + x))",
    ),
    ("log1p", "log(1 + x)", "log1p(x)"),
    ("softplus", "log1p(exp(x))", "softplus(x)"),
    ("softplus", "log1p(3 * exp(x))", "softplus(x + log(3))"),
    ("log of complement", "log1p(-sigmoid(x))", "-softplus(x)"),
    ("log of complement", "log1p(-exp(x))", "log1mexp(x)"),
    (
        "one softplus",
        "where(x > a, x + softplus(a - x), a + softplus(x - a))",
        "max(x, a) + softplus(-abs(x - a))",
    ),
]


@pytest.mark.parametrize(("name", "given", "wanted"), ROWS)
def test_the_rule_gives_this_form_of_the_same_value(name, given, wanted):
    found = applied(RULES, name, given)
    assert emit_text(found) == wanted
    assert difference(formula(given), found) < 1e-30


def test_every_rule_has_a_row():
    assert {name for name, _, _ in RULES} == {row[0] for row in ROWS} | ALONG_AXIS


@pytest.mark.parametrize(
    "given",
    [
        "log(x)",
        "log(x + 2)",
        "log(a * x)",
        "log1p(x)",
        "log(exp(x) - 3)",
    ],
)
def test_no_rule_applies(given):
    node = simplify(formula(given))
    changed = [
        name
        for name, _, rule in RULES
        if (result := rule(node)) is not None and simplify(result) != node
    ]
    assert not changed
