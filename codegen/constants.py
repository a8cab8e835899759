"""Tell what is wrong with constants that formulas compute: expressions in, messages out."""

from __future__ import annotations

from mpmath import mp

from actgen.codegen.evaluate import constant
from actgen.codegen.ir import Apply, Const, Expr, is_op, walk

_FAR = mp.mpf(10) ** 4000  # what is less may be one of two that make a number
_CHOICES = frozenset(("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "where"))


def problem(expr: Expr) -> tuple[str, str] | None:
    """Return message and hint for a constant that is no real number or too large, else None."""
    if not isinstance(expr, Apply) or expr.op in _CHOICES or not expr.args:
        return None
    if not all(isinstance(node, (Apply, Const)) for node in walk(expr)):
        return None
    value = constant(expr)
    if value is None:
        return None
    if mp.isnan(value):
        return "this has no value among the real numbers", ""
    if abs(value) > _FAR and not any(is_op(node, "inf") for node in walk(expr)):
        return "this is far beyond the largest number, 1.8e308", "write inf for infinity"
    return None
