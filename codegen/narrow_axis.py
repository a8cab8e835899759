"""Find float32 arithmetic for axis formulas: a stabilised formula in, one over weights out.

The formulas are those of a softmax: exp(z - amax(z)) occurs in them, as numerator and denominator
alike, so that any factor common to the slice cancels. Weights relative to a power of two take its
place. What is one number for the slice is computed in float64; where the elements need such a
number to more than 24 bits, a second one under the same name with `_low` holds the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from actgen.codegen.functions.float32_softmax import (
    UP,
    lowest_of,
    magic_of,
    power_of,
    shift_of,
)
from actgen.codegen.functions.parts import number
from actgen.codegen.ir import (
    INDEX,
    ONE,
    TWO,
    ZERO,
    Apply,
    Const,
    Expr,
    Symbol,
    X,
    apply,
    exp,
    is_op,
    log1p,
    rewrite,
    substitute,
    walk,
)
from actgen.codegen.ops import OPS
from actgen.codegen.reverse import invariant

LOW = "_low"
_ELEMENTWISE = frozenset(
    ("add", "sub", "mul", "neg", "fma", "where", "eq", "weight_f32", "weight_low_f32", "weight_f64")
)


@dataclass(frozen=True)
class NarrowFormula:
    """A formula in float32 arithmetic, and names for what it has of a slice."""

    expr: Expr
    names: Mapping[Expr, str]


def narrow_formula(exact: Expr, accurate: bool) -> NarrowFormula | None:
    """Return the formula in float32 arithmetic, None where there is no such form.

    `accurate` asks for errors below 2 ULP of each element.
    """
    plain, z = _plain(exact)
    if z is None:
        return None
    peak = apply("amax", z)
    weight, ours, names = _weights(z)
    rest_of_sum = _without_peak(z, exp(z - peak), ours, names)
    plain = rewrite(plain, rest_of_sum)
    plain = substitute(plain, {exp(z - peak): weight})
    if _degree(plain, {weight, ours}) != 0:
        return None
    if accurate:
        plain = rewrite(plain, lambda node: _with_rests(node, weight))
    plain = rewrite(plain, _squared)
    divided = rewrite(plain, lambda node: _multiplied(node, weight, accurate, names))
    if is_op(divided, "sub") and accurate and invariant(divided.args[1]):
        value, offset = divided.args
        names[offset] = "offset"
        divided = value - offset - Symbol("offset" + LOW, "slice")
    return NarrowFormula(divided, names) if _elementwise(divided) else None


def wide_formula(exact: Expr) -> NarrowFormula | None:
    """Return the formula for float64 arithmetic on float32 numbers, None if `narrow_formula` does.

    These numbers have a difference in float64 that is as good as exact.
    """
    plain, z = _plain(exact)
    if z is None:
        return None
    names: dict[Expr, str] = {}
    difference = z - apply("amax", z)
    plain = substitute(rewrite(plain, _squared), {exp(difference): apply("weight_f64", difference)})
    divided = rewrite(plain, lambda node: _multiplied(node, ONE, False, names))
    return NarrowFormula(divided, names) if _elementwise(divided) else None


def _plain(exact: Expr) -> tuple[Expr, Expr | None]:
    """Return the formula without what matters to its derivative alone, and the z of its weights."""
    plain = rewrite(exact, lambda n: n.args[0] if is_op(n, "stop_gradient") else n)
    found = {_numerator(node) for node in walk(plain)} - {None}
    (z,) = found if len(found) == 1 else (None,)
    return plain, z if z in (X, -X) else None


def _numerator(node: Expr) -> Expr | None:
    """Return z if `node` is exp(z - amax(z))."""
    if not is_op(node, "exp") or not is_op(node.args[0], "sub"):
        return None
    z, peak = node.args[0].args
    return z if is_op(peak, "amax") and peak.args[0] == z else None


def _weights(z: Expr) -> tuple[Expr, Expr, dict[Expr, str]]:
    """Return the weight of an element, that of the peak in float64, and names of the slice's."""
    peak = apply("amax", z)
    shift = shift_of(peak)
    near = peak - shift
    magic, lowest = magic_of(near), lowest_of(near)
    weight = apply("weight_f32", z - shift, magic, lowest)
    ours = exp(near - power_of(magic) * number(math.log(2))) * number(2.0**UP)
    return weight, ours, {shift: "shift", magic: "magic", lowest: "lowest"}


