"""Help tests of expressions: formulas from text, rules by name, and equality in value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from hypothesis import strategies as st
from mpmath import mp

from actgen.codegen.evaluate import evaluate
from actgen.codegen.ir import Apply, Expr, X, apply, exp, rewrite, where, wrap
from actgen.codegen.ops import OPS
from actgen.codegen.parse import parse
from actgen.codegen.rules_sum import Rule
from actgen.codegen.scope import Call, Scope
from actgen.codegen.simplify import simplify
from actgen.codegen.text import Text

NAMES = {"x", "a", "b", "p"}
VALUES = {"a": mp.mpf("1.7"), "b": mp.mpf("-0.6"), "p": mp.mpf("2.3")}
POINTS = ("-7.3", "-1.9", "-0.41", "0.37", "1.6", "8.2")
_DIGITS = 60
# operations that formulas cannot write, as activations of that name
_INNER = {name for name, op in OPS.items() if not op.formula}


def formula(text: str) -> Expr:
    """Return the expression of a text, internal operations included."""
    parsed = parse(Text(text), Scope(NAMES, activations=_INNER, along_axis=True))
    return rewrite(parsed, _operation)


def _operation(node: Expr) -> Expr:
    return Apply(node.name, node.args) if isinstance(node, Call) else node


def rule_named(rules: Iterable[Rule], name: str) -> Callable[[Expr], Expr | None]:
    """Return the rules of one name as one: the first that applies."""
    found = [rule for known, _, rule in rules if known == name]
    assert found, name

    def apply_first(node: Expr) -> Expr | None:
        return next((result for rule in found if (result := rule(node)) is not None), None)

    return apply_first


def applied(rules: Iterable[Rule], name: str, text: str) -> Expr:
    """Return what a rule makes of a formula, simplified."""
    result = rule_named(rules, name)(simplify(formula(text)))
    assert result is not None, f"{name} does not apply to {text}"
    return simplify(result)


def difference(one: Expr, other: Expr, points: Iterable[str] = POINTS) -> float:
    """Return the largest relative difference of two expressions where the first is finite."""
    worst = 0.0
    seen = 0
    for x in points:
        values = {"x": mp.mpf(x), **VALUES}
        a, b = evaluate(one, values, _DIGITS), evaluate(other, values, _DIGITS)
        if mp.isfinite(a):
            seen += 1
            worst = max(worst, float(abs(a - b) / max(abs(a), mp.mpf("1e-40"))))
    assert seen
    return worst


def expressions() -> st.SearchStrategy[Expr]:
    """Return expressions of x over whole functions and positive denominators."""
    leaves = st.one_of(
        st.just(X),
        st.integers(-3, 3).map(wrap),
        st.sampled_from([Fraction(1, 2), Fraction(-7, 4), Fraction(1, 3)]).map(wrap),
    )
    unary = ("exp", "tanh", "sigmoid", "softplus", "atan", "abs", "neg", "sin", "erf", "cosh")

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        tame = inner.map(lambda e: apply("tanh", e))
        return st.one_of(
            st.builds(apply, st.sampled_from(("add", "sub", "mul")), inner, inner),
            st.builds(apply, st.sampled_from(unary), tame),
            st.builds(lambda a, b: a / (1 + b**2), inner, tame),
            st.builds(lambda a: apply("log", 1 + exp(a)), tame),
            st.builds(lambda a: apply("sqrt", 1 + a * a), inner),
            st.builds(lambda a, b: where(apply("gt", a, 0), b, a), inner, inner),
        )

    return st.recursive(leaves, grow, max_leaves=8)
