"""Stabilise what reductions lose: an axis formula in, one that keeps the small summands out."""

from __future__ import annotations

from actgen.codegen.ir import INDEX, Expr, apply, is_op, log1p, rewrite, where
from actgen.codegen.stabilise import Note

_NOTE = Note("log of a softmax sum", "1 + (small summands) drops their digits")


def split_off_peak(expr: Expr) -> tuple[Expr, tuple[Note, ...]]:
    """log sum(e^(u - amax(u))) = log1p(sum of the summands but that of the peak, which is 1)"""

    def rule(node: Expr) -> Expr:
        if not is_op(node, "log") or not is_op(node.args[0], "sum"):
            return node
        summand = node.args[0].args[0]
        peak = _peak(summand)
        if peak is None:
            return node
        at_peak = apply("eq", INDEX, apply("argmax", peak))
        return log1p(apply("sum", where(at_peak, summand - 1, summand)))

    result = rewrite(expr, rule)
    return (expr, ()) if result == expr else (result, (_NOTE,))


def _peak(summand: Expr) -> Expr | None:
    """Return u if `summand` is exp(u - amax(u)), else None."""
    if not is_op(summand, "exp"):
        return None
    difference = summand.args[0]
    if not is_op(difference, "sub"):
        return None
    u, shift = difference.args
    if is_op(shift, "stop_gradient"):
        shift = shift.args[0]
    return u if is_op(shift, "amax") and shift.args[0] == u else None
