"""Let what vanishes win over what grows: products in, `product` operations where 0 meets ∞ out.

A factor that underflows to 0 times one that overflows is NaN in IEEE arithmetic, and 0 in truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from actgen.codegen.algebra import factors, from_factors
from actgen.codegen.growth import trace
from actgen.codegen.ir import ZERO, Apply, Expr, X, apply, is_op, walk
from actgen.codegen.orders import Growth

# product → factor → the directions in which it vanishes while another one grows
Vanishing = dict[Expr, dict[Expr, set[int]]]


def vanishing_products(
    expr: Expr, choices: Sequence[Mapping[str, int]], zeroable: frozenset[Expr]
) -> Expr:
    """Return `expr` with its products split where a factor vanishes and another one grows.

    `choices` are the signs of the parameters to consider; a 0 of those in `zeroable` wins, too.
    """
    tiny: Vanishing = {}
    for choice in choices:
        for direction in (1, -1):
            found = trace(expr, direction, choice)
            for node in _reached(expr, direction):
                if is_op(node, "mul", "div", "neg"):
                    for base in _vanishing(node, found, zeroable):
                        tiny.setdefault(node, {}).setdefault(base, set()).add(direction)
    return _split(expr, tiny) if tiny else expr


def _reached(expr: Expr, direction: int) -> Iterator[Expr]:
    """Yield the nodes that count at one end: not what is chosen on the other side of 0 alone."""
    seen: set[Expr] = set()
    left = [expr]
    while left:
        node = left.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        args = node.args
        if is_op(node, "where") and args[0].args == (X, ZERO):
            positive = is_op(args[0], "gt", "ge")
            if positive or is_op(args[0], "lt", "le"):
                args = (args[1 if positive == (direction > 0) else 2],)
        left += args


def _vanishing(
    node: Expr, found: Mapping[Expr, Growth], zeroable: frozenset[Expr]
) -> Iterator[Expr]:
    """Yield the factors of a product that vanish while another one grows."""
    known = [(base, n, found[base]) for base, n in factors(node)[1] if base in found]
    if not any(n > 0 and (size.infinite or size.kind == "unknown") for _, n, size in known):
        return
    for base, n, size in known:
        if n > 0 and (size.kind in ("tiny", "zero") or base in zeroable):
            yield base
        if n < 0 and size.kind == "large" and found[node].kind == "tiny":
            yield base


def _split(expr: Expr, tiny: Vanishing) -> Expr:
    inner = {node for parent in tiny for arg in parent.args for node in _chain(arg)}
    images: dict[Expr, Expr] = {}
    for node in walk(expr):
        args = tuple(images[arg] for arg in node.args)
        image = Apply(node.op, args) if isinstance(node, Apply) and args else node
        if node in tiny and node not in inner:
            image = _product(image, {images.get(base, base): at for base, at in tiny[node].items()})
        images[node] = image
    return images[expr]


def _product(node: Expr, at: Mapping[Expr, set[int]]) -> Expr:
    """Split a product: what vanishes at +∞ before what vanishes at -∞ only, before the rest."""
    coefficient, parts = factors(node)
    right = [f for f in parts if 1 in at.get(f[0], ())]
    left = [f for f in parts if f[0] in at and f not in right]
    rest = [f for f in parts if f[0] not in at]
    result: Expr | None = from_factors(coefficient, rest) if rest else None
    for vanishing in (left, right):
        if vanishing:
            factor = from_factors(Fraction(1), vanishing)
            result = factor if result is None else apply("product", factor, result)
    if not rest and result is not None:
        return result if coefficient == 1 else from_factors(coefficient, [(result, Fraction(1))])
    return node if result is None else result


def _chain(node: Expr) -> Iterator[Expr]:
    """Yield the nodes of one product chain, which are rebuilt with its root."""
    if is_op(node, "mul", "div", "neg"):
        yield node
        for arg in node.args:
            yield from _chain(arg)
