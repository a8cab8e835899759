"""Define log, log1p and softplus: the exponent taken off, then the series of atanh.

x = 2**k (1 + f) with 1 + f in [√½, √2], s = f / (2 + f), and log(1 + f) = 2 atanh(s), which is
f - f²/2 + s (f²/2 + R(s²)). What f cannot hold of the argument is carried along.
"""

from __future__ import annotations

import math

from actgen.codegen.coefficients import LOG
from actgen.codegen.functions.exponential import LOG2_HIGH, LOG2_LOW, exponential
from actgen.codegen.functions.parts import (
    INFINITY,
    NEVER,
    Function,
    Scaled,
    Split,
    Steps,
    at_most,
    exact_sum,
    family,
    fast_sum,
    fma,
    number,
    polynomial,
    power2,
)
from actgen.codegen.ir import HALF, ONE, ZERO, Expr, absolute, apply, maximum, where

_TINY = 2.0**-1022  # below it numbers are subnormal
_ROOT2 = math.sqrt(2)


def split_log(k: Expr, f: Expr, low: Expr, let: Steps) -> Split:
    """Return k log 2 + log(1 + f + low) for f in [√½ - 1, √2 - 1], `low` tiny beside 1."""
    s = let("s", f / (2 + f))
    half = let("half_f", HALF * f)
    square = let("half_square", half * f)
    square_low = fma(half, f, -square)
    z = let("z", s * s)
    curve = let("curve", z * let("p", polynomial(z, LOG)))
    whole = fast_sum(k * number(LOG2_HIGH), f)
    # s and so 1 / (1 + f) = (1 - s) / (1 + s) are known well enough for the low part
    slope = fma(s, fma(s, fma(s, number(-2), number(2)), number(-2)), ONE)
    rest = fma(k, number(LOG2_LOW), let("carried", low * slope - square_low))
    head = fast_sum(let("log_high", whole.high), -square)
    tail = fma(s, square + curve, rest)
    return Split(let("total", head.high), let("tail", head.low + whole.low + tail))


def _log(x: Expr, low: Expr, let: Steps) -> Scaled:
    tiny = apply("lt", x, number(_TINY))
    big = let("big", where(tiny, x * 2**54, x))
    m = let("m", apply("mantissa", big))
    above = apply("gt", m, number(_ROOT2))
    k = apply("exponent", big) + where(above, ONE, ZERO) - where(tiny, number(54), ZERO)
    f = where(above, HALF * m, m) - 1
    part = split_log(let("k", k), let("f", f), ZERO, let)
    return Scaled(*_ends(x, part.high, part.low), ONE, NEVER)


def _ends(x: Expr, high: Expr, low: Expr) -> tuple[Expr, Expr]:
    """Return the logarithm of x, -∞ at 0, ∞ at ∞ and NaN below 0."""
    outside = where(apply("eq", x, 0), -INFINITY, (x - x) / ZERO)
    outside = where(apply("eq", x, INFINITY), INFINITY, outside)
    inside = apply("and", apply("gt", x, 0), apply("lt", x, INFINITY))
    return where(inside, high, outside), where(inside, low, 0)


def _log1p(x: Expr, low: Expr, let: Steps) -> Scaled:
    whole = let("whole", 1 + x)
    m = let("m", apply("mantissa", whole))
    above = apply("gt", m, number(_ROOT2))
    k = let("k", apply("exponent", whole) + where(above, ONE, ZERO))
    f = where(apply("eq", k, 0), x, where(above, HALF * m, m) - 1)
    # what 1 + x leaves over, in units of 2**k; with k = 0 f is x and nothing is left
    larger = where(apply("gt", x, 1), x - whole + 1, 1 - whole + x)
    left = where(apply("eq", k, 0), 0, let("left", larger) * power2(-at_most(k, 1000.0)))
    part = split_log(k, let("f", f), left, let)
    high, tail = _ends(whole, part.high, part.low)
    return Scaled(high, tail, ONE, NEVER)


def split_log1p_of_unit(high: Expr, low: Expr, let: Steps) -> Split:
    """Return log(1 + high + low) for high in [0, 1], `low` its rounding error."""
    above = apply("gt", high, number(_ROOT2 - 1))
    halved = fast_sum(-HALF, HALF * high)
    f = let("f", where(above, halved.high, high))
    k = let("k", where(above, ONE, ZERO))
    left = let("left", where(above, fma(HALF, low, halved.low), low))
    return split_log(k, f, left, let)


def _softplus(x: Expr, low: Expr, let: Steps) -> Scaled:
    right = apply("ge", x, 0)
    towards = low if low == ZERO else where(right, -low, low)
    e = exponential(let("size", -absolute(x)), towards, let, bounded=True)
    part = split_log1p_of_unit(let("e", e.high * e.rest), let("e_low", e.low * e.rest), let)
    sum_ = exact_sum(maximum(x, 0), part.high)
    # far right the sum is x alone, and its low part would be ∞ - ∞
    rest = sum_.low + part.low if low == ZERO else sum_.low + part.low + where(right, low, 0)
    rest = where(apply("lt", x, 1000), rest, 0)
    return Scaled(let("high", sum_.high), let("rest", rest), ONE, NEVER)


LOGARITHM: tuple[Function, ...] = (
    *family(
        "log",
        _log,
        "the exponent taken off, 2 atanh(f / (2 + f)); error below 0.7 ULP",
        twofold=False,
    ),
    *family("log1p", _log1p, "as log, with what rounding 1 + x loses", twofold=False, odd=True),
    *family("softplus", _softplus, "max(x, 0) + log1p(exp(-|x|)), the errors carried along"),
)
