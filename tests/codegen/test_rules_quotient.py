"""Sums of quotients: each rule on its own, its result as text and in value."""

import pytest

from actgen.codegen.emit.text import emit_text
from actgen.codegen.rules_quotient import LAST_QUOTIENT_RULES, QUOTIENT_RULES
from actgen.codegen.simplify import simplify
from tests.codegen.algebraic import applied, difference, formula

RULES = (*LAST_QUOTIENT_RULES, *QUOTIENT_RULES)
ROWS = [
    ("common denominator", "1 / (1 + x**2) - x**2 / (1 + x**2)**2", "1 / (1 + x**2)**2"),
    ("common denominator", "1 / (1 + abs(x)) - abs(x) / (1 + abs(x))**2", "1 / (1 + abs(x))**2"),
    (
        "common denominator",
        "1 / (1 + sqrt(1 + x**2)) - x**2 / (sqrt(1 + x**2) * (1 + sqrt(1 + x**2))**2)",
        "1 / ((sqrt(1 + x**2) + 1) * sqrt(1 + x**2))",
    ),
    ("multiplied out", "(x + 1)**2 - x**2 - 1", "2 * x"),
    ("multiplied out", "x * (1 + a) - x", "x * a"),
    ("one-sided quotient", "x / (1 + abs(x)) + 1", "(2 * max(x, 0) + 1) / (1 + abs(x))"),
    ("one-sided quotient", "1 - x / (1 + abs(x))", "(1 - 2 * min(x, 0)) / (1 + abs(x))"),
]


@pytest.mark.parametrize(("name", "given", "wanted"), ROWS)
def test_the_rule_gives_this_form_of_the_same_value(name, given, wanted):
    found = applied(RULES, name, given)
    assert emit_text(found) == wanted
    assert difference(formula(given), found) < 1e-30


def test_every_rule_has_a_row():
    assert {name for name, _, _ in RULES} == {row[0] for row in ROWS}


@pytest.mark.parametrize(
    "given",
    [
        "1 / (1 + x**2) + x**2 / (1 + a**2)",
        "(x + 1)**2 + x**2",
        "x + abs(x)",
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
