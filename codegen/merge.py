"""Merge functions of one argument, for results that are rounded to float32 or narrower.

In: an expression over the `*_plain` or `*_short` functions. Out: the same with products of such
functions as one, so that its exponential and its division are there once, and with arguments
written alike. What is below half an ULP of float64 is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from actgen.codegen.ir import HALF, Apply, Const, Expr, apply, is_op, rewrite, walk
from actgen.codegen.ops import SLOPE

_TINY = 2.0**-50
_ROOT_2PI = (math.exp(-0.9189385332046728), 1 / math.sqrt(2 * math.pi))
# products of two functions of the same argument, or of it and of its opposite
_OPPOSITE = {("sigmoid", "sigmoid"): "sigmoidslope"}
_ALIKE = {("sech2softplus", "sigmoid"): "mishbump", ("sigmoid", "sech2softplus"): "mishbump"}


def merge(expr: Expr, kind: str) -> Expr:
    """Return `expr` with what its functions of the `kind` share."""
    for _ in range(3):
        whole = frozenset(walk(expr))
        expr = rewrite(expr, lambda node: _merged(node, kind, whole))  # noqa: B023
    return slope(expr, kind)


def _merged(node: Expr, kind: str, whole: frozenset[Expr]) -> Expr:
    if not isinstance(node, Apply):
        return node
    for rule in (_without_rest, _multiplied, _signs_out, _guarded_alike):
        node = rule(node, whole)
        if not isinstance(node, Apply):
            return node
    for merging in (_product, _bell):
        found = merging(node, kind)
        if found is not None:
            return found
    return node


def _value(node: Expr) -> float | None:
    return float(node.value) if isinstance(node, Const) else None


def _without_rest(node: Apply, whole: frozenset[Expr]) -> Expr:
    """Drop the rest of a constant factor: fma(a, c, a * d) → a * c, d tiny beside c."""
    if node.op != "fma" or not is_op(node.args[2], "mul"):
        return node
    a, c, rest = node.args
    assert isinstance(rest, Apply)
    high, low = _value(c), _value(rest.args[1])
    if rest.args[0] != a or high is None or low is None or abs(low) > _TINY * abs(high):
        return node
    return a * c


def _multiplied(node: Apply, whole: frozenset[Expr]) -> Expr:
    """Multiply by one constant: (a * c) / d → a * (c / d)."""
    if node.op != "div":
        return node
    a, divisor = node.args
    below = _value(divisor)
    if below is None or below == 0 or math.isinf(1 / below):
        return node
    if is_op(a, "mul") and isinstance(a, Apply):
        for factor, other in (a.args, a.args[::-1]):
            above = _value(factor)
            if above is not None:
                return other * Const(Fraction(above / below))
    return a * Const(Fraction(1 / below))


def _signs_out(node: Apply, whole: frozenset[Expr]) -> Expr:
    """Take signs out of guarded products: product(a, -b) → -product(a, b)."""
    if node.op == "product_rough" and is_op(node.args[1], "neg"):
        inner = node.args[1]
        assert isinstance(inner, Apply)
        return -Apply("product_rough", (node.args[0], inner.args[0]))
    return node


def _guarded_alike(node: Apply, whole: frozenset[Expr]) -> Expr:
    """Write a product as it stands elsewhere in the expression, guarded."""
    if node.op == "mul" and Apply("product_rough", node.args) in whole:
        return Apply("product_rough", node.args)
    return node


def _named(node: Expr, kind: str) -> tuple[str, Expr] | None:
    """Return the name and the argument of a function of the kind."""
    if isinstance(node, Apply) and node.op.endswith(f"_{kind}"):
        return node.op.removesuffix(f"_{kind}"), node.args[0]
    return None


def _pair(a: Expr, b: Expr, kind: str) -> Expr | None:
    first, second = _named(a, kind), _named(b, kind)
    if first is None or second is None:
        return None
    names = (first[0], second[0])
    if first[1] == second[1] and names in _ALIKE:
        return apply(f"{_ALIKE[names]}_{kind}", first[1])
    if names in _OPPOSITE and second[1] == -first[1]:
        return apply(f"{_OPPOSITE[names]}_{kind}", first[1])
    if names in _OPPOSITE and first[1] == -second[1]:
        return apply(f"{_OPPOSITE[names]}_{kind}", second[1])
    return None


def _product(node: Apply, kind: str) -> Expr | None:
    """sigmoid(v) sigmoid(-v) b → sigmoidslope(v) b, and their like."""
    if node.op not in ("mul", "product_rough"):
        return None
    a, b = node.args
    found = _pair(a, b, kind)
    if found is not None:
        return found
    if isinstance(b, Apply) and b.op == "product_rough":
        found = _pair(a, b.args[0], kind)
        return None if found is None else Apply("product_rough", (found, b.args[1]))
    return None


def _bell(node: Apply, kind: str) -> Expr | None:
    """exp(-x²/2 + c) → bell(x) exp(c)."""
    named = _named(node, kind)
    if named is None or named[0] != "exp":
        return None
    exponent, factor = named[1], 1.0
    if isinstance(exponent, Apply) and exponent.op == "add":
        shift = _value(exponent.args[1])
        if shift is None:
            return None
        exponent, factor = exponent.args[0], math.exp(shift)
    if not (isinstance(exponent, Apply) and exponent.op == "neg"):
        return None
    half = exponent.args[0]
    if not (isinstance(half, Apply) and half.op == "mul" and half.args[0] == HALF):
        return None
    square = half.args[1]
    if not (isinstance(square, Apply) and square.op == "mul" and square.args[0] == square.args[1]):
        return None
    bell = apply(f"bell_{kind}", square.args[0])
    return bell if factor == 1.0 else bell * Const(Fraction(factor))


def slope(expr: Expr, kind: str) -> Expr:
    """normcdf(x) + bell(x) x / √2π → normcdfslope(x), which keeps its digits beside its zero."""
    if not isinstance(expr, Apply):
        return expr
    if expr.op in ("mul", "product_rough"):
        return Apply(expr.op, tuple(slope(arg, kind) for arg in expr.args))
    if expr.op != "add":
        return expr
    for a, b in (expr.args, expr.args[::-1]):
        named = _named(a, kind)
        if named is not None and named[0] == "normcdf" and b in _densities(named[1], kind):
            return apply(SLOPE, named[1])
    return expr


def _densities(x: Expr, kind: str) -> Iterator[Expr]:
    """Yield x φ(x) as it may be written."""
    for factor in _ROOT_2PI:
        scaled = apply(f"bell_{kind}", x) * Const(Fraction(factor))
        yield from (Apply(op, (scaled, x)) for op in ("mul", "product_rough"))
