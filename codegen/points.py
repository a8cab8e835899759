"""Give an expression another value at one point: expressions in, expressions out.

A selection of its own would do, but mostly the expression has that value there already, or would
have it if its comparisons with that point took the point to the other side.
"""

from __future__ import annotations

import operator

from actgen.codegen.evaluate import constant
from actgen.codegen.ir import (
    INF,
    Apply,
    Expr,
    Symbol,
    apply,
    const_value,
    depends_on,
    is_op,
    rewrite,
    substitute,
    where,
)
from actgen.codegen.precision import FLOAT32
from actgen.codegen.simplify import simplify

_OTHER_SIDE = {"lt": "le", "le": "lt", "gt": "ge", "ge": "gt"}
_COMPARE = {name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")}


def with_value_at(expr: Expr, symbol: Symbol, place: Expr, value: Expr) -> Expr:
    """Return an expression with the values of `expr`, but `value` where the symbol is `place`.

    A place that is computed is no number of any format: the nearest one counts as the place.
    """
    selected = where(apply("eq", symbol, place), value, expr)
    wanted = _there(value, symbol, place)
    if wanted is None or not _is_exact(place):
        return selected

    def other_side(node: Expr) -> Expr:
        if isinstance(node, Apply) and node.op in _OTHER_SIDE and set(node.args) == {symbol, place}:
            return Apply(_OTHER_SIDE[node.op], node.args)
        return node

    for candidate in (expr, rewrite(expr, other_side)):
        if _there(candidate, symbol, place) == wanted:
            return candidate
    return selected


def _is_exact(place: Expr) -> bool:
    number = const_value(place)
    if number is not None:
        return FLOAT32.holds(number)
    return isinstance(place, Symbol) or place in (INF, -INF)


def _there(expr: Expr, symbol: Symbol, place: Expr) -> Expr | None:
    """Return what an expression is at a place, None if that does not show."""
    if is_op(expr, "where"):
        condition, a, b = expr.args
        holds = _holds(condition, symbol, place)
        return None if holds is None else _there(a if holds else b, symbol, place)
    return simplify(substitute(expr, {symbol: place}))


def _holds(condition: Expr, symbol: Symbol, place: Expr) -> bool | None:
    """Tell whether a condition holds where the symbol is `place`, None if that is unknown."""
    if not isinstance(condition, Apply) or condition.op not in _COMPARE:
        return None
    a, b = (place if arg == symbol else arg for arg in condition.args)
    if a == b:
        return bool(_COMPARE[condition.op](0, 0))
    if depends_on(a, symbol) or depends_on(b, symbol):
        return None
    one, other = constant(a), constant(b)
    if one is None or other is None:
        return None
    return bool(_COMPARE[condition.op](one, other))
