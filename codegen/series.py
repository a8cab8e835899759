"""Repair cancellation at x = 0: an expression in, one with polynomials near 0 out.

Every sub-expression gets its power series at 0. Where terms of a sum cancel in it, or a quotient
is 0/0, and no rule knew better, the sub-expression is replaced by a polynomial on an interval
around 0: interpolated at Chebyshev points in high precision, so its error stays below the
rounding of float64. Expressions with parameters are left alone.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mpmath import mp

from actgen.codegen.algebra import factors, from_factors, scaled, terms
from actgen.codegen.evaluate import evaluate
from actgen.codegen.ir import X, Const, Expr, absolute, apply, is_op, substitute, symbols, walk, where
from actgen.codegen.jets import Jet, jet
from actgen.codegen.stabilise import Note

_RADII = tuple(Fraction(n, 8) for n in (1, 2, 4, 6, 8, 12, 16))
_TOLERATED = 4  # |largest term| / |sum|: two bits
_MAX_COEFFICIENTS = 26
_PRECISION = mp.mpf(2) ** -58
_DIGITS = 70
_NOTE = Note("polynomial near 0", "the terms cancel near 0 in every closed form known to the compiler")
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
    series = jet(node)
    if series is None or series.order is None:
        return None
    if is_op(node, "add", "sub"):
        orders = [j.order for s, t in terms(node) if (j := jet(scaled(s, t))) and j.order is not None]
        if not orders or series.order <= min(orders):
            return None
    else:
        _, parts = factors(node)
        below = [jet(base) for base, exponent in parts if exponent < 0]
        singular = any(j is not None and j.order is not None and j.order > 0 for j in below)
        if not singular or series.order < 0:
            return None
        if not any(_cancelling(base) for base, _ in parts):
            value = series.coefficients[0] if series.order == 0 else mp.mpf(0)
            return where(apply("eq", X, 0), _double(value), node), _LIMIT
    fitted = _fit(node, series)
    return None if fitted is None else (fitted, _NOTE)


def _cancelling(node: Expr) -> bool:
    return any(is_op(part, "add", "sub") and _repair(part) is not None for part in walk(node))


def _fit(node: Expr, series: Jet) -> Expr | None:
    """Return where(|x| < r, x**order * p(x), node).

    The radius is the smallest at which `node` itself is good enough, or the largest below it on
    which a polynomial of moderate degree is.
    """
    assert series.order is not None
    order = series.order
    step = 2 if series.sparse else 1
    enough = next((r for r in _RADII if _loss(node, r) <= _TOLERATED), _RADII[-1])
    for radius in reversed([r for r in _RADII if r <= enough]):
        coefficients = _interpolate(node, order, step, radius)
        if coefficients is None:
            continue
        t: Expr = X * X if step == 2 else X
        total: Expr = _double(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = apply("fma", total, t, _double(c))
        near = total if order == 0 else from_factors(Fraction(1), [(X, Fraction(order)), (total, Fraction(1))])
        return where(apply("lt", absolute(X), radius), near, node)
    return None


def _loss(node: Expr, radius: Fraction) -> Any:
    """Return the worst ratio of a term to the whole at ±radius."""
    worst = mp.mpf(0)
    for x in (radius, -radius):
        at = {"x": mp.mpf(x.numerator) / x.denominator}
        whole = abs(evaluate(node, at, _DIGITS))
        for part in walk(node):
            if is_op(part, "add", "sub"):
                size = abs(evaluate(part, at, _DIGITS))
                for scale, term in terms(part):
                    value = abs(evaluate(scaled(scale, term), at, _DIGITS))
                    worst = max(worst, value / (whole if part == node else size))
    return worst


def _interpolate(node: Expr, order: int, step: int, radius: Fraction) -> list[Any] | None:
    """Return the coefficients of p with node = x**order * p(x**step) on [-radius, radius]."""
    with mp.workdps(_DIGITS):
        r = mp.mpf(radius.numerator) / radius.denominator
        low, high = (mp.mpf(0), r**2) if step == 2 else (-r, r)

        def value(t: Any) -> Any:
            x = mp.sqrt(t) if step == 2 else t
            return evaluate(node, {"x": x}, _DIGITS) / x**order

        for n in range(8, _MAX_COEFFICIENTS + 1, 2):  # an even number keeps 0 out of the points
            nodes = [mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
            points = [(low + high) / 2 + (high - low) / 2 * u for u in nodes]
            coefficients = _newton(points, [value(t) for t in points])
            tests = [low + (high - low) * mp.mpf(k) / 37 for k in range(1, 37)]
            errors = [abs(mp.polyval(coefficients[::-1], t) / value(t) - 1) for t in tests]
            if max(errors) < _PRECISION:
                return coefficients
    return None


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


