"""Define x sigmoid(x) and x normcdf(x) in float32, as what is left of max(x, 0).

Both are max(x, 0) - |x| t(|x|), with a tail t that falls like exp(-y) or exp(-y²/2). The tail is a
quotient times a power of two, and |x| takes that: the last step alone rounds, whatever is
subnormal, and no side is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from actgen.codegen.coefficients import CDF_F32_BELOW, CDF_F32_TOP, EXP_F32
from actgen.codegen.functions.float32_error import CDF_SLOPE, cdf_tail
from actgen.codegen.functions.float32_exponential import exponential
from actgen.codegen.functions.float32_parts import (
    LOG2_E,
    ROUNDER,
    clamped,
    end_of,
    quotient,
    reduced,
    short_polynomial,
    single,
    total,
)
from actgen.codegen.functions.parts import (
    LOW,
    B,
    Function,
    Split,
    Steps,
    X,
    fma,
    number,
    polynomial,
)
from actgen.codegen.ir import ONE, ZERO, Expr, absolute, apply, where

_LIFT = 48
_DOWN = 2.0**-_LIFT
_SHIFT = number(ROUNDER + _LIFT)
_HALF_SHIFT = number(ROUNDER + _LIFT - 1)
_SQUARE_HIGH = 1.38629150390625  # of 2 log 2, so few digits that k times it is exact
_SQUARE_LOW = single(2 * 0.6931471805599453 - _SQUARE_HIGH)
# beyond these the tail of any number is 0
_FAR = -end_of(_LIFT)
_CDF_FAR = math.sqrt(-2 * end_of(_LIFT - 1))


def _growth(r: Expr, fit: Sequence[float], rate: float = 1.0) -> Expr:
    """Return (exp(rate r) - 1) / 2**_LIFT."""
    return r * polynomial(r, [c * rate ** (n + 1) * _DOWN for n, c in enumerate((1.0, *fit))])


def _above(x: Expr) -> Expr:
    return where(apply("lt", x, 0), ZERO, x)


def _beyond(far: float, x: Expr, factor: Expr, near: Expr) -> Expr:
    """Return max(factor, 0) where |x| is beyond `far`: the tail of any factor is 0 there."""
    holds = apply("gt", absolute(x), single(far))
    return where(holds, _above(factor), near)


def _size(factor: Expr, y: Expr) -> Expr:
    return y if factor == X else absolute(factor)


def _left(factor: Expr, weight: Expr, p: Expr) -> Expr:
    """Return max(factor, 0) - weight (1 + p), both lifted: p has lost less than 1 + p would."""
    return fma(-weight, p, fma(-weight, number(_DOWN), _above(factor)))


def _left_exactly(factor: Expr, weight: Expr, tail: Split, let: Steps) -> Expr:
    """Return max(factor, 0) - weight tail; the weight is lifted, and was not rounded."""
    above = let("above", _above(factor) * number(2.0**_LIFT))
    left = let("left", fma(-weight, tail.high, above))
    rest = let("rest", fma(-weight, tail.high, above - left))
    return (left + fma(-weight, tail.low, rest)) * number(_DOWN)


def _toward(x: Expr, low: Expr) -> Expr:
    """Return what rounding left of x, as it counts for -|x|; beside a huge x anything."""
    return low if low == ZERO else -low * apply("copysign", ONE, x)


def _sigmoid(x: Expr, low: Expr, factor: Expr, let: Steps) -> Expr:
    """Return what e / (1 + e) for e = exp(-|x|) leaves of a factor."""
    y = clamped(absolute(x), None, _FAR, let)
    part = reduced(-y, _toward(x, low), _SHIFT, let, exact=False)
    p, scale = let("p", _growth(part.high, EXP_F32)), part.scale
    below = let("below", fma(scale, p, fma(scale, number(_DOWN), ONE)))
    left = _left(factor, let("weight", _size(factor, y) * scale / below), p)
    return left if low == ZERO else _beyond(_FAR, x, factor, left)


def _sigmoid_exactly(x: Expr, low: Expr, factor: Expr, let: Steps) -> Expr:
    """Return the same with the rounding errors of exp, the sum and the quotient."""
    y = clamped(absolute(x), None, _FAR, let)
    part = reduced(-y, ZERO, _SHIFT, let, exact=True)
    if low != ZERO:
        part = replace(part, rest=let("rest", total(Split(part.rest, _toward(x, low)))))
    e = exponential(part, let, exact=True, deep=True)
    power = let("power", part.scale * number(_DOWN))
    below = let("below", fma(power, e.high, ONE))
    below_low = let("below_low", fma(power, e.low, fma(power, e.high, 1 - below)))
    tail = quotient(e, Split(below, below_low), let)
    weight = let("weight", _size(factor, y) * part.scale)
    left = _left_exactly(factor, weight, tail, let)
    return _beyond(_FAR, x, factor, left)


def _normcdf(let: Steps) -> Expr:
    y = clamped(absolute(X), None, _CDF_FAR, let)
    area = let("area", y * y)
    t = let("t", fma(area, number(-0.5) * LOG2_E, _HALF_SHIFT))
    k = let("k", t - _HALF_SHIFT)
    r = let("high", fma(y, y, k * number(_SQUARE_HIGH)))
    r = let("r", fma(k, _SQUARE_LOW, r))
    p, scale = let("p", _growth(r, EXP_F32, -0.5)), let("scale", apply("power2_rounded", t))
    # 1 / h as one quotient: what rounding takes from `below` is in both of its sides
    top = let("top", short_polynomial(y, area, CDF_F32_TOP))
    below = let("below", short_polynomial(y, area, CDF_F32_BELOW))
    h = let("h", fma(y, fma(CDF_SLOPE, below, top), below))
    return _left(X, let("weight", y * scale * below / h), p)


def _normcdf_exactly(let: Steps) -> Expr:
    y = clamped(absolute(X), None, _CDF_FAR, let)
    parts = cdf_tail(y, _HALF_SHIFT, let)
    tail = parts.times(parts.inverse, let)
    left = _left_exactly(X, let("weight", y * parts.scale), tail, let)
    return _beyond(_CDF_FAR, X, X, left)


def _signed(gate: Expr, factor: Expr) -> Expr:
    """Return a gate with the sign that its zeros lose."""
    return apply("copysign", gate, factor)


def _functions() -> Iterator[Function]:
    gates = (
        ("_f32", _sigmoid_exactly, _normcdf_exactly, (0.84, 0.85, 0.92)),
        ("_f32_fast", _sigmoid, _normcdf, (2.8, 3.0, 3.8)),
    )
    for suffix, sigmoid, normcdf, errors in gates:
        let = Steps()
        doc = (
            f"Return x sigmoid(x), error below {errors[0]} ULP: "
            "max(x, 0), and what exp(-|x|) takes off that."
        )
        body = _signed(sigmoid(X, ZERO, X, let), X)
        name = f"sigmoidgate{suffix}"
        yield Function(name, ("x",), body, doc, let.names, "float32", errors[0])
        let = Steps()
        doc = f"Return b sigmoid(x + low), error below {errors[1]} ULP; b must have the sign of x."
        body, args = _signed(sigmoid(X, LOW, B, let), B), ("x", "low", "b")
        name = f"sigmoidgate_twofold{suffix}"
        yield Function(name, args, body, doc, let.names, "float32", errors[1])
        let = Steps()
        doc = (
            f"Return x normcdf(x), error below {errors[2]} ULP: "
            "max(x, 0), and what exp(-x²/2) takes off that."
        )
        body = _signed(normcdf(let), X)
        name = f"normcdfgate{suffix}"
        yield Function(name, ("x",), body, doc, let.names, "float32", errors[2])


FLOAT32_GATES: tuple[Function, ...] = tuple(_functions())
