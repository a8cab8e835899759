"""Stabilise differences of one function at two places a fixed step apart.

f(x + 1) - f(x - 1) cancels wherever f is flat. Each rule is an identity that has the step as a
factor of its own: `RESULTS` gives f(a) - f(b) from a, b and their difference, which holds no input.
"""

from __future__ import annotations

from collections.abc import Callable

from actgen.codegen.algebra import scaled, terms
from actgen.codegen.expand import expanded
from actgen.codegen.ir import (
    ZERO,
    Expr,
    absolute,
    apply,
    const_value,
    erfc,
    exp,
    expm1,
    is_op,
    log1p,
    normcdf,
    sigmoid,
    softplus,
    symbols,
)
from actgen.codegen.rules_sum import Rule, of_sum, partner, reading, replaced
from actgen.codegen.simplify import simplify

_INPUTS = frozenset(("x", "gate", "value", "index", "dy"))


def _tanh(a: Expr, b: Expr, step: Expr) -> Expr:
    return 2 * sigmoid(2 * a) * sigmoid(-2 * b) * -expm1(-2 * step)


def _erf(a: Expr, b: Expr, step: Expr) -> Expr:
    """erf is odd, so the difference is an even function of the centre (a + b)/2"""
    centre = absolute(expanded((a + b) / 2))
    return erfc(centre - step / 2) - erfc(centre + step / 2)


def _normcdf(a: Expr, b: Expr, step: Expr) -> Expr:
    centre = absolute(expanded((a + b) / 2))
    return normcdf(step / 2 - centre) - normcdf(-step / 2 - centre)


# f → f(a) - f(b) from a, b and a - b > 0
RESULTS: dict[str, Callable[[Expr, Expr, Expr], Expr]] = {
    "exp": lambda a, b, step: exp(b) * expm1(step),
    "sigmoid": lambda a, b, step: sigmoid(a) * sigmoid(-b) * -expm1(-step),
    "tanh": _tanh,
    "softplus": lambda a, b, step: log1p(expm1(step) * sigmoid(b)),
    "erf": _erf,
    "normcdf": _normcdf,
    "atan": lambda a, b, step: apply("acot", (1 + a * b) / step),
    "log": lambda a, b, step: log1p(step / b),
    "log1p": lambda a, b, step: log1p(step / (1 + b)),
}


def difference_rule(op: str) -> Callable[[Expr], Expr | None]:
    """Return the rule for differences of the function `op`."""

    def rule(node: Expr) -> Expr | None:
        listed = terms(node)
        for i, (scale, term) in enumerate(listed):
            for a, rest in reading(term, op):
                for j, (other_scale, other) in enumerate(listed):
                    if j == i or other_scale != -scale:
                        continue
                    for b, other_rest in reading(other, op):
                        if other_rest != rest:
                            continue
                        new = _difference(op, a, b)
                        if new is not None:
                            return replaced(listed, i, j, simplify(scaled(scale, rest * new)))
        return None

    return rule


def _difference(op: str, a: Expr, b: Expr) -> Expr | None:
    step = expanded(a - b)
    if any(symbol.name in _INPUTS for symbol in symbols(step)):
        return None
    if op in ("erf", "normcdf") and is_op(expanded(a + b), "abs"):
        return None  # done already
    value = const_value(step)
    if value is None and op in ("log", "log1p", "atan"):
        return None
    if value == 0:
        return ZERO
    if value is not None and value < 0:
        return simplify(-RESULTS[op](b, a, simplify(-step)))
    return simplify(RESULTS[op](a, b, step))


def _softplus_of_size(node: Expr) -> Expr | None:
    """max(u, 0) + softplus(-|u|) = softplus(u), min(u, 0) - softplus(-|u|) = -softplus(-u)"""
    listed = terms(node)
    for i, (scale, term) in enumerate(listed):
        for inner, rest in reading(term, "softplus"):
            if not is_op(inner, "neg") or not is_op(inner.args[0], "abs"):
                continue
            (u,) = inner.args[0].args
            for op, sign in (("max", 1), ("min", -1)):
                for v in (u, simplify(-u)):
                    wanted = simplify(scaled(sign * scale, rest * apply(op, v, 0)))
                    j = partner(listed, i, wanted)
                    if j is not None:
                        result = simplify(scaled(scale, rest * softplus(sign * v)))
                        return replaced(listed, i, j, result)
    return None


_WHY = "the two values are nearly equal where the function is flat"
DIFFERENCE_RULES: tuple[Rule, ...] = (
    *((f"{op} difference", _WHY, of_sum(difference_rule(op))) for op in RESULTS),
    ("stable softplus", "one function for the two halves", of_sum(_softplus_of_size)),
)
