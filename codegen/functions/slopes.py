"""Define the derivatives of x sigmoid(x) and x normcdf(x), which are 0 at an irrational place.

Sums of the functions themselves cancel beside it. In float32 that place is a factor; in float64
the sums stand, as what is left of their digits is enough for the rule near zeros. The derivatives
at x and -x add up to 1, so the falling side is computed, as exp(-|x|) or exp(-x²/2) times what
changes slowly, lifted by a power of two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from actgen.codegen.coefficients import CDF_SLOPE_F32, EXP_F32, SILU_SLOPE_F32, SLOPE_F32
from actgen.codegen.functions.float32_error import cdf_tail
from actgen.codegen.functions.float32_exponential import exponential
from actgen.codegen.functions.float32_parts import (
    ROUNDER,
    Reduced,
    clamped,
    end_of,
    finite,
    growth,
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
    exact_sum,
    fast_sum,
    fma,
    number,
    product,
)
from actgen.codegen.ir import ONE, ZERO, Const, Expr, Symbol, absolute, apply, where

_B_LOW = Symbol("b_low")
_LIFT = 40
_DOWN = number(2.0**-_LIFT)
SILU_ZERO = -1.2784645427610738  # 1 + x + exp(x) is 0 here
CDF_ZERO = 0.7517915246935645  # and the derivative of x normcdf(x) at minus this
_END = end_of(_LIFT) + 0.1  # exp(x - end) is above 1 there, so that 0 times it keeps its sign
_CLOSE = 0.25  # so far from a zero it is a factor
_CENTRE = 3.0
_BELL = 0.7978845608028654  # √(2/π)


def _exp_parts(x: Expr, low: Expr, let: Steps) -> tuple[Expr, Expr]:
    """Return s and p for exp(x + low) = s (1 + p) / 2**_LIFT, for x from its end to 0."""
    part = reduced(x, low, number(ROUNDER + _LIFT), let, exact=False)
    return part.scale, growth(part, let, EXP_F32).high


def _by_exp(scale: Expr, p: Expr, factor: Expr, let: Steps) -> Expr:
    """Return a factor times s (1 + p), rounded once."""
    scaled = let("scaled", scale * factor)
    return let("tail", fma(p, scaled, scaled))


def _polynomial_times(t: Expr, factor: Expr, fit: tuple[float, ...], let: Steps) -> Expr:
    """Return a factor times a polynomial in t: what its first term leaves rounds less."""
    rest = t * short_polynomial(t, let("square", t * t), fit[1:])
    return fma(factor, number(fit[0]), factor * rest)


def _both_sides(tail: Expr) -> Expr:
    """Return a lifted tail for x <= 0, and what it leaves of 1 for x > 0."""
    return where(apply("le", X, 0), tail * _DOWN, fma(-tail, _DOWN, ONE))


def rest_of(value: float) -> Const:
    """Return what rounding a number to float32 leaves."""
    high = single(value)
    return single(value - float(high.value))


def _toward(low: Expr) -> Expr:
    """Return what the rest of x is for -|x|."""
    rest = finite(low, X)
    return rest if low == ZERO else where(apply("gt", X, 0), -rest, rest)


def _silu(low: Expr, let: Steps) -> Expr:
    """Return e (1 + u + e) / (1 + e)² for u = -|x|, e = exp(u)."""
    toward = _toward(low)
    size = clamped(-absolute(X), _END, None, let)
    scale, p = _exp_parts(size, toward, let)
    plain = let("plain", scale * _DOWN)
    e = let("e", fma(p, plain, plain))
    rest = rest_of(SILU_ZERO)
    t = let("away", (size - single(SILU_ZERO)) + (-rest if low == ZERO else toward - rest))
    beside = _polynomial_times(t, t, SILU_SLOPE_F32, let)
    apart = 1 + size
    apart = (apart if low == ZERO else apart + toward) + e
    close = apply("lt", absolute(t), number(_CLOSE))
    factor = let("factor", where(close, beside, apart))
    return _both_sides(_by_exp(scale, p, factor / fma(e, e + 2, ONE), let))


def _silu_exactly(low: Expr, let: Steps) -> Expr:
    """Return the same with the rounding errors of e, the sum and the quotient."""
    toward = _toward(low)
    size = clamped(-absolute(X), end_of(_LIFT), None, let)
    part = reduced(size, toward, number(ROUNDER + _LIFT), let, exact=True)
    e, plus, plus_low = _beside_one(part, let)
    apart = exact_sum(plus, size)
    apart = Split(apart.high, apart.low + (plus_low if low == ZERO else plus_low + toward))
    # 1 + u + exp(u) has a slope of minus its zero there
    factor = _beside_or_apart(
        size, toward, SILU_ZERO, (-SILU_ZERO, *SILU_SLOPE_F32[1:]), apart, let
    )
    return _lifted_quotient(product(e, factor), plus, plus_low, part.scale, let)


def _beside_one(part: Reduced, let: Steps) -> tuple[Split, Expr, Expr]:
    """Return lifted exp(r) of a reduced argument, and 1 + e in two parts."""
    e = exponential(part, let, exact=True, deep=True)
    plain = let("plain", part.scale * _DOWN)
    plus = let("plus", fma(plain, e.high, ONE))
    return e, plus, let("plus_low", fma(plain, e.low, fma(plain, e.high, 1 - plus)))


def _lifted_quotient(top: Split, plus: Expr, plus_low: Expr, scale: Expr, let: Steps) -> Expr:
    """Return top / (plus + plus_low)², times a scale, on both sides."""
    square = let("below", plus * plus)
    square_low = let("below_low", fma(2 * plus, plus_low, fma(plus, plus, -square)))
    ratio = total(quotient(top, Split(square, square_low), let))
    return _both_sides(let("tail", ratio * scale))


def _sigmoid_part_exactly(let: Steps) -> Expr:
    """Return the same with the rounding errors of e, the sum and the quotient."""
    toward, size = _toward(LOW), -absolute(X)
    part = reduced(clamped(size, _END, None, let), toward, number(ROUNDER + _LIFT), let, exact=True)
    e, plus, plus_low = _beside_one(part, let)
    apart = exact_sum(plus, -absolute(B))
    rest = where(apply("gt", X, 0), _B_LOW, -_B_LOW)
    far = apply("lt", size, single(_END))
    factor = Split(
        let("factor", where(far, -ONE, apart.high)),
        let("factor_low", where(far, ZERO, apart.low + (plus_low - rest))),
    )
    return _lifted_quotient(product(e, factor), plus, plus_low, part.scale, let)


def _sigmoid_part(let: Steps) -> Expr:
    """Return e (1 + e - |b|) / (1 + e)² for e = exp(-|x|)."""
    toward = _toward(LOW)
    size = -absolute(X)
    scale, p = _exp_parts(clamped(size, _END, None, let), toward, let)
    plain = let("plain", scale * _DOWN)
    e = let("e", fma(p, plain, plain))
    rest = where(apply("gt", X, 0), _B_LOW, -_B_LOW)
    apart = where(apply("lt", size, single(_END)), -ONE, (1 - absolute(B)) + (e - rest))
    return _both_sides(_by_exp(scale, p, apart / fma(e, e + 2, ONE), let))


def _beside_or_apart(
    x: Expr, low: Expr, zero: float, fit: tuple[float, ...], apart: Split, let: Steps
) -> Split:
    """Return t (fit[0] + t (fit[1] + ...)) where t = x + low - zero is small, else `apart`."""
    rest = Split(-rest_of(zero), ZERO) if low == ZERO else exact_sum(low, -rest_of(zero))
    away = fast_sum(x - single(zero), rest.high)
    away = away if low == ZERO else Split(away.high, away.low + rest.low)
    t, slope = let("away", away.high), single(fit[0])
    curve = short_polynomial(t, let("square", t * t), (float(rest_of(fit[0]).value), *fit[1:]))
    high = let("beside", t * slope)
    beside_low = fma(t, slope, -high) + fma(t, let("curve", curve), away.low * slope)
    close = apply("lt", absolute(t), number(_CLOSE))
    return Split(
        let("factor", where(close, high, apart.high)),
        let("factor_low", where(close, beside_low, apart.low)),
    )


def _normcdf(let: Steps) -> Expr:
    y = clamped(absolute(X), None, math.sqrt(-2 * _END), let)
    t = let("mapped", (y - number(_CENTRE)) / (y + number(_CENTRE)))
    area = let("area", y * y)
    area_low = fma(y, y, -area)
    scale, p = _exp_parts(number(-0.5) * area, number(-0.5) * area_low, let)
    away = let("away", (single(CDF_ZERO) - y) + rest_of(CDF_ZERO))
    return _both_sides(_by_exp(scale, p, _polynomial_times(t, away, SLOPE_F32, let), let))


def _normcdf_exactly(let: Steps) -> Expr:
    """Return normcdf(-y) - y exp(-y²/2) / √2π for y = |x|, as exp(-y²/2) times a difference."""
    y = clamped(absolute(X), None, math.sqrt(-2 * end_of(_LIFT - 1)), let)
    parts = cdf_tail(y, number(ROUNDER + _LIFT - 1), let)
    line = let("chord", y * single(_BELL))
    line_low = fma(y, rest_of(_BELL), fma(y, single(_BELL), -line))
    apart = exact_sum(parts.inverse.high, -line)
    apart = Split(apart.high, apart.low + (parts.inverse.low - line_low))
    first, first_low, *others = CDF_SLOPE_F32
    factor = _beside_or_apart(y, ZERO, CDF_ZERO, (first + first_low, *others), apart, let)
    return _both_sides(let("lifted", total(parts.times(factor, let)) * parts.scale))


def _sum(name: str, low: Expr) -> Expr:
    """Return sigmoid(x) + x sigmoid(x) sigmoid(-x) in float64, or the like of normcdf."""
    if name == "normcdf":
        square = X * X
        low = fma(X, X, -square)
        factor = number(0.3989422804014327) * X
        bell = apply("exp_twofold_times", number(-0.5) * square, number(-0.5) * low, factor)
        return apply("normcdf", X) + where(apply("lt", absolute(X), 100), bell, ZERO)
    if low == ZERO:
        return apply("sigmoid", X) + apply("sigmoid_times", -X, apply("sigmoid_times", X, X))
    low = where(apply("lt", absolute(X), 10_000), low, ZERO)
    product = apply("sigmoid_twofold_times", X, low, X + low)
    return apply("sigmoid_twofold", X, low) + apply("sigmoid_twofold_times", -X, -low, product)


def _sum_of_parts() -> Expr:
    """Return sigmoid(v) + w sigmoid(v) sigmoid(-v) in float64."""
    inner = apply("sigmoid_twofold_times", X, LOW, B + _B_LOW)
    return apply("sigmoid_twofold", X, LOW) + apply("sigmoid_twofold_times", -X, -LOW, inner)


def _functions() -> Iterator[Function]:
    kept = "its zero a factor"
    for low in (ZERO, LOW):
        args, suffix = (("x",), "") if low == ZERO else (("x", "low"), "_twofold")
        doc = f"Return (x sigmoid(x))' at {' + '.join(args)}"
        name = f"siluslope{suffix}"
        yield Function(name, args, _sum("sigmoid", low), f"{doc}.")
        for tier, core, error in (("", _silu_exactly, 0.85), ("_fast", _silu, 3.7)):
            let = Steps()
            text, body = f"{doc}, error below {error} ULP, {kept}.", core(low, let)
            yield Function(f"{name}_f32{tier}", args, body, text, let.names, "float32", error)
    what, at = "Return sigmoid(v) (1 + w sigmoid(-v))", "v = x + low, w = b + b_low"
    both = ("x", "low", "b", "b_low")
    yield Function("sigmoidparts", both, _sum_of_parts(), f"{what}: {at}.")
    for tier, part, ulp in (("", _sigmoid_part_exactly, 1), ("_fast", _sigmoid_part, 3)):
        let = Steps()
        text, body = f"{what} to {ulp} ULP of its terms: {at}.", part(let)
        yield Function(f"sigmoidparts_f32{tier}", both, body, text, let.names, "float32")
    name, doc = "normcdfslope", "Return the derivative of x normcdf(x)"
    yield Function(name, ("x",), _sum("normcdf", ZERO), f"{doc}.")
    for tier, slope, error in (("", _normcdf_exactly, 0.92), ("_fast", _normcdf, 3.2)):
        let = Steps()
        text, body = f"{doc}, error below {error} ULP, {kept}.", slope(let)
        yield Function(f"{name}_f32{tier}", ("x",), body, text, let.names, "float32", error)


SLOPES: tuple[Function, ...] = tuple(_functions())
