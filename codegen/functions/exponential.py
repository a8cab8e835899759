"""Define exp and expm1: Cody and Waite's reduction by log 2, a polynomial, the tail carried along.

x = k log 2 + r with |r| <= log(2)/2, and exp(r) = 1 + r + r²/2 + r³ p(r) as an unevaluated sum.
"""

from __future__ import annotations

from dataclasses import dataclass

from mpmath import mp

from actgen.codegen.coefficients import EXP
from actgen.codegen.functions.family import family
from actgen.codegen.functions.parts import (
    NEVER,
    Function,
    Scaled,
    Split,
    Steps,
    at_least,
    at_most,
    exact_sum,
    fast_sum,
    fma,
    normal,
    number,
    polynomial,
    power2,
)
from actgen.codegen.ir import HALF, ONE, ZERO, Expr, absolute, apply, where

_LEADING_BITS = 41  # k * LOG2_HIGH is exact for every k
with mp.workdps(60):
    _LOG2 = mp.log(2)
    LOG2_HIGH = float(mp.floor(_LOG2 * 2**_LEADING_BITS)) / 2**_LEADING_BITS
    LOG2_LOW = float(_LOG2 - LOG2_HIGH)
    _LOG2_E = float(1 / _LOG2)

_OVERFLOW = 710.0  # exp is infinite from here on
VANISHED = -1400.0  # exp times any number is 0 from here on, and at 1400 infinite
_KEPT = 1000.0  # the power of two that is multiplied in first: nothing is subnormal yet


@dataclass(frozen=True)
class Reduced:
    """x = k log 2 + r, and exp(r) - 1 = r + tail."""

    k: Expr
    r: Expr
    tail: Expr


def reduced(x: Expr, low: Expr, let: Steps) -> Reduced:
    """Reduce x + low, |x| at most a few thousand."""
    k = let("k", apply("round", x * number(_LOG2_E)))
    high = let("high", fma(-k, number(LOG2_HIGH), x))
    step = -k * number(LOG2_LOW) if low == ZERO else fma(-k, number(LOG2_LOW), low)
    rest = let("rest", step)
    r = let("r", high + rest)
    error = let("error", (high - r) + rest)
    curve = let("curve", fma(let("p", polynomial(r, EXP)), r, HALF))
    return Reduced(k, r, let("tail", fma(r * r, curve, error)))


def inside(low: Expr, x: Expr) -> Expr:
    """Return `low`, but 0 beside a number so large that its error is not finite."""
    return low if low == ZERO else where(apply("lt", absolute(x), 2000), low, 0)


def split_exponential(x: Expr, low: Expr, let: Steps) -> tuple[Expr, Split]:
    """Return k and exp(r) with its tail, for |x| at most a few thousand."""
    part = reduced(x, low, let)
    one = fast_sum(ONE, part.r)
    high = let("above", one.high)
    tail = let("below", one.low + part.tail)
    whole = normal(Split(high, tail))
    return part.k, Split(let("e", whole.high), let("e_low", whole.low))


def exponential(
    x: Expr, low: Expr, let: Steps, bounded: bool = False, kept: float = _KEPT
) -> Scaled:
    """Return exp(x + low); `bounded` promises x <= 0. What `rest` leaves is at least 2**-kept."""
    short = at_least(x, VANISHED)
    short = let("short", short if bounded else at_most(short, -VANISHED))
    k, e = split_exponential(short, inside(low, x), let)
    first = at_least(k, -kept)
    first = let("first", first if bounded else at_most(first, kept))
    scale = let("scale", power2(first))
    return Scaled(
        e.high * scale,
        e.low * scale,
        power2(k - first),
        apply("le", x, number(VANISHED)),
        NEVER if bounded else apply("ge", x, number(-VANISHED)),
    )


def split_expm1(x: Expr, low: Expr, let: Steps, bounded: bool = False) -> Scaled:
    """Return exp(x + low) - 1; `bounded` promises -60 <= x <= 0."""
    short = x if bounded else let("short", at_least(at_most(x, _OVERFLOW), -60.0))
    part = reduced(short, low if bounded else inside(low, x), let)
    first = part.k if bounded else let("first", at_most(part.k, _KEPT))
    scale = let("scale", power2(first))
    start = fast_sum(-ONE, scale) if bounded else exact_sum(scale, -ONE)
    whole = fast_sum(let("start", start.high), let("r_scaled", part.r * scale))
    rest = fma(part.tail, scale, start.low)
    high, tail = let("above", whole.high), let("below", whole.low + rest)
    rest = ONE if bounded else power2(part.k - first)
    return Scaled(high, tail, rest, NEVER)


_METHOD = "x = k log 2 + r, a polynomial for exp(r)"
EXPONENTIAL: tuple[Function, ...] = (
    *family("exp", exponential, f"{_METHOD}", factor=True),
    *family("expm1", split_expm1, f"{_METHOD}", odd=True),
)
