"""Define exp and expm1 in float32: x = k log 2 + r, and a polynomial for exp(r)."""

from __future__ import annotations

from actgen.codegen.coefficients import EXP_F32, EXP_F32_FAST, EXP_F32_LONG
from actgen.codegen.functions.float32_parts import (
    FACTOR_LIFT,
    FAR,
    ROUNDER,
    Reduced,
    Result,
    clamped,
    deep_growth,
    family,
    finite,
    growth,
    reduced,
    short_polynomial,
    single,
    total,
)
from actgen.codegen.functions.parts import INFINITY, Function, Split, Steps, fma, number, polynomial
from actgen.codegen.ir import ONE, ZERO, Expr, apply, where

_LOWEST = -693.2  # of the arguments of exp: processors are quick to see that 2**-1000 is 0


def exponential(part: Reduced, let: Steps, exact: bool, deep: bool = False) -> Split:
    """Return exp(r) of a reduced argument; if it goes `deep`, with no error but the last."""
    if not (exact and deep):
        p = growth(part, let, EXP_F32).high
        high = let("e", 1 + p)
        return Split(high, let("e_low", 1 - high + p) if exact else ZERO)
    # the curve that is left beside 1 + r is so small that it may be rounded
    start = let("start", 1 + part.high)
    start_low = let("start_low", 1 - start + part.high)
    r = let("r", total(Split(part.high, part.rest)))
    square = let("r2", r * r)
    more = total(Split(start_low, part.rest))
    curve = let("curve", fma(square, short_polynomial(r, square, EXP_F32), more))
    high = let("e", start + curve)
    return Split(high, let("e_low", start - high + curve))


def _exp(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    if factor:
        return _exp_for_product(x, low, let, exact)
    short = clamped(x, _LOWEST, 89.0, let)
    split = exact and low != ZERO
    part = reduced(short, finite(low, x), number(ROUNDER), let, split)
    if split:
        e = exponential(part, let, exact).high
    else:
        slope = polynomial(part.high, (1.0, *(EXP_F32 if exact else EXP_F32_FAST)))
        e = fma(slope, part.high, ONE)
    return Result(apply("times_power2", let("e", e), part.rounded))


def _exp_for_product(x: Expr, low: Expr, let: Steps, exact: bool) -> Result:
    """Return exp with nothing rounded among the subnormal numbers before the factor comes."""
    short = clamped(x, FAR, 89.0, let)
    falls, grows = apply("lt", x, single(-76.0)), apply("gt", x, single(80.0))
    far = where(grows, number(ROUNDER - 2), number(ROUNDER))
    shift = let("shift", where(falls, number(ROUNDER + FACTOR_LIFT), far))
    part = reduced(short, finite(low, x), shift, let, exact)
    e = exponential(part, let, exact, deep=True)
    far = where(apply("gt", x, single(88.8)), INFINITY, where(grows, number(4.0), ONE))
    back = where(falls, number(2.0**-FACTOR_LIFT), far)
    vanished = apply("le", x, single(FAR))
    low_part = ZERO if e.low == ZERO else e.low * part.scale
    return Result(let("e_scaled", e.high * part.scale), low_part, back, vanished, True)


def _expm1(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    short = clamped(x, -25.0, 89.0, let)
    grows = apply("gt", x, single(80.0))
    shift = let("shift", where(grows, number(ROUNDER - 2), number(ROUNDER)))
    unit = where(grows, single(0.25), ONE)
    part = reduced(short, finite(low, x), shift, let, exact)
    p = deep_growth(part, let, EXP_F32_LONG) if exact else growth(part, let, EXP_F32)
    start = let("start", part.scale - unit)
    high = let("m", fma(part.scale, p.high, start))
    back = where(grows, number(4.0), ONE)
    back = where(apply("gt", x, single(88.8)), INFINITY, back) if factor else back
    if not exact:
        return Result(high, ZERO, back)
    # scale - 1 is exact up to 2**24; beyond, what is lost counts little
    lost = fma(part.scale, let("p_low", p.low), part.scale - start - unit)
    rest = fma(part.scale, p.high, start - high) + lost
    return Result(high, let("m_low", rest), back, large=True)


_METHOD = "x = k log 2 + r, a polynomial for exp(r)"
FLOAT32_EXPONENTIAL: tuple[Function, ...] = (
    *family(
        "exp",
        _exp,
        _METHOD,
        {
            "": (0.92, 2.7),
            "_twofold": (0.85, 2.7),
            "_times": (0.97, 1.8),
            "_twofold_times": (0.94, 1.9),
        },
    ),
    *family(
        "expm1",
        _expm1,
        _METHOD,
        {
            "": (0.73, 1.7),
            "_twofold": (0.73, 2.2),
            "_times": (0.73, 2.1),
            "_twofold_times": (0.99, 2.6),
        },
        "zero",
    ),
)
