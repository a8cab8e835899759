"""Evaluate expressions in plain float64: what straightforward generated code would compute.

The compiler compares this with `evaluate` to see where IEEE arithmetic needs a guard. Overflow,
underflow and NaN behave as in a kernel; the last bits need not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Apply, Const, Expr, Symbol, walk
from actgen.codegen.precision import FLOAT64

_F = np.float64


def _nearest(value: Fraction) -> Any:
    try:
        return _F(value.numerator / value.denominator)
    except OverflowError:
        return _F(math.inf if value > 0 else -math.inf)


def _sigmoid(a: Any) -> Any:
    z = np.exp(-abs(a))
    return 1 / (1 + z) if a >= 0 else z / (1 + z)


def _logcosh(a: Any) -> Any:
    return abs(a) + np.log1p(np.exp(-2 * abs(a))) - _F(math.log(2))


def _rootsum(a: Any, b: Any, c: Any) -> Any:
    return np.sqrt(a) + b if b >= 0 or np.isinf(c) else c / (np.sqrt(a) - b)


def _rootratio(a: Any, b: Any, c: Any) -> Any:
    return 1 + b / np.sqrt(a) if b >= 0 or np.isinf(c) else c / (a - b * np.sqrt(a))


_FLOAT64: dict[str, Callable[..., Any]] = {
    "pi": lambda: _F(math.pi),
    "e": lambda: _F(math.e),
    "inf": lambda: _F(math.inf),
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": lambda a, b: np.power(a, b),
    "fma": lambda a, b, c: a * b + c,
    "copysign": np.copysign,
    "power2": np.exp2,
    "power2_rounded": lambda a: np.exp2(a - _F(FLOAT64.rounder)),
    "times_power2": lambda a, b: np.ldexp(a, int(b - _F(FLOAT64.rounder))),
    "exponent": lambda a: _F(math.frexp(a)[1] - 1),
    "mantissa": lambda a: _F(2 * abs(math.frexp(a)[0])),
    "abs": abs,
    "sign": np.sign,
    "min": np.minimum,
    "max": np.maximum,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    **{name: getattr(np, name) for name in ("sqrt", "exp", "expm1", "log", "log1p")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "hypot")},
    **{
        name: getattr(np, numpy)
        for name, numpy in (
            ("asin", "arcsin"),
            ("acos", "arccos"),
            ("atan", "arctan"),
            ("asinh", "arcsinh"),
            ("acosh", "arccosh"),
            ("atanh", "arctanh"),
        )
    },
    "erf": lambda a: _F(math.erf(a)),
    "erfc": lambda a: _F(math.erfc(a)),
    "sigmoid": _sigmoid,
    "softplus": lambda a: np.logaddexp(_F(0), a),
    "sech2": lambda a: 4 * np.exp(-2 * abs(a)) / (1 + np.exp(-2 * abs(a))) ** 2,
    "normcdf": lambda a: _F(0.5 * math.erfc(-a * math.sqrt(0.5))),
    "acot": lambda a: np.arctan(1 / a) if a > 0 else math.pi / 2 - np.arctan(a),
    "rootsum": _rootsum,
    "rootratio": _rootratio,
    "tanhsoftplus": lambda a: np.tanh(np.logaddexp(_F(0), a)),
    "sech2softplus": lambda a: 1 / np.cosh(np.logaddexp(_F(0), a)) ** 2,
    "logcosh": _logcosh,
    "log1mexp": lambda a: np.log(-np.expm1(a)),
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
    "where": lambda c, a, b: a if c else b,
    "product": lambda a, b: _F(0) if a == 0 else a * b,
    "stop_gradient": lambda a: a,
    "straight_through": lambda a, b: a,
}


def evaluate_float64(expr: Expr, values: Mapping[str, float]) -> float:
    """Return the value of `expr` in float64 arithmetic; `values` maps names to numbers."""
    done: dict[Expr, Any] = {}
    with np.errstate(all="ignore"):
        for node in walk(expr):
            if isinstance(node, Const):
                done[node] = _nearest(node.value)
            elif isinstance(node, Symbol):
                done[node] = _F(values[node.name])
            elif isinstance(node, Apply) and node.op in _FLOAT64:
                done[node] = _FLOAT64[node.op](*(done[arg] for arg in node.args))
            else:
                raise CompilerError(f"no float64 value for {node!r}")
    return float(done[expr])
