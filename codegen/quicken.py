"""Compute float64 results with fewer operations: the fast tier of float64.

In: a lowered expression. Out: the same over functions that carry no rounding errors along, and by
how many ULP its values differ at sample inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from actgen.codegen.budgets import NEAR_ZERO
from actgen.codegen.ir import Apply, Expr, is_op, rewrite, symbols, walk
from actgen.codegen.ops import QUICK
from actgen.codegen.precision import FLOAT64
from actgen.codegen.samples import Array, beside, spread
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


class Yardstick:
    """Measures how far values are from those of `exact` in float64.

    `settings` are values of the parameters, `places` the zeros of the quantity beside each.
    """

    def __init__(
        self,
        exact: Expr,
        variable: str,
        settings: Sequence[Mapping[str, float]],
        places: Sequence[Array],
    ) -> None:
        self.exact = exact
        names = {symbol.name for symbol in symbols(exact)}
        self.measured: dict[Expr, float] = {exact: 0.0}
        self.rows: list[tuple[dict[str, Any], Array, Array]] = []
        for values, zeros in zip(settings, places, strict=True):
            x = np.concatenate([_inputs(), beside(zeros)])
            others = np.arange(x.size) * _GOLDEN % 0.99 + 0.005
            given: dict[str, Any] = {**dict.fromkeys(names, others), variable: x, **values}
            value = simulate(exact, given)
            terms = _largest_term(exact, given)
            unit = FLOAT64.ulp(np.where(abs(value) < NEAR_ZERO * terms, terms, abs(value)))
            self.rows.append((given, value, unit))

    def error(self, expr: Expr) -> float:
        """Return the largest difference in ULP of float64, infinite where only one is NaN.

        Near a zero, where the terms of a sum cancel, it is the unit of the largest term that
        counts.
        """
        if expr not in self.measured:
            self.measured[expr] = max(self._errors(expr), default=0.0)
        return self.measured[expr]

    def _errors(self, expr: Expr) -> Iterator[float]:
        for given, exact, unit in self.rows:
            value = simulate(expr, given)
            with np.errstate(all="ignore"):
                distance = abs(value - exact) / unit
            same = (value == exact) | (np.isnan(value) & np.isnan(exact))
            distance = np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))
            yield float(distance.max())


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
