"""Check where kinks are declared: formulas and places in, diagnostics for the misplaced ones out.

A kink belongs where the formula can have one: where a comparison, a min, a max, an abs, a rounding
or the edge of a domain changes sides. Anywhere else its declared derivative would be wrong, so a
place that no sample of the parameters makes such an edge is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import mpmath

from actgen.codegen.activation import ActivationSpec, Param
from actgen.codegen.arguments import literal
from actgen.codegen.errors import CompilerError, Diagnostic
from actgen.codegen.evaluate import evaluate
from actgen.codegen.ir import ONE, ZERO, Apply, Expr, Symbol, depends_on, substitute, walk

_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_AT_ZERO = frozenset({"abs", "sign", "sqrt", "log", "pow"})
_AT_ONE = frozenset({"asin", "acos", "acosh", "atanh"})
_STEPS = frozenset({"floor", "ceil", "round"})

# For parameters without a default; and shifted by these, in case a default hides an edge.
_SAMPLES = (0.5, 2.0, 7.0)


def misplaced(
    spec: ActivationSpec, formulas: Sequence[Expr], places: Sequence[Expr]
) -> list[Diagnostic]:
    """Return a diagnostic for each declared kink of `spec` at which no formula has an edge."""
    problems = []
    seen: dict[Expr, str] = {}
    for kink, at in zip(spec.kinks, places, strict=True):
        text = kink.at
        if at in seen:
            message = f"a kink at {text.text} is declared already"
            problems.append(text.diagnostic(message, "", 0, len(text.text)))
        seen[at] = text.text
        if not any(_has_edge(spec, formula, at) for formula in formulas):
            message = f"the formula has no kink at {text.text}"
            hint = "none of its comparisons, min, max or abs changes sides there"
            problems.append(text.diagnostic(message, hint, 0, len(text.text)))
    return problems


def _has_edge(spec: ActivationSpec, formula: Expr, at: Expr) -> bool:
    inputs = [Symbol(name) for name in ("gate", "value", "x") if depends_on(formula, Symbol(name))]
    for symbol in inputs:
        others: dict[Expr, Expr] = {other: ONE for other in inputs if other != symbol}
        for sample in _SAMPLES:
            values: dict[Expr, Expr] = {
                Symbol(param.name): _sample(param, sample) for param in spec.params
            }
            values.update((Symbol(item.name), literal(0.5)) for item in spec.random)
            place: dict[Expr, Expr] = {symbol: substitute(at, values), **others, **values}
            for left, right in _edges(formula, symbol):
                if _equal(substitute(left, place), substitute(right, place)):
                    return True
    return False


def _sample(param: Param, sample: float) -> Expr:
    value = param.default_value
    if value is None or isinstance(value, bool):
        return literal(float(round(sample)) if param.type == "int" else sample)
    return literal(value if sample == _SAMPLES[0] else value + sample)


def _edges(formula: Expr, symbol: Symbol) -> Iterator[tuple[Expr, Expr]]:
    """Yield pairs of expressions; where the two are equal, the formula may have a kink."""
    for node in walk(formula):
        if not isinstance(node, Apply) or not depends_on(node, symbol):
            continue
        args = node.args
        if node.op in _COMPARISONS or node.op in ("min", "max"):
            yield args[0], args[1]
        elif node.op in _AT_ZERO:
            yield args[0], ZERO
        elif node.op == "div":
            yield args[1], ZERO
        elif node.op == "hypot":
            yield node, ZERO
        elif node.op == "log1p":
            yield args[0], Apply("neg", (ONE,))
        elif node.op in _AT_ONE:
            yield Apply("abs", (args[0],)), ONE
        elif node.op in _STEPS:
            twice = Apply("add", (args[0], args[0]))
            yield twice, Apply("round", (twice,))


def _equal(left: Expr, right: Expr) -> bool:
    try:
        a, b = evaluate(left, {}), evaluate(right, {})
    except (CompilerError, ArithmeticError):  # reductions have no value at a point
        return False
    if mpmath.isinf(a) or mpmath.isinf(b):
        return bool(a == b)
    return bool(abs(a - b) <= 1e-9 * max(1, abs(a), abs(b)))
