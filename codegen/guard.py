"""Guard expressions against IEEE arithmetic at the far ends: an expression in, an equal one out.

Three guards, each added only where it is needed. A factor that vanishes exponentially times one
that grows becomes a `product`, whose zero wins over infinity. Where the plain evaluation far out
still differs from the mathematical value (∞/∞, ∞ - ∞, an overflow on the way), the leading term of
`growth` takes over beyond 2**64. And a result that could lose a NaN input returns it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product as combinations

from actgen.codegen.algebra import factors, from_factors
from actgen.codegen.evaluate import evaluate
from actgen.codegen.growth import End, asymptote, growth, trace
from actgen.codegen.ieee import evaluate_float64
from actgen.codegen.ir import X, Apply, Expr, Symbol, absolute, apply, is_op, symbols, walk, where
from actgen.codegen.simplify import simplify
from actgen.codegen.stabilise import Note

_SMALLEST = 5e-324
_SIZES = (0.75, 2.5, 50.0)  # of parameters
_MAX_UNKNOWN = 3
Signs = Mapping[str, int]
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
        Fraction(2**64),
        (float("inf"), sys.float_info.max, 1e200, 1e155, 3e38),
        Note("leading term", "beyond 2**64 the plain form overflows or is ∞/∞ or ∞ - ∞"),
    ),
    _End(
        "near",
        Fraction(1, 2**200),
        (1e-320, 3e-310, 1e-160),
        Note("leading term at 0", "below 2**-200 the plain form underflows on the way"),
    ),
)


def guard(expr: Expr, signs: Signs, zeroable: frozenset[Expr] = frozenset()) -> tuple[Expr, tuple[Note, ...]]:
    """Return `expr` guarded at x → ±∞ and for NaN, and what was done.

    `signs` holds the sign of each parameter that its constraint settles; others are tried both
    ways. `zeroable` are the parameters that may be 0; 0 times infinity is 0 for them.
    """
    notes: list[Note] = []
    choices = list(_assignments(expr, signs))
    guarded = _vanishing_products(expr, choices, zeroable)
    if guarded != expr:
        notes.append(_PRODUCT)
    for end in ENDS:
        leading = {d: _leading_term(expr, guarded, d, choices, end) for d in (1, -1)}
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
    return keep_nan(guarded, X), tuple(dict.fromkeys(notes))


def _leading_term(
    expr: Expr, guarded: Expr, direction: int, choices: Sequence[Signs], end: _End
) -> Expr | None:
    """Return the term that should stand for `expr` at an end; None if none is needed or known."""
    if not _fails(expr, guarded, direction, choices, end):
        return None
    found = {asymptote(growth(expr, direction, c, end.name), direction, end.name) for c in choices}
    term = found.pop()
    if found or term is None or not _settled(expr, term, direction, choices, end):
        return None
    return term


def _settled(
    expr: Expr, leading: Expr, direction: int, choices: Sequence[Signs], end: _End
) -> bool:
    """Tell whether the leading term alone gives every digit of float64 from the bound on."""
    for values in _samples(expr, choices):
        values["x"] = direction * float(end.bound)
        exact, rough = evaluate(expr, values, 250), evaluate(leading, values, 250)
        if not abs(rough - exact) <= abs(exact) * 2.0**-56:
            return False
    return True


def _samples(expr: Expr, choices: Sequence[Signs]) -> Iterator[dict[str, float]]:
    for choice in choices:
        for size in _SIZES:
            yield {s.name: size * (choice.get(s.name) or 1) for s in symbols(expr) if s != X}


def keep_nan(expr: Expr, symbol: Symbol) -> Expr:
    """Return `expr`, or a selection that hands a NaN `symbol` through where `expr` might drop it."""
    carries: dict[Expr, bool] = {}
    for node in walk(expr):
        if is_op(node, "where"):
            # a NaN makes every comparison false, so the last branch is the one that counts
            condition = node.args[0]
            false = is_op(condition, "lt", "le", "gt", "ge", "eq") and any(
                carries[arg] for arg in condition.args
            )
            carries[node] = carries[node.args[2]] if false else all(
                carries[arg] for arg in node.args[1:]
            )
        elif is_op(node, "product"):
            carries[node] = carries[node.args[0]]  # a zero there wins over a NaN
        elif is_op(node, "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "index"):
            carries[node] = False
        else:
            carries[node] = node == symbol or any(carries[arg] for arg in node.args)
    if carries[expr]:
        return expr
    return where(apply("ne", symbol, symbol), symbol, expr)


def _assignments(expr: Expr, signs: Signs) -> Iterator[Signs]:
    unknown = sorted(s.name for s in symbols(expr) if s != X and not signs.get(s.name))
    if len(unknown) > _MAX_UNKNOWN:
        yield dict(signs)
        return
    for chosen in combinations((1, -1), repeat=len(unknown)):
        yield {**signs, **dict(zip(unknown, chosen, strict=True))}


def _vanishing_products(
    expr: Expr, choices: Sequence[Signs], zeroable: frozenset[Expr]
) -> Expr:
    tiny: dict[Expr, set[Expr]] = {}
    for choice in choices:
        for direction in (1, -1):
            found = trace(expr, direction, choice)
            for node in walk(expr):
                if not is_op(node, "mul", "div", "neg"):
                    continue
                _, parts = factors(node)
                grows = any(
                    n > 0 and base in found and (found[base].infinite or found[base].kind == "unknown")
                    for base, n in parts
                )
                for base, n in parts:
                    if grows and n > 0 and base in found and (
                        found[base].kind in ("tiny", "zero") or base in zeroable
                    ):
                        tiny.setdefault(node, set()).add(base)
    if not tiny:
        return expr
    inner = {node for parent in tiny for arg in parent.args for node in _chain(arg)}

    def split(node: Expr) -> Expr:
        original = rebuilt_from.get(node, node)
        if original not in tiny or original in inner:
            return node
        coefficient, parts = factors(node)
        marked = {images.get(base, base) for base in tiny[original]}
        vanishing = [f for f in parts if f[0] in marked]
        rest = [f for f in parts if f[0] not in marked]
        if not vanishing or not rest:
            return node
        return apply(
            "product", from_factors(Fraction(1), vanishing), from_factors(coefficient, rest)
        )

    images: dict[Expr, Expr] = {}
    rebuilt_from: dict[Expr, Expr] = {}
    for node in walk(expr):
        args = tuple(images[arg] for arg in node.args)
        plain = Apply(node.op, args) if isinstance(node, Apply) and args else node
        rebuilt_from[plain] = node
        images[node] = split(plain)
    return images[expr]


def _chain(node: Expr) -> Iterator[Expr]:
    """Yield the nodes of one product chain, which are rebuilt with its root."""
    if is_op(node, "mul", "div", "neg"):
        yield node
        for arg in node.args:
            yield from _chain(arg)


def _fails(
    exact: Expr, guarded: Expr, direction: int, choices: Sequence[Signs], end: _End
) -> bool:
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
