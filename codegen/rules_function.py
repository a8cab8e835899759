"""Stabilise function calls: a rounded or overflowing argument becomes a good one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from actgen.codegen.algebra import Factor, factors, from_factors, from_terms, terms
from actgen.codegen.ir import (
    ONE,
    TWO,
    Apply,
    Expr,
    absolute,
    apply,
    const_value,
    is_op,
    normcdf,
    sigmoid,
    sqrt,
)
from actgen.codegen.simplify import simplify

Rule = tuple[str, str, Callable[[Expr], Expr | None]]


def _exp_of_log(u: Expr) -> Expr | None:
    """e^log(u) = u"""
    return u.args[0] if is_op(u, "log") else None


def _exp_of_softplus(u: Expr) -> Expr | None:
    """e^-softplus(u) = σ(-u)"""
    if is_op(u, "neg") and is_op(u.args[0], "softplus"):
        return sigmoid(-u.args[0].args[0])
    return None


def _erfc_of_root_half(u: Expr) -> Expr | None:
    """erfc(-u/√2) = 2 Φ(u)"""
    coefficient, parts = factors(u)
    for i, (base, exponent) in enumerate(parts):
        if base == TWO and abs(exponent) == Fraction(1, 2):
            scale = -coefficient if exponent < 0 else -2 * coefficient
            rest = from_factors(scale, parts[:i] + parts[i + 1 :])
            return 2 * normcdf(rest)
    return None


def _sqrt_of_square(u: Expr) -> Expr | None:
    """√(u²) = |u|"""
    if is_op(u, "pow") and const_value(u.args[1]) == 2:
        return absolute(u.args[0])
    return None


def _acosh_of_one_plus(u: Expr) -> Expr | None:
    """acosh(1 + u) = 2 asinh(√(u/2))"""
    listed = terms(u)
    if (Fraction(1), ONE) not in listed or len(listed) < 2:
        return None
    rest = from_terms(t for t in listed if t != (Fraction(1), ONE))
    return 2 * apply("asinh", sqrt(rest / 2))


def _of_leg(result: Callable[[Expr], Expr]) -> Callable[[Expr], Expr | None]:
    """Return the rule for f(b/√a) = result(b/√(a - b²)), where a - b² is a positive number."""

    def rule(u: Expr) -> Expr | None:
        coefficient, parts = factors(u)
        for i, (base, n) in enumerate(parts):
            if n != Fraction(-1, 2) or not is_op(base, "add", "sub"):
                continue
            b = from_factors(coefficient, _without(parts, i))
            leg = const_value(simplify(base - b**2))
            if leg is not None and leg > 0:
                return result(b / sqrt(simplify(base - b**2)))
        return None

    return rule


def _without(parts: list[Factor], i: int) -> list[Factor]:
    return parts[:i] + parts[i + 1 :]


def of_function(op: str, rule: Callable[[Expr], Expr | None]) -> Callable[[Expr], Expr | None]:
    def guarded(node: Expr) -> Expr | None:
        if not isinstance(node, Apply) or node.op != op:
            return None
        found = rule(node.args[0])
        return None if found is None else simplify(found)

    return guarded


_OVERFLOW = "the exponential overflows or leaves 1 + 0"
_SMALL = "1 + u drops the digits of a small u"
_TAIL = "rounding u/√2 costs u² ULP in the tail"
_ROUNDS = "the quotient rounds to 1"
FUNCTION_RULES: tuple[Rule, ...] = (
    ("exp of log", "an inverse pair", of_function("exp", _exp_of_log)),
    ("exp of softplus", _OVERFLOW, of_function("exp", _exp_of_softplus)),
    (
        "normal cdf",
        "rounding u/√2 costs u² ULP in the tail",
        of_function("erfc", _erfc_of_root_half),
    ),
    ("root of square", "u² overflows", of_function("sqrt", _sqrt_of_square)),
    (
        "acosh near 1",
        "1 + u drops the digits of a small u",
        of_function("acosh", _acosh_of_one_plus),
    ),
    ("atanh of a leg", _ROUNDS, of_function("atanh", _of_leg(lambda v: apply("asinh", v)))),
    ("asin of a leg", _ROUNDS, of_function("asin", _of_leg(lambda v: apply("atan", v)))),
    ("acos of a leg", _ROUNDS, of_function("acos", _of_leg(lambda v: apply("acot", v)))),
)
