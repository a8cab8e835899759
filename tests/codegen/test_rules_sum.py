"""Sums: each rule on its own, its result as text and in value."""

import pytest

from actgen.codegen.emit.text import emit_text
from actgen.codegen.rules_sum import SUM_RULES
from actgen.codegen.simplify import simplify
from tests.codegen.algebraic import applied, difference, formula

ROWS = [
    ("expm1 complement", "exp(x) - 1", "expm1(x)"),
    ("expm1 complement", "a * exp(x / a) - a", "a * expm1(x / a)"),
    ("expm1 complement", "x + exp(2 * x) - 1", "x + expm1(2 * x)"),
    ("exp complement", "1 + expm1(x)", "exp(x)"),
    ("erfc complement", "1 - erf(x)", "erfc(x)"),
    ("erfc complement", "x / 2 + x / 2 * erf(x)", "0.5 * x * erfc(-x)"),
    ("erf complement", "1 - erfc(x)", "erf(x)"),
    ("erfc complement", "2 - erfc(x)", "erfc(-x)"),
    ("normcdf complement", "1 - normcdf(x)", "normcdf(-x)"),
    ("sigmoid complement", "1 - sigmoid(x)", "sigmoid(-x)"),
    ("tanh complement", "2 * sigmoid(x) - 1", "tanh(0.5 * x)"),
    ("sigmoid complement", "1 - tanh(x)", "2 * sigmoid(-(2 * x))"),
    ("sigmoid complement", "1 + tanh(x)", "2 * sigmoid(2 * x)"),
    ("sech2 complement", "1 - tanh(x)**2", "sech2(x)"),
    ("tanh complement", "1 - sech2(x)", "tanh(x)**2"),
    ("half angle complement", "1 - cos(x)", "2 * sin(0.5 * x)**2"),
    ("half angle complement", "cosh(x) - 1", "2 * sinh(0.5 * x)**2"),
    ("cos complement", "1 - sin(x)**2", "cos(x)**2"),
    ("sin complement", "1 - cos(x)**2", "sin(x)**2"),
    ("sinh complement", "cosh(x)**2 - 1", "sinh(x)**2"),
    ("cosh complement", "1 + sinh(x)**2", "cosh(x)**2"),
    ("acot complement", "pi / 2 - atan(x)", "acot(x)"),
    ("acot complement", "pi / 2 + atan(x)", "acot(-x)"),
    ("hyperbolic", "exp(x) - exp(-x)", "2 * sinh(x)"),
    ("hyperbolic", "exp(x) + exp(-x)", "2 * cosh(x)"),
    ("softplus reflection", "softplus(x) - x", "softplus(-x)"),
    ("double zero", "1 + 2 * sin(x) * cos(x)", "(sin(x) + cos(x))**2"),
    ("double zero", "a - 2 * a * cos(x) * sin(x)", "a * (sin(x) - cos(x))**2"),
    ("conjugate", "x + sqrt(x**2 + 4)", "rootsum(x**2 + 4, x, 4)"),
    ("conjugate", "sqrt(x**2 + 1) - 1", "rootsum(x**2 + 1, -1, x**2)"),
    ("split constant", "3 - exp(x)", "2 - expm1(x)"),
]


@pytest.mark.parametrize(("name", "given", "wanted"), ROWS)
def test_the_rule_gives_this_form_of_the_same_value(name, given, wanted):
    found = applied(SUM_RULES, name, given)
    assert emit_text(found) == wanted
    assert difference(formula(given), found) < 1e-30


def test_every_rule_has_a_row():
    assert {name for name, _, _ in SUM_RULES} == {row[0] for row in ROWS}


@pytest.mark.parametrize(
    "given",
    [
        "x - exp(a)",
        "exp(x) + 1",
        "1 + tanh(x)**2",
        "sqrt(x**2 + 1) + 1",
        "softplus(x) + x",
    ],
)
def test_no_rule_applies(given):
    node = simplify(formula(given))
    changed = [
        name
        for name, _, rule in SUM_RULES
        if (result := rule(node)) is not None and simplify(result) != node
    ]
    assert not changed
