"""Define sigmoid, tanh and their kin in float32: one exponential and one division each."""

from __future__ import annotations

from actgen.codegen.coefficients import EXP_F32, EXP_F32_LONG
from actgen.codegen.functions.float32_exponential import exponential
from actgen.codegen.functions.float32_parts import (
    END,
    FAR,
    LIFT,
    LOG2_E,
    LOG2_HIGH,
    ROUNDER,
    Result,
    clamped,
    family,
    finite,
    growth,
    inverse,
    lifted,
    ordered_sum,
    quotient,
    reduced,
    short_polynomial,
    single,
    total,
)
from actgen.codegen.functions.parts import Function, Split, Steps, fma, number, polynomial
from actgen.codegen.ir import HALF, ONE, ZERO, Expr, absolute, apply, where


def _sigmoid(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    """Return a / (a + m) for exp(x) = a / m, a a power of two."""
    short = clamped(x, FAR if factor else END, 18.0, let)
    lift = lifted(apply("lt", x, single(-76.0)), factor, let)
    part = reduced(short, finite(low, x), lift.shift, let, exact, inverted=True)
    # without a factor all of the quotient is lifted
    unit, a = (ONE, part.scale * lift.down) if factor else (number(2.0**LIFT), part.scale)
    a = let("a", a)
    vanished = apply("le", x, single(FAR))
    if not exact:
        m = polynomial(part.high, [c * float(unit.value) for c in (1.0, 1.0, *EXP_F32)])
        return Result(part.scale / (a + let("m", m)), ZERO, lift.back, vanished)
    if not factor:
        p = growth(part, let, EXP_F32).high
        m = let("m", fma(p, unit, unit))
        m_low = let("m_low", fma(p, unit, unit - m))
        return Result(total(inverse(ordered_sum(a, m, m_low, "below", let), let)) * part.scale)
    e = exponential(part, let, exact, deep=True)
    part_of_one = inverse(ordered_sum(a, e.high, e.low, "below", let), let)
    high = let("ratio", part_of_one.high * part.scale)
    return Result(high, part_of_one.low * part.scale, lift.back, vanished)


def _sech2(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    """Return 4 e / (1 + e)² for e = exp(-2|x|)."""
    size = let("size", -2 * absolute(x))
    short = clamped(size, FAR if factor else END, None, let)
    toward = (
        low if low == ZERO else where(apply("lt", x, 0), 2 * finite(low, x), -2 * finite(low, x))
    )
    lift = lifted(apply("lt", size, single(-76.0)), factor, let)
    part = reduced(short, toward, lift.shift, let, exact)
    m = exponential(part, let, exact, deep=factor)
    e = let("e", m.high * part.scale)
    # without a factor all of the quotient is lifted, by 2**28 for the 4 in it
    unit = 0.25 if factor else 2.0**28
    vanished = apply("le", size, single(FAR))
    if not exact:
        plain = let("plain", e * lift.down)
        below = fma((plain if factor else e) * number(0.25), plain + 2, number(unit))
        return Result(e / below, ZERO, lift.back, vanished)
    plus = let("plus", fma(e, lift.down, ONE))
    quarter = let("quarter", plus * number(unit))
    below = let("below", quarter * plus)
    e_low = let("e_low", m.low * part.scale)
    plus_low = fma(e_low, lift.down, fma(e, lift.down, 1 - plus))
    below_low = fma(2 * quarter, plus_low, fma(quarter, plus, -below))
    ratio = quotient(Split(e, e_low), Split(below, let("below_low", below_low)), let)
    if factor:
        return Result(ratio.high, ratio.low, lift.back, vanished)
    return Result(total(ratio))


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
    bend = let("bend", -scale * square)
    below = let("below", fma(bend, curve, fma(-scale, h, half)))
    rest = fma(bend, curve, fma(-scale, h, half - below))
    whole = inverse(Split(below, let("below_low", rest)), let)
    tiny = apply("lt", size, single(2.0**-12))  # where the inverse is not known well enough
    ratio = Split(whole.high - 1, whole.low)
    if not factor:
        return Result(where(tiny, size, total(ratio)))
    return Result(where(tiny, size, ratio.high), where(tiny, ZERO, ratio.low))


FLOAT32_QUOTIENT: tuple[Function, ...] = (
    *family(
        "sigmoid",
        _sigmoid,
        "exp(-x) and one division",
        {
            "": (0.89, 3.3),
            "_twofold": (0.86, 2.5),
            "_times": (0.97, 2.7),
            "_twofold_times": (0.99, 2.6),
        },
    ),
    *family(
        "sech2",
        _sech2,
        "4 e / (1 + e)², e = exp(-2|x|)",
        {
            "": (0.89, 2.5),
            "_twofold": (0.89, 2.5),
            "_times": (0.98, 3.4),
            "_twofold_times": (0.97, 3.2),
        },
    ),
    *family(
        "tanh",
        _tanh,
        "v / (1 - v), v = (1 - exp(-2|x|)) / 2",
        {
            "": (0.85, 2.7),
            "_times": (0.9, 3.5),
        },
        "odd",
    ),
)
