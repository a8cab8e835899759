"""Stabilise what is computed last: exponentials of sizes, which need no derivative any more.

With z = e^-|u| nothing overflows. These forms have corners that their derivatives would see, so
they are made when the derivative is taken already.
"""

from __future__ import annotations

from fractions import Fraction
from math import nextafter

from actgen.codegen.algebra import Factor, factors, power, terms
from actgen.codegen.ir import (
    ONE,
    ZERO,
    Const,
    Expr,
    absolute,
    apply,
    const_value,
    depends_on,
    exp,
    expm1,
    is_op,
    log,
    maximum,
    minimum,
    sigmoid,
    sign,
    symbols,
    walk,
    where,
)
from actgen.codegen.rules_product import Rule, of_product, rebuilt
from actgen.codegen.simplify import simplify

Polynomial = dict[int, Expr]
_MAX_DEGREE = 8


def _polynomial(expr: Expr, variable: Expr) -> Polynomial | None:
    """Return `expr` as a polynomial in exp(`variable`), or None."""
    if is_op(expr, "add", "sub"):
        total: Polynomial = {}
        for scale, term in terms(expr):
            inner = _polynomial(term, variable)
            if inner is None:
                return None
            for n, c in inner.items():
                total[n] = simplify(total.get(n, ZERO) + scale * c)
        return {n: c for n, c in total.items() if c != ZERO}
    coefficient, parts = factors(expr)
    result: Polynomial = {0: Const(coefficient)}
    for base, exponent in parts:
        step: Polynomial | None = None
        repeat = 1
        if is_op(base, "exp"):
            count = const_value(simplify(exponent * base.args[0] / variable))
            whole = count is not None and count.denominator == 1 and count > 0
            step = {int(count): ONE} if count is not None and whole else None
        elif not depends_on(base, exp(variable)) and not any(is_op(e, "exp") for e in walk(base)):
            step = {0: power(base, exponent) if exponent > 0 else 1 / power(base, -exponent)}
        elif exponent.denominator == 1 and exponent > 0 and is_op(base, "add", "sub"):
            step, repeat = _polynomial(base, variable), exponent.numerator
        if step is None or repeat > _MAX_DEGREE:
            return None
        for _ in range(repeat):
            result = _multiply(result, step)
        if max(result, default=0) > _MAX_DEGREE:
            return None
    return result


def _multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    out: Polynomial = {}
    for n, a in p.items():
        for m, b in q.items():
            out[n + m] = simplify(out.get(n + m, ZERO) + a * b)
    return {n: c for n, c in out.items() if c != ZERO}


def _rational_in_exp(node: Expr) -> Expr | None:
    """P(e^u)/Q(e^u) is computed from z = e^-|u|, with both polynomials reversed for u > 0"""
    coefficient, parts = factors(node)
    below = [base for base, exponent in parts if exponent < 0 and is_op(base, "add", "sub")]
    for base in below:
        variables = {e.args[0] for e in walk(base) if is_op(e, "exp")}
        for u in sorted(variables, key=lambda e: (len(repr(e)), repr(e))):
            if any(is_op(part, "abs") for part in walk(u)):
                continue
            found = {
                i: (poly, exponent)
                for i, (part, exponent) in enumerate(parts)
                if exponent.denominator == 1
                and (poly := _polynomial(part, u)) is not None
                and max(poly, default=0) > 0
            }
            if any(parts[i][0] == base and len(found[i][0]) > 1 for i in found):
                return _reversed(coefficient, parts, u, found)
    return None


def _reversed(
    coefficient: Fraction,
    parts: list[Factor],
    u: Expr,
    found: dict[int, tuple[Polynomial, Fraction]],
) -> Expr:
    z = exp(simplify(-absolute(u)))
    degree = sum((max(poly) * exponent for poly, exponent in found.values()), Fraction(0))
    right: Expr = ONE if degree == 0 else exp(degree * u) if degree > 0 else power(z, -degree)
    left: Expr = ONE
    for poly, exponent in found.values():
        top = max(poly)
        right = right * _value({top - n: c for n, c in poly.items()}, z) ** exponent
        left = left * _value(poly, z) ** exponent
    chosen = where(apply("gt", u, 0), simplify(right), simplify(left))
    return rebuilt(coefficient, parts, set(found), (chosen, Fraction(1)))


