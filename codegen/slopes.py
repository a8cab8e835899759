"""Recognise the derivatives of x sigmoid(x) and x normcdf(x): sums that cancel beside a zero.

In: a stabilised expression. Out: the same over `siluslope` and `normcdfslope`, functions that keep
their digits there.
"""

from __future__ import annotations

from fractions import Fraction

from actgen.codegen.algebra import Factor, factors
from actgen.codegen.ir import HALF, PI, Apply, Expr, apply, exp, is_op, rewrite, sqrt


def with_slopes(expr: Expr) -> Expr:
    """Return `expr` with what it holds of these derivatives as functions."""
    return rewrite(expr, _recognised)


def _recognised(node: Expr) -> Expr:
    if isinstance(node, Apply) and node.op == "add":
        for first, second in (node.args, node.args[::-1]):
            if not isinstance(first, Apply):
                continue
            if first.op == "sigmoid" and same_factors(second, _silu_term(first.args[0])):
                return apply("siluslope", first.args[0])
            if first.op == "normcdf" and same_factors(second, _normcdf_term(first.args[0])):
                return apply("normcdfslope", first.args[0])
    return node


def _silu_term(u: Expr) -> Expr:
    """u sigmoid(u) sigmoid(-u)"""
    return u * apply("sigmoid", u) * apply("sigmoid", -u)


def _normcdf_term(u: Expr) -> Expr:
    """u exp(-u²/2) / √2π"""
    return u * exp(-(HALF * u**2)) / sqrt(2 * PI)


def same_factors(a: Expr, b: Expr) -> bool:
    """Tell whether two products have the same factors, guarded or not, in any order."""
    (one, first), (other, second) = unguarded_factors(a), unguarded_factors(b)
    return one == other and set(first) == set(second)


def unguarded_factors(expr: Expr) -> tuple[Fraction, list[Factor]]:
    """Return the factors of a product whose factors may be products with guards."""
    return factors(rewrite(expr, _plain))


def _plain(node: Expr) -> Expr:
    """Drop the guards of products and move signs out of them."""
    if not isinstance(node, Apply) or node.op not in ("product", "mul"):
        return node
    a, b = node.args
    for this, other in ((a, b), (b, a)):
        if is_op(this, "neg"):
            return -_plain(other * this.args[0] if this is b else this.args[0] * other)
    return a * b
