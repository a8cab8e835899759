"""Compute float64 results with fewer operations: the fast tier of float64.

In: a lowered expression. Out: the same over functions that carry no rounding errors along, and by
how many ULP its values differ at sample inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from actgen.codegen.ir import Apply, Expr, is_op, rewrite, symbols, walk
from actgen.codegen.ops import QUICK
from actgen.codegen.precision import FLOAT64
from actgen.codegen.samples import Array, spread
from actgen.codegen.simulate import simulate

_STRIDE = 7  # of the samples for float32
_GOLDEN = 0.6180339887498949


def quicken(lowered: Expr) -> Expr | None:
    """Return `lowered` over the `*_fast` functions, None where it calls none that have one."""
    if not any(is_op(node, *QUICK) for node in walk(lowered)):
        return None

    def faster(node: Expr) -> Expr:
        if isinstance(node, Apply) and node.op in QUICK:
            return Apply(f"{node.op}_fast", node.args)
        return node

    return rewrite(lowered, faster)


def difference(
    quick: Expr, lowered: Expr, variable: str, settings: Iterable[Mapping[str, float]]
) -> float:
    """Return the largest difference in ULP of float64, infinite where only one is NaN.

    Where the terms of a sum cancel it is their unit that counts.
    """
    x = _inputs()
    names = {symbol.name for symbol in symbols(lowered)}
    others = np.arange(x.size) * _GOLDEN % 0.99 + 0.005
    worst = 0.0
    for values in settings:
        given: dict[str, Any] = {**dict.fromkeys(names, others), variable: x, **values}
        a, b = (simulate(expr, given) for expr in (quick, lowered))
        with np.errstate(all="ignore"):
            distance = abs(a - b) / FLOAT64.ulp(np.maximum(abs(b), _largest_term(lowered, given)))
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        distance = np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))
        worst = max(worst, float(distance.max()))
    return worst


def _largest_term(expr: Expr, given: Mapping[str, Any]) -> Array:
    """Return the size of the larger term, 0 for what is no sum."""
    while isinstance(expr, Apply) and expr.op == "where":
        expr = expr.args[2]
    if not is_op(expr, "add", "sub"):
        return np.zeros(1)
    first, second = (abs(simulate(arg, given)) for arg in expr.args)
    larger: Array = np.fmax(first, second)
    return larger


def _inputs() -> Array:
    """Return float64 numbers whose digits all count, tails among them."""
    narrow = spread()[::_STRIDE].astype(np.float64)
    bent = narrow * (1 + 2.0**-24 * (np.arange(narrow.size) * _GOLDEN % 1))
    tails = np.concatenate([np.linspace(-760.1, -90.3, 700), np.linspace(90.3, 720.7, 200)])
    found: Array = np.concatenate([bent, tails])
    return found
