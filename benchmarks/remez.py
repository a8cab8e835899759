"""Fit polynomials: a function on an interval in, minimax coefficients and their error out.

Remez's exchange in high precision. What is minimised is the largest |weight · (polynomial -
function)|; with weight = 1/f of the whole that the polynomial is a part of, this is its relative
error. Coefficients are rounded to float64, or float32, and the error is measured again with what
was rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp

Function = Callable[[Any], Any]
DIGITS = 50
_ROUNDS = 12
_GRID = 24  # points looked at between two nodes of the error
_CHECKED = 31  # the same, when the error of the rounded polynomial is measured


def single(value: Any) -> float:
    """Return the float32 nearest to a number."""
    return float(np.float32(float(value)))


@dataclass(frozen=True)
class Fit:
    """A polynomial to find: of `degree`, near `function` on [low, high]."""

    name: str
    function: Function
    low: Any
    high: Any
    degree: int
    weight: Function
    doc: str
    split: bool = False  # give the first coefficient as two: high, and what rounding it leaves
    dtype: str = "float64"  # what the coefficients are rounded to

    def rounded(self, value: Any) -> float:
        """Return the nearest number of the format of the coefficients."""
        return float(value) if self.dtype == "float64" else single(value)


def coefficients(fit: Fit) -> tuple[tuple[float, ...], float]:
    """Return the coefficients, lowest first, rounded, and the largest weighted error."""
    with mp.workdps(DIGITS):
        low, high = mp.mpf(fit.low), mp.mpf(fit.high)
        seen: dict[Any, tuple[Any, Any]] = {}

        def known(t: Any) -> tuple[Any, Any]:
            if t not in seen:
                seen[t] = fit.function(t), fit.weight(t)
            return seen[t]

        exact = _exchange(known, low, high, fit.degree)
        rounded = [mp.mpf(fit.rounded(c)) for c in exact]
        rest = fit.rounded(exact[0] - rounded[0]) if fit.split else 0.0
        used = [rounded[0] + rest, *rounded[1:]]
        grid = [low, *points(low, high, _CHECKED * (fit.degree + 2)), high]
        error = float(max(abs(_error(known, used, t)) for t in grid))
        listed = [float(c) for c in rounded]
        return tuple([listed[0], rest, *listed[1:]] if fit.split else listed), error


def _exchange(known: Function, low: Any, high: Any, degree: int) -> list[Any]:
    nodes = points(low, high, degree + 2, 0.45)  # not 0.5: the weight may be 0 in the middle
    found: list[Any] = []
    for _ in range(_ROUNDS):
        found, level = _level(known, nodes)
        grid = [low, *points(low, high, _GRID * (degree + 2)), high]
        errors = [_error(known, found, t) for t in grid]
        nodes = alternating(grid, errors, degree + 2)
        worst = max(map(abs, errors))
        if worst <= abs(level) * 1.002:
            break
    return found


def _level(known: Function, nodes: list[Any]) -> tuple[list[Any], Any]:
    """Return the polynomial whose weighted error is ±level in turn at the nodes, and the level."""
    count = len(nodes)
    matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
    for i, t in enumerate(nodes):
        value, weight = known(t)
        power = mp.mpf(1)
        for j in range(count - 1):
            matrix[i, j] = weight * power
            power *= t
        matrix[i, count - 1] = (-1) ** i
        right[i] = weight * value
    solution = list(mp.lu_solve(matrix, right))
    return solution[:-1], solution[-1]


def _error(known: Function, polynomial: Any, t: Any) -> Any:
    value, weight = known(t)
    total = mp.mpf(0)
    for c in reversed(polynomial):
        total = total * t + c
    return weight * (total - value)


def alternating(grid: list[Any], errors: list[Any], count: int) -> list[Any]:
    """Return where the error is largest between its changes of sign, `count` places."""
    peaks: list[tuple[Any, Any]] = []
    for t, error in zip(grid, errors, strict=True):
        if peaks and (peaks[-1][1] > 0) == (error > 0):
            if abs(error) > abs(peaks[-1][1]):
                peaks[-1] = (t, error)
        else:
            peaks.append((t, error))
    while len(peaks) > count:
        peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
    if len(peaks) < count:
        raise ArithmeticError("the error of the polynomial does not alternate; ask for less degree")
    return [t for t, _ in peaks]


def points(low: Any, high: Any, count: int, offset: float = 0.5) -> list[Any]:
    """Return places as Chebyshev's, denser towards both ends."""
    half, middle = (high - low) / 2, (high + low) / 2
    return [middle - half * mp.cos(mp.pi * (k + mp.mpf(offset)) / count) for k in range(count)]
