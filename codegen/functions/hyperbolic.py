"""Define sigmoid, tanh and their kin: quotients of exponentials that cannot overflow.

The exponential, the sum below and the quotient each carry their rounding error along, so that
only the last operation rounds.
"""

from __future__ import annotations

from actgen.codegen.functions.exponential import VANISHED, exponential, inside, split_expm1
from actgen.codegen.functions.family import family
from actgen.codegen.functions.parts import (
    NEVER,
    Function,
    Scaled,
    Split,
    Steps,
    at_least,
    chosen,
    fast_sum,
    normal,
    number,
    product,
    quotient,
)
from actgen.codegen.ir import ONE, TWO, ZERO, Expr, absolute, apply, where


def _plus(a: float, b: Split, let: Steps) -> Split:
    """Return a + b for |b| <= a."""
    high = let("below", number(a) + b.high)
    return Split(high, let("below_low", (number(a) - high) + b.high + b.low))


def _decay(x: Expr, low: Expr, let: Steps, rate: int = 1) -> Scaled:
    """Return exp(-rate |x + low|)."""
    towards = low if low == ZERO else where(apply("ge", x, 0), -low, low)
    size = let("size", -absolute(x) if rate == 1 else number(-rate) * absolute(x))
    return exponential(size, towards if rate == 1 else number(rate) * towards, let, bounded=True)


def _sigmoid(x: Expr, low: Expr, let: Steps) -> Scaled:
    e = _decay(x, low, let)
    decay = Split(let("e_scaled", e.high), let("e_scaled_low", e.low))
    right = apply("ge", x, 0)
    above = chosen(right, Split(ONE, ZERO), decay)
    q = quotient(above, _plus(1.0, decay, let), let)
    # for x > 0 the exponential is not a factor; it only stands beside 1
    return Scaled(q.high, q.low, where(right, 1, e.rest), apply("le", x, number(VANISHED)))


def _sech2(x: Expr, low: Expr, let: Steps) -> Scaled:
    e = _decay(x, low, let, rate=2)
    decay = Split(let("e_scaled", e.high), let("e_scaled_low", e.low))
    one = normal(_plus(1.0, decay, let))
    q = quotient(Split(4 * decay.high, 4 * decay.low), product(one, one), let)
    return Scaled(q.high, q.low, e.rest, e.vanished)


def _tanh(x: Expr, low: Expr, let: Steps) -> Scaled:
    towards = low if low == ZERO else inside(where(apply("ge", x, 0), -2 * low, 2 * low), x)
    size = let("size", at_least(-2 * absolute(x), -60.0))
    e = split_expm1(size, towards, let, bounded=True)
    part = normal(Split(e.high, e.low))
    part = Split(let("em1", part.high), let("em1_low", part.low))
    q = quotient(Split(-part.high, -part.low), _plus(2.0, part, let), let)
    return Scaled(q.high, q.low, ONE, NEVER)


def _tanh_softplus(x: Expr, low: Expr, let: Steps) -> Scaled:
    e = _decay(x, low, let)
    z = Split(let("e_scaled", e.high), let("e_scaled_low", e.low))
    right = apply("ge", x, 0)
    # e^x (e^x + 2) / (e^x (e^x + 2) + 2) left of 0, (1 + 2z) / (1 + 2z + 2z²) right of it
    square = product(z, z)
    double = Split(2 * z.high, 2 * z.low)
    plus_two = _plus(2.0, z, let)
    one_plus = fast_sum(ONE, double.high)
    one_plus = Split(one_plus.high, one_plus.low + double.low)
    left_top = product(z, plus_two)
    top = chosen(right, one_plus, left_top)
    extra = chosen(right, Split(2 * square.high, 2 * square.low), Split(TWO, ZERO))
    high = fast_sum(where(right, top.high, extra.high), where(right, extra.high, top.high))
    below = Split(let("below", high.high), let("below_low", high.low + top.low + extra.low))
    q = quotient(Split(let("top", top.high), let("top_low", top.low)), below, let)
    return Scaled(q.high, q.low, where(right, 1, e.rest), apply("le", x, number(VANISHED)))


def _sech2_softplus(x: Expr, low: Expr, let: Steps) -> Scaled:
    towards = low if low == ZERO else where(apply("ge", x, 0), -low, low)
    size = let("size", at_least(-absolute(x), -740.0))  # the square of the rest is 0 there
    e = exponential(size, towards, let, bounded=True, kept=500.0)
    z = Split(let("e_scaled", e.high), let("e_scaled_low", e.low))
    right = apply("ge", x, 0)
    # the square of 2 (1 + e^x) / (2 + 2 e^x + e^2x), or of 2 (z + z²) / (1 + 2z + 2z²)
    square = product(z, z)
    above = fast_sum(chosen(right, z, Split(ONE, ZERO)).high, where(right, square.high, z.high))
    top = Split(2 * above.high, 2 * (above.low + where(right, z.low + square.low, z.low)))
    double = Split(2 * z.high, 2 * z.low)
    extra = chosen(right, Split(2 * square.high, 2 * square.low), square)
    first = fast_sum(where(right, 1, 2), double.high)
    whole = fast_sum(first.high, extra.high)
    low_part = first.low + whole.low + double.low + extra.low
    below = Split(let("below", whole.high), let("below_low", low_part))
    q = quotient(Split(let("top", top.high), let("top_low", top.low)), below, let)
    result = product(Split(let("q", q.high), let("q_low", q.low)), q)
    rest = where(right, e.rest * e.rest, 1)
    vanished = apply("ge", x, number(-VANISHED / 2))
    return Scaled(result.high, result.low, rest, vanished)


HYPERBOLIC: tuple[Function, ...] = (
    *family("sigmoid", _sigmoid, "exp(-|x|) and one division", factor=True),
    *family("sech2", _sech2, "4 z / (1 + z)² with z = exp(-2|x|)", factor=True),
    *family("tanh", _tanh, "-m / (2 + m) with m = expm1(-2|x|)", mirrored=True),
    *family("tanhsoftplus", _tanh_softplus, "a quotient in exp(-|x|)", factor=True),
    *family("sech2softplus", _sech2_softplus, "a quotient in exp(-|x|), squared", factor=True),
)
