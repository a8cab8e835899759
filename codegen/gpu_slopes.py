"""Recognise derivatives that GPUs have functions of their own for: sums of products of sigmoids.

In: a stabilised expression. Out: the same over functions whose parts share one exponential.
"""

from __future__ import annotations

from actgen.codegen.ir import Expr, apply, is_op, rewrite, sech2
from actgen.codegen.slopes import same_factors, sigmoid_factor


def with_gpu_slopes(expr: Expr) -> Expr:
    """Return `expr` with what it holds of these derivatives as functions."""
    return rewrite(expr, _recognised)


def _recognised(node: Expr) -> Expr:
    if not is_op(node, "add"):
        return node
    for first, second in (node.args, node.args[::-1]):
        if is_op(first, "sigmoid"):
            factor = sigmoid_factor(first.args[0], second)
            if factor is not None:
                return apply("sigmoidpart_approx", first.args[0], factor)
        if is_op(first, "tanh") and is_op(first.args[0], "softplus"):
            (u,) = first.args[0].args
            if same_factors(second, u * sech2(first.args[0]) * apply("sigmoid", u)):
                return apply("mishslope_approx", u)
    return node
