"""Stabilise sums of quotients: terms that cancel over a common denominator, or multiplied out."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from actgen.codegen.algebra import Factor, Term, factors, from_factors, from_terms, scaled, terms
from actgen.codegen.expand import cancels, expanded, monomials
from actgen.codegen.ir import Expr, is_op, maximum, minimum
from actgen.codegen.rules_sum import Rule, of_sum, partner, reading, replaced
from actgen.codegen.simplify import simplify

_MAX_DENOMINATORS = 3
Split = list[tuple[Fraction, list[Factor]]]


def _common_denominator(node: Expr) -> Expr | None:
    """a/d - b/d² = (a d - b)/d² where something cancels in the numerator"""
    listed = terms(node)
    split = [factors(scaled(scale, term)) for scale, term in listed]
    for below in _denominators(split):
        lowest = {
            base: min(dict(parts).get(base, Fraction(0)) for _, parts in split) for base in below
        }
        group = [k for k, (_, parts) in enumerate(split) if _fits(parts, lowest)]
        if len(group) < 2:
            continue
        numerator = _lifted([split[k] for k in group], lowest)
        if numerator is not None and cancels(numerator):
            above = simplify(from_terms(numerator))
            quotient = from_factors(Fraction(1), [(above, Fraction(1)), *lowest.items()])
            rest = [t for k, t in enumerate(listed) if k not in group]
            return simplify(from_terms([(Fraction(1), simplify(quotient)), *rest]))
    return None


def _denominators(split: Split) -> Iterator[list[Expr]]:
    """Yield the sums that terms are divided by: one at a time, then all together."""
    found = {base for _, parts in split for base, n in parts if n < 0 and is_op(base, "add", "sub")}
    listed = sorted(found, key=repr)
    for base in listed:
        yield [base]
    if 2 <= len(listed) <= _MAX_DENOMINATORS:
        yield listed


def _fits(parts: list[Factor], lowest: dict[Expr, Fraction]) -> bool:
    """Tell whether a term over these denominators stays free of odd powers."""
    powers = dict(parts)
    whole = len(lowest) == 1
    return all(
        (powers.get(base, Fraction(0)) - n).denominator <= (1 if whole else 2)
        for base, n in lowest.items()
    )


def _lifted(split: Split, lowest: dict[Expr, Fraction]) -> list[Term] | None:
    """Return the terms times the common denominator, multiplied out."""
    numerator: list[Term] = []
    for coefficient, parts in split:
        powers = dict(parts)
        lifted = [f for f in parts if f[0] not in lowest]
        lifted += [(base, powers.get(base, Fraction(0)) - n) for base, n in lowest.items()]
        inner = monomials(from_factors(coefficient, [f for f in lifted if f[1] != 0]))
        if inner is None:
            return None
        numerator.extend(inner)
    return numerator


def _multiplied_out(node: Expr) -> Expr | None:
    """(x + 1)² - x² - 1 = 2 x: products of sums are multiplied out where terms cancel"""
    found = monomials(node)
    if found is None or len(found) == len(terms(node)) or not cancels(found):
        return None
    result = simplify(from_terms(found))
    return result if len(terms(result)) <= len(terms(node)) else None


def _one_sided(node: Expr) -> Expr | None:
    """u + |u| = 2 max(u, 0), u - |u| = 2 min(u, 0)"""
    listed = terms(node)
    for i, (scale, term) in enumerate(listed):
        for u, rest in reading(term, "abs"):
            for sign, bounded in ((1, maximum(u, 0)), (-1, minimum(u, 0))):
                j = partner(listed, i, simplify(scaled(sign * scale, rest * u)))
                if j is not None:
                    new = simplify(scaled(2 * sign * scale, rest * bounded))
                    return replaced(listed, i, j, new)
    return None


def _one_sided_quotient(node: Expr) -> Expr | None:
    """u/(1 + |u|) + 1 = (1 + 2 max(u, 0))/(1 + |u|), with either sign"""
    listed = terms(node)
    split = [factors(scaled(scale, term)) for scale, term in listed]
    for below in _denominators(split):
        sizes = [t for _, t in terms(below[0]) if is_op(t, "abs")] if len(below) == 1 else []
        if not sizes:
            continue
        lifted = [expanded(scaled(s, t) * below[0]) for s, t in listed]
        above = expanded(from_terms((Fraction(1), part) for part in lifted))
        result = _one_sided(above)
        if result is not None:
            return simplify(result / below[0])
    return None


QUOTIENT_RULES: tuple[Rule, ...] = (
    ("common denominator", "the quotients cancel", of_sum(_common_denominator)),
    ("multiplied out", "the products cancel", of_sum(_multiplied_out)),
)
LAST_QUOTIENT_RULES: tuple[Rule, ...] = (
    ("one-sided quotient", "the terms cancel on one side of 0", of_sum(_one_sided_quotient)),
)
