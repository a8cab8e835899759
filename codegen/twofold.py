"""Compute with values carried as the unevaluated sum of two numbers.

In: pairs of expressions, high + low. Out: pairs for their sum, product, quotient and more, whose
`low` is the rounding error of `high` (Dekker, 1971; Knuth, 1969; Ogita, Rump and Oishi, 2005).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from actgen.codegen.ir import INF, ONE, ZERO, Expr, absolute, apply, const_value, where


@dataclass(frozen=True)
class Pair:
    """A value as the unevaluated sum high + low; `low` None means `high` is exact."""

    high: Expr
    low: Expr | None = None


def plus(a: Expr | None, b: Expr | None) -> Expr | None:
    """Return a sum of rounding errors, of which there may be none."""
    if a is None or b is None:
        return a if b is None else b
    return a + b


def mul(a: Pair, b: Pair) -> Pair:
    for this, other in ((a, b), (b, a)):
        if this.low is None and _is_power_of_two(this.high):
            return Pair(
                this.high * other.high, None if other.low is None else this.high * other.low
            )
    high = a.high * b.high
    low = apply("fma", a.high, b.high, -high)
    for this, other in ((a, b), (b, a)):
        if this.low is not None:
            low = apply("fma", this.low, other.high, low)
    return Pair(high, low)


def add(a: Pair, b: Pair) -> Pair:
    high = a.high + b.high
    part = high - a.high
    error = (a.high - (high - part)) + (b.high - part)
    return Pair(high, plus(plus(error, a.low), b.low))


def add_to_constant(constant: Pair, a: Pair, b: Pair) -> Pair:
    """Return constant + a b, of one sign: half as much work as `add` and `mul` have.

    The high part of the constant must end in zeros, as many as its multiples may lose: only then
    is its difference from the sum exact.
    """
    high = apply("fma", a.high, b.high, constant.high)
    low: Expr = apply("fma", a.high, b.high, constant.high - high)
    for this, other in ((a, b), (b, a)):
        if this.low is not None:
            low = apply("fma", this.low, other.high, low)
    return Pair(high, plus(low, constant.low))


def sub(a: Pair, b: Pair) -> Pair:
    high = a.high - b.high
    part = high - a.high
    error = (a.high - (high - part)) - (b.high + part)
    return Pair(high, plus(plus(error, a.low), None if b.low is None else -b.low))


def normal(a: Pair) -> Pair:
    """Return the same sum, `low` no more than the rounding error of `high`."""
    if a.low is None:
        return a
    high = a.high + a.low
    return Pair(high, (a.high - high) + a.low)


def finite(a: Pair) -> Pair:
    """Return the same sum as `normal` does; where the errors are not finite, `high` alone."""
    if a.low is None:
        return a
    known = apply("lt", absolute(a.low), INF)
    high = where(known, a.high + a.low, a.high)
    return Pair(high, where(known, (a.high - high) + a.low, ZERO))


def div(a: Pair, b: Pair) -> Pair:
    if b.low is None and _is_power_of_two(b.high):
        return Pair(a.high / b.high, None if a.low is None else a.low / b.high)
    high = a.high / b.high
    rest = _remainder(a, b, high)
    return Pair(high, None if rest is None else rest / b.high)


def inverse(a: Pair) -> Pair:
    """Return 1 / a: known beforehand where many numbers are divided by the same one."""
    high = ONE / a.high
    rest = _remainder(Pair(ONE), a, high)
    return Pair(high, None if rest is None else rest * high)


def _remainder(a: Pair, b: Pair, ratio: Expr) -> Expr | None:
    rest = plus(apply("fma", -ratio, b.high, a.high), a.low)
    return rest if b.low is None or rest is None else rest - ratio * b.low


def _larger(a: Pair, b: Pair) -> Pair:
    return _either(apply("gt", a.high, b.high), apply("max", a.high, b.high), a, b)


def _smaller(a: Pair, b: Pair) -> Pair:
    return _either(apply("lt", a.high, b.high), apply("min", a.high, b.high), a, b)


def _either(condition: Expr, high: Expr, a: Pair, b: Pair) -> Pair:
    if a.low is None and b.low is None:
        return Pair(high)
    return Pair(high, where(condition, a.low or ZERO, b.low or ZERO))


def _size(a: Pair) -> Pair:
    if a.low is None:
        return Pair(absolute(a.high))
    return Pair(absolute(a.high), where(apply("lt", a.high, 0), -a.low, a.low))


def _is_power_of_two(node: Expr) -> bool:
    value = abs(const_value(node) or Fraction(0))
    p, q = value.numerator, value.denominator
    return p > 0 and p & (p - 1) == 0 and q & (q - 1) == 0


# operation → the rule for its arguments
RULES: dict[str, Callable[..., Pair]] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": div,
    "max": _larger,
    "min": _smaller,
    "abs": _size,
}
