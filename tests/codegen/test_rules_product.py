"""Products: each rule on its own, its result as text and in value."""

import pytest

from actgen.codegen.emit.text import emit_text
from actgen.codegen.rules_product import PRODUCT_RULES
from actgen.codegen.simplify import simplify
from tests.codegen.algebraic import applied, difference, formula

ALONG_AXIS = {"max shift"}  # tested with whole formulas, in test_reverse
ROWS = [
    ("one exponential", "exp(x) * exp(a)", "exp(x + a)"),
    ("one exponential", "exp(x)**3", "exp(3 * x)"),
    ("one exponential", "1 / exp(x)", "exp(-x)"),
    ("sigmoid quotient", "1 / (1 + exp(-x))", "sigmoid(x)"),
    ("sigmoid quotient", "x / (2 + 2 * exp(x))**2", "0.25 * sigmoid(-x)**2 * x"),
    ("sigmoid reflection", "exp(-x) * sigmoid(x)", "sigmoid(-x)"),
    ("sigmoid reflection", "exp(-2 * x) * sigmoid(x)", "sigmoid(-x) * exp(-x)"),
    ("tanh quotient", "expm1(x) * sigmoid(-x)", "tanh(0.5 * x)"),
    ("hyperbolic quotient", "sinh(x) / cosh(x)", "tanh(x)"),
    ("hyperbolic quotient", "cosh(x) / sinh(x)", "1 / tanh(x)"),
    ("hyperbolic quotient", "1 / cosh(x)**2", "sech2(x)"),
    ("hyperbolic quotient", "exp(x) / cosh(x)", "2 * sigmoid(2 * x)"),
    ("hyperbolic quotient", "sin(x) / cos(x)", "tan(x)"),
    ("sech", "exp(x) * sigmoid(-2 * x)", "0.5 / cosh(x)"),
    ("one power", "(1 + x**2)**p * (1 + x**2)", "(1 + x**2)**(p + 1)"),
    ("one power", "(1 + x**2)**p * (1 + x**2)**a", "(1 + x**2)**(p + a)"),
    ("power of an exponential", "e**(-x)", "exp(-x)"),
    ("power of an exponential", "2**x", "exp(x * log(2))"),
    ("power of an exponential", "exp(x)**p", "exp(p * x)"),
    ("power of an exponential", "(1 + exp(-x))**(-p)", "sigmoid(x)**p"),
    ("conjugate pair", "rootsum(x**2 + 4, x, 4) * rootsum(x**2 + 4, -x, 4)", "4"),
    ("root ratio", "rootsum(x**2 + 4, x, 4) / sqrt(x**2 + 4)", "rootratio(x**2 + 4, x, 4)"),
    ("half angle", "sinh(x / 2)**2 / sinh(x)", "0.5 * sinh(0.5 * x) / cosh(0.5 * x)"),
    ("half angle", "sin(x / 2) / sin(x)", "0.5 / cos(0.5 * x)"),
]


@pytest.mark.parametrize(("name", "given", "wanted"), ROWS)
def test_the_rule_gives_this_form_of_the_same_value(name, given, wanted):
    found = applied(PRODUCT_RULES, name, given)
    assert emit_text(found) == wanted
    assert difference(formula(given), found) < 1e-30


def test_every_rule_has_a_row():
    assert {name for name, _, _ in PRODUCT_RULES} == {row[0] for row in ROWS} | ALONG_AXIS


@pytest.mark.parametrize(
    "given",
    [
        "exp(x)",
        "1 / (1 + 2 * exp(x))",
        "sinh(x) * cosh(x)",
        "x**2 * a",
        "x**3",
    ],
)
def test_no_rule_applies(given):
    node = simplify(formula(given))
    changed = [
        name
        for name, _, rule in PRODUCT_RULES
        if (result := rule(node)) is not None and simplify(result) != node
    ]
    assert not changed
