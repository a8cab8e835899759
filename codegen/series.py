"""Repair cancellation at x = 0: an expression in, one with polynomials near 0 out.

Every sub-expression gets its power series at 0. Where terms of a sum cancel in it, or a quotient
is 0/0, and no rule knew better, the sub-expression is replaced by a polynomial on an interval
around 0: interpolated at Chebyshev points in high precision, so its error stays below the
rounding of float64. What differs on the two sides of 0 (`abs`) has a polynomial for each.
Expressions with parameters are left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from mpmath import mp

from actgen.codegen.algebra import factors, from_factors, scaled, terms
from actgen.codegen.evaluate import evaluate, number
from actgen.codegen.ir import (
    ONE,
    Const,
    Expr,
    X,
    absolute,
    apply,
    is_op,
    substitute,
    symbols,
    walk,
    where,
)
from actgen.codegen.jets import analytic, jet
from actgen.codegen.power_series import Jet
from actgen.codegen.stabilise import Note

_RADII = tuple(Fraction(n, 8) for n in (1, 2, 4, 6, 8, 12, 16))
_TOLERATED = 3  # |largest term| / |sum|
_MAX_COEFFICIENTS = 26
_PRECISION = mp.mpf(2) ** -58
_DIGITS = 70
_NOTE = Note("polynomial near 0", "the terms cancel near 0 in every closed form known")
_LIMIT = Note("removable singularity", "the quotient is 0/0 at 0")


def repair_origin(expr: Expr) -> tuple[Expr, tuple[Note, ...]]:
    """Return `expr` with what cancels at x = 0 replaced near 0, and what was done."""
    replaced: dict[Expr, Expr] = {}
    notes: list[Note] = []
    hidden: set[Expr] = set()
    for node in reversed(list(walk(expr))):
        if node in hidden or symbols(node) != {X} or not is_op(node, "add", "sub", "mul", "div"):
            continue
        found = _repair(node)
        if found is not None:
            replaced[node], note = found
            notes.append(note)
            hidden.update(walk(node))
    if not replaced:
        return expr, ()
    return substitute(expr, replaced), tuple(dict.fromkeys(notes))


def _repair(node: Expr) -> tuple[Expr, Note] | None:
    if analytic(node) is not None:
        return _repair_sides(node, node, (1, -1))
    repaired: tuple[Expr, Note] | None = None
    for side in (1, -1):
        found = _repair_sides(node, node if repaired is None else repaired[0], (side,))
        repaired = found or repaired
    return repaired


def _repair_sides(node: Expr, rest: Expr, sides: Sequence[int]) -> tuple[Expr, Note] | None:
    """Return `rest`, which equals `node`, repaired on those sides of 0 if need be."""
    side = sides[0]
    series = jet(node, side)
    if series is None or series.order is None:
        return None
    if is_op(node, "add", "sub"):
        parts = [jet(scaled(s, t), side) for s, t in terms(node)]
        orders = [part.order for part in parts if part is not None and part.order is not None]
        if not orders or series.order <= min(orders):
            return None
    else:
        below = [jet(base, side) for base, exponent in factors(node)[1] if exponent < 0]
        singular = any(j is not None and j.order is not None and j.order > 0 for j in below)
        if not singular or series.order < 0:
            return None
        if not _cancelling(node, sides):
            value = series.coefficients[0] if series.order == 0 else mp.mpf(0)
            return where(apply("eq", X, 0), _double(value), rest), _LIMIT
    fitted = _fit(node, rest, series, sides)
    return None if fitted is None else (fitted, _NOTE)


def _cancelling(node: Expr, sides: Sequence[int]) -> bool:
    return any(
        is_op(part, "add", "sub") and part != node and _repair_sides(part, part, sides) is not None
        for part in walk(node)
    )


def _fit(node: Expr, rest: Expr, series: Jet, sides: Sequence[int]) -> Expr | None:
    """Return where(|x| < r, x**order * p(x), rest), or that on one side of 0.

    The radius is the smallest at which `node` itself is good enough, or the largest below it on
    which a polynomial of moderate degree is.
    """
    assert series.order is not None
    order = series.order
    step = 2 if series.sparse and len(sides) == 2 else 1
    enough = next((r for r in _RADII if _loss(node, r, sides) <= _TOLERATED), _RADII[-1])
    for radius in reversed([r for r in _RADII if r <= enough]):
        coefficients = _interpolate(node, order, step, radius, sides)
        if coefficients is None:
            continue
        t: Expr = X * X if step == 2 else X
        low, high = _interval(radius, step, sides)
        middle = (low + high) / 2
        t = t - middle if middle else t
        total: Expr = _double(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = apply("fma", total, t, _double(c))
        if order:
            total = from_factors(ONE.value, [(X, Fraction(order)), (total, ONE.value)])
        return where(_within(radius, sides), total, rest)
    return None


def _within(radius: Fraction, sides: Sequence[int]) -> Expr:
    """Return the condition that x lies within `radius` of 0, on those sides."""
    if len(sides) == 2:
        return apply("lt", absolute(X), radius)
    if sides[0] > 0:
        return apply("and", apply("ge", X, 0), apply("lt", X, radius))
    return apply("and", apply("le", X, 0), apply("gt", X, -radius))


def _loss(node: Expr, radius: Fraction, sides: Sequence[int]) -> Any:
    """Return the worst ratio of a term to the whole at ±radius."""
    worst = mp.mpf(0)
    for side in sides:
        at = {"x": side * number(radius)}
        for part in walk(node):
            if is_op(part, "add", "sub"):
                size = abs(evaluate(part, at, _DIGITS))
                if size == 0:
                    continue  # a zero of this sum, which no polynomial at 0 helps
                for scale, term in terms(part):
                    worst = max(worst, abs(evaluate(scaled(scale, term), at, _DIGITS)) / size)
    return worst


def _interpolate(
    node: Expr, order: int, step: int, radius: Fraction, sides: Sequence[int]
) -> list[Any] | None:
    """Return the coefficients of p with node = x**order * p(t) on [-radius, radius].

    t is x**step less the middle of its interval: beside its ends the terms cancel the least so.
    """
    with mp.workdps(_DIGITS):
        low, high = map(number, _interval(radius, step, sides))
        middle = (low + high) / 2

        def value(t: Any) -> Any:
            x = mp.sqrt(t) if step == 2 else t
            return evaluate(node, {"x": x}, _DIGITS) / x**order

        for n in range(8, _MAX_COEFFICIENTS + 1, 2):  # an even number keeps 0 out of the points
            nodes = [mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
            points = [(low + high) / 2 + (high - low) / 2 * u for u in nodes]
            coefficients = _newton([t - middle for t in points], [value(t) for t in points])
            tests = [low + (high - low) * mp.mpf(k) / 37 for k in range(1, 37)]
            wanted = [value(t) for t in tests]
            if 0 in wanted:
                return None
            found = [_horner(coefficients, t - middle) for t in tests]
            errors = [abs(f / w - 1) for f, w in zip(found, wanted, strict=True)]
            if max(errors) < _PRECISION:
                return coefficients
    return None


def _interval(radius: Fraction, step: int, sides: Sequence[int]) -> tuple[Fraction, Fraction]:
    """Return the interval of x**step for x on those sides of 0, up to `radius` away."""
    if len(sides) == 1:
        low, high = sorted((Fraction(0), sides[0] * radius))
        return low, high
    return (Fraction(0), radius**2) if step == 2 else (-radius, radius)


def _horner(coefficients: list[Any], t: Any) -> Any:
    """Return the value at t of the polynomial with these coefficients, lowest first."""
    total = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * t + c
    return total


def _newton(points: list[Any], values: list[Any]) -> list[Any]:
    """Return the monomial coefficients, lowest first, of the polynomial through the points."""
    divided = list(values)
    for level in range(1, len(points)):
        for i in range(len(points) - 1, level - 1, -1):
            divided[i] = (divided[i] - divided[i - 1]) / (points[i] - points[i - level])
    out = [divided[-1]]
    for i in range(len(points) - 2, -1, -1):
        shifted = [mp.mpf(0), *out]
        for k, c in enumerate(out):
            shifted[k] -= points[i] * c
        shifted[0] += divided[i]
        out = shifted
    return out


def _double(value: Any) -> Const:
    """Return the float64 nearest to `value`, exactly."""
    return Const(Fraction(float(value)))
