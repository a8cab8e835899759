"""Derivatives: each rule against a difference quotient in high precision."""

import pytest
from hypothesis import given, settings
from mpmath import mp

from actgen.codegen.differentiate import RULES, at_kinks, differentiate, partial
from actgen.codegen.emit.text import emit_text
from actgen.codegen.errors import CompilerError
from actgen.codegen.evaluate import evaluate
from actgen.codegen.ir import Symbol, X, apply
from actgen.codegen.ops import OPS
from tests.codegen.algebraic import expressions, formula

_STEP = mp.mpf(10) ** -40
PLACES = {
    "acosh": (("2.3",),),
    "log1mexp": (("-0.7",), ("-3.1",)),
    "rootsum": (("5.3", "1.2", "3.86"),),
    "rootratio": (("5.3", "1.2", "3.86"),),
    "pow": (("1.7", "2.3"), ("0.4", "-1.1")),
    "hypot": (("1.7", "-2.3"),),
    "tanhsoftplus": (("0.4",), ("-3.1",)),
}
STRUCTURE = {"stop_gradient", "straight_through"}
GIVEN = {("rootsum", 2), ("rootratio", 2)}  # determined by the others


def places(name):
    default = (("0.37", "0.6", "0.8"), ("-0.62", "0.45", "-0.3"))
    if name in ("log", "sqrt"):
        default = default[:1]
    return PLACES.get(name, tuple(point[: OPS[name].arity] for point in default))


def slope(expr, values, name):
    def at(x):
        return evaluate(expr, {**values, name: x}, 120)

    with mp.workdps(120):
        x = values[name]
        return (at(x + _STEP) - at(x - _STEP)) / (2 * _STEP)


@pytest.mark.parametrize("name", sorted(set(RULES) - STRUCTURE))
def test_rule(name):
    args = [Symbol(f"a{i}") for i in range(OPS[name].arity)]
    node = apply(name, *args)
    for point in places(name):
        values = {arg.name: mp.mpf(v) for arg, v in zip(args, point, strict=True)}
        for position, arg in enumerate(args):
            if (name, position) in GIVEN:
                continue
            found = evaluate(partial(node, position), values, 60)
            wanted = slope(node, values, arg.name)
            assert abs(found - wanted) <= 1e-25 * (1 + abs(wanted)), (point, position)


def test_structure_rules():
    assert differentiate(formula("stop_gradient(x) * x"), X) == formula("stop_gradient(x)")
    assert differentiate(formula("straight_through(sign(x), tanh(x))"), X) == formula("sech2(x)")


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("x", "1"),
        ("a", "0"),
        ("x**3", "3 * x**2"),
        ("x**a", "a * x**(a - 1)"),
        ("max(x, 0)", "where(x > 0, 1, 0)"),
        ("where(x > a, x**2, 0)", "where(x > a, 2 * x, 0)"),
        ("tanh(x)", "sech2(x)"),
        ("floor(x) * x", "floor(x)"),
        ("softplus(-x)", "-sigmoid(-x)"),
    ],
)
def test_derivative_in_its_good_form(given_, wanted):
    assert emit_text(differentiate(formula(given_), X)) == wanted


def test_orders():
    assert emit_text(differentiate(formula("x**3"), X, 3)) == "6"
    assert differentiate(formula("x"), X, 0) == X


def test_declared_kinks_lie_over_the_derivative():
    found = at_kinks(formula("where(x > 0, 1, 0)"), X, [(formula("0"), formula("1 / 2"))])
    assert [evaluate(found, {"x": x}) for x in (-1, 0, 1)] == [0, 0.5, 1]
    assert at_kinks(X, X, [(formula("0"), None)]) == X


def test_reductions_have_no_derivative_here():
    with pytest.raises(CompilerError, match="sum"):
        differentiate(formula("sum(x)"), X)


@settings(max_examples=50, deadline=None)
@given(expressions())
def test_derivatives_are_slopes(expr):
    values = {"x": mp.mpf("0.7342")}
    found, wanted = evaluate(differentiate(expr, X), values, 60), slope(expr, values, "x")
    assert abs(found - wanted) <= 1e-20 * (1 + abs(wanted))
