"""Recognise the derivatives of x sigmoid(x) and x normcdf(x): sums that cancel beside a zero.

In: a stabilised expression. Out: the same over `siluslope` and `normcdfslope`, functions that keep
their digits there; or, for x sigmoid(v) with any v of the sign of x, over `sigmoidpart`, which does
not.
"""

from __future__ import annotations

from fractions import Fraction

from actgen.codegen.algebra import Factor, factors, from_factors, scaled, terms
from actgen.codegen.ir import HALF, PI, ZERO, Apply, Expr, apply, exp, is_op, rewrite, sqrt, symbols
from actgen.codegen.signs import follows
from actgen.codegen.simplify import simplify


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


def with_sigmoid_parts(expr: Expr) -> Expr:
    """Return `expr` with sigmoid(v) + w sigmoid(v) sigmoid(-v) as `sigmoidpart`(v, w).

    Both v and w have the sign of the same symbol.
    """

    def recognised(node: Expr) -> Expr:
        if not is_op(node, "add"):
            return node
        for first, second in (node.args, node.args[::-1]):
            if is_op(first, "sigmoid"):
                (v,) = first.args
                w = sigmoid_factor(v, second)
                if w is not None and any(follows(v, s) and follows(w, s) for s in symbols(v)):
                    return apply("sigmoidpart", v, _with_constant_inside(w))
        return node

    return rewrite(expr, recognised)


def _with_constant_inside(product: Expr) -> Expr:
    """c x (a + b) → x (c a + c b): one constant less to carry a rounding error of"""
    coefficient, parts = factors(product)
    constants = [f for f in parts if not symbols(f[0])]
    sums = [f for f in parts if is_op(f[0], "add") and f[1] == 1 and symbols(f[0])]
    if len(sums) != 1:
        return product
    constant = from_factors(coefficient, constants)
    spread = [simplify(constant * scaled(*term)) for term in terms(sums[0][0])]
    rest = [f for f in parts if f not in constants and f not in sums]
    return from_factors(Fraction(1), rest) * sum(spread[1:], spread[0])


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


def sigmoid_factor(v: Expr, product: Expr) -> Expr | None:
    """Return w of w sigmoid(v) sigmoid(-v), None if a product is not of that form."""
    coefficient, parts = unguarded_factors(product)
    rest: list[Factor] = []
    found = [False, False]
    for base, exponent in parts:
        side = _side(base, v) if exponent == 1 else None
        if side is None or found[side]:
            rest.append((base, exponent))
        else:
            found[side] = True
    return from_factors(coefficient, rest) if all(found) else None


def _side(base: Expr, v: Expr) -> int | None:
    """Return 0 for sigmoid(v), 1 for sigmoid(-v)."""
    if not isinstance(base, Apply) or base.op != "sigmoid":
        return None
    (u,) = base.args
    if u == v:
        return 0
    return 1 if simplify(u + v) == ZERO else None
