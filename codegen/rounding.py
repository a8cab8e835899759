"""Round constants to numbers of a format.

In: expressions without symbols. Out: the nearest number, and what it leaves over.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from mpmath import mp

from actgen.codegen.evaluate import constant
from actgen.codegen.ir import INF, ZERO, Const, Expr, const_value
from actgen.codegen.precision import Format


def fold(node: Expr, fmt: Format) -> tuple[Expr, Expr | None] | None:
    """Return the number nearest to an expression without symbols, and what it leaves over."""
    value = constant(node)
    if value is None or not mp.isfinite(value):
        return None
    high = _number(value, fmt)
    if math.isinf(high):
        return (INF if high > 0 else -INF), None
    with mp.workdps(60):
        low = value - high
        return Const(Fraction(high)), Const(Fraction(_number(low, fmt))) if low else None


def _number(value: Any, fmt: Format) -> float:
    number = float(value)
    return fmt.nearest(Fraction(number)) if math.isfinite(number) else number


def same_signs(high: Expr, low: Expr | None, fmt: Format) -> tuple[Expr, Expr | None]:
    """Move a pair so that its parts have one sign: times infinity they give no NaN."""
    if low is None or value_of(high) * value_of(low) > 0:
        return high, low
    size = abs(value_of(high))
    step = Fraction(2) ** (math.frexp(float(size))[1] - fmt.bits)
    below = (size - (step / 2 if fmt.holds(size - step / 2) else step)) * (
        1 if value_of(high) > 0 else -1
    )
    return Const(below), rounded(value_of(high) - below + value_of(low), fmt)


def exact_scale(coefficient: Fraction, fmt: Format) -> bool:
    """Tell whether multiplying by a coefficient, or dividing by its denominator, rounds once."""
    q = coefficient.denominator
    if q & (q - 1) == 0 or (abs(coefficient.numerator) == 1 and q <= 1000):
        return abs(coefficient.numerator) < 1 << fmt.bits
    return False


def with_zeros(high: Expr, low: Expr | None, fmt: Format) -> tuple[Expr, Expr | None]:
    """Move the last eight digits of `high` to `low`: it ends in zeros then."""
    mantissa, exponent = math.frexp(float(value_of(high)))
    unit = Fraction(2) ** (exponent - fmt.bits + 8)
    short = round(Fraction(mantissa) * 2 ** (fmt.bits - 8)) * unit
    rest = value_of(high) - short + value_of(low or ZERO)
    return Const(short), rounded(rest, fmt) if rest else None


def rounded(value: Fraction, fmt: Format) -> Const:
    return Const(Fraction(fmt.nearest(value)))


def nearest(node: Const, fmt: Format) -> Expr:
    number = fmt.nearest(node.value)
    if math.isinf(number):
        return INF if number > 0 else -INF
    return Const(Fraction(number))


def value_of(node: Expr) -> Fraction:
    return const_value(node) or Fraction(0)
