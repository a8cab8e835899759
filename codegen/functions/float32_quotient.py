"""Define sigmoid, tanh and their kin in float32: one exponential and one division each."""

from __future__ import annotations

from actgen.codegen.coefficients import EXP_F32, EXP_F32_LONG
from actgen.codegen.functions.float32_parts import (
    LOG2_E,
    LOG2_HIGH,
    ROUNDER,
    Result,
    clamped,
    family,
    finite,
    growth,
    reduced,
    short_polynomial,
    single,
    total,
)
from actgen.codegen.functions.parts import Function, Split, Steps, fast_sum, fma, number
from actgen.codegen.ir import HALF, ONE, ZERO, Expr, absolute, apply, where

_LIFT = 30  # 2**-150, the smallest that rounds to a number, times 2**30 is normal
_FAR = -160.0  # what decays is 0 from here on, whatever it is multiplied by


def _inverse(below: Split, let: Steps) -> Split:
    """Return 1 / below: with `low` to twice the digits."""
    inverse = let("inverse", ONE / below.high)
    left = let("left", fma(-inverse, below.low, fma(-inverse, below.high, ONE)))
    return Split(inverse, left * inverse)


def _ordered_sum(a: Expr, b: Expr, low: Expr, let: Steps) -> Split:
    """Return a + b + low for positive a and b, whichever is larger."""
    above = apply("gt", a, b)
    high = let("below", a + b)
    rest = where(above, a, b) - high + where(above, b, a)
    return Split(high, let("below_low", rest + low))


def _sigmoid(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    """Return 2**k / (2**k + exp(-r)) for x = k log 2 + r."""
    short = clamped(x, _FAR if factor else -104.0, 18.0, let)
    far = apply("lt", x, single(-80.0))
    lift = where(far, number(ROUNDER + 110), number(ROUNDER)) if factor else None
    shift = number(ROUNDER + _LIFT) if lift is None else let("shift", lift)
    part = reduced(short, finite(low, x), shift, let, exact, inverted=True)
    p = growth(part, let, EXP_F32)
    unit = ONE if factor else number(2.0**_LIFT)
    back = let("back", where(far, number(2.0**-110), ONE)) if factor else ONE
    e = let("e", fma(p.high, unit, unit))
    scale = let("a", part.scale * back)
    vanished = apply("le", x, single(_FAR))
    if not exact:
        ratio = part.scale / (scale + e)
        return Result(ratio, ZERO, back, vanished)
    e_low = let("e_low", fma(p.high, unit, unit - e))
    inverse = _inverse(_ordered_sum(scale, e, e_low, let), let)
    if not factor:
        return Result(total(inverse) * part.scale)
    high = let("ratio", inverse.high * part.scale)
    return Result(high, inverse.low * part.scale, back, vanished)


def _tanh(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    """Return v / (1 - v) = 1 / (1 - v) - 1 for v = (1 - exp(-2|x|)) / 2."""
    size = clamped(absolute(x), None, 9.2, let)
    t = fma(size, -2 * LOG2_E, number(ROUNDER))
    if exact:  # (1 + scale) / 2 stays exact
        t = where(apply("lt", t, number(ROUNDER - 23)), number(ROUNDER - 23), t)
    k, scale = let("k", let("t", t) - number(ROUNDER)), let("scale", apply("power2_rounded", t))
    # -r / 2; k times the rest of log 2 does not count, as 2**k is small where k is not
    h = let("h", fma(k, HALF * LOG2_HIGH, size))
    square = let("h2", h * h)
    fit = [c * (-2.0) ** (i + 1) for i, c in enumerate(EXP_F32_LONG if exact else EXP_F32)]
    curve = let("curve", short_polynomial(h, square, fit))
    if not exact:
        v = let("v", fma(scale, fma(square, curve, h), fma(scale, -HALF, HALF)))
        return Result(v / (1 - v))
    half = let("half", fma(scale, HALF, HALF))
    near = let("near_below", fma(-scale, h, half))
    rest = let("rest", fma(-scale, square * curve, fma(-scale, h, half - near)))
    below = fast_sum(near, rest)
    below = Split(let("below", below.high), let("below_low", below.low))
    inverse = _inverse(below, let)
    tiny = apply("lt", size, single(2.0**-12))  # where the inverse is not known well enough
    ratio = Split(inverse.high - 1, inverse.low)
    if not factor:
        return Result(where(tiny, size, total(ratio)))
    return Result(where(tiny, size, ratio.high), where(tiny, ZERO, ratio.low))


FLOAT32_QUOTIENT: tuple[Function, ...] = (
    *family(
        "sigmoid",
        _sigmoid,
        "exp(-x) and one division",
        {"": (1, 1), "_twofold": (1, 1), "_times": (1, 1), "_twofold_times": (1, 1)},
    ),
    *family(
        "tanh",
        _tanh,
        "v / (1 - v), v = (1 - exp(-2|x|)) / 2",
        {"": (1, 1), "_times": (1, 1)},
        "odd",
    ),
)
