"""Build float32 function bodies: the reduction by log 2, and each function on two tiers.

`*_f32` carries rounding errors along as far as results below 1 ULP need it, `*_f32_fast` does
without: some 2 ULP. Both keep what is subnormal: a power of two is split so that no factor leaves
the normal numbers, and what is multiplied last alone rounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from actgen.codegen.functions.parts import (
    INFINITY,
    LOW,
    NEVER,
    B,
    Function,
    Split,
    Steps,
    X,
    fast_sum,
    fma,
    number,
)
from actgen.codegen.ir import HALF, ONE, ZERO, Apply, Const, Expr, absolute, apply, is_op, where
from actgen.codegen.precision import FLOAT32


def single(value: float) -> Const:
    """Return the float32 nearest to a number, as a node."""
    return number(float(np.float32(value)))


# what the sign of the result is: as computed, at zero that of x, everywhere that of x
Sign = Literal["as is", "zero", "odd"]

ALL_KINDS = ("", "_twofold", "_times", "_twofold_times")
LOG2_HIGH = single(math.log(2))  # x - k * LOG2_HIGH is exact with one fma
LOG2_LOW = single(math.log(2) - float(np.float32(math.log(2))))
LOG2_E = single(1 / math.log(2))
ROUNDER = FLOAT32.rounder
_BIAS = 127


def end_of(lift: int) -> float:
    """Return from which x down the power of two of exp(x), lifted so far, is 0.

    An argument that is bounded by it makes zeros without an underflow: processors take some
    hundred cycles for each.
    """
    return -math.log(2) * (_BIAS + lift) - 0.05


LIFT, FACTOR_LIFT = 30, 110  # what may vanish is held times 2**LIFT, or 2**110 before a factor
END = end_of(LIFT)
FAR = end_of(FACTOR_LIFT)  # what decays is 0 from here on, whatever it is multiplied by


@dataclass(frozen=True)
class Result:
    """(high + low) * back, and 0 where `vanished` whatever it is multiplied by.

    It is `large` if its product with a number may be infinite.
    """

    high: Expr
    low: Expr = ZERO
    back: Expr = ONE
    vanished: Expr = NEVER
    large: bool = False


@dataclass(frozen=True)
class Reduced:
    """x + low = k log 2 + high + rest, and `rounded` is k + shift, on one of two tiers.

    With `exact`, `rest` is not yet part of `high`, which is then exact.
    """

    rounded: Expr
    scale: Expr
    high: Expr
    rest: Expr


def reduced(
    x: Expr, low: Expr, shift: Expr, let: Steps, exact: bool, inverted: bool = False
) -> Reduced:
    """Reduce x + low, or with `inverted` -x - low by 2**-k: what exp(-x) needs beside 2**k.

    `shift` is `ROUNDER` and an integer more, so that `scale` has that as its exponent at k = 0.
    """
    t = let("t", fma(x, LOG2_E, shift))
    k = let("k", t - shift)
    away = k if inverted else -k
    high = let("high", fma(away, LOG2_HIGH, -x if inverted else x))
    low = -low if inverted and low != ZERO else low
    scale = let("scale", apply("power2_rounded", t))
    if exact:
        if low == ZERO:
            return Reduced(t, scale, high, let("rest", away * LOG2_LOW))
        whole = fast_sum(high, let("rest", _beside(away, low)))
        return Reduced(t, scale, let("r", whole.high), let("r_low", whole.low))
    if low == ZERO:
        return Reduced(t, scale, let("r", fma(away, LOG2_LOW, high)), ZERO)
    return Reduced(t, scale, let("r", high + _beside(away, low)), ZERO)


def _beside(k: Expr, low: Expr) -> Expr:
    if isinstance(low, Apply) and low.op == "mul":
        a, b = low.args
        return fma(a, b, k * LOG2_LOW)
    return fma(k, LOG2_LOW, low)


def short_polynomial(t: Expr, square: Expr, coefficients: Sequence[float]) -> Expr:
    """Return a polynomial in t, lowest coefficient first, in pairs over its square."""
    pairs = [coefficients[i : i + 2] for i in range(0, len(coefficients), 2)]
    terms = [fma(number(p[1]), t, number(p[0])) if len(p) > 1 else number(p[0]) for p in pairs]
    total: Expr = terms[-1]
    for term in reversed(terms[:-1]):
        total = fma(total, square, term)
    return total


def growth(part: Reduced, let: Steps, fit: Sequence[float]) -> Split:
    """Return exp(r) - 1 for the reduced argument: `low` is what rounding `high` lost, or 0.

    `fit` is the polynomial of (exp(r) - 1 - r) / r².
    """
    r, rest = part.high, part.rest
    square = let("r2", r * r)
    curve = let("curve", short_polynomial(r, square, fit))
    if rest == ZERO:
        return Split(let("p", fma(square, curve, r)), ZERO)
    # rest * exp(r), to the order that its size asks for
    more = fma(rest, r if is_op(rest, "add") else let("bent", fma(HALF, square, r)), rest)
    tail = let("tail", fma(square, curve, more))
    p = let("p", r + tail)
    return Split(p, (r - p) + tail)


def deep_growth(part: Reduced, let: Steps, fit: Sequence[float]) -> Split:
    """Return exp(r) - 1 with more digits: r + r²/2 exactly, and the rest as some per cent of it."""
    r = part.high
    half = let("half", HALF * r)
    square = let("half_square", half * r)
    curve = short_polynomial(r, let("r2", r * r), [2 * c for c in fit[1:]])
    exp_r = let("bent", r + square)
    more = fma(part.rest, exp_r, part.rest) + fma(half, r, -square)
    tail = let("tail", fma(square * r, let("curve", curve), more))
    p = let("p", exp_r)
    return Split(p, (r - p) + square + tail)


def clamped(x: Expr, low: float | None, high: float | None, let: Steps) -> Expr:
    """Return x, no less than `low` and no more than `high`; NaN stays."""
    if low is not None:
        x = where(apply("lt", x, single(low)), single(low), x)
    if high is not None:
        x = where(apply("gt", x, single(high)), single(high), x)
    return let("near", x)


@dataclass(frozen=True)
class Lift:
    """How a value that may vanish is held: times 2**lift, which `back` undoes last.

    `shift` is for `reduced`; `down` is 2**-lift.
    """

    shift: Expr
    down: Expr
    back: Expr


def lifted(far: Expr, factor: bool, let: Steps) -> Lift:
    """Return a lift by 2**30, or before a factor by 2**110 where `far` and by nothing elsewhere.

    2**-150, the smallest that rounds to a number, times 2**30 is normal. A quotient by something
    lifted as well needs no step back.
    """
    if not factor:
        return Lift(number(ROUNDER + LIFT), number(2.0**-LIFT), ONE)
    down = let("back", where(far, number(2.0**-FACTOR_LIFT), ONE))
    shift = where(far, number(ROUNDER + FACTOR_LIFT), number(ROUNDER))
    return Lift(let("shift", shift), down, down)


def ordered_sum(a: Expr, b: Expr, low: Expr, name: str, let: Steps) -> Split:
    """Return a + b + low for positive a and b, whichever is larger."""
    high = let(name, a + b)
    larger, smaller = where(apply("lt", b, a), a, b), where(apply("gt", a, b), b, a)
    rest = larger - high + smaller
    return Split(high, let(f"{name}_low", rest + low))


def inverse(below: Split, let: Steps) -> Split:
    """Return 1 / below, with twice the digits."""
    high = let("inverse", ONE / below.high)
    left = let("left", fma(-high, below.low, fma(-high, below.high, ONE)))
    return Split(high, left * high)


def quotient(above: Split, below: Split, let: Steps) -> Split:
    """Return above / below with twice the digits, by one division."""
    reciprocal = let("inverse", ONE / below.high)
    high = let("ratio", above.high * reciprocal)
    left = fma(-high, below.high, above.high) + fma(-high, below.low, above.low)
    return Split(high, let("left", left) * reciprocal)


def finite(low: Expr, x: Expr) -> Expr:
    """Return `low`, but 0 beside a number so large that it may not be one."""
    return low if low == ZERO else where(apply("lt", absolute(x), 1000), low, 0)


def total(value: Split) -> Expr:
    """Return high + low as one number."""
    low = value.low
    if isinstance(low, Apply) and low.op == "mul":
        a, b = low.args
        return fma(a, b, value.high)
    return value.high + low


def _value(result: Result, sign: Sign, twofold: bool) -> Expr:
    whole = result.high if result.low == ZERO else total(Split(result.high, result.low))
    whole = whole if result.back == ONE else whole * result.back
    if sign == "as is":
        return whole
    # beside a rest x may be 0
    return apply("copysign", whole, X + finite(LOW, X) if twofold else X)


def _times(result: Result, sign: Sign, let: Steps) -> Expr:
    factor: Expr = B
    if sign == "odd":
        factor = let("factor", apply("copysign", ONE, X) * B)
    if result.low == ZERO:
        whole = result.high * factor
    else:
        extra = let("extra", result.low * factor)
        # beside an infinite product it is no number
        size = absolute(extra if result.large else B)
        whole = fma(result.high, factor, where(apply("lt", size, INFINITY), extra, ZERO))
    whole = whole if result.back == ONE else whole * result.back
    if sign == "zero":
        return where(apply("eq", X, 0), X * B, let("result", whole))
    if result.vanished == NEVER:
        return whole
    return where(result.vanished, apply("copysign", ZERO, B), let("result", whole))


# (x, low, steps, exact, whether a factor follows) → result
Core = Callable[[Expr, Expr, Steps, bool, bool], Result]
Errors = Mapping[str, tuple[float, float]]


def family(
    name: str, core: Core, doc: str, errors: Errors, sign: Sign = "as is"
) -> Iterator[Function]:
    """Yield the versions of a function, on both tiers.

    `errors` maps the kind of each ("", "_twofold", "_times", "_twofold_times") to the largest error
    in ULP that was found, accurate and fast.
    """
    for kind, pair in errors.items():
        for exact, error in zip((True, False), pair, strict=True):
            yield _version(name, kind, core, doc, exact, error, sign)


def _version(
    name: str, kind: str, core: Core, doc: str, exact: bool, error: float, sign: Sign
) -> Function:
    twofold, factor = "_twofold" in kind, kind.endswith("_times")
    let = Steps()
    result = core(X, LOW if twofold else ZERO, let, exact, factor)
    body = _times(result, sign, let) if factor else _value(result, sign, twofold)
    args = ("x", *(("low",) if twofold else ()), *(("b",) if factor else ()))
    said = f"{name}({'x + low' if twofold else 'x'}){' * b' if factor else ''}"
    text = f"Return {said}, error below {error} ULP: {doc}."
    suffix = "_f32" if exact else "_f32_fast"
    return Function(f"{name}{kind}{suffix}", args, body, text, let.names, "float32", error)
