"""Forms computed last: each rule on its own, as text and in value."""

import pytest

from actgen.codegen.emit.text import emit_text
from actgen.codegen.rules_exponential import LAST_EXPONENTIAL_RULES
from actgen.codegen.simplify import simplify
from tests.codegen.algebraic import applied, difference, formula

ROWS = [
    (
        "rational in exp",
        "exp(x) / (2 + exp(x))",
        "where(x > 0, 1 / (1 + 2 * exp(-abs(x))), exp(-abs(x)) / (2 + exp(-abs(x))))",
    ),
    (
        "rational in exp",
        "(exp(2 * x) + 2 * exp(x)) / (exp(2 * x) + 2 * exp(x) + 2)",
        "where(x > 0, (1 + 2 * exp(-abs(x))) / (1 + 2 * exp(-abs(x)) + 2 * "
        "exp(-abs(x))**2), (2 * exp(-abs(x)) + exp(-abs(x))**2) / (2 + 2 * exp(-abs(x)) "
        "+ exp(-abs(x))**2))",
    ),
    ("hyperbolic reciprocal", "1 / cosh(x)", "2 * exp(-abs(x)) / (1 + exp(-(2 * abs(x))))"),
    (
        "hyperbolic reciprocal",
        "x / sinh(x)",
        "-(2 * exp(-abs(x)) * x / (expm1(-(2 * abs(x))) * sign(x)))",
    ),
    ("power of a sigmoid", "sqrt(sigmoid(x))", "exp(0.5 * min(x, 0)) * sqrt(sigmoid(abs(x)))"),
    ("power of a sigmoid", "sigmoid(x)**p", "exp(p * min(x, 0)) * sigmoid(abs(x))**p"),
    (
        "exact exponent",
        "(x**2 + 1)**(1 / 3)",
        "(x**2 + 1)**0.3333333333333333 * exp(1/54043195528445952 * log(x**2 + 1))",
    ),
    ("expm1 reciprocal", "x / expm1(x)", "-(exp(-max(x, 0)) * x / (expm1(-abs(x)) * sign(x)))"),
    (
        "expm1 reciprocal",
        "exp(x) / expm1(x)**2",
        "exp(-(2 * max(x, 0))) * exp(x) / expm1(-abs(x))**2",
    ),
]


@pytest.mark.parametrize(("name", "given", "wanted"), ROWS)
def test_the_rule_gives_this_form_of_the_same_value(name, given, wanted):
    found = applied(LAST_EXPONENTIAL_RULES, name, given)
    assert emit_text(found) == wanted
    assert difference(formula(given), found) < 1e-30


def test_every_rule_has_a_row():
    assert {name for name, _, _ in LAST_EXPONENTIAL_RULES} == {row[0] for row in ROWS}


@pytest.mark.parametrize(
    "given",
    [
        "exp(x) / (2 + x)",
        "cosh(x) * x",
        "sigmoid(x)**2",
        "sqrt(x)",
        "x**0.5",
    ],
)
def test_no_rule_applies(given):
    node = simplify(formula(given))
    changed = [
        name
        for name, _, rule in LAST_EXPONENTIAL_RULES
        if (result := rule(node)) is not None and simplify(result) != node
    ]
    assert not changed
