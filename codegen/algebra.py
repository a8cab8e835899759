"""View expressions as sums of terms and products of powers, and build them back.

`terms` flattens +, - and unary minus into (coefficient, term) pairs; `factors` flattens *, /,
powers and square roots into a coefficient and (base, exponent) pairs. Like terms and equal bases
are merged, the order of first appearance is kept, and nothing is ever multiplied out. Rules match
on these views, so it does not matter in which order a formula was written.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import isqrt
from typing import TypeAlias

from actgen.codegen.ir import (
    ONE,
    ZERO,
    Apply,
    Const,
    Expr,
    Symbol,
    apply,
    const_value,
    is_op,
    symbols,
)
from actgen.codegen.ops import OPS

Term: TypeAlias = tuple[Fraction, Expr]
Factor: TypeAlias = tuple[Expr, Fraction]

_HALF = Fraction(1, 2)
_MAX_DIGITS = 8192  # constant powers of more binary digits are kept as written


def factors(expr: Expr) -> tuple[Fraction, list[Factor]]:
    """Return `expr` as coefficient * base_1**e_1 * base_2**e_2 * …"""
    coefficient = Fraction(1)
    merged: dict[Expr, Fraction] = {}

    def collect(node: Expr, exponent: Fraction) -> None:
        nonlocal coefficient
        value = const_value(node)
        if value is not None and _is_short(value, exponent) and (value != 0 or exponent > 0):
            coefficient *= value**exponent.numerator
            return
        integral = exponent.denominator == 1
        if isinstance(node, Apply):
            if node.op == "neg" and integral:
                coefficient *= (-1) ** (exponent.numerator % 2)
                return collect(node.args[0], exponent)
            if node.op in ("mul", "div") and integral:
                collect(node.args[0], exponent)
                return collect(node.args[1], -exponent if node.op == "div" else exponent)
            if node.op == "sqrt":
                return collect_power(node.args[0], _HALF, exponent)
            if node.op == "pow":
                power = const_value(node.args[1])
                if power is not None:
                    return collect_power(node.args[0], power, exponent)
            if node.op == "abs" and exponent.denominator == 1 and exponent.numerator % 2 == 0:
                return collect(node.args[0], exponent)
        merged[node] = merged.get(node, Fraction(0)) + exponent

    def collect_power(base: Expr, power: Fraction, exponent: Fraction) -> None:
        if power.denominator == 1:
            return collect(base, power * exponent)
        # (base**power)**exponent: only the merged exponent may make it integral again
        merged[base] = merged.get(base, Fraction(0)) + power * exponent

    collect(expr, Fraction(1))
    for base, exponent in list(merged.items()):
        if is_op(base, "abs") and abs(exponent) >= 2 and exponent.denominator == 1:
            odd = exponent - 2 * (exponent.numerator // 2)
            merged[base] = odd  # |u|**3 = u**2 |u|
            collect(base.args[0], exponent - odd)
    listed: list[Factor] = []
    for base, exponent in merged.items():
        value = const_value(base)
        if exponent == 0:
            continue
        exact = None if value is None or value <= 0 else exact_power(value, exponent)
        if exact is not None:
            coefficient *= exact
        else:
            listed.append((base, exponent))
    return coefficient, listed


def _is_short(value: Fraction, exponent: Fraction) -> bool:
    """Tell whether an exponent is whole, and value**exponent no longer than is good to compute."""
    digits = max(value.numerator.bit_length(), value.denominator.bit_length())
    return exponent.denominator == 1 and abs(exponent) * digits <= _MAX_DIGITS


def exact_power(value: Fraction, exponent: Fraction) -> Fraction | None:
    """Return value**exponent, for whole and half exponents, where it is a short rational number."""
    if exponent.denominator == 1:
        return value**exponent.numerator if _is_short(value, exponent) else None
    if not _is_short(value, Fraction(exponent.numerator)):
        return None
    roots = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    if exponent.denominator == 2 and roots**2 == value:
        return roots**exponent.numerator
    return None


def power(base: Expr, exponent: Fraction) -> Expr:
    """Return base**exponent in its simplest spelling."""
    if exponent == 1:
        return base
    if exponent == _HALF:
        return apply("sqrt", base)
    return apply("pow", base, exponent)


def _plain(coefficient: Fraction) -> bool:
    """Tell whether a coefficient is better multiplied by than divided by its denominator."""
    q = coefficient.denominator
    return q & (q - 1) == 0 or q > 1000


def from_factors(coefficient: Fraction, parts: Iterable[Factor]) -> Expr:
    """Build coefficient * product of base**exponent as a readable quotient."""
    parts = list(parts)
    if coefficient == 0 or not parts:
        return Const(coefficient)
    above: Expr | None = None
    below: Expr | None = None
    magnitude = abs(coefficient)
    if _plain(magnitude):
        if magnitude != 1:
            above = Const(magnitude)
    else:
        if magnitude.numerator != 1:
            above = Const(Fraction(magnitude.numerator))
        below = Const(Fraction(magnitude.denominator))
    for base, exponent in parts:
        if exponent > 0:
            item = power(base, exponent)
            above = item if above is None else above * item
        else:
            item = power(base, -exponent)
            below = item if below is None else below * item
    result = ONE if above is None else above
    if below is not None:
        result = result / below
    if coefficient < 0:
        value = const_value(result)
        return Const(-value) if value is not None else -result
    return result


def terms(expr: Expr) -> list[Term]:
    """Return `expr` as a list of (coefficient, term); a plain number is a multiple of ONE."""
    merged: dict[frozenset[Factor], tuple[Fraction, Expr]] = {}

    def collect(node: Expr, scale: Fraction) -> None:
        if is_op(node, "add", "sub"):
            collect(node.args[0], scale)
            return collect(node.args[1], -scale if is_op(node, "sub") else scale)
        coefficient, parts = factors(node)
        negated = coefficient == -1 and len(parts) == 1 and parts[0][1] == 1
        if negated and is_op(parts[0][0], "add", "sub"):
            return collect(parts[0][0], -scale)
        key = frozenset(parts)
        before, term = merged.get(key, (Fraction(0), None))
        term = from_factors(Fraction(1), parts) if term is None else term
        merged[key] = (before + scale * coefficient, term)

    collect(expr, Fraction(1))
    return [item for item in merged.values() if item[0] != 0]


def from_terms(parts: Iterable[Term]) -> Expr:
    """Build the sum of coefficient * term, a positive one first where there is one."""
    listed = list(parts)
    if not listed:
        return ZERO
    lead = next((i for i, (scale, _) in enumerate(listed) if scale > 0), 0)
    listed.insert(0, listed.pop(lead))
    result = scaled(*listed[0])
    for scale, term in listed[1:]:
        result = result + scaled(scale, term) if scale > 0 else result - scaled(-scale, term)
    return result


def without_common_symbol(expr: Expr) -> Expr:
    """Return K (x + a x³) as x (K + K a x²), K and a constants: what rounds is less."""
    coefficient, parts = factors(expr)
    sums = [f for f in parts if is_op(f[0], "add", "sub") and f[1] == 1]
    constants = [f for f in parts if not symbols(f[0])]
    if len(sums) != 1 or len(constants) + 1 != len(parts) or not constants:
        return expr
    found = [(scale, factors(term)[1]) for scale, term in terms(sums[0][0])]
    if not all(len(term) == 1 and isinstance(term[0][0], Symbol) for _, term in found):
        return expr
    if len({term[0][0] for _, term in found}) != 1:
        return expr
    symbol, lowest = min((term[0] for _, term in found), key=lambda factor: factor[1])
    if lowest < 1:
        return expr
    inner = [
        from_factors(coefficient * scale, [*constants, *_power(symbol, exponent - lowest)])
        for scale, ((_, exponent),) in found
    ]
    return power(symbol, lowest) * from_terms([(Fraction(1), term) for term in inner])


def _power(base: Expr, exponent: Fraction) -> list[Factor]:
    return [(base, exponent)] if exponent else []


def scaled(scale: Fraction, term: Expr) -> Expr:
    """Return scale * term."""
    if is_op(term, "add", "sub"):
        return term if scale == 1 else -term if scale == -1 else Const(scale) * term
    coefficient, parts = factors(term)
    return from_factors(scale * coefficient, parts)


def ratio(a: Expr, b: Expr) -> tuple[Fraction, list[Factor]]:
    """Return a / b as coefficient and factors, merged."""
    return factors(a / b)


def repeated(base: Expr, count: int) -> Expr | None:
    """Return base**count by repeated squaring, None for count 0."""
    if count == 0:
        return None
    half = repeated(base, count // 2)
    if half is None:
        return base
    return half * half * base if count % 2 else half * half


def is_sum_of_functions(node: Expr) -> bool:
    """Tell whether an expression is the sum or the difference of two functions."""
    return is_op(node, "add", "sub") and all(
        isinstance(arg, Apply) and OPS[arg.op].category == "function" for arg in node.args
    )


def constants_inside(node: Expr) -> Expr:
    """c where(p, a, b) → where(p, c a, c b), for a constant c"""
    if not is_op(node, "mul"):
        return node
    coefficient, parts = factors(node)
    cases = [f for f in parts if is_op(f[0], "where") and f[1] == 1]
    constants = [f for f in parts if not symbols(f[0])]
    if len(cases) != 1 or len(constants) + 1 != len(parts):
        return node
    condition, *values = cases[0][0].args
    views = [factors(value) for value in values]
    inside = [from_factors(coefficient * c, [*constants, *rest]) for c, rest in views]
    return apply("where", condition, *inside)
