"""Stabilise sums: terms that cancel become a function that does not.

The core is one table of complements, `constant + coefficient * f(u)**power`. A row matches any
two terms of a sum in that ratio, so `alpha * exp(x) - alpha` and `x/2 + x/2 * erf(z)` match as
`exp(u) - 1` and `1 + erf(u)` do, and other terms of the sum stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from actgen.codegen.algebra import (
    Term,
    factors,
    from_factors,
    from_terms,
    ratio,
    scaled,
    terms,
)
from actgen.codegen.ir import (
    ONE,
    PI,
    Expr,
    Number,
    apply,
    const_value,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    is_op,
    normcdf,
    sech2,
    sigmoid,
    sin,
    sinh,
    softplus,
    sqrt,
    tanh,
    wrap,
)
from actgen.codegen.simplify import simplify

Rule = tuple[str, str, Callable[[Expr], Expr | None]]
_CANCELS = "the terms cancel where they are nearly equal"


class Complement(NamedTuple):
    """constant + coefficient * op(u)**power = result(u)"""

    name: str
    constant: Expr | Number
    coefficient: int
    op: str
    power: int
    result: Callable[[Expr], Expr]


COMPLEMENTS = (
    Complement("expm1", -1, 1, "exp", 1, lambda u: apply("expm1", u)),  # e^u - 1
    Complement("exp", 1, 1, "expm1", 1, exp),  # 1 + (e^u - 1) = e^u
    Complement("erfc", 1, -1, "erf", 1, erfc),  # 1 - erf u = erfc u
    Complement("erfc", 1, 1, "erf", 1, lambda u: erfc(-u)),  # 1 + erf u = erfc(-u)
    Complement("erf", 1, -1, "erfc", 1, erf),  # 1 - erfc u = erf u
    Complement("erfc", 2, -1, "erfc", 1, lambda u: erfc(-u)),  # 2 - erfc u = erfc(-u)
    Complement("normcdf", 1, -1, "normcdf", 1, lambda u: normcdf(-u)),  # 1 - Φ(u) = Φ(-u)
    Complement("sigmoid", 1, -1, "sigmoid", 1, lambda u: sigmoid(-u)),  # 1 - σ(u) = σ(-u)
    Complement("tanh", -1, 2, "sigmoid", 1, lambda u: tanh(u / 2)),  # 2σ(u) - 1 = tanh(u/2)
    Complement("sigmoid", 1, -1, "tanh", 1, lambda u: 2 * sigmoid(-2 * u)),  # 1 - tanh u = 2σ(-2u)
    Complement("sigmoid", 1, 1, "tanh", 1, lambda u: 2 * sigmoid(2 * u)),  # 1 + tanh u = 2σ(2u)
    Complement("sech2", 1, -1, "tanh", 2, sech2),  # 1 - tanh² u = sech² u
    Complement("tanh", 1, -1, "sech2", 1, lambda u: tanh(u) ** 2),  # 1 - sech² u = tanh² u
    Complement("half angle", 1, -1, "cos", 1, lambda u: 2 * sin(u / 2) ** 2),  # 1 - cos u
    Complement("half angle", -1, 1, "cosh", 1, lambda u: 2 * sinh(u / 2) ** 2),  # cosh u - 1
    Complement("cos", 1, -1, "sin", 2, lambda u: cos(u) ** 2),  # 1 - sin² u = cos² u
    Complement("sin", 1, -1, "cos", 2, lambda u: sin(u) ** 2),  # 1 - cos² u = sin² u
    Complement("sinh", -1, 1, "cosh", 2, lambda u: sinh(u) ** 2),  # cosh² u - 1 = sinh² u
    Complement("cosh", 1, 1, "sinh", 2, lambda u: cosh(u) ** 2),  # 1 + sinh² u = cosh² u
    Complement("acot", PI / 2, -1, "atan", 1, lambda u: apply("acot", u)),  # π/2 - atan u = acot u
    Complement("acot", PI / 2, 1, "atan", 1, lambda u: apply("acot", -u)),  # π/2 + atan u
)


def reading(term: Expr, op: str, power: int = 1) -> Iterator[tuple[Expr, Expr]]:
    """Yield (u, rest) for each way to read `term` as op(u)**power * rest."""
    coefficient, parts = factors(term)
    for i, (base, exponent) in enumerate(parts):
        if is_op(base, op) and exponent == power:
            yield base.args[0], from_factors(coefficient, parts[:i] + parts[i + 1 :])


def replaced(listed: list[Term], i: int, j: int, new: Expr) -> Expr:
    """Return the sum with terms i and j replaced by `new`, at the place of the first."""
    place = min(i, j)
    kept = [(Fraction(1), new) if k == place else t for k, t in enumerate(listed)]
    del kept[max(i, j)]
    return simplify(from_terms(kept))


def partner(listed: list[Term], i: int, wanted: Expr) -> int | None:
    """Return the position, other than i, of the term equal to `wanted`."""
    for j, (scale, term) in enumerate(listed):
        if j != i and scaled(scale, term) == wanted:
            return j
    return None


def complement_rule(row: Complement) -> Callable[[Expr], Expr | None]:
    """Return the rule of one row of the table."""
    constant = wrap(row.constant)

    def rule(node: Expr) -> Expr | None:
        listed = terms(node)
        for i, (scale, term) in enumerate(listed):
            for u, rest in reading(term, row.op, row.power):
                # the term is outer * coefficient * op(u)**power; its partner outer * constant
                outer = simplify(scaled(scale / row.coefficient, rest))
                j = partner(listed, i, simplify(outer * constant))
                if j is not None:
                    return replaced(listed, i, j, simplify(outer * row.result(u)))
        return None

    return rule


def _exponentials(node: Expr) -> Expr | None:
    """e^u - e^-u = 2 sinh u, e^u + e^-u = 2 cosh u"""
    listed = terms(node)
    for i, (scale, term) in enumerate(listed):
        for u, rest in reading(term, "exp"):
            mirrored = simplify(rest * exp(-u))
            for sign, result in ((1, cosh(u)), (-1, sinh(u))):
                j = partner(listed, i, simplify(scaled(sign * scale, mirrored)))
                if j is not None:
                    return replaced(listed, i, j, simplify(scaled(2 * scale, rest * result)))
    return None


def _split_constant(node: Expr) -> Expr | None:
    """c - e^u = (c - 1) - expm1(u), whole c > 1: a logarithm outside then sees what is small"""
    listed = terms(node)
    for i, (scale, term) in enumerate(listed):
        if term != ONE or scale < 2 or scale.denominator != 1:
            continue
        for j, (other_scale, other) in enumerate(listed):
            if other_scale == -1 and is_op(other, "exp"):
                changed = list(listed)
                changed[i] = (scale - 1, term)
                changed[j] = (other_scale, apply("expm1", other.args[0]))
                return from_terms(changed)
    return None


def _softplus_minus(node: Expr) -> Expr | None:
    """softplus(u) - u = softplus(-u)"""
    listed = terms(node)
    for i, (scale, term) in enumerate(listed):
        for u, rest in reading(term, "softplus"):
            j = partner(listed, i, simplify(scaled(-scale, rest * u)))
            if j is not None:
                return replaced(listed, i, j, simplify(scaled(scale, rest * softplus(-u))))
    return None


def _double_zero(node: Expr) -> Expr | None:
    """1 ± 2 sin(u) cos(u) = (sin(u) ± cos(u))²"""
    listed = terms(node)
    for i, (scale, term) in enumerate(listed):
        for u, rest in reading(term, "sin"):
            for v, outer in reading(rest, "cos"):
                size = abs(scale) / 2
                j = partner(listed, i, simplify(scaled(size, outer))) if u == v else None
                if j is not None:
                    root = sin(u) + cos(u) if scale > 0 else sin(u) - cos(u)
                    return replaced(listed, i, j, simplify(scaled(size, outer * root**2)))
    return None


def _conjugate(node: Expr) -> Expr | None:
    """√a + b = (a - b²) / (√a - b) where b < 0, if a - b² has fewer terms than a"""
    listed = [scaled(scale, term) for scale, term in terms(node)]
    if len(listed) != 2:
        return None
    for this, that in (listed, listed[::-1]):
        # that / this = b / √a, so the sum is this / √a * (√a + b)
        _, parts = ratio(that, this)
        for base, exponent in parts:
            if exponent == Fraction(-1, 2) and is_op(base, "add", "sub"):
                b = simplify(that / this * sqrt(base))
                value = const_value(b)
                if value is not None and value > 0:
                    continue  # nothing cancels
                rest = simplify(base - b**2)
                if len(terms(rest)) < len(terms(base)):
                    return simplify(this / sqrt(base) * apply("rootsum", base, b, rest))
    return None


def of_sum(rule: Callable[[Expr], Expr | None]) -> Callable[[Expr], Expr | None]:
    def guarded(node: Expr) -> Expr | None:
        return rule(node) if is_op(node, "add", "sub") else None

    return guarded


SUM_RULES: tuple[Rule, ...] = (
    *((f"{row.name} complement", _CANCELS, of_sum(complement_rule(row))) for row in COMPLEMENTS),
    ("hyperbolic", "the exponentials cancel or overflow", of_sum(_exponentials)),
    ("softplus reflection", _CANCELS, of_sum(_softplus_minus)),
    ("double zero", _CANCELS, of_sum(_double_zero)),
    ("conjugate", "the square root and its partner cancel", of_sum(_conjugate)),
    (
        "split constant",
        "a small remainder is kept apart",
        of_sum(_split_constant),
    ),
)
