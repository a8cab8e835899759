"""Replace a function beside its zeros, where sums cancel: by the distance times a polynomial.

In: an expression of one variable: exact, lowered to float64, and what computes it in float32. Out:
the last one with a piece for each zero but 0, at which formulas keep their digits. Zeros are found
to forty digits, and kept as two float32 numbers; polynomials interpolate at Chebyshev's nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from mpmath import mp

from actgen.codegen.evaluate import evaluate
from actgen.codegen.functions.float32_parts import single
from actgen.codegen.functions.parts import fast_sum, fma, number
from actgen.codegen.ir import ONE, Expr, Symbol, absolute, apply, substitute, symbols, where
from actgen.codegen.samples import Array
from actgen.codegen.simulate import simulate

_DIGITS = 40
_MOST = 3  # zeros
_STEPS = 200
_REACH, _WHOLE_REACH = 0.25, 0.15  # of a polynomial, on either side


def beside_zeros(
    exact: Expr,
    lowered: Expr,
    computed: Expr,
    variable: Symbol,
    x: Array,
    count: int,
    whole: bool = False,
) -> Expr | None:
    """Return `computed` with a piece for each zero, None where there are none or many.

    None, too, where one is not found to all digits. They are looked for between the neighbours of
    `x`, in increasing order. A polynomial has `count` coefficients; `whole` carries what
    rounds on the way. What else there is a symbol for is taken for a factor: the caller measures
    what comes of it.
    """
    others = sorted(symbols(exact) - {variable}, key=lambda symbol: symbol.name)
    alone, plain = (substitute(e, dict.fromkeys(others, ONE)) for e in (exact, lowered))
    values = np.broadcast_to(simulate(plain, {variable.name: x}, fused=False), x.shape)
    places = list(_zeros(alone, variable, x, values))
    if not places or len(places) > _MOST:
        return None
    for place in places:
        if place is None:
            return None
        high, rest = _in_two(place)
        reach = _WHOLE_REACH if whole else _REACH
        fit = _quotient(alone, variable, place, reach, count)
        if whole:
            away, piece = _whole_piece(variable - number(high), rest, fit)
        else:
            away = (variable - number(high)) - number(rest)
            piece = away * _series(away, [float(np.float32(float(c))) for c in fit])
        for factor in others:
            piece = piece * factor
        near = apply("lt", absolute(away), single(reach))
        computed = where(near, piece, computed)
    return computed


def _whole_piece(difference: Expr, rest: float, fit: list[Any]) -> tuple[Expr, Expr]:
    """Return the distance from a zero, and its product with a polynomial, rounded once."""
    away = fast_sum(difference, number(-rest))
    first, *others = fit
    high, low = _in_two(first)
    curve = _series(away.high, [low, *(float(np.float32(float(c))) for c in others)])
    tail = fma(away.high, curve, away.low * number(high))
    return away.high, fma(away.high, number(high), tail)


def _zeros(exact: Expr, variable: Symbol, x: Array, values: Array) -> Iterable[Any]:
    """Yield the places where values change their sign, None for one that stays out of reach."""
    sign = np.sign(values)
    (steps,) = np.nonzero((sign[:-1] * sign[1:] < 0) & (np.sign(x[:-1]) * np.sign(x[1:]) > 0))
    for step in steps[: _MOST + 1]:
        ends = (mp.mpf(float(x[step])), mp.mpf(float(x[step + 1])))
        with mp.workdps(_DIGITS):
            try:
                place = mp.findroot(
                    lambda v: _value(exact, {variable.name: v}),
                    ends,
                    solver="anderson",
                    maxsteps=_STEPS,
                )
            except (ValueError, ZeroDivisionError):  # what mpmath raises then
                place = None
        yield place


def _value(exact: Expr, at: Mapping[str, Any]) -> Any:
    return evaluate(exact, at, _DIGITS)


def _quotient(exact: Expr, variable: Symbol, zero: Any, reach: float, count: int) -> list[Any]:
    """Return the coefficients of a polynomial near exact(zero + t) / t, lowest first."""
    with mp.workdps(_DIGITS):
        nodes = [reach * mp.cos(mp.pi * (2 * k + 1) / (2 * count)) for k in range(count)]
        found = [_value(exact, {variable.name: zero + t}) / t for t in nodes]
        powers = mp.matrix([[t**k for k in range(count)] for t in nodes])
        return list(mp.lu_solve(powers, mp.matrix(found)))


def _in_two(value: Any) -> tuple[float, float]:
    """Return a number as a float32, and what that leaves as another."""
    high = float(np.float32(float(value)))
    with mp.workdps(_DIGITS):
        return high, float(np.float32(float(value - high)))


def _series(t: Expr, coefficients: list[float]) -> Expr:
    total: Expr = number(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = fma(total, t, number(c))
    return total