def _without_peak(z: Expr, weight: Expr, ours: Expr, names: dict[Expr, str]):  # type: ignore[no-untyped-def]
    """log1p(sum of e^(z - amax) but that of the peak) = log1p(sum of such weights / its own)"""
    at_peak = apply("eq", INDEX, apply("argmax", z))
    pattern = log1p(apply("sum", apply("where", at_peak, weight - 1, weight)))
    others = apply("sum", apply("where", at_peak, ZERO, weight))

    def rule(node: Expr) -> Expr:
        return log1p(others / ours) if node == pattern else node

    return rule


def _degree(expr: Expr, weights: set[Expr]) -> int | None:
    """Return by what power of c the formula grows if all weights grow by c, None if by none."""
    degrees: dict[Expr, int | None] = {}
    for node in walk(expr):
        degrees[node] = 1 if node in weights else _degree_of(node, degrees)
    return degrees[expr]


def _degree_of(node: Expr, degrees: Mapping[Expr, int | None]) -> int | None:
    parts = [degrees[arg] for arg in node.args]
    if not isinstance(node, Apply) or not any(parts):
        return 0 if None not in parts else None
    if None in parts:
        return None
    first = parts[0]
    assert first is not None
    if node.op == "mul":
        return sum(part for part in parts if part is not None)
    if node.op == "div":
        return first - (parts[1] or 0)
    if node.op == "pow":
        power = node.args[1]
        whole = isinstance(power, Const) and power.value.denominator == 1
        return first * power.value.numerator if whole and isinstance(power, Const) else None
    if node.op in ("sum", "neg"):
        return first
    terms = node.args[1:] if node.op == "where" else node.args
    same = {degrees[arg] for arg in terms if arg != ZERO}
    return same.pop() if node.op in ("add", "sub", "where") and len(same) == 1 else None


def _with_rests(node: Expr, weight: Expr) -> Expr:
    """sum(w) = sum(w) + sum(what rounding w lost)"""
    if not is_op(node, "sum") or not isinstance(weight, Apply):
        return node
    rest = substitute(node, {weight: Apply("weight_low_f32", weight.args)})
    return node + rest if rest != node else node


def _squared(node: Expr) -> Expr:
    """a**2 = a a"""
    squares = is_op(node, "pow") and node.args[1] == TWO
    return node.args[0] * node.args[0] if squares else node


def _multiplied(node: Expr, weight: Expr, accurate: bool, names: dict[Expr, str]) -> Expr:
    """a / s = a * (1 / s), s one number for the slice"""
    if not is_op(node, "div") or not invariant(node.args[1]) or invariant(node.args[0]):
        return node
    a, s = node.args
    if is_op(a, "mul") and invariant(a.args[0]):
        return a.args[1] * (a.args[0] / s)
    factor = ONE / s
    names[factor] = "factor"
    if accurate and a == weight:
        return apply("fma", a, factor, a * Symbol("factor" + LOW, "slice"))
    return a * factor


def _elementwise(expr: Expr) -> bool:
    """Tell whether elements need but a few exact or nearly exact operations."""
    if invariant(expr):
        inner = [node.args[0] for node in walk(expr) if _reduces(node)]
        return all(_elementwise(arg) for arg in inner)
    if _reduces(expr) or not isinstance(expr, Apply):
        return True
    return expr.op in _ELEMENTWISE and all(_elementwise(arg) for arg in expr.args)


def _reduces(node: Expr) -> bool:
    return isinstance(node, Apply) and OPS[node.op].category == "reduction"
