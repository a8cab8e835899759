"""Multiply out products of sums: an expression in, its monomials out.

Formulas are kept as they are written; rules multiply out where they look for terms that cancel.
"""

from __future__ import annotations

from fractions import Fraction

from actgen.codegen.algebra import Factor, Term, factors, from_factors, from_terms, terms
from actgen.codegen.ir import Expr, exp, is_op
from actgen.codegen.simplify import simplify

_MAX_MONOMIALS = 64
_MAX_POWER = 4


def monomials(expr: Expr) -> list[Term] | None:
    """Return `expr` multiplied out, unmerged, exponentials of one product joined.

    None where that would be too long.
    """
    if is_op(expr, "add", "sub"):
        out: list[Term] = []
        for scale, term in terms(expr):
            inner = monomials(term)
            if inner is None or len(out) + len(inner) > _MAX_MONOMIALS:
                return None
            out.extend((scale * c, t) for c, t in inner)
        return out
    coefficient, parts = factors(expr)
    products: list[tuple[Fraction, list[Factor]]] = [(coefficient, [])]
    for base, exponent in parts:
        repeat = exponent.numerator if _is_sum(base, exponent) else 1
        for _ in range(repeat):
            plain = from_factors(Fraction(1), [(base, exponent)])
            inner = monomials(base) if _is_sum(base, exponent) else [(Fraction(1), plain)]
            if inner is None or len(inner) * len(products) > _MAX_MONOMIALS:
                return None
            products = [(a * c, [*fs, (t, Fraction(1))]) for a, fs in products for c, t in inner]
    found: list[Term] = []
    for coefficient, fs in products:
        scale, listed = factors(_join(simplify(from_factors(Fraction(1), fs))))
        term = from_factors(Fraction(1), listed)
        if any(_is_sum(base, exponent) for base, exponent in listed):  # √s √s = s
            inner = monomials(term) if term != expr else None
            if inner is None:
                return None
            found.extend((coefficient * scale * c, t) for c, t in inner)
        else:
            found.append((coefficient * scale, term))
    return found


def expanded(expr: Expr) -> Expr:
    """Return `expr` multiplied out, or as it is where that would be too long."""
    found = monomials(expr)
    return simplify(expr if found is None else from_terms(found))


def cancels(listed: list[Term]) -> bool:
    """Tell whether an unmerged list has like terms of opposite sign."""
    signs: dict[frozenset[Factor], set[bool]] = {}
    for scale, term in listed:
        coefficient, parts = factors(term)
        signs.setdefault(frozenset(parts), set()).add(scale * coefficient > 0)
    return any(len(found) == 2 for found in signs.values())


def _is_sum(base: Expr, exponent: Fraction) -> bool:
    return is_op(base, "add", "sub") and exponent.denominator == 1 and 0 < exponent <= _MAX_POWER


def _join(term: Expr) -> Expr:
    """Return a product with its exponentials merged into one."""
    coefficient, parts = factors(term)
    exponents = [exponent * base.args[0] for base, exponent in parts if is_op(base, "exp")]
    if not exponents:
        return term
    total = exponents[0]
    for exponent in exponents[1:]:
        total = total + exponent
    rest = [(base, n) for base, n in parts if not is_op(base, "exp")]
    return simplify(from_factors(coefficient, [(exp(simplify(total)), Fraction(1)), *rest]))
