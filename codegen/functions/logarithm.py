"""Define log, log1p and softplus: the exponent taken off, then the series of atanh.

x = 2**k (1 + f) with 1 + f in [√½, √2], s = f / (2 + f), and log(1 + f) = 2 atanh(s), which is
f - f²/2 + s (f²/2 + R(s²)). What f cannot hold of the argument is carried along.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from actgen.codegen.coefficients import LOG, LOG_F32
from actgen.codegen.functions.exponential import LOG2_HIGH, LOG2_LOW, exponential
from actgen.codegen.functions.family import family
from actgen.codegen.functions.parts import (
    INFINITY,
    NEVER,
    Function,
    Scaled,
    Split,
    Steps,
    at_most,
    exact_sum,
    fast_sum,
    fma,
    number,
    polynomial,
    power2,
)
from actgen.codegen.ir import HALF, ONE, ZERO, Const, Expr, absolute, apply, maximum, where


@dataclass(frozen=True)
class Digits:
    """What of a logarithm depends on the format of its numbers.

    `high` + `low` is log 2, and k * high is exact; below `tiny` numbers are subnormal, and times
    2**`lift` they are not; -k stays the exponent of a power of two up to `most`.
    """

    fit: tuple[float, ...]
    high: Const
    low: Const
    root2: Const
    tiny: Const
    lift: int
    most: float


DOUBLE = Digits(
    LOG, number(LOG2_HIGH), number(LOG2_LOW), number(math.sqrt(2)), number(2.0**-1022), 54, 1000.0
)
_HIGH = math.floor(math.log(2) * 2**16) / 2**16
SINGLE = Digits(
    LOG_F32,
    number(_HIGH),
    number(float(np.float32(math.log(2) - _HIGH))),
    number(float(np.float32(math.sqrt(2)))),
    number(2.0**-126),
    25,
    120.0,
)


def split_log(k: Expr, f: Expr, low: Expr, let: Steps, digits: Digits = DOUBLE) -> Split:
    """Return k log 2 + log(1 + f + low) for f in [√½ - 1, √2 - 1], `low` tiny beside 1."""
    s = let("s", f / (2 + f))
    half = let("half_f", HALF * f)
    square = let("half_square", half * f)
    square_low = fma(half, f, -square)
    z = let("z", s * s)
    curve = let("curve", z * let("p", polynomial(z, digits.fit)))
    whole = fast_sum(k * digits.high, f)
    # s and so 1 / (1 + f) = (1 - s) / (1 + s) are known well enough for the low part
    slope = fma(s, fma(s, fma(s, number(-2), number(2)), number(-2)), ONE)
    rest = fma(k, digits.low, let("carried", low * slope - square_low))
    head = fast_sum(let("log_high", whole.high), -square)
    tail = fma(s, square + curve, rest)
    return Split(let("total", head.high), let("tail", head.low + whole.low + tail))


def taken_apart(x: Expr, let: Steps, digits: Digits) -> tuple[Expr, Expr]:
    """Return k and f with x = 2**k (1 + f), 1 + f in [√½, √2], for any positive number."""
    tiny = apply("lt", x, digits.tiny)
    big = let("big", where(tiny, x * number(2.0**digits.lift), x))
    m = let("m", apply("mantissa", big))
    above = apply("gt", m, digits.root2)
    k = apply("exponent", big) + where(above, ONE, ZERO)
    k = let("k", k - where(tiny, number(digits.lift), ZERO))
    return k, let("f", where(above, HALF * m, m) - 1)


def split_log_of(x: Expr, let: Steps, digits: Digits = DOUBLE) -> Split:
    """Return log(x) for any number, infinite ones and NaN too."""
    k, f = taken_apart(x, let, digits)
    return ends(x, split_log(k, f, ZERO, let, digits))


def ends(x: Expr, inner: Split) -> Split:
    """Return the logarithm of x, -∞ at 0, ∞ at ∞ and NaN below 0."""
    outside = where(apply("eq", x, 0), -INFINITY, (x - x) / ZERO)
    outside = where(apply("eq", x, INFINITY), INFINITY, outside)
    inside = apply("and", apply("gt", x, 0), apply("lt", x, INFINITY))
    return Split(where(inside, inner.high, outside), where(inside, inner.low, 0))


def split_log1p(x: Expr, let: Steps, digits: Digits = DOUBLE) -> Split:
    """Return log(1 + x) for any number, infinite ones and NaN too."""
    whole = let("whole", 1 + x)
    m = let("m", apply("mantissa", whole))
    above = apply("gt", m, digits.root2)
    k = let("k", apply("exponent", whole) + where(above, ONE, ZERO))
    f = where(apply("eq", k, 0), x, where(above, HALF * m, m) - 1)
    # what 1 + x leaves over, in units of 2**k; with k = 0 f is x and nothing is left
    larger = where(apply("gt", x, 1), x - whole + 1, 1 - whole + x)
    unit = power2(-at_most(k, digits.most))
    left = where(apply("eq", k, 0), 0, let("left", larger) * unit)
    return ends(whole, split_log(k, let("f", f), left, let, digits))


def _log(x: Expr, low: Expr, let: Steps) -> Scaled:
    return _moved(split_log_of(x, let), x, low)


def _log1p(x: Expr, low: Expr, let: Steps) -> Scaled:
    return _moved(split_log1p(x, let), 1 + x, low)


def _moved(at: Split, x: Expr, low: Expr) -> Scaled:
    """Return log(x + low), given log(x)."""
    if low == ZERO:
        return Scaled(at.high, at.low, ONE, NEVER)
    inside = apply("and", apply("gt", x, 0), apply("lt", x, INFINITY))
    return Scaled(at.high, at.low + where(inside, low / x, ZERO), ONE, NEVER)


def split_log1p_of_unit(high: Expr, low: Expr, let: Steps) -> Split:
    """Return log(1 + high + low) for high in [0, 1], `low` its rounding error."""
    above = apply("gt", high, number(math.sqrt(2) - 1))
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
    ),
    *family("log1p", _log1p, "as log, with what rounding 1 + x loses", odd=True),
    *family("softplus", _softplus, "max(x, 0) + log1p(exp(-|x|)), the errors carried along"),
)
