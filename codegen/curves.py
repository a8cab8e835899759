"""Sample an activation for its plot: formulas in, the values of two curves out.

Parameters take their defaults. A gate is drawn against its own half with 1 in the other; a
normalization as the first element of (x, 0, 0), which its reductions spelled out make a formula of
x alone. Where one element tells nothing there is no curve.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from itertools import chain, combinations

from actgen.codegen.activation import ActivationSpec, Param
from actgen.codegen.differentiate import differentiate
from actgen.codegen.errors import CompilerError
from actgen.codegen.evaluate import evaluate
from actgen.codegen.ir import (
    HALF,
    INF,
    ONE,
    ZERO,
    Apply,
    Const,
    Expr,
    Symbol,
    X,
    apply,
    maximum,
    minimum,
    substitute,
    symbols,
    walk,
    where,
)
from actgen.codegen.ops import OPS
from actgen.codegen.plot import XS

_DIGITS = 15
_INDEX = Symbol("index")
_FIRST = Symbol("first")  # the x of a reduction spelled out, which outer ones leave alone
_REQUIRED = (Fraction(1, 4), Fraction(2), Fraction(-1))  # tried for parameters without a default

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "!=": operator.ne,
}


def curves(
    spec: ActivationSpec, formula: Expr, derivative: Expr | None
) -> tuple[list[float], list[float]] | None:
    """Return the values of `formula` and its derivative at `plot.XS`, or None for no plot.

    `derivative` is that of an elementwise activation; for other kinds the curve's own is taken.
    """
    if spec.kind == "reshaping":
        return None
    settings = _settings(spec)
    curve = _as_function_of_x(_set(formula, settings))
    if derivative is None or spec.kind != "elementwise":
        return _sample(curve), _sample(differentiate(curve, X))
    return _sample(curve), _sample(_set(derivative, settings))


def caption(spec: ActivationSpec) -> str:
    """Return what the curves of an activation show."""
    of = {
        "gated": f"{spec.name} for a gate of x and a value of 1",
        "normalization": f"first element of {spec.name} of (x, 0, 0)",
    }
    return f"{of.get(spec.kind, spec.name)}, and its derivative"


def _set(expr: Expr, settings: Mapping[str, Expr]) -> Expr:
    values: dict[Expr, Expr] = {
        symbol: settings[symbol.name] for symbol in symbols(expr) if symbol.name in settings
    }
    return substitute(expr, values)


def _settings(spec: ActivationSpec) -> dict[str, Expr]:
    """Return the value of every name but x and index."""
    settings: dict[str, Expr] = {"gate": X, "value": ONE}
    settings |= {entry.name: HALF for entry in spec.random}
    for param in spec.params:
        number = param.default_value
        if number is None:
            settings[param.name] = Const(_example(param))
        elif abs(number) == float("inf"):
            settings[param.name] = INF if number > 0 else -INF
        else:
            settings[param.name] = Const(Fraction(number))
    return settings


def _example(param: Param) -> Fraction:
    bounds = [(b.relation, b.other) for b in param.constraint if not isinstance(b.other, str)]
    return next(
        (
            number
            for number in _REQUIRED
            if all(_HOLDS[relation](float(number), other) for relation, other in bounds)
        ),
        Fraction(1),
    )


def _as_function_of_x(expr: Expr) -> Expr:
    """Spell out the reductions of `expr` over the three elements (x, 0, 0), for the first one."""
    done: dict[Expr, Expr] = {}
    for node in walk(expr):
        done[node] = node
        if isinstance(node, Apply) and node.args:
            args = tuple(done[arg] for arg in node.args)
            reduces = OPS[node.op].category == "reduction"
            done[node] = _spell_out(node.op, args[0]) if reduces else Apply(node.op, args)
    return substitute(done[expr], {_INDEX: ZERO, _FIRST: X})


def _spell_out(op: str, arg: Expr) -> Expr:
    elements = [
        substitute(arg, {X: value, _INDEX: Const(Fraction(index))})
        for index, value in enumerate((_FIRST, ZERO, ZERO))
    ]
    if op not in _SPELLED:
        raise CompilerError(f"no plot for the reduction '{op}'")
    return _SPELLED[op](elements)


def _threshold(elements: list[Expr]) -> Expr:
    """The largest (sum - 1) / count over the subsets: it is the one over the support."""
    subsets = chain.from_iterable(combinations(elements, size) for size in range(1, 4))
    return reduce(maximum, [(reduce(operator.add, part) - 1) / len(part) for part in subsets])


_SPELLED: dict[str, Callable[[list[Expr]], Expr]] = {
    "sum": lambda parts: reduce(operator.add, parts),
    "mean": lambda parts: reduce(operator.add, parts) / len(parts),
    "amax": lambda parts: reduce(maximum, parts),
    "amin": lambda parts: reduce(minimum, parts),
    "argmax": lambda parts: where(apply("ge", parts[0], reduce(maximum, parts[1:])), 0, 1),
    "sparsemax_threshold": _threshold,
}


def _sample(expr: Expr) -> list[float]:
    return [float(evaluate(expr, {"x": x}, _DIGITS)) for x in XS]
