"""Define x sigmoid(x) and x normcdf(x) in float32, as what is left of max(x, 0): to some 3 ULP.

Both are max(x, 0) - |x| t(|x|), with a tail t that falls like exp(-y) or exp(-y²/2). The tail is a
quotient times a power of two, and |x| takes that: the last step alone rounds, whatever is
subnormal, and no side is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actgen.codegen.coefficients import CDF_F32_BELOW, CDF_F32_TOP, EXP_F32
from actgen.codegen.functions.float32_parts import (
    LOG2_E,
    LOG2_HIGH,
    LOG2_LOW,
    ROUNDER,
    clamped,
    finite,
    short_polynomial,
    single,
)
from actgen.codegen.functions.parts import LOW, B, Function, Steps, X, fma, number, polynomial
from actgen.codegen.ir import ONE, ZERO, Expr, absolute, apply, where

_LIFT = 40  # the power of two has no exponent below -119
_DOWN = 2.0**-_LIFT
_SHIFT = number(ROUNDER + _LIFT)
_SQUARE_HIGH = 1.38629150390625  # of 2 log 2, so few digits that k times it is exact
_SLOPE = number(1.078125)  # of what exp(-y²/2) is divided by: see `float32_error.py`
_SQUARE_LOW = single(2 * 0.6931471805599453 - _SQUARE_HIGH)


def _growth(r: Expr, fit: Sequence[float], rate: float = 1.0) -> Expr:
    """Return (exp(rate r) - 1) / 2**_LIFT."""
    return r * polynomial(r, [c * rate ** (n + 1) * _DOWN for n, c in enumerate((1.0, *fit))])


def _left(x: Expr, weight: Expr, p: Expr) -> Expr:
    """Return max(x, 0) - weight (1 + p), both of these lifted: p has lost less than 1 + p would."""
    above = where(apply("lt", x, 0), ZERO, x)
    left = fma(-weight, p, fma(-weight, number(_DOWN), above))
    return apply("copysign", left, x)  # of zeros


def _sigmoid(x: Expr, low: Expr, factor: Expr, let: Steps) -> Expr:
    """Return what e / (1 + e) for e = exp(-|x|) leaves of a factor."""
    y = clamped(absolute(x), None, 110.0, let)
    t = let("t", fma(y, -LOG2_E, _SHIFT))
    k = let("k", t - _SHIFT)
    high = let("high", fma(k, -LOG2_HIGH, -y))
    if low == ZERO:
        r = let("r", fma(k, -LOG2_LOW, high))
    else:
        toward = finite(low, x)
        toward = where(apply("lt", x, 0), toward, -toward)
        r = let("r", high + fma(k, -LOG2_LOW, toward))
    p, scale = let("p", _growth(r, EXP_F32)), let("scale", apply("power2_rounded", t))
    below = let("below", fma(scale, p, fma(scale, number(_DOWN), ONE)))
    # where the tail has vanished before any number that has, so has what it is multiplied by
    size = y if factor == X else where(apply("gt", absolute(x), 110), ZERO, absolute(factor))
    return _left(factor, let("weight", size * scale / below), p)


def _normcdf(let: Steps) -> Expr:
    y = clamped(absolute(X), None, 14.7, let)
    half = number(ROUNDER + _LIFT - 1)  # of what is divided by h
    area = let("area", y * y)
    t = let("t", fma(area, number(-0.5) * LOG2_E, half))
    k = let("k", t - half)
    r = let("high", fma(y, y, k * number(_SQUARE_HIGH)))
    r = let("r", fma(k, _SQUARE_LOW, r))
    p, scale = let("p", _growth(r, EXP_F32, -0.5)), let("scale", apply("power2_rounded", t))
    v = let("v", short_polynomial(y, area, CDF_F32_TOP) / short_polynomial(y, area, CDF_F32_BELOW))
    h = let("h", fma(y, v + _SLOPE, ONE))
    return _left(X, let("weight", y * scale / h), p)


def _functions() -> Iterator[Function]:
    let = Steps()
    doc = "Return x sigmoid(x), error below 2.8 ULP: max(x, 0), and what exp(-|x|) takes off that."
    body = _sigmoid(X, ZERO, X, let)
    yield Function("sigmoidgate_f32_fast", ("x",), body, doc, let.names, "float32", 2.8)
    let = Steps()
    doc = "Return b sigmoid(x + low), error below 3.0 ULP; b must have the sign of x."
    body, args = _sigmoid(X, LOW, B, let), ("x", "low", "b")
    yield Function("sigmoidgate_twofold_f32_fast", args, body, doc, let.names, "float32", 3.0)
    let = Steps()
    doc = "Return x normcdf(x), error below 2.9 ULP: max(x, 0), and what exp(-x²/2) takes off that."
    body = _normcdf(let)
    yield Function("normcdfgate_f32_fast", ("x",), body, doc, let.names, "float32", 2.9)


FLOAT32_GATES: tuple[Function, ...] = tuple(_functions())
