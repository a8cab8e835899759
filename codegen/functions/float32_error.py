"""Define erf, erfc and normcdf in float32: exp(-y²) times a quotient that changes slowly.

exp(y²) erfc(y) = 1 / h(y), and h is nearly a straight line: h(y) = 1 + slope y + y v(y), where what
is left to v counts so little that plain arithmetic does. y² is exact, as a sum of two.
"""

from __future__ import annotations

from dataclasses import dataclass

from actgen.codegen.coefficients import (
    CDF_F32_BELOW,
    CDF_F32_TOP,
    ERF_F32,
    ERFC_F32_BELOW,
    ERFC_F32_TOP,
    EXP_F32,
)
from actgen.codegen.functions.float32_parts import (
    LOG2_E,
    LOG2_HIGH,
    LOG2_LOW,
    ROUNDER,
    Result,
    clamped,
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

    It has rounded to 0 at `far` and to `whole` at -`near`; before a factor it goes to `last`, and
    beyond `lifted` is held times 2**110.
    """

    top: tuple[float, ...]
    below: tuple[float, ...]
    slope: float
    rate: float
    power: int
    whole: float
    near: float
    far: float
    last: float
    lifted: float


CDF_SLOPE = number(1.078125)
_CDF = _Shape(
    CDF_F32_TOP, CDF_F32_BELOW,
    float(CDF_SLOPE.value), 0.5, -1, 1.0, 6.0, 14.5, 18.0, 12.0,
)  # fmt: skip
_ERFC = _Shape(
    ERFC_F32_TOP, ERFC_F32_BELOW,
    1.53125, 1.0, 0, 2.0, 4.5, 10.2, 12.7, 8.5,
)  # fmt: skip


def cdf_tail(y: Expr, shift: Expr, let: Steps) -> tuple[Split, Expr]:
    """Return 2 normcdf(-y) over a power of two, and that power, lifted as `shift` says."""
    return _tail(y, ZERO, shift, _CDF, let, True)


def _tail(
    y: Expr, low: Expr, shift: Expr, shape: _Shape, let: Steps, exact: bool
) -> tuple[Split, Expr]:
    """Return exp(-rate (y + low)²) / h(y + low), and the power of two that it is still to take."""
    rate = number(shape.rate)
    area = let("area", y * y)
    area_low = fma(y, y, -area)
    if low != ZERO:
        area_low = fma(2 * y, low, area_low)
    t = let("t", fma(area, number(-shape.rate * float(LOG2_E.value)), shift))
    k, scale = let("k", t - shift), let("scale", apply("power2_rounded", t))
    # exp(-rate (r + rest)) is left
    r = let("r", fma(k, number(float(LOG2_HIGH.value) / shape.rate), area))
    rest = let("rest", fma(k, number(float(LOG2_LOW.value) / shape.rate), area_low))
    rates = [c * (-shape.rate) ** i for i, c in enumerate((1.0, 1.0, *EXP_F32))]
    line = fma(y, number(shape.slope), ONE)
    top = let("top", short_polynomial(y, area, shape.top))
    v = let("v", top / short_polynomial(y, area, shape.below))
    if not exact:
        r = let("r_whole", r + rest)
        r2 = let("r2", r * r)
        e = fma(r2, short_polynomial(r, r2, rates[2:]), fma(r, -rate, ONE))
        return Split(let("e", e) / fma(y, v + number(shape.slope), ONE), ZERO), scale
    r2 = let("r2", r * r)
    near = let("e_near", fma(r, number(rates[1]), ONE))
    curve = let("curve", short_polynomial(r, r2, rates[2:]))
    e_low = let("e_rest", fma(r2, curve, fma(r, number(rates[1]), 1 - near)))
    e = let("e", near + e_low)
    e_low = let("e_low", fma(rest, -rate * e, e_low))
    line_low = fma(y, number(shape.slope), 1 - let("line", line))
    if low != ZERO:
        # nearly the slope of h
        line_low = fma(low, fma(v, number(0.75), number(shape.slope)), line_low)
    bend = let("bend", y * v)
    h = let("h", line + bend)
    h_low = let("h_low", line - h + bend + line_low)
    inverse = let("inverse", ONE / h)
    left = let("left", fma(-inverse, h_low, fma(-inverse, h, ONE)))
    tail = let("tail", near * inverse)
    tail_low = fma(inverse, fma(e, left, e_low), fma(near, inverse, -tail))
    return Split(tail, let("tail_low", tail_low)), scale


def _both_sides(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool, shape: _Shape) -> Result:
    """Return the tail where it falls, and what it leaves of the whole on the other side."""
    above = apply("gt", x, 0)
    size, most = (
        absolute(x),
        where(above, single(shape.near), single(shape.last if factor else shape.far)),
    )
    short = let("y", where(apply("gt", size, let("most", most)), most, size))
    if factor:
        far = apply("lt", x, single(-shape.lifted))
        lift = where(far, number(ROUNDER + shape.power + 110), number(ROUNDER + shape.power))
        back, whole = let("back", where(far, number(2.0**-110), ONE)), shape.whole
    else:
        lift = number(ROUNDER + shape.power + 30)
        back, whole = number(2.0**-30), shape.whole * 2.0**30
    toward = low if low == ZERO else where(above, finite(low, x), -finite(low, x))
    tail, scale = _tail(short, toward, let("shift", lift), shape, let, exact)
    start = let("start", where(above, number(whole), ZERO))
    signed = let("signed", where(above, -scale, scale))
    vanished = apply("le", x, single(-shape.last))
    if not exact:
        return Result(fma(tail.high, signed, start), ZERO, back, vanished)
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
    tail, scale = _tail(size, ZERO, number(ROUNDER), _ERFC, let, exact)
    first, first_low, *others = ERF_F32
    z = let("z", size * size)
    curve = let("p", short_polynomial(z, let("z2", z * z), others))
    close = apply("lt", size, single(0.8125))
    bend = let("bend_near", fma(curve, z, number(first_low)))
    if not exact:
        near = fma(size, number(first), size * bend)
        return Result(where(close, near, 1 - tail.high * scale))
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
            "": (0.9, 3.6),
            "_twofold": (0.96, 3.99),
            "_times": (0.97, 3.8),
            "_twofold_times": (0.99, 3.9),
        },
    ),
    *family(
        "normcdf",
        _normcdf,
        _METHOD,
        {
            "": (0.92, 3.6),
            "_twofold": (0.87, 3.99),
            "_times": (0.86, 3.9),
            "_twofold_times": (0.9, 3.99),
        },
    ),
    *family(
        "erf",
        _erf,
        "x p(x²) near 0, else 1 - erfc(|x|)",
        {
            "": (0.92, 1.3),
        },
        "odd",
    ),
)
