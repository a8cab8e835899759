"""Hold orders of growth: how a value grows as t goes to infinity, in its leading term.

A value is classed as `coefficient * t**power`, as that times a logarithm, as exponentially large or
small, or as unknown (Hardy's orders of infinity, kept to what activation functions need).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from actgen.codegen.ir import ONE, ZERO, Expr, X, absolute, apply, log
from actgen.codegen.simplify import simplify

End = Literal["far", "near"]
Kind = Literal["power", "log", "large", "tiny", "zero", "bounded", "unknown"]


@dataclass(frozen=True)
class Growth:
    """A leading term for t → ∞.

    `power`: coef * t**power. `log`: t**power times a power of log t, spelled out in `coef`.
    `large`/`tiny`: exponentially large or small, e**`rate` to first order. `zero`: exactly 0.
    `bounded`: no limit, but bounded by a multiple of t**power. `sign` is 0 if unknown.
    """

    kind: Kind
    sign: int = 0
    power: Fraction = Fraction(0)
    coef: Expr = ONE
    rate: Growth | None = None

    @property
    def infinite(self) -> bool:
        if self.kind == "log":
            return self.power >= 0
        return self.kind == "large" or (self.kind == "power" and self.power > 0)

    @property
    def vanishes(self) -> bool:
        return self.kind in ("tiny", "zero") or (
            self.kind in ("power", "log", "bounded") and self.power < 0
        )

    @property
    def constant(self) -> bool:
        return self.kind == "power" and self.power == 0


UNKNOWN = Growth("unknown")
NOTHING = Growth("zero")


def limit(found: Growth) -> Expr | None:
    """Return the limit, ±inf included, or None where it is not known."""
    if found.vanishes:
        return ZERO
    if found.constant:
        return found.coef
    if found.infinite and found.sign:
        return apply("inf") if found.sign > 0 else -apply("inf")
    return None


def asymptote(found: Growth, direction: int, end: End = "far") -> Expr | None:
    """Return the leading term as an expression in x, exact to working precision there, or None."""
    if found.kind in ("zero", "tiny"):
        return ZERO
    if found.kind == "log":
        return found.coef if end == "far" else None
    if found.kind != "power":
        return None
    power = found.power if end == "far" else -found.power
    odd = power.denominator == 1 and power.numerator % 2 == 1
    base, coef = (X, direction * found.coef) if odd else (absolute(X), found.coef)
    if power < 0 and power.denominator == 1:
        # x**2 would overflow where 1/x**2 is a subnormal number
        result = simplify(coef)
        for _ in range(-power.numerator):
            result = result / base
        return result
    return simplify(coef * apply("pow", base, power))


def leading(found: Growth) -> Expr:
    if found.kind == "log" or found.power == 0:
        return found.coef
    return simplify(found.coef * apply("pow", absolute(X), found.power))


def logarithm(a: Growth) -> Growth:
    """log(coef * t**power) for an argument that goes to infinity or to 0 as a power."""
    leading = simplify(log(a.coef) + a.power * log(absolute(X)))
    return Growth("log", 1 if a.power > 0 else -1, Fraction(0), leading)


def finite(coef: Expr, sign: int) -> Growth:
    return Growth("power", sign, Fraction(0), coef)


def rank(a: Growth) -> tuple[int, Fraction, int]:
    """Order by dominance."""
    if a.kind == "large":
        return (3, Fraction(0), 0)
    if a.kind in ("power", "log"):
        return (2, a.power, int(a.kind == "log"))
    if a.kind == "bounded":
        return (2, a.power, 0)
    return (1 if a.kind == "tiny" else 0, Fraction(0), 0)


def scaled(a: Growth, factor: Expr) -> Growth:
    return Growth(a.kind, a.sign, a.power, simplify(a.coef * factor), a.rate)


def even(a: Growth) -> Growth:
    return scaled(a, ONE) if a.sign >= 0 else replace(a, sign=1, coef=simplify(-a.coef))