def _value(poly: Polynomial, z: Expr) -> Expr:
    total: Expr = ZERO
    for n in sorted(poly):
        total = total + poly[n] * (power(z, Fraction(n)) if n else ONE)
    return simplify(total)


def _hyperbolic_reciprocal(node: Expr) -> Expr | None:
    """1/cosh u = 2z/(1 + z²), 1/sinh u = 2z/(sign(u) (1 - z²)), z = e^-|u|"""
    coefficient, parts = factors(node)
    for i, (base, n) in enumerate(parts):
        if not is_op(base, "sinh", "cosh") or n >= 0 or n.denominator != 1:
            continue
        (u,) = base.args
        size = absolute(u)
        new: list[Factor] = [(exp(simplify(n * size)), Fraction(1))]
        if is_op(base, "cosh"):
            new.append((1 + exp(simplify(-2 * size)), n))
            return rebuilt(coefficient / Fraction(2) ** n.numerator, parts, {i}, *new)
        new += [(expm1(simplify(-2 * size)), n), (sign(u), n)]
        return rebuilt(coefficient / Fraction(-2) ** n.numerator, parts, {i}, *new)
    return None


def _expm1_reciprocal(node: Expr) -> Expr | None:
    """1/(e^u - 1) = e^-max(u, 0) / (sign(u) (1 - z)), z = e^-|u|"""
    coefficient, parts = factors(node)
    for i, (base, n) in enumerate(parts):
        if not is_op(base, "expm1") or n >= 0 or n.denominator != 1:
            continue
        (u,) = base.args
        size = absolute(u)
        if not symbols(u) or _negative(u):
            continue
        new = [(exp(simplify(n * maximum(u, 0))), Fraction(1)), (expm1(simplify(-size)), n)]
        return rebuilt(coefficient * (-1) ** (n.numerator % 2), parts, {i}, *new, (sign(u), n))
    return None


def _negative(u: Expr) -> bool:
    """Tell whether u is -c |v|, c > 0."""
    coefficient, parts = factors(u)
    return coefficient < 0 and len(parts) == 1 and is_op(parts[0][0], "abs", "exp")


def _power_of_sigmoid(node: Expr) -> Expr | None:
    """σ(u)^p = e^(p min(u, 0)) σ(|u|)^p, where p is no whole number"""
    if is_op(node, "pow"):
        base, p = node.args
    elif is_op(node, "sqrt"):
        base, p = node.args[0], Const(Fraction(1, 2))
    else:
        return None
    value = const_value(p)
    whole = value is not None and value.denominator == 1
    if whole or not is_op(base, "sigmoid") or is_op(base.args[0], "abs"):
        return None
    (u,) = base.args
    return exp(p * minimum(u, 0)) * apply("pow", sigmoid(absolute(u)), p)


def _exact_exponent(node: Expr) -> Expr | None:
    """u^p = u^q e^((p - q) log u), where p is no float64 and q the one next to it towards 0"""
    p = const_value(node.args[1]) if is_op(node, "pow") else None
    if p is None or p.denominator & (p.denominator - 1) == 0:
        return None
    q = Fraction(float(p))
    if abs(q) > abs(p):
        q = Fraction(nextafter(float(p), 0.0))
    (u, _) = node.args
    return apply("pow", u, q) * exp((p - q) * log(u))


LAST_EXPONENTIAL_RULES: tuple[Rule, ...] = (
    ("rational in exp", "numerator and denominator overflow", of_product(_rational_in_exp)),
    ("hyperbolic reciprocal", "cosh and sinh overflow", of_product(_hyperbolic_reciprocal)),
    ("expm1 reciprocal", "the exponential overflows", of_product(_expm1_reciprocal)),
    ("power of a sigmoid", "the sigmoid underflows before its power does", _power_of_sigmoid),
    ("exact exponent", "rounding the exponent costs digits of the power", _exact_exponent),
)
