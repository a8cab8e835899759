"""Define the derivatives of x sigmoid(x) and x normcdf(x), which are 0 at an irrational place.

Sums of the functions themselves cancel beside it. In float32 that place is a factor; in float64
the sums stand, as what is left of their digits is enough for the rule near zeros. The derivatives
at x and -x add up to 1, so the falling side is computed, as exp(-|x|) or exp(-x²/2) times what
changes slowly, lifted by a power of two.
"""

from __future__ import annotations

from actgen.codegen.coefficients import EXP_F32, SILU_SLOPE_F32, SLOPE_F32
from actgen.codegen.functions.float32_parts import (
    ROUNDER,
    clamped,
    finite,
    growth,
    reduced,
    short_polynomial,
    single,
)
from actgen.codegen.functions.parts import LOW, Function, Steps, X, fma, number
from actgen.codegen.ir import ONE, ZERO, Expr, absolute, apply, where

_LIFT = 40
_DOWN = number(2.0**-_LIFT)
SILU_ZERO = -1.2784645427610738  # 1 + x + exp(x) is 0 here
CDF_ZERO = 0.7517915246935645  # and the derivative of x normcdf(x) at minus this
_CENTRE = 3.0


def _exp_parts(x: Expr, low: Expr, let: Steps) -> tuple[Expr, Expr]:
    """Return s and p for exp(x + low) = s (1 + p) / 2**_LIFT, for x from -110 to 0."""
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


def rest_of(value: float) -> Expr:
    """Return what rounding a number to float32 leaves."""
    high = single(value)
    return single(value - float(high.value))


def _silu(low: Expr, let: Steps) -> Expr:
    """Return e (1 + u + e) / (1 + e)² for u = -|x|, e = exp(u)."""
    toward = low if low == ZERO else where(apply("gt", X, 0), -finite(low, X), finite(low, X))
    size = clamped(-absolute(X), -110.0, None, let)
    scale, p = _exp_parts(size, toward, let)
    plain = let("plain", scale * _DOWN)
    e = let("e", fma(p, plain, plain))
    rest = rest_of(SILU_ZERO)
    t = let("away", (size - single(SILU_ZERO)) + (-rest if low == ZERO else toward - rest))
    beside = _polynomial_times(t, t, SILU_SLOPE_F32, let)
    apart = 1 + size
    apart = (apart if low == ZERO else apart + toward) + e
    close = apply("lt", absolute(t), number(0.25))
    factor = let("factor", where(close, beside, apart))
    return _both_sides(_by_exp(scale, p, factor / fma(e, e + 2, ONE), let))


def _normcdf(let: Steps) -> Expr:
    y = clamped(absolute(X), None, 14.6, let)
    t = let("mapped", (y - number(_CENTRE)) / (y + number(_CENTRE)))
    area = let("area", y * y)
    area_low = fma(y, y, -area)
    scale, p = _exp_parts(number(-0.5) * area, number(-0.5) * area_low, let)
    away = let("away", (single(CDF_ZERO) - y) + rest_of(CDF_ZERO))
    return _both_sides(_by_exp(scale, p, _polynomial_times(t, away, SLOPE_F32, let), let))


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


def _functions() -> tuple[Function, ...]:
    made = []
    for low in (ZERO, LOW):
        let = Steps()
        args = ("x",) if low == ZERO else ("x", "low")
        at = " + ".join(args)
        doc = f"Return (x sigmoid(x))' at {at}"
        suffix = "" if low == ZERO else "_twofold"
        made.append(Function(f"siluslope{suffix}", args, _sum("sigmoid", low), f"{doc}."))
        name, error = f"siluslope{suffix}_f32_fast", 3.7
        text = f"{doc}, error below {error} ULP, its zero a factor."
        made.append(Function(name, args, _silu(low, let), text, let.names, "float32", error))
    doc = "Return the derivative of x normcdf(x)"
    made.append(Function("normcdfslope", ("x",), _sum("normcdf", ZERO), f"{doc}."))
    let = Steps()
    text = f"{doc}, error below 3.2 ULP, its zero a factor."
    made.append(
        Function("normcdfslope_f32_fast", ("x",), _normcdf(let), text, let.names, "float32", 3.2)
    )
    return tuple(made)


SLOPES: tuple[Function, ...] = _functions()
