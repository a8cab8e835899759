"""Simplify expressions by exact identities: an expression in, an equal and smaller one out.

Folds exact numbers, merges like terms and equal factors, and drops selections whose condition is
decided. Nothing here trades accuracy: identities that change how a value is computed have their
own place, `stabilise`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from actgen.codegen.algebra import Factor, factors, from_factors, from_terms, terms
from actgen.codegen.ir import ONE, ZERO, Apply, Const, Expr, apply, const_value, is_op, rewrite

_COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
# f(0) where it is an exact number
_AT_ZERO: dict[str, Expr] = {
    **dict.fromkeys(("sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh"), ZERO),
    **dict.fromkeys(("expm1", "log1p", "erf", "sqrt", "abs", "sign", "logcosh"), ZERO),
    **dict.fromkeys(("exp", "cos", "cosh", "erfc", "sech2"), ONE),
    **dict.fromkeys(("sigmoid", "normcdf"), Const(Fraction(1, 2))),
}
_ODD = frozenset(("sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "erf", "sign"))
_EVEN = frozenset(("cos", "cosh", "abs", "sech2", "logcosh"))
_ROUNDING: dict[str, Callable[[Fraction], int]] = {
    "floor": lambda v: v.numerator // v.denominator,
    "ceil": lambda v: -(-v.numerator // v.denominator),
    "round": round,
}


def simplify(expr: Expr) -> Expr:
    """Return `expr` with every exact identity of this module applied, bottom-up."""
    return rewrite(expr, step)


def step(node: Expr) -> Expr:
    """Simplify one node whose arguments are simplified."""
    if not isinstance(node, Apply):
        return node
    if node.op in ("add", "sub"):
        return _settled(node, from_terms(terms(node)))
    if node.op in ("mul", "div", "neg", "pow", "sqrt"):
        return _product(node)
    values = [const_value(arg) for arg in node.args]
    if node.op in _COMPARE:
        if values[0] is not None and values[1] is not None:
            return _truth(_COMPARE[node.op](values[0], values[1]))
        return _comparison(node, values)
    if len(node.args) == 1:
        return _unary(node, values[0])
    if node.op in ("min", "max"):
        return _extremum(node, values)
    if node.op == "where":
        return _where(node)
    if node.op == "product" and (values[0] is not None or values[1] is not None):
        return step(node.args[0] * node.args[1])
    return node


def _product(node: Apply) -> Expr:
    if node.op == "neg" and is_op(node.args[0], "add", "sub"):
        return from_terms((-scale, term) for scale, term in terms(node.args[0]))
    if node.op == "neg" and is_op(node.args[0], "where"):
        condition, a, b = node.args[0].args
        if const_value(a) is not None or const_value(b) is not None:
            return apply("where", condition, step(-a), step(-b))
    if node.op == "pow" and const_value(node.args[1]) is None:
        return node
    coefficient, parts = factors(node)
    return _settled(node, from_factors(coefficient, _signs(parts)))


def _settled(node: Apply, made: Expr) -> Expr:
    """Return what was made of a node; if that is a negation now, it may simplify further."""
    return step(made) if is_op(made, "neg") and made != node else made


def _signs(parts: list[Factor]) -> list[Factor]:
    """sign(u)**2 = 1, sign(u) * u = |u|, sign(u) * |u| = u, u/|u| = |u|/u = sign(u)"""
    powers = dict(parts)
    for base, exponent in parts:
        if is_op(base, "abs"):
            (u,) = base.args
            other = powers.get(u, Fraction(0))
            if exponent * other < 0 and abs(exponent) == 1 and other.denominator == 1:
                quotient = apply("sign", u)
                powers[base] = Fraction(0)
                powers[u] = other + exponent
                powers[quotient] = powers.get(quotient, Fraction(0)) + 1
    parts = list(powers.items())
    for base, exponent in parts:
        if not is_op(base, "sign") or exponent.denominator != 1 or exponent < 1:
            continue
        powers[base] = exponent % 2
        (u,) = base.args
        for this, partner in ((u, apply("abs", u)), (apply("abs", u), u)):
            if powers[base] and powers.get(this, 0) >= 1:
                powers[base] -= 1
                powers[this] -= 1
                powers[partner] = powers.get(partner, Fraction(0)) + 1
    return [(base, exponent) for base, exponent in powers.items() if exponent]


def _unary(node: Apply, value: Fraction | None) -> Expr:
    arg = node.args[0]
    if value == 0 and node.op in _AT_ZERO:
        return _AT_ZERO[node.op]
    if value is not None:
        if node.op == "abs":
            return Const(abs(value))
        if node.op == "sign":
            return Const(Fraction((value > 0) - (value < 0)))
        if node.op in _ROUNDING:
            return Const(Fraction(_ROUNDING[node.op](value)))
    if value == 1 and node.op == "log":
        return ZERO
    if node.op == "abs" and is_op(arg, "abs", "exp", "sqrt", "sigmoid", "sech2"):
        return arg
    if node.op == "not" and is_op(arg, "not"):
        return arg.args[0]
    if node.op in _ODD | _EVEN:
        coefficient, parts = factors(arg)
        if coefficient < 0 and not is_op(arg, "add", "sub"):
            positive = apply(node.op, from_factors(-coefficient, parts))
            return positive if node.op in _EVEN else -positive
    return node


def _extremum(node: Apply, values: list[Fraction | None]) -> Expr:
    a, b = node.args
    if a == b:
        return a
    if values[0] is not None and values[1] is not None:
        return Const((min if node.op == "min" else max)(values[0], values[1]))
    infinite = [i for i, arg in enumerate(node.args) if is_op(arg, "inf") or arg == -Apply("inf")]
    for i in infinite:
        if is_op(node.args[i], "inf") == (node.op == "min"):
            return node.args[1 - i]
    return node


def _comparison(node: Apply, values: list[Fraction | None]) -> Expr:
    """c x + d < e is x < (e - d)/c; max(u, c) < d is u < d for c < d, min likewise"""
    if values[0] is not None:
        return _comparison(Apply(_MIRRORED[node.op], node.args[::-1]), values[::-1])
    bound = values[1]
    if bound is None:
        return node
    side = node.args[0]
    keep, inner = ("max", ("lt", "le")) if is_op(side, "max") else ("min", ("gt", "ge"))
    if is_op(side, keep) and node.op in inner:
        for u, other in (side.args, side.args[::-1]):
            limit = const_value(other)
            if limit is not None and (limit < bound if keep == "max" else limit > bound):
                return step(apply(node.op, u, bound))
    listed = terms(side)
    constant = sum((scale for scale, term in listed if term == ONE), Fraction(0))
    rest = [(scale, term) for scale, term in listed if term != ONE]
    if len(rest) != 1 or (constant == 0 and rest[0][0] == 1):
        return node
    scale, term = rest[0]
    op = node.op if scale > 0 else _MIRRORED[node.op]
    return apply(op, term, (bound - constant) / scale)


def _truth(value: bool) -> Expr:
    return apply("eq", 0, 0) if value else apply("eq", 0, 1)


def truth(condition: Expr) -> bool | None:
    """Return what a condition between two literals says, or None."""
    if isinstance(condition, Apply) and condition.op in _COMPARE:
        a, b = (const_value(arg) for arg in condition.args)
        if a is not None and b is not None:
            return _COMPARE[condition.op](a, b)
    return None


def _where(node: Apply) -> Expr:
    condition, a, b = node.args
    if a == b:
        return a
    if is_op(condition, "not"):
        return _where(Apply("where", (condition.args[0], b, a)))
    decided = truth(condition)
    if decided is not None:
        return a if decided else b
    # where(c, where(c, p, q), r) = where(c, p, r), and the same on the other side
    if is_op(a, "where") and a.args[0] == condition:
        a = a.args[1]
    if is_op(b, "where") and b.args[0] == condition:
        b = b.args[2]
    return Apply("where", (condition, a, b))
