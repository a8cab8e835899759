"""Function calls: each rule on its own, its result as text and in value."""

import pytest

from actgen.codegen.emit.text import emit_text
from actgen.codegen.rules_function import FUNCTION_RULES
from actgen.codegen.simplify import simplify
from tests.codegen.algebraic import applied, difference, formula

ROWS = [
    ("exp of log", "exp(log(x))", "x"),
    ("exp of softplus", "exp(-softplus(x))", "sigmoid(-x)"),
    ("normal cdf", "erfc(-x / sqrt(2))", "2 * normcdf(x)"),
    ("root of square", "sqrt(x**2)", "abs(x)"),
    ("acosh near 1", "acosh(1 + x**2)", "2 * asinh(sqrt(0.5 * x**2))"),
    ("atanh of a leg", "atanh(x / sqrt(x**2 + 4))", "asinh(0.5 * x)"),
    ("asin of a leg", "asin(x / sqrt(x**2 + 4))", "atan(0.5 * x)"),
    ("acos of a leg", "acos(x / sqrt(x**2 + 4))", "acot(0.5 * x)"),
]


@pytest.mark.parametrize(("name", "given", "wanted"), ROWS)
def test_the_rule_gives_this_form_of_the_same_value(name, given, wanted):
    found = applied(FUNCTION_RULES, name, given)
    assert emit_text(found) == wanted
    assert difference(formula(given), found) < 1e-30


def test_every_rule_has_a_row():
    assert {name for name, _, _ in FUNCTION_RULES} == {row[0] for row in ROWS}


@pytest.mark.parametrize(
    "given",
    [
        "exp(x)",
        "erfc(x)",
        "sqrt(x**3)",
        "acosh(x)",
        "atanh(x / sqrt(x**2 - 4))",
    ],
)
def test_no_rule_applies(given):
    node = simplify(formula(given))
    changed = [
        name
        for name, _, rule in FUNCTION_RULES
        if (result := rule(node)) is not None and simplify(result) != node
    ]
    assert not changed
