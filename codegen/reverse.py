"""Differentiate through reductions: an axis formula in, its vector-Jacobian product out.

Formulas of normalizations reduce along an axis: `sum(e)` is one number for the slice, used by all
its elements. `pull_back` runs reverse mode over such a formula, with `dy` upstream; `push_forward`
runs forward mode for parameters. Both return expressions in the same language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from actgen.codegen.algebra import factors, from_factors
from actgen.codegen.differentiate import CONDITIONS, partial
from actgen.codegen.ir import (
    DY,
    INDEX,
    ONE,
    ZERO,
    Apply,
    Expr,
    Symbol,
    apply,
    is_op,
    rewrite,
    walk,
    where,
)
from actgen.codegen.ops import OPS
from actgen.codegen.simplify import simplify

_ELEMENTS = frozenset(("x", "dy", "index", "where"))
_VARYING = ("random", "kept")  # kinds of symbols that differ between elements


def _at_peak(e: Expr, a: Expr) -> Expr:
    return where(apply("eq", INDEX, apply("argmax", e)), a, ZERO)


def _in_support(e: Expr) -> Expr:
    return where(apply("gt", e, apply("sparsemax_threshold", e)), ONE, ZERO)


# reduction → what a change `d` of each element does to it
TANGENTS: dict[str, Callable[[Expr, Expr], Expr]] = {
    "sum": lambda e, d: total(d),
    "amax": lambda e, d: total(_at_peak(e, d)),
    "argmax": lambda e, d: ZERO,
    "sparsemax_threshold": lambda e, d: total(_in_support(e) * d) / total(_in_support(e)),
}
# reduction → what each element gets of its adjoint `a`, one number for the slice
ADJOINTS: dict[str, Callable[[Expr, Expr], Expr]] = {
    "sum": lambda e, a: a,
    "amax": lambda e, a: _at_peak(e, a),
    "argmax": lambda e, a: ZERO,
    "sparsemax_threshold": lambda e, a: _in_support(e) * a / total(_in_support(e)),
}


def canonical(expr: Expr) -> Expr:
    """Write `mean` and `amin` with `sum` and `amax`, the reductions that have rules."""

    def rule(node: Expr) -> Expr:
        if is_op(node, "mean"):
            return apply("sum", node.args[0]) / apply("sum", ONE)
        if is_op(node, "amin"):
            return -apply("amax", -node.args[0])
        return node

    return simplify(rewrite(expr, rule))


def invariant(expr: Expr) -> bool:
    """Tell whether `expr` is one number for the slice: its elements occur only in reductions."""
    stack = [expr]
    seen: set[Expr] = set()
    while stack:
        node = stack.pop()
        if node in seen or (isinstance(node, Apply) and OPS[node.op].category == "reduction"):
            continue
        seen.add(node)
        if isinstance(node, Symbol) and (node.name in _ELEMENTS or node.kind in _VARYING):
            return False
        stack.extend(node.args)
    return True


def total(expr: Expr) -> Expr:
    """Return sum(expr), with the factors that are the same for the whole slice in front."""
    expr = simplify(expr)
    if expr == ZERO:
        return ZERO
    coefficient, parts = factors(expr)
    outside = [f for f in parts if invariant(f[0])]
    inside = [f for f in parts if not invariant(f[0])]
    reduced = apply("sum", from_factors(ONE.value, inside))
    return simplify(from_factors(coefficient, outside) * reduced)


def pull_back(expr: Expr, symbol: Symbol, upstream: Expr = DY) -> Expr:
    """Return the gradient of sum(upstream * expr) with respect to the elements `symbol`.

    Where `expr` is one number for the slice (a reduction), `upstream` is one number as well.
    """
    order = list(walk(expr))
    adjoint: dict[Expr, list[Expr]] = {node: [] for node in order}
    adjoint[expr].append(upstream)
    outer = set(_outside_reductions(expr)) if invariant(expr) else set()
    for node in reversed(order):
        received = adjoint[node]
        if not received or not isinstance(node, Apply) or not node.args:
            continue
        whole = simplify(_added(received))
        if whole == ZERO or OPS[node.op].category in CONDITIONS:
            continue
        if node.op in ADJOINTS:
            slice_adjoint = whole if node in outer else total(whole)
            adjoint[node.args[0]].append(ADJOINTS[node.op](node.args[0], slice_adjoint))
        elif node.op == "where":
            condition, a, b = node.args
            adjoint[a].append(where(condition, whole, ZERO))
            adjoint[b].append(where(condition, ZERO, whole))
        else:
            for position, arg in enumerate(node.args):
                adjoint[arg].append(whole * partial(node, position))
    return simplify(_added(adjoint.get(symbol, [])))


def _outside_reductions(expr: Expr) -> Iterator[Expr]:
    """Yield the nodes of `expr` down to its outermost reductions, these included."""
    yield expr
    if isinstance(expr, Apply) and expr.op not in ADJOINTS:
        for arg in expr.args:
            yield from _outside_reductions(arg)


def push_forward(expr: Expr, symbol: Symbol) -> Expr:
    """Return the derivative of each element of `expr` with respect to a parameter."""
    done: dict[Expr, Expr] = {}
    for node in walk(expr):
        done[node] = _tangent(node, symbol, done)
    return simplify(done[expr])


def _tangent(node: Expr, symbol: Symbol, done: dict[Expr, Expr]) -> Expr:
    if node == symbol:
        return ONE
    if not isinstance(node, Apply) or not node.args or OPS[node.op].category in CONDITIONS:
        return ZERO
    if node.op in TANGENTS:
        inner = done[node.args[0]]
        return ZERO if inner == ZERO else simplify(TANGENTS[node.op](node.args[0], inner))
    if node.op == "where":
        return simplify(where(node.args[0], done[node.args[1]], done[node.args[2]]))
    parts = [partial(node, i) * done[a] for i, a in enumerate(node.args) if done[a] != ZERO]
    return simplify(_added(parts))


def _added(parts: list[Expr]) -> Expr:
    if not parts:
        return ZERO
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result
