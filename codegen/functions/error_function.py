"""Define erf, erfc and normcdf: exp(-x²) times a function that changes slowly.

exp(x²) erfc(x) (1 + 2x) is a polynomial in t = (x - c) / (x + c) over the whole axis (the mapping
of Shepherd and Laframboise, 1981). x² is exact, as a sum of two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from actgen.codegen.coefficients import CDF, ERF, ERFC
from actgen.codegen.functions.exponential import exponential, inside
from actgen.codegen.functions.family import family
from actgen.codegen.functions.parts import (
    NEVER,
    Function,
    Scaled,
    Split,
    Steps,
    at_most,
    fast_sum,
    fma,
    number,
    polynomial,
    product,
    square,
)
from actgen.codegen.ir import HALF, ONE, ZERO, Expr, absolute, apply, where

_GRID = number(1.5 * 2.0**24)  # added and taken off, it rounds to multiples of 2**-28


def _head(t: Expr, coefficients: Sequence[float], let: Steps) -> Split:
    """Return a polynomial whose first coefficient is given as two."""
    first, low, *rest = coefficients
    w = fma(let("p", polynomial(t, rest)), t, number(low))
    whole = fast_sum(number(first), let("w", w))
    return Split(whole.high, whole.low)


@dataclass(frozen=True)
class _Shape:
    """A function E(y) = exp(rate y²) tail(y), E' = 2 rate y E - slope, E = P(t) / (1 + steep y)."""

    fit: tuple[float, ...]
    centre: float
    far: float
    steep: float
    rate: Expr
    slope: float
    half: Expr


_ERFC = _Shape(ERFC, 3.0, 38.0, 1.5, ONE, 2 / math.sqrt(math.pi), ONE)
_CDF = _Shape(CDF, 4.0, 53.0, 1.0, HALF, 2 / math.sqrt(2 * math.pi), HALF)


def _slow(y: Expr, low: Expr, shape: _Shape, let: Steps) -> Split:
    """Return exp(rate y²) tail(y) at y + low.

    The polynomial is taken at a nearby place that leaves y ± centre exact; a step by the
    derivative, which is known, goes from there to y + low.
    """
    near = let("near", (y + _GRID) - _GRID)
    above, below = (
        let("t_above", near - number(shape.centre)),
        let("t_below", near + number(shape.centre)),
    )
    t = let("t", above / below)
    # how far the place that belongs to the rounded t is from `near`
    away = let("away", fma(-t, below, above) * below * number(0.5 / shape.centre))
    head = _head(t, shape.fit, let)
    unit = let("unit", 1 + number(shape.steep) * near)
    inverse = let("inverse", ONE / unit)
    ratio = let("ratio", head.high * inverse)
    left = fma(-ratio, unit, head.high) + head.low
    left = let("left", fma(number(shape.steep) * ratio, away, left))
    slope = let("slope", fma(2 * shape.rate * near, ratio, number(-shape.slope)))
    step = y - near + away if low == ZERO else y - near + low + away
    return Split(ratio, fma(slope, step, left * inverse))


def _tail(y: Expr, low: Expr, shape: _Shape, let: Steps) -> Scaled:
    """Return the tail at y + low, for y >= 0."""
    far = let("far", at_most(y, shape.far))
    slow = _slow(far, low, shape, let)
    area = square(far)
    rest = area.low if low == ZERO else fma(2 * far, low, area.low)
    fall, fall_low = -shape.rate * area.high, -shape.rate * rest
    e = exponential(let("fall", fall), let("fall_low", fall_low), let, bounded=True)
    value = product(Split(shape.half * e.high, shape.half * e.low), slow)
    return Scaled(let("tail_high", value.high), let("tail_low", value.low), e.rest, e.vanished)


def _both_sides(x: Expr, low: Expr, shape: _Shape, let: Steps) -> Scaled:
    """Return the tail on one side of 0, and what it leaves of the whole on the other."""
    size = absolute(x)
    falls = apply("ge", x, 0) if shape is _ERFC else apply("le", x, 0)
    towards = low if low == ZERO else inside(where(apply("lt", x, 0), -low, low), x)
    tail = _tail(let("size", size), towards, shape, let)
    rest = fast_sum(number(2.0 if shape is _ERFC else 1.0), -tail.high)
    return Scaled(
        where(falls, tail.high, rest.high),
        where(falls, tail.low, rest.low - tail.low),
        where(falls, tail.rest, 1),
        apply("and", falls, tail.vanished),
    )


def _erfc(x: Expr, low: Expr, let: Steps) -> Scaled:
    return _both_sides(x, low, _ERFC, let)


def _normcdf(x: Expr, low: Expr, let: Steps) -> Scaled:
    return _both_sides(x, low, _CDF, let)


def _erf(x: Expr, low: Expr, let: Steps) -> Scaled:
    size = let("size", absolute(x))
    tail = _tail(size, ZERO, _ERFC, let)
    far = fast_sum(ONE, -(tail.high * tail.rest))
    z = let("z", size * size)
    near = product(Split(size, ZERO), _head(z, ERF, let))
    close = apply("lt", size, number(0.75))
    high = where(close, near.high, far.high)
    return Scaled(high, where(close, near.low, far.low - tail.low), ONE, NEVER)


_METHOD = "exp(-x²) times a polynomial in (|x| - c) / (|x| + c)"
ERROR_FUNCTION: tuple[Function, ...] = (
    *family("erfc", _erfc, _METHOD, factor=True),
    *family("normcdf", _normcdf, _METHOD, factor=True),
    *family(
        "erf",
        _erf,
        "x p(x²) near 0, else 1 - erfc(|x|)",
        twofold=False,
        mirrored=True,
        rests=False,
    ),
)
