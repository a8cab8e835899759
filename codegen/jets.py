"""Expand expressions in power series at 0 and at ±∞: an expression in, first coefficients out.

The variable t is x near 0 and 1/x far out. A series holds on one side, so that `abs` and choices
have one, too. What has no such series there, or has a parameter, has no jet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mpmath import mp

from actgen.codegen.evaluate import MEANING, number
from actgen.codegen.ir import Apply, Const, Expr, X, const_value
from actgen.codegen.jet_functions import AT_POLE, FUNCTIONS
from actgen.codegen.power_series import (
    ARITHMETIC,
    LENGTH,
    Jet,
    add,
    constant,
    from_coefficients,
    power,
    scaled,
)

_DIGITS = 60
_HOLDS: dict[str, tuple[int, ...]] = {
    "lt": (-1,),
    "le": (-1, 0),
    "gt": (1,),
    "ge": (1, 0),
    "eq": (0,),
    "ne": (-1, 1),
}


@lru_cache(maxsize=8192)
def jet(expr: Expr, side: int = 1, far: bool = False) -> Jet | None:
    """Return the series of `expr` for x → 0, or with `far` for x → ±∞, None where it has none.

    `side` is the sign of x. Far out, what is exponentially small counts as zero.
    """
    with mp.workdps(_DIGITS):
        return _Expansion(side, far).of(expr)


def analytic(expr: Expr) -> Jet | None:
    """Return the series of `expr` at x = 0 if it is the same from both sides."""
    right, left = jet(expr, 1), jet(expr, -1)
    return right if right == left else None


@dataclass(frozen=True)
class _Expansion:
    """Where an expansion is made: the side, and whether it is far out."""

    side: int
    far: bool

    def of(self, expr: Expr) -> Jet | None:
        if isinstance(expr, Const):
            return constant(number(expr.value))
        if expr == X:
            return Jet(-1 if self.far else 1, (mp.mpf(1), *[mp.mpf(0)] * (LENGTH - 1)))
        if not isinstance(expr, Apply):
            return None
        if not expr.args:
            return None if expr.op == "inf" else constant(MEANING[expr.op]())
        if expr.op == "where":
            chosen = self.decide(expr.args[0])
            return None if chosen is None else self.at(expr.args[1 if chosen else 2])
        found = []
        for arg in expr.args:
            inner = self.at(arg)
            if inner is None:
                return None
            found.append(inner)
        if expr.op == "pow":
            exponent = const_value(expr.args[1])
            return None if exponent is None else power(found[0], number(exponent))
        if expr.op in ARITHMETIC:
            return ARITHMETIC[expr.op](*found)
        if expr.op in ("abs", "sign", "min", "max"):
            return self.choice(expr.op, found)
        if expr.op not in FUNCTIONS or len(found) != 1:
            return None
        return self.function(expr.op, found[0])

    def at(self, expr: Expr) -> Jet | None:
        return jet(expr, self.side, self.far)

    def sign(self, a: Jet) -> int:
        """Return the sign of a series close to the point, 0 for the zero function."""
        if a.order is None:
            return 0
        flips = self.side < 0 and a.order % 2 == 1
        return (-1 if flips else 1) * (1 if a.coefficients[0] > 0 else -1)

    def choice(self, op: str, found: list[Jet]) -> Jet | None:
        if op in ("abs", "sign"):
            sign = self.sign(found[0])
            if not sign and self.far:
                return None
            return constant(mp.mpf(sign)) if op == "sign" else scaled(found[0], sign)
        sign = self.sign(add(found[0], found[1], -1))
        if not sign and self.far:
            return None
        return found[0] if (sign > 0) == (op == "max") else found[1]

    def decide(self, condition: Expr) -> bool | None:
        if not isinstance(condition, Apply):
            return None
        if condition.op in ("and", "or", "not"):
            parts = [self.decide(arg) for arg in condition.args]
            if condition.op == "not":
                return None if parts[0] is None else not parts[0]
            stop = condition.op == "or"
            return stop if stop in parts else None if None in parts else not stop
        if condition.op not in _HOLDS:
            return None
        a, b = (self.at(arg) for arg in condition.args)
        if a is None or b is None:
            return None
        sign = self.sign(add(a, b, -1))
        return None if self.far and not sign else sign in _HOLDS[condition.op]

    def function(self, op: str, a: Jet) -> Jet | None:
        regular = a.regular
        try:
            if regular is not None:
                return from_coefficients(FUNCTIONS[op](regular))
            ends = AT_POLE.get(op)
            return None if ends is None else ends[0 if self.sign(a) > 0 else 1](a)
        except (ZeroDivisionError, ValueError, TypeError):
            return None
