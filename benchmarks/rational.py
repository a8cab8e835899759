"""Fit quotients of polynomials: a function on an interval in, minimax coefficients and error out.

Remez's exchange as in `remez`; the equations that bind the numerator, the denominator and the
level of the error are solved by turns, with the denominator of the turn before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mpmath import mp

from benchmarks.remez import DIGITS, Function, alternating, points, single

_ROUNDS = 25
_TURNS = 30
_GRID = 20  # points looked at between two nodes of the error


@dataclass(frozen=True)
class RationalFit:
    """A quotient to find near `function` on [0, high], in float32; both degrees are given.

    The denominator begins with 1. Points are dense near 0, where such functions change most.
    """

    name: str
    function: Function
    high: float
    top: int
    below: int
    weight: Function
    doc: str


Quotient = tuple[list[Any], list[Any]]


def quotient(fit: RationalFit) -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """Return numerator and denominator, lowest first, rounded, and the largest weighted error."""
    with mp.workdps(DIGITS):
        search = _Search(fit)
        top, below = search.exchange()
        rounded = [single(c) for c in top], [single(c) for c in below]
        used = [mp.mpf(c) for c in rounded[0]], [mp.mpf(c) for c in rounded[1]]
        error = max(abs(search.error(used, t)) for t in search.grid())
        return tuple(rounded[0]), tuple(rounded[1]), float(error)


class _Search:
    def __init__(self, fit: RationalFit) -> None:
        self.fit = fit
        self.count = fit.top + fit.below + 2
        self.seen: dict[Any, tuple[Any, Any]] = {}

    def known(self, t: Any) -> tuple[Any, Any]:
        if t not in self.seen:
            self.seen[t] = self.fit.function(t), self.fit.weight(t)
        return self.seen[t]

    def places(self, count: int, offset: float = 0.5) -> list[Any]:
        high = mp.mpf(self.fit.high)
        return [t * t / high for t in points(mp.mpf(0), high, count, offset)]

    def grid(self) -> list[Any]:
        return [mp.mpf(10) ** -12, *self.places(_GRID * self.count), mp.mpf(self.fit.high)]

    def error(self, found: Quotient, t: Any) -> Any:
        value, weight = self.known(t)
        top, below = (mp.polyval(c[::-1], t) for c in found)
        return weight * (top / below - value)

    def exchange(self) -> Quotient:
        nodes = self.places(self.count, 0.45)
        grid = self.grid()
        found: Quotient = ([], [mp.mpf(1)] + [mp.mpf(0)] * self.fit.below)
        for _ in range(_ROUNDS):
            found, level = self.level(found[1], nodes)
            errors = [self.error(found, t) for t in grid]
            nodes = alternating(grid, errors, self.count)
            if max(map(abs, errors)) <= abs(level) * 1.005:
                break
        return found

    def level(self, below: list[Any], nodes: list[Any]) -> tuple[Quotient, Any]:
        """Return the quotient whose weighted error is ±level in turn at the nodes, and that."""
        n, count = self.fit.top, self.count
        level = mp.mpf(0)
        for _ in range(_TURNS):
            matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
            for i, t in enumerate(nodes):
                value, weight = self.known(t)
                for j in range(n + 1):
                    matrix[i, j] = t**j
                for j in range(1, self.fit.below + 1):
                    matrix[i, n + j] = -value * t**j
                matrix[i, count - 1] = -((-1) ** i) / weight * mp.polyval(below[::-1], t)
                right[i] = value
            x = list(mp.lu_solve(matrix, right))
            before, level = level, x[-1]
            below = [mp.mpf(1), *x[n + 1 : -1]]
            if abs(level - before) < abs(level) * mp.mpf(10) ** -8:
                break
        return (x[: n + 1], below), level
