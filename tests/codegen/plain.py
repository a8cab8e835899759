"""Run what the CPU printers wrote as plain Python, with NumPy's float64 and an exact fma."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

F = np.float64


def fma(a: float, b: float, c: float) -> float:
    """Return a * b + c, rounded once."""
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return a * b + c  # for the sign of zero
    try:
        return F(math.copysign(float(exact), exact))
    except OverflowError:
        return F(math.copysign(math.inf, exact))


def _maximum(a: float, b: float) -> float:
    return a if a > b or a != a else b


def _minimum(a: float, b: float) -> float:
    return a if a < b or a != a else b


def _at_least(value: float, bound: float) -> float:
    return bound if value < bound else value


def _at_most(value: float, bound: float) -> float:
    return bound if value > bound else value


def _power2(n: float) -> float:
    return F(math.ldexp(1.0, int(n))) if n == n else n


def _function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function take float64 numbers, so that nothing raises where IEEE goes on."""
    return lambda *args: function(*(F(a) if isinstance(a, float) else a for a in args))


def _same_start(a: np.ndarray, b: np.ndarray) -> bool:
    return a.__array_interface__["data"][0] == b.__array_interface__["data"][0]


def _store_tile(tile: np.ndarray, out: np.ndarray, start: int) -> None:
    out[start : start + tile.size] = tile[: out.size - start]


_NUMPY = ("sin", "cos", "tan", "sinh", "cosh", "sqrt", "hypot", "floor", "ceil", "rint", "copysign")
_ARCS = ("sin", "cos", "tan", "sinh", "cosh")
NAMES: dict[str, Any] = {
    **{name: getattr(np, name) for name in _NUMPY},
    **{f"a{name}": getattr(np, f"arc{name}") for name in _ARCS},
    "np": np,
    "inf": F(math.inf),
    "fma": fma,
    "maximum": _maximum,
    "minimum": _minimum,
    "at_least": _at_least,
    "at_most": _at_most,
    "power2": _power2,
    "exponent": lambda a: F(math.frexp(a)[1] - 1),
    "mantissa": lambda a: F(2 * abs(math.frexp(a)[0])),
    "load": F,
    "element": F,
    "widened": lambda function, elements=1: function,
    "narrow": lambda value, like: like.dtype.type(value),
    "same_start": _same_start,
    "at": lambda value, index: F(value[index]) if isinstance(value, np.ndarray) else value,
    "is_large": lambda out: out.size >= 2**20,
    "store_tile": _store_tile,
    "stack_buffer": lambda count, like: np.empty(count, like.dtype),
    "float32": np.float32,
    "float32_rest": lambda value: np.float32(value - float(np.float32(value))),
    "by_type": lambda double, single, half: lambda like, *args: double(*args),
    "device": _function,
    "kernel": _function,
    "ufunc": _function,
}


class _Float64(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not isinstance(node.value, float):
            return node
        return ast.Call(ast.Name("float64", ast.Load()), [node], [])


def value(text: str, names: dict[str, Any], functions: dict[str, Any] | None = None) -> float:
    """Return the value of an expression that `emit_cpu` printed."""
    tree = ast.fix_missing_locations(_Float64().visit(ast.parse(text, mode="eval")))
    known = {**NAMES, **(functions or {}), "float64": F}
    with np.errstate(all="ignore"):
        numbers = {name: F(number) for name, number in names.items()}
        return float(eval(compile(tree, "<expression>", "eval"), known, numbers))


def module(source: str) -> dict[str, Any]:
    """Return the functions of a generated module."""
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    tree = ast.fix_missing_locations(_Float64().visit(tree))
    names = {**NAMES, "float64": F}
    exec(compile(tree, "<module>", "exec"), names)
    return names
