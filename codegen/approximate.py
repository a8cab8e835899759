"""Rewrite quantities over what GPUs approximate: an expression in, float32 ways to compute it out.

The functions are those of `functions.gpu_approx` and `functions.gpu_slopes`, and quotients become
products with a reciprocal. Which keep the budget of 16-bit results is for `cuda_plan` to find out.
"""

from __future__ import annotations

from collections.abc import Iterator

from actgen.codegen.beside_zeros import beside_zeros
from actgen.codegen.gpu_slopes import with_gpu_slopes
from actgen.codegen.ir import ONE, Apply, Const, Expr, Symbol, apply, is_op, rewrite
from actgen.codegen.library import LIBRARY
from actgen.codegen.lower import Halves, lower
from actgen.codegen.parameter_values import in_parts
from actgen.codegen.plan import Setting, Way, in_float32, operations, recognised
from actgen.codegen.precision import FLOAT32
from actgen.codegen.samples import finite_halves
from actgen.codegen.simulate import APPROXIMATED
from actgen.codegen.slopes import with_slopes

_TERMS = 6  # of a polynomial beside a zero


def approximations(exact: Expr, wide: Expr, setting: Setting) -> Iterator[Way]:
    """Yield ways over what the hardware approximates: quotients by it, too, or divided.

    `wide` is `exact` lowered to float64. Without parameters, zeros are at the same place always,
    and may get pieces of their own.
    """
    halves: dict[Expr, Halves] = {Symbol(p.name): in_parts(p) for p in setting.params}
    found: list[Expr] = []
    # a derivative may be known by one function, or by its parts
    for form in dict.fromkeys((with_slopes(exact), with_gpu_slopes(exact))):
        narrow = lower(recognised(with_gpu_slopes(form)), FLOAT32, halves)
        made = in_float32(rewrite(rewrite(narrow, _without_low), _one_constant), "_approx")
        if made is None:
            continue
        quick = rewrite(made, _by_reciprocal)
        found += [quick, made]
        if not setting.params:
            variable = Symbol(setting.variable)
            found += [beside_zeros(exact, wide, quick, variable, finite_halves(), _TERMS) or quick]
    for expr in dict.fromkeys(found):
        if any(node.op in APPROXIMATED for node in operations(expr)):
            yield Way("_approx", FLOAT32, expr)


def _without_low(node: Expr) -> Expr:
    """Drop the rounding error of an argument where the function does."""
    if isinstance(node, Apply) and "_twofold" in node.op and f"{node.op}_approx" not in LIBRARY:
        return Apply(node.op.replace("_twofold", ""), (node.args[0], *node.args[2:]))
    return node


def _one_constant(node: Expr) -> Expr:
    """a high + a low → a high, for a constant that float32 does not hold"""
    if is_op(node, "fma") and is_op(node.args[2], "mul"):
        a, high, (b, low) = node.args[0], node.args[1], node.args[2].args
        if a == b and isinstance(high, Const) and isinstance(low, Const):
            whole = FLOAT32.nearest(high.value + low.value)
            return a * Const(type(high.value)(whole))
    return node


def _by_reciprocal(node: Expr) -> Expr:
    """a / b → a reciprocal(b), a / b² → a reciprocal(b) reciprocal(b)"""
    if not is_op(node, "div") or isinstance(node.args[1], Const):
        return node
    a, b = node.args
    powers = list(_factors(b))
    if len(set(powers)) > 1:
        powers = [b]
    inverse = apply("reciprocal_approx", powers[0])
    result = inverse if a == ONE else a * inverse
    for _ in powers[1:]:
        result = result * inverse
    return result


def _factors(node: Expr) -> Iterator[Expr]:
    if is_op(node, "mul"):
        yield from _factors(node.args[0])
        yield from _factors(node.args[1])
    else:
        yield node
