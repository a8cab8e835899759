"""Arrange a formula as people write it: an expression in, an equal one for reading out."""

from __future__ import annotations

from fractions import Fraction

from actgen.codegen.algebra import factors, from_factors
from actgen.codegen.ir import ZERO, Const, Expr, is_op, rewrite, walk, where
from actgen.codegen.simplify import simplify

_SMALL = 9  # denominators up to it read well as fractions
_PLACES = 10**6


def tidy(expr: Expr) -> Expr:
    """Return `expr` with numbers out of its quotients and factors within choices against 0."""
    return rewrite(expr, lambda node: _quotient(node) if is_op(node, "div") else _choice(node))


def _quotient(node: Expr) -> Expr:
    """851 x / 500 = 1.702 x, (x/2) / y = x / (2 y)"""
    above, below = node.args
    number, parts = factors(above)
    if number in (1, -1) or not parts or is_op(above, "add", "sub"):
        return node
    if isinstance(below, Const):
        scale = number / below.value
        short = scale.denominator <= _SMALL or (scale * _PLACES).denominator == 1
        return Const(scale) * from_factors(Fraction(1), parts) if short else node
    if 1 < number.denominator <= _SMALL:
        numerator = from_factors(Fraction(number.numerator), parts)
        return numerator / (Const(Fraction(number.denominator)) * below)
    return node


def _choice(node: Expr) -> Expr:
    """u * where(c, a, 0) = where(c, u a, 0)"""
    if not is_op(node, "mul"):
        return node
    for factor, choice in (node.args, node.args[::-1]):
        nested = any(is_op(part, "where") for part in walk(factor))
        if is_op(choice, "where") and ZERO in choice.args[1:] and not nested:
            condition, *values = choice.args
            return where(condition, *(tidy(simplify(factor * value)) for value in values))
    return node
