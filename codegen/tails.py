"""Complete products of what vanishes exponentially before they are rounded: IR in, IR out.

A number that has come near the smallest ones has lost digits, and a factor does not bring them
back. So factors go to the functions that vanish: (e^u + σ(v)) x is e^u x + σ(v) x, and tanh(e^u) x
is e^u x where tanh(e^u) is e^u to the last digit. That is done where a guard says that a factor
vanishes while the other grows (`product`), as for all others it makes no difference.
"""

from __future__ import annotations

from fractions import Fraction

from actgen.codegen.algebra import Factor, factors, from_factors, from_terms, scaled, terms
from actgen.codegen.ir import (
    INF,
    ONE,
    Apply,
    Expr,
    absolute,
    apply,
    is_op,
    rewrite,
    symbols,
    walk,
    where,
)
from actgen.codegen.ops import VANISHING
from actgen.codegen.precision import FLOAT64, Format
from actgen.codegen.rounding import fold, value_of
from actgen.codegen.signs import sign_of
from actgen.codegen.twofold import Pair

_ENDLESS = 1400  # exp times any number but 0 is infinite from here on
OF_SOFTPLUS = ("tanh", "sech2")  # functions that have a version of their own of softplus
# f(v) = v (1 + c v**n + …)
_LIKE_IDENTITY = dict.fromkeys(("tanh", "sin", "sinh", "atan", "asin", "asinh", "atanh"), 2)


def tail_of(node: Expr) -> tuple[str, Expr] | None:
    """Return the function and the argument of what vanishes exponentially, else None."""
    if not isinstance(node, Apply):
        return None
    node = fused(node)
    return (node.op, node.args[0]) if node.op in VANISHING else None


def fused(node: Apply) -> Apply:
    """Return a function of a softplus as the one function it is."""
    if node.op in OF_SOFTPLUS and is_op(node.args[0], "softplus"):
        return Apply(f"{node.op}softplus", node.args[0].args)
    return node


def complete_tails(expr: Expr, fmt: Format) -> Expr:
    """Return `expr` with the factors of its guarded products where they lose no digits."""
    return rewrite(expr, lambda node: _completed(node, fmt) if is_op(node, "product") else node)


def _completed(node: Expr, fmt: Format) -> Expr:
    """Return the guarded product a * b."""
    a, b = node.args
    if is_op(a, "product") and _vanishes(a.args[0]):
        return _product(a.args[0], _product(a.args[1], b, fmt), fmt)
    coefficient, parts = factors(a)
    for i, (base, exponent) in enumerate(parts):
        if exponent != 1 or not _vanishes(base):
            continue
        others = from_factors(coefficient, parts[:i] + parts[i + 1 :])
        if is_op(base, "product"):
            inner = _product(others * base.args[1], b, fmt)
            return _product(base.args[0], inner, fmt)
        if is_op(base, "add", "sub") and symbols(b):
            rest = b if others == ONE else _product(others, b, fmt)
            return from_terms((c, _product(t, rest, fmt)) for c, t in terms(base))
        if isinstance(base, Apply) and base.op in _LIKE_IDENTITY and tail_of(base) is None:
            (v,) = base.args
            small = Fraction(1, 2 ** ((fmt.bits + 3) // _LIKE_IDENTITY[base.op]))
            inner = b if others == ONE else _product(others, b, fmt)
            return where(apply("lt", absolute(v), small), _product(v, inner, fmt), node)
    return node


def _product(a: Expr, b: Expr, fmt: Format) -> Expr:
    return _completed(apply("product", a, b), fmt)


def _vanishes(expr: Expr) -> bool:
    """Tell whether an expression is a product with a factor that vanishes, or a sum of such."""
    if is_op(expr, "add", "sub"):
        return all(_vanishes(scaled(c, t)) for c, t in terms(expr))
    if is_op(expr, "product"):
        return _vanishes(expr.args[0])
    if isinstance(expr, Apply) and expr.op in _LIKE_IDENTITY and tail_of(expr) is None:
        return _vanishes(expr.args[0])
    if tail_of(expr) is not None:
        return True
    if is_op(expr, "mul", "div", "neg", "pow", "sqrt"):
        return any(n > 0 and _vanishes(base) for base, n in factors(expr)[1] if base != expr)
    return False


def worth_joining(node: Expr, others: Expr, tiny: list[Factor], fmt: Format) -> bool:
    """Tell whether a product of functions that vanish, and others, is to be rounded as a whole.

    Because the others may grow, or because an exponential may overflow before the whole does.
    """
    if symbols(others) and is_op(node, "mul"):
        return True
    known = fold(others, fmt)
    if fmt is not FLOAT64 or (known is not None and abs(value_of(known[0])) >= 1):
        return False
    if any(is_op(part, "exp", "sum") for part in walk(others)):  # or others may overflow first
        return False
    return any(is_op(base, "exp") and sign_of(base.args[0]) >= 0 for base, _ in tiny)


def infinite_first(value: Pair, exponent: Expr, factor: Expr) -> Pair:
    """Return exp(exponent) times a factor, infinite even where that is 0 for want of exponents.

    The factor is the inverse of what grows less than any exponential.
    """
    beyond = apply("ge", exponent, _ENDLESS)
    return Pair(where(beyond, apply("copysign", INF, factor), value.high), value.low)


def into_exponent(inner: Expr, tiny: list[Factor], fmt: Format) -> tuple[Expr, Pair | None]:
    """Return a product without its irrational constants, and their logarithm.

    K e^u = e^(u + log K) rounds once less: the exponent carries its rounding errors along.
    """
    coefficient, parts = factors(inner)
    constants = [f for f in parts if not symbols(f[0])]
    if not constants or not any(is_op(base, "exp") and n == 1 for base, n in tiny):
        return inner, None
    folded = fold(apply("log", from_factors(ONE.value, constants)), fmt)
    if folded is None:
        return inner, None
    return from_factors(coefficient, [f for f in parts if f not in constants]), Pair(*folded)


def as_exponent(node: Expr, fmt: Format) -> tuple[Expr, Pair] | None:
    """Return u and the logarithm of K for a node K e^u with a positive constant K, else None."""
    coefficient, parts = factors(node)
    exponentials = [f for f in parts if is_op(f[0], "exp") and f[1] == 1]
    others = [f for f in parts if f not in exponentials]
    if len(exponentials) != 1 or any(symbols(base) for base, _ in others) or coefficient <= 0:
        return None
    constant = from_factors(coefficient, others)
    folded = None if constant == ONE else fold(apply("log", constant), fmt)
    return None if folded is None else (exponentials[0][0].args[0], Pair(*folded))
