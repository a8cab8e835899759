"""Choose cheaper functions for results that are rounded to float32 or narrower.

In: a stabilised expression and what it was lowered to. Out: the same over the `*_short` functions,
or over the `*_plain` ones where errors of 2**-32 could grow: in sums that may cancel, in functions
that magnify the error of their argument, in comparisons. Rounding errors of arguments are dropped.
"""

from __future__ import annotations

from collections.abc import Container

from actgen.codegen.algebra import factors
from actgen.codegen.guard import keep_nan
from actgen.codegen.ir import (
    ONE,
    ZERO,
    Apply,
    Const,
    Expr,
    Symbol,
    apply,
    is_op,
    rewrite,
    symbols,
    walk,
)
from actgen.codegen.merge import merge
from actgen.codegen.ops import CIRCULAR, ROUGH
from actgen.codegen.signs import sign_of

_TAME = frozenset(("tanh", "erf", "log1p", "sqrt", "abs"))  # relative errors do not grow in them
_PLAIN = frozenset(("mul", "div", "neg", "product"))
_LARGEST_POWER = 4


def shorten(exact: Expr, lowered: Expr, params: Container[Expr] = ()) -> Expr | None:
    """Return `lowered` with cheaper functions, None where there are none in it.

    Divisions by one of `params` become products: loops divide once.
    """
    if not any(is_op(node, *ROUGH, *CIRCULAR) for node in walk(exact)):
        return None
    kind = "short" if _suits(exact) else "plain"
    whole = CIRCULAR if _vanishes_anywhere(exact, params) else ()
    if whole and not any(is_op(node, *ROUGH) for node in walk(exact)):
        return None

    def cheaper(node: Expr) -> Expr:
        if not isinstance(node, Apply):
            return node
        if is_op(node, "div") and node.args[1] in params:
            return node.args[0] * (ONE / node.args[1])
        if is_op(node, "add") and ZERO in node.args:
            return node.args[node.args[0] == ZERO]
        name = node.op.removesuffix("_times").removesuffix("_twofold")
        if node.op.split("_")[0] in whole:
            return node
        if name in CIRCULAR:
            return Apply(f"{node.op}_plain", node.args)
        if node.op.endswith("_rest") and node.op.split("_")[0] in CIRCULAR:
            return ZERO
        if name == "product":
            return Apply("product_rough", node.args)
        if name not in ROUGH:
            return node
        value = apply(f"{name}_{kind}", node.args[0])
        return apply("product_rough", value, node.args[-1]) if node.op.endswith("_times") else value

    return _unguarded(merge(rewrite(lowered, cheaper), kind))


def _vanishes_anywhere(expr: Expr, params: Container[Expr]) -> bool:
    """Tell whether there is a sum with a sine or cosine that huge numbers may bring near 0.

    That is any but a bounded one with a term that grows: what is lost is small beside it.
    """
    wave: dict[Expr, bool] = {}
    for node in walk(expr):
        wave[node] = is_op(node, *CIRCULAR) or any(wave[arg] for arg in node.args)
        if is_op(node, "add", "sub") and wave[node]:
            a, b = node.args
            term, other = (a, b) if wave[a] else (b, a)
            if wave[other] or not _grows(other, params) or not _bounded(term, params):
                return True
    return False


def _bounded(expr: Expr, params: Container[Expr]) -> bool:
    """Tell whether an expression is a product of sines, cosines, parameters and constants."""
    return all(
        (is_op(base, *CIRCULAR) and exponent > 0) or all(s in params for s in symbols(base))
        for base, exponent in factors(expr)[1]
    )


def _grows(expr: Expr, params: Container[Expr]) -> bool:
    """Tell whether an expression is a product of parameters, constants and something else."""
    return any(symbol not in params for symbol in symbols(expr)) and all(
        not base.args and (exponent > 0 or not symbols(base)) for base, exponent in factors(expr)[1]
    )


def _unguarded(expr: Expr) -> Expr:
    """Leave a test for NaN out where every way through the expression carries it."""
    if isinstance(expr, Apply) and expr.op == "where":
        condition, value, otherwise = expr.args
        if isinstance(value, Symbol) and condition == apply("ne", value, value):
            return keep_nan(otherwise, value)
    return expr


def _suits(expr: Expr) -> bool:
    """Tell whether small relative errors of the functions stay small."""
    rough: dict[Expr, bool] = {}
    for node in walk(expr):
        inner = any(rough[arg] for arg in node.args)
        rough[node] = inner or is_op(node, *ROUGH, *CIRCULAR)
        if inner and isinstance(node, Apply) and not _harmless(node, rough):
            return False
    return True


def _harmless(node: Apply, rough: dict[Expr, bool]) -> bool:
    if node.op in _PLAIN or node.op in _TAME:
        return True
    if node.op == "where":
        return not rough[node.args[0]]
    if node.op == "pow":
        exponent = node.args[1]
        return isinstance(exponent, Const) and abs(exponent.value) <= _LARGEST_POWER
    if node.op == "add":
        signs = {sign_of(arg) for arg in node.args}
        return len(signs) == 1 and 0 not in signs
    if node.op == "sub":
        return sign_of(node.args[0]) * sign_of(node.args[1]) < 0
    return False
