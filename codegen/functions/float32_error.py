"""Define erf, erfc and normcdf in float32: exp(-y²) times a quotient that changes slowly.

exp(y²) erfc(y) = 1 / h(y), and h is nearly a straight line: h(y) = 1 + slope y + y v(y), where what
is left to v counts so little that plain arithmetic does. y² is exact, as a sum of two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from actgen.codegen.coefficients import (
    CDF_F32_BELOW,
    CDF_F32_TOP,
    ERF_F32,
    ERFC_F32_BELOW,
    ERFC_F32_TOP,
    EXP_F32,
    EXP_F32_LONG,
)
from actgen.codegen.functions.float32_parts import (
    FACTOR_LIFT,
    LIFT,
    LOG2_E,
    LOG2_HIGH,
    LOG2_LOW,
    ROUNDER,
    Result,
    clamped,
    end_of,
    family,
    finite,
    short_polynomial,
    single,
)
from actgen.codegen.functions.parts import Function, Split, Steps, fast_sum, fma, number
from actgen.codegen.ir import ONE, ZERO, Expr, absolute, apply, where


@dataclass(frozen=True)
class _Shape:
    """A tail exp(-rate y²) / h(y) times 2**power, of a function that is `whole` beyond it.

    It has rounded to `whole` at -`near`; before a factor it is lifted beyond `lifted`.
    """

    top: tuple[float, ...]
    below: tuple[float, ...]
    slope: float
    rate: float
    power: int
    whole: float
    near: float
    lifted: float

    def end(self, factor: bool) -> float:
        """Return where it becomes 0, before a factor or without one."""
        return math.sqrt(-end_of((FACTOR_LIFT if factor else LIFT) + self.power) / self.rate)


CDF_SLOPE = number(1.078125)
_CDF = _Shape(
    CDF_F32_TOP, CDF_F32_BELOW,
    float(CDF_SLOPE.value), 0.5, -1, 1.0, 6.0, 12.0,
)  # fmt: skip
_ERFC = _Shape(
    ERFC_F32_TOP, ERFC_F32_BELOW,
    1.53125, 1.0, 0, 2.0, 4.5, 8.5,
)  # fmt: skip


@dataclass(frozen=True)
class Tail:
    """exp(-rate y²) / h(y) = bell * inverse * scale, with the rounding errors of both factors.

    `start` is what `bell` is as a sum with `bell.low`; `bell.high` is that sum, rounded.
    """

    start: Expr
    bell: Split
    inverse: Split
    scale: Expr

    def times(self, factor: Split, let: Steps) -> Split:
        """Return bell * factor."""
        high = let("tail", self.start * factor.high)
        low = fma(self.bell.high, factor.low, fma(self.start, factor.high, -high))
        return Split(high, let("tail_low", fma(self.bell.low, factor.high, low)))


def cdf_tail(y: Expr, shift: Expr, let: Steps) -> Tail:
    """Return the parts of 2 normcdf(-y), its power of two lifted as `shift` says."""
    return _tail(y, ZERO, shift, _CDF, let)


def _tail(y: Expr, low: Expr, shift: Expr, shape: _Shape, let: Steps) -> Tail:
    """Return exp(-rate (y + low)²) / h(y + low), with the errors of its parts."""
    r, rest, scale = _square(y, low, shift, shape, let)
    rates = _rates(shape, EXP_F32 if low == ZERO else EXP_F32_LONG)  # a sum has more to lose
    r2 = let("r2", r * r)
    start = let("start", fma(r, number(rates[1]), ONE))
    curve = let("curve", short_polynomial(r, r2, rates[2:]))
    left = let("e_rest", fma(r2, curve, fma(r, number(rates[1]), 1 - start)))
    e = let("e", start + left)
    bell = Split(e, let("e_low", fma(rest, -number(shape.rate) * e, left)))

    slope = number(shape.slope)
    line = let("line", fma(y, slope, ONE))
    line_low = fma(y, slope, 1 - line)
    top, below = _bend(y, shape, let)
    # what rounding takes from `below` is in both of the sides of 1 / h = below / whole
    most = let("most", line * below)
    whole = let("whole", fma(y, top, most))
    whole_low = fma(y, top, most - whole) + fma(line_low, below, fma(line, below, -most))
    if low != ZERO:
        whole_low = fma(low, fma(slope, below, top), whole_low)
    inverse = let("inverse", ONE / whole)
    left = let("left", fma(-inverse, whole_low, fma(-inverse, whole, ONE)))
    high = let("ratio", below * inverse)
    ratio_low = let("ratio_low", fma(high, left, fma(below, inverse, -high)))
    return Tail(start, bell, Split(high, ratio_low), scale)


def _fast_tail(y: Expr, low: Expr, shift: Expr, shape: _Shape, let: Steps) -> tuple[Expr, Expr]:
    """Return the same without those errors, and the power of two that it is still to take."""
    r, rest, scale = _square(y, low, shift, shape, let)
    r = let("r_whole", r + rest)
    growth = let("growth", r * short_polynomial(r, let("r2", r * r), _rates(shape, EXP_F32)[1:]))
    top, below = _bend(y, shape, let)
    slope = let("slope", fma(number(shape.slope), below, top))
    start = below if low == ZERO else fma(low, slope, below)
    return fma(growth, below, below) / fma(y, slope, start), scale


def _square(y: Expr, low: Expr, shift: Expr, shape: _Shape, let: Steps) -> tuple[Expr, Expr, Expr]:
    """Return r, rest and the power s of two for exp(-rate (y + low)²) = s exp(-rate (r + rest))."""
    area = let("area", y * y)
    area_low = fma(y, y, -area)
    if low != ZERO:
        area_low = fma(2 * y, low, area_low)
    t = let("t", fma(area, number(-shape.rate * float(LOG2_E.value)), shift))
    k, scale = let("k", t - shift), let("scale", apply("power2_rounded", t))
    r = let("r", fma(k, number(float(LOG2_HIGH.value) / shape.rate), area))
    return r, let("rest", fma(k, number(float(LOG2_LOW.value) / shape.rate), area_low)), scale


def _rates(shape: _Shape, fit: tuple[float, ...]) -> list[float]:
    """Return the polynomial of exp(-rate r)."""
    return [c * (-shape.rate) ** i for i, c in enumerate((1.0, 1.0, *fit))]


def _bend(y: Expr, shape: _Shape, let: Steps) -> tuple[Expr, Expr]:
    """Return the two sides of v."""
    square = y * y
    top, below = (short_polynomial(y, square, fit) for fit in (shape.top, shape.below))
    return let("top", top), let("below", below)


def _both_sides(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool, shape: _Shape) -> Result:
    """Return the tail where it falls, and what it leaves of the whole on the other side."""
    above = apply("gt", x, 0)
    size, most = (
        absolute(x),
        where(above, single(shape.near), single(shape.end(factor))),
    )
    short = let("y", where(apply("gt", size, let("most", most)), most, size))
    if factor:
        far = apply("lt", x, single(-shape.lifted))
        lift = where(
            far, number(ROUNDER + shape.power + FACTOR_LIFT), number(ROUNDER + shape.power)
        )
        back, whole = let("back", where(far, number(2.0**-FACTOR_LIFT), ONE)), shape.whole
    else:
        lift = number(ROUNDER + shape.power + LIFT)
        back, whole = number(2.0**-LIFT), shape.whole * 2.0**LIFT
    toward = low if low == ZERO else where(above, finite(low, x), -finite(low, x))
    start = let("start", where(above, number(whole), ZERO))
    vanished = apply("le", x, single(-shape.end(factor=True)))
    if not exact:
        fast, scale = _fast_tail(short, toward, let("shift", lift), shape, let)
        signed = let("signed", where(above, -scale, scale))
        return Result(fma(fast, signed, start), ZERO, back, vanished)
    parts = _tail(short, toward, let("shift", lift), shape, let)
    tail, scale = parts.times(parts.inverse, let), parts.scale
    signed = let("signed", where(above, -scale, scale))
    part = let("part", tail.high * signed)
    high = let("both", start + part)
    rest = fma(tail.low, signed, start - high + part)
    return Result(high, let("both_low", rest), back, vanished)


def _normcdf(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    return _both_sides(x, low, let, exact, factor, _CDF)


def _erfc(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    toward = low if low == ZERO else -low
    return _both_sides(let("turned", -x), toward, let, exact, factor, _ERFC)


def _erf(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    """Return x p(x²) near 0, else 1 - erfc(|x|)."""
    size = clamped(absolute(x), None, 4.5, let)
    first, first_low, *others = ERF_F32
    z = let("z", size * size)
    curve = let("p", short_polynomial(z, let("z2", z * z), others))
    close = apply("lt", size, single(0.8125))
    bend = let("bend_near", fma(curve, z, number(first_low)))
    if not exact:
        near = fma(size, number(first), size * bend)
        fast, scale = _fast_tail(size, ZERO, number(ROUNDER), _ERFC, let)
        return Result(where(close, near, 1 - fast * scale))
    parts = _tail(size, ZERO, number(ROUNDER), _ERFC, let)
    tail, scale = parts.times(parts.inverse, let), parts.scale
    lifted = let("lifted", size * number(2.0**24))  # the product below stays normal
    near = fma(lifted, number(first), lifted * bend) * number(2.0**-24)
    part = let("part", tail.high * scale)
    far = fast_sum(ONE, -part)
    return Result(where(close, near, far.high + fma(-tail.low, scale, far.low)))


_METHOD = "exp(-y²) / h(y), h nearly a straight line"
FLOAT32_ERROR: tuple[Function, ...] = (
    *family(
        "erfc",
        _erfc,
        _METHOD,
        {
            "": (0.93, 3.3),
            "_twofold": (0.93, 3.4),
            "_times": (0.97, 3.8),
            "_twofold_times": (0.99, 3.9),
        },
    ),
    *family(
        "normcdf",
        _normcdf,
        _METHOD,
        {
            "": (0.92, 3.1),
            "_twofold": (0.92, 3.3),
            "_times": (0.99, 3.8),
            "_twofold_times": (0.99, 3.8),
        },
    ),
    *family(
        "erf",
        _erf,
        "x p(x²) near 0, else 1 - erfc(|x|)",
        {
            "": (0.96, 1.2),
        },
        "odd",
    ),
)
