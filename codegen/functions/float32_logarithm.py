"""Define log, log1p and softplus in float32: logarithms as in float64, with shorter fits."""

from __future__ import annotations

from actgen.codegen.coefficients import ATANH_F32, LOG1P_F32_FAST
from actgen.codegen.functions.float32_exponential import exponential
from actgen.codegen.functions.float32_parts import (
    END,
    FAR,
    Result,
    clamped,
    family,
    finite,
    lifted,
    ordered_sum,
    quotient,
    reduced,
    short_polynomial,
    single,
)
from actgen.codegen.functions.logarithm import SINGLE, split_log1p, split_log_of
from actgen.codegen.functions.parts import (
    INFINITY,
    Function,
    Split,
    Steps,
    at_least,
    fast_sum,
    fma,
    polynomial,
)
from actgen.codegen.ir import ONE, ZERO, Expr, absolute, apply, where

_SMALL = 2.0**-30  # what is smaller beside 1 is not told from it by any float32


def _log(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    result = split_log_of(x, let, SINGLE)
    return Result(result.high, result.low)


def _log1p(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    result = split_log1p(x, let, SINGLE)
    return Result(result.high, result.low)


def _decay(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> tuple[Split, Expr]:
    """Return exp(-|x + low|) and what takes it down from where it is held."""
    size = let("size", -absolute(x))
    short = clamped(size, FAR if factor else END, None, let)
    toward = low if low == ZERO else where(apply("le", x, 0), finite(low, x), -finite(low, x))
    lift = lifted(apply("lt", size, single(-76.0)), factor, let)
    part = reduced(short, toward, lift.shift, let, exact)
    m = exponential(part, let, exact, deep=factor)
    e_low = ZERO if m.low == ZERO else m.low * part.scale
    return Split(let("e_held", m.high * part.scale), e_low), lift.down


def _softplus(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    """Return max(x, 0) + log(1 + e) for e = exp(-|x|), log(1 + e) = 2 atanh(e / (2 + e))."""
    held, down = _decay(x, low, let, exact, factor)
    e = let("e", held.high * down)
    far = apply("lt", x, single(-76.0))  # log(1 + e) is e there
    back = where(far, down, ONE) if factor else ONE
    vanished = apply("le", x, single(FAR))
    most = let("most", where(apply("lt", x, 0), ZERO, x))
    if not exact:
        near = let("e_near", at_least(e, _SMALL))
        curve = let("curve", _in_quads(near, let("e2", near * near)))
        whole = let("whole", fma(e, fma(near, curve, ONE), most))
        return Result(where(far, held.high, whole) if factor else whole, ZERO, back, vanished)
    e_low = let("e_low", held.low * down)
    # beside 2 a small e is as good as a smaller one, which would make subnormal numbers
    near = let("e_near", at_least(e, _SMALL))
    below = let("below", 2 + near)
    below_low = let("below_low", 2 - below + near + e_low)
    s = quotient(Split(2 * e, 2 * e_low), Split(below, below_low), let)
    # the polynomial is in s, here is 2 s
    near = let("s_near", at_least(s.high, _SMALL))
    z = let("z", near * near)
    fit = [c / 4.0 ** (i + 1) / 2 for i, c in enumerate(ATANH_F32)]
    curve = let("curve", polynomial(z, fit))
    tail = let("tail", fma(s.high, z * curve, s.low))
    whole_split = ordered_sum(most, s.high, tail, "whole", let)
    rest = whole_split.low
    if low != ZERO:
        rest = rest + where(apply("gt", x, 0), low, 0)
    rest = where(apply("lt", x, INFINITY), rest, 0)
    if not factor:
        return Result(whole_split.high, let("rest", rest))
    # the sum has a low part of some per cent, too much beside a tiny factor
    whole_split = fast_sum(whole_split.high, let("rest", rest))
    high = where(far, held.high, whole_split.high)
    return Result(high, where(far, held.low, whole_split.low), back, vanished, True)


def _in_quads(e: Expr, square: Expr) -> Expr:
    first, second = LOG1P_F32_FAST[:4], LOG1P_F32_FAST[4:]
    upper, lower = short_polynomial(e, square, second), short_polynomial(e, square, first)
    return fma(upper, square * square, lower)


FLOAT32_LOGARITHM: tuple[Function, ...] = (
    *family(
        "log",
        _log,
        "the exponent taken off, 2 atanh(f / (2 + f))",
        {
            "": (0.63, 0.8),
        },
    ),
    *family(
        "log1p",
        _log1p,
        "as log, with what rounding 1 + x loses",
        {
            "": (0.64, 0.8),
        },
        "zero",
    ),
    *family(
        "softplus",
        _softplus,
        "max(x, 0) + log1p(exp(-|x|))",
        {
            "": (0.9, 2.4),
            "_twofold": (0.88, 2.4),
            "_times": (0.99, 3.4),
            "_twofold_times": (0.96, 3.2),
        },
    ),
)
