"""Recognise derivatives that GPUs have functions of their own for: sums of products of sigmoids.

In: a stabilised expression. Out: the same over functions whose parts share one exponential.
"""

from __future__ import annotations

from actgen.codegen.algebra import Factor, from_factors
from actgen.codegen.ir import ZERO, Apply, Expr, apply, is_op, rewrite, sech2
from actgen.codegen.simplify import simplify
from actgen.codegen.slopes import same_factors, unguarded_factors


def with_gpu_slopes(expr: Expr) -> Expr:
    """Return `expr` with what it holds of these derivatives as functions."""
    return rewrite(expr, _recognised)


def _recognised(node: Expr) -> Expr:
    if not is_op(node, "add"):
        return node
    for first, second in (node.args, node.args[::-1]):
        if is_op(first, "sigmoid"):
            factor = _of_both(first.args[0], second)
            if factor is not None:
                return apply("sigmoidpart_approx", first.args[0], factor)
        if is_op(first, "tanh") and is_op(first.args[0], "softplus"):
            (u,) = first.args[0].args
            if same_factors(second, u * sech2(first.args[0]) * apply("sigmoid", u)):
                return apply("mishslope_approx", u)
    return node


def _of_both(v: Expr, product: Expr) -> Expr | None:
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
