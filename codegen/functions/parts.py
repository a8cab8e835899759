"""Build function bodies: named steps, polynomials, and values carried as an unevaluated sum.

A `Split` is high + low, `low` the rounding error of `high`: 100 bits between them. A `Scaled` is
such a sum times a power of two that is multiplied in last, so that a result among the subnormal
numbers is rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from actgen.codegen.ir import ONE, ZERO, Apply, Const, Expr, Symbol, absolute, apply, where
from actgen.codegen.precision import Name

X, LOW, B = Symbol("x"), Symbol("low"), Symbol("b")
_CHAIN = 6  # coefficients of a polynomial that is not split
INFINITY = Apply("inf")
NEVER = apply("lt", ONE, ZERO)


@dataclass(frozen=True)
class Function:
    """A library function: its argument names, its body, what it says of itself.

    `names` are those of the body's steps, for the printed function. All arithmetic is in `dtype`.
    `error` is the largest error that was found, in ULP; 0 where none is stated.
    """

    name: str
    args: tuple[str, ...]
    body: Expr
    doc: str
    names: dict[Expr, str] = field(default_factory=dict)
    dtype: Name = "float64"
    error: float = 0.0


class Steps:
    """Gives steps of a computation the names they have in the printed function."""

    def __init__(self) -> None:
        self.names: dict[Expr, str] = {}

    def __call__(self, name: str, value: Expr) -> Expr:
        if isinstance(value, Apply):
            self.names.setdefault(value, name)
        return value


@dataclass(frozen=True)
class Split:
    """The unevaluated sum high + low."""

    high: Expr
    low: Expr


@dataclass(frozen=True)
class Scaled:
    """(high + low) * rest, and whatever it is multiplied by: 0 where `vanished`, else infinite
    where `endless`.
    """

    high: Expr
    low: Expr
    rest: Expr
    vanished: Expr
    endless: Expr = NEVER


def number(value: float) -> Const:
    """Return a float64 as a node."""
    return Const(Fraction(value))


def fma(a: Expr, b: Expr, c: Expr) -> Expr:
    return apply("fma", a, b, c)


def power2(n: Expr) -> Expr:
    return apply("power2", n)


def polynomial(t: Expr, coefficients: Sequence[float]) -> Expr:
    """Return the polynomial in t, lowest coefficient first.

    Horner's scheme makes one long chain of dependent steps; a long polynomial is split into two,
    over t², that run side by side.
    """
    if len(coefficients) <= _CHAIN:
        total: Expr = number(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = fma(total, t, number(c))
        return total
    even, odd = (polynomial(t * t, coefficients[start::2]) for start in (0, 1))
    return fma(odd, t, even)


def fast_sum(a: Expr, b: Expr) -> Split:
    """Return a + b exactly, given |a| >= |b| or a = 0 (Dekker, 1971)."""
    high = a + b
    return Split(high, (a - high) + b)


def exact_sum(a: Expr, b: Expr) -> Split:
    """Return a + b exactly, whichever is larger (Knuth, 1969)."""
    high = a + b
    part = high - a
    return Split(high, (a - (high - part)) + (b - part))


def normal(value: Split) -> Split:
    """Return the same sum with `low` no more than the rounding error of `high`."""
    return fast_sum(value.high, value.low)


def square(a: Expr) -> Split:
    """Return a² exactly."""
    high = a * a
    return Split(high, fma(a, a, -high))


def product(a: Split, b: Split) -> Split:
    """Return a * b to about 100 bits."""
    high = a.high * b.high
    low = fma(a.high, b.high, -high)
    return Split(high, low + fma(a.high, b.low, a.low * b.high))


def quotient(a: Split, b: Split, let: Steps) -> Split:
    """Return a / b to about 100 bits, with one division."""
    inverse = let("inverse", ONE / b.high)
    high = let("ratio", a.high * inverse)
    left = let("left", fma(-high, b.high, a.high) + (a.low - high * b.low))
    return Split(high, left * inverse)


def chosen(condition: Expr, then: Split, otherwise: Split) -> Split:
    """Return one of two sums."""
    return Split(
        where(condition, then.high, otherwise.high), where(condition, then.low, otherwise.low)
    )


def at_most(a: Expr, bound: float) -> Expr:
    """Return the smaller of `a` and a number; NaN stays."""
    return where(apply("gt", a, number(bound)), number(bound), a)


def at_least(a: Expr, bound: float) -> Expr:
    """Return the larger of `a` and a number; NaN stays."""
    return where(apply("lt", a, number(bound)), number(bound), a)


def value(scaled: Scaled) -> Expr:
    """Return what a `Scaled` stands for."""
    total = scaled.high + scaled.low
    return total if scaled.rest == ONE else total * scaled.rest


def endless(where_: Expr, factor: Expr) -> Expr:
    """Tell where a function times a factor is infinite: not where that is 0."""
    return apply("and", where_, apply("ne", factor, ZERO))


def times(scaled: Scaled, factor: Expr, let: Steps) -> Expr:
    """Return a `Scaled` times a factor, which may be infinite."""
    error = let("error_b", scaled.low * factor)
    extra = where(apply("lt", absolute(error), INFINITY), error, ZERO)
    whole = fma(scaled.high, factor, let("extra", extra))
    result = let("result", whole if scaled.rest == ONE else whole * scaled.rest)
    if scaled.endless != NEVER:
        result = where(endless(scaled.endless, factor), factor * INFINITY, result)
    if scaled.vanished == NEVER:
        return result
    return where(scaled.vanished, apply("copysign", ZERO, factor), result)
