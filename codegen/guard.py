"""Guard expressions against IEEE arithmetic at the far ends: an expression in, an equal one out.

Three guards, each added only where it is needed. A factor that vanishes exponentially times one
that grows becomes a `product`, whose zero wins over infinity. Where the plain evaluation far out
still differs from the mathematical value (∞/∞, ∞ - ∞, an overflow on the way), the leading term of
`growth` takes over beyond 2**62. And a result that could lose a NaN input returns it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product as combinations
from math import inf, isnan

from mpmath import mp

from actgen.codegen.evaluate import evaluate
from actgen.codegen.growth import growth
from actgen.codegen.ieee import evaluate_float64
from actgen.codegen.ir import (
    INF,
    ZERO,
    Apply,
    Const,
    Expr,
    Symbol,
    X,
    absolute,
    apply,
    is_op,
    symbols,
    walk,
    where,
)
from actgen.codegen.jets import jet
from actgen.codegen.orders import End, Growth, asymptote
from actgen.codegen.simplify import simplify
from actgen.codegen.stabilise import Note
from actgen.codegen.vanishing import vanishing_products

_SMALLEST = 5e-324
_NOTHING = mp.mpf(2) ** -1100  # rounds to 0
_SIZES = (0.75, 2.5, 50.0)  # of parameters
_MAX_UNKNOWN = 3
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
Signs = Mapping[str, int]
_LIMIT = Note("limit", "at infinity the plain form is ∞/∞, ∞ - ∞ or 0 * ∞")
_OVERFLOW = Note("overflow", "the result is infinite where the plain form gives ∞ - ∞")
_BEYOND = (1e3, 1e5, 1e10, 1e18)  # exponentials are infinite there
_FAR = tuple(mp.mpf(10) ** n for n in (320, 340, 360))  # beyond every float64
_EARLY = Fraction(1, 2**60)  # above the subnormal numbers of float32, and what scales them
_PRODUCT = Note("vanishing product", "a factor that underflows to 0 wins over one that overflows")


@dataclass(frozen=True)
class _End:
    """An end of the axis: x beyond `bound`, with points where plain arithmetic is tried."""

    name: End
    bound: Fraction
    points: tuple[float, ...]
    note: Note

    def beyond(self, size: Expr) -> Expr:
        return apply("gt" if self.name == "far" else "lt", size, self.bound)


ENDS = (
    _End(
        "far",
        Fraction(2**62),  # squares, four times too, are float32 numbers up to here
        (float("inf"), sys.float_info.max, 1e200, 1e155, 3e38),
        Note("leading term", "beyond 2**62 the plain form overflows or is ∞/∞ or ∞ - ∞"),
    ),
    _End(
        "near",
        Fraction(1, 2**200),
        (1e-320, 3e-310, 1e-160),
        Note("leading term at 0", "beside 0 the plain form underflows on the way"),
    ),
)


def guard(
    expr: Expr, signs: Signs, zeroable: frozenset[Expr] = frozenset()
) -> tuple[Expr, tuple[Note, ...]]:
    """Return `expr` guarded at x → ±∞ and for NaN, and what was done.

    `signs` holds the sign of each parameter that its constraint settles; others are tried both
    ways. `zeroable` are the parameters that may be 0; 0 times infinity is 0 for them.
    """
    notes: list[Note] = []
    choices = list(_assignments(expr, signs))
    guarded = vanishing_products(expr, choices, zeroable)
    if guarded != expr:
        notes.append(_PRODUCT)
    for end in ENDS:
        end, leading = _leading_terms(expr, guarded, choices, end)
        if leading[1] is not None and leading[1] == leading[-1]:
            guarded = where(end.beyond(absolute(X)), leading[1], guarded)
        else:
            for direction, term in leading.items():
                if term is not None:
                    side = apply("gt" if direction > 0 else "lt", X, 0)
                    beyond = end.beyond(X if direction > 0 else -X)
                    near = apply("and", beyond, side) if end.name == "near" else beyond
                    guarded = where(simplify(near), term, guarded)
        if any(term is not None for term in leading.values()):
            notes.append(end.note)
    for direction in (1, -1):
        bound = _overflow(expr, guarded, direction)
        if bound is not None:
            place, infinite = bound
            notes.append(_OVERFLOW)
            guarded = where(apply("gt", X if direction > 0 else -X, place), infinite, guarded)
        value = _limit(expr, guarded, direction)
        if value is not None:
            notes.append(_LIMIT)
            guarded = where(apply("eq", X, direction * INF), value, guarded)
    return keep_nan(guarded, X), tuple(dict.fromkeys(notes))


def _leading_terms(
    expr: Expr, guarded: Expr, choices: Sequence[Signs], end: _End
) -> tuple[_End, Mapping[int, Expr | None]]:
    """Return the leading terms at an end for x > 0 and x < 0, and from where on they stand.

    Without parameters they stand so early, where that can be, that float32 gains by it.
    """
    early = replace(end, bound=_EARLY) if end.name == "near" and symbols(expr) == {X} else end
    for one in (early, end):
        found = {d: _leading_term(expr, guarded, d, choices, one) for d in (1, -1)}
        if None not in found.values():
            return one, found
    return end, found


def _leading_term(
    expr: Expr, guarded: Expr, direction: int, choices: Sequence[Signs], end: _End
) -> Expr | None:
    """Return the term that should stand for `expr` at an end; None if none is needed or known."""
    if not _fails(expr, guarded, direction, choices, end):
        return None
    found = {asymptote(growth(expr, direction, c, end.name), direction, end.name) for c in choices}
    for term in (found.pop() if len(found) == 1 else None, _expansion(expr, direction, end)):
        if term is not None and _settled(expr, term, direction, choices, end):
            return term
    return None


def _expansion(expr: Expr, direction: int, end: _End) -> Expr | None:
    """Return the leading term of the power series at an end, for expressions of x alone."""
    far = end.name == "far"
    series = jet(expr, direction, far) if symbols(expr) == {X} else None
    if series is None:
        return None
    if series.order is None:
        return ZERO
    power = Fraction(series.order)
    coef = series.coefficients[0] * (direction if series.order % 2 else 1)
    if abs(coef) > sys.float_info.max:
        return None
    sign = 1 if coef > 0 else -1
    return asymptote(
        Growth("power", sign, power if not far else -power, Const(Fraction(float(coef)))),
        direction,
        end.name,
    )


def _limit(expr: Expr, guarded: Expr, direction: int) -> Expr | None:
    """Return the limit at ±∞ where arithmetic gives NaN for it, seen from values far out."""
    if symbols(expr) != {X} or not isnan(evaluate_float64(guarded, {"x": direction * inf})):
        return None
    values = [evaluate(expr, {"x": direction * x}, 800) for x in _FAR]
    sizes = [abs(value) for value in values]
    if any(mp.isnan(value) for value in values):
        return None
    if all(size < 1e-100 for size in sizes):
        return ZERO
    if min(values) * max(values) < 0:
        return None
    if all(size > 1e100 for size in sizes):
        return INF if values[0] > 0 else -INF
    if max(values) - min(values) < 1e-20 * max(sizes):
        return Const(Fraction(float(values[-1])))
    return None


def _overflow(expr: Expr, guarded: Expr, direction: int) -> tuple[Fraction, Expr] | None:
    """Return from where on a result that overflows comes out as NaN, and its infinity."""
    if symbols(expr) != {X}:
        return None

    def fails(x: float) -> bool:
        return isnan(evaluate_float64(guarded, {"x": direction * x}))

    values = [evaluate(expr, {"x": direction * x}, 800) for x in _BEYOND if fails(x)]
    if not values or not all(abs(value) > sys.float_info.max for value in values):
        return None
    low, high = 1.0, next(x for x in _BEYOND if fails(x))
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if fails(middle) else (middle, high)
    return Fraction(low), INF if values[0] > 0 else -INF


def _settled(
    expr: Expr, leading: Expr, direction: int, choices: Sequence[Signs], end: _End
) -> bool:
    """Tell whether the leading term alone gives every digit of float64 from the bound on."""
    for values in _samples(expr, choices):
        values["x"] = direction * float(end.bound)
        exact, rough = evaluate(expr, values, 250), evaluate(leading, values, 250)
        if not abs(rough - exact) <= max(abs(exact) * 2.0**-56, _NOTHING):
            return False
    return True


def _samples(expr: Expr, choices: Sequence[Signs]) -> Iterator[dict[str, float]]:
    for choice in choices:
        for size in _SIZES:
            yield {s.name: size * (choice.get(s.name) or 1) for s in symbols(expr) if s != X}


def keep_nan(expr: Expr, symbol: Symbol) -> Expr:
    """Return `expr`, with a NaN `symbol` handed through where `expr` might drop it."""
    turned: dict[Expr, Expr] = {}
    carries: dict[Expr, bool] = {}
    for node in walk(expr):
        args = tuple(turned[arg] for arg in node.args)
        new = Apply(node.op, args) if isinstance(node, Apply) and args else node
        turned[node] = new = _toward_nan(new, carries)
        carries[new] = _carries_nan(new, symbol, carries)
    found = turned[expr]
    return found if carries[found] else where(apply("ne", symbol, symbol), symbol, expr)


def _toward_nan(node: Expr, carries: Mapping[Expr, bool]) -> Expr:
    """Return a selection with its comparison turned round if a NaN finds its branch that way."""
    if is_op(node, "where"):
        condition, a, b = node.args
        if isinstance(condition, Apply) and condition.op in _OPPOSITE:
            compares = any(carries[arg] for arg in condition.args)
            if compares and carries[a] and not carries[b]:
                return where(apply(_OPPOSITE[condition.op], *condition.args), b, a)
    return node


def _carries_nan(node: Expr, symbol: Symbol, carries: Mapping[Expr, bool]) -> bool:
    if is_op(node, "where"):
        # a NaN makes every comparison false, so the last branch is the one that counts
        condition, a, b = node.args
        compares = is_op(condition, "eq", *_OPPOSITE)
        if compares and any(carries[arg] for arg in condition.args):
            return carries[b]
        return carries[a] and carries[b]
    if is_op(node, "product"):
        return carries[node.args[0]]  # a zero there wins over a NaN
    if is_op(node, "eq", "ne", "and", "or", "not", "index", *_OPPOSITE):
        return False
    return node == symbol or any(carries[arg] for arg in node.args)


def _assignments(expr: Expr, signs: Signs) -> Iterator[Signs]:
    unknown = sorted(s.name for s in symbols(expr) if s != X and not signs.get(s.name))
    if len(unknown) > _MAX_UNKNOWN:
        yield dict(signs)
        return
    for chosen in combinations((1, -1), repeat=len(unknown)):
        yield {**signs, **dict(zip(unknown, chosen, strict=True))}


def _fails(exact: Expr, guarded: Expr, direction: int, choices: Sequence[Signs], end: _End) -> bool:
    """Tell whether plain float64 arithmetic goes wrong somewhere at an end."""
    for values in _samples(exact, choices):
        for point in end.points:
            values["x"] = direction * point
            got = evaluate_float64(guarded, values)
            if point == float("inf"):
                if got != got:
                    return True
                continue
            want = float(evaluate(exact, values, 50))
            close = got == want or abs(got - want) <= 1e-9 * abs(want) + 4 * _SMALLEST
            if want == want and not close:
                return True
    return False
