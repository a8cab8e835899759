"""Evaluate lowered expressions over arrays, rounding every operation as a kernel does.

In: a lowered expression, the format it computes in, arrays for its symbols. Out: an array. The
functions of the library are evaluated by their definitions, so that what the compiler measures
here is what its kernels will do, on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Apply, Const, Expr, Symbol, is_op, walk
from actgen.codegen.library import LIBRARY
from actgen.codegen.ops import RESTS
from actgen.codegen.precision import FLOAT64, Format

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
_Operations: TypeAlias = Mapping[str, Callable[..., Any]]

_SPLITTER = 2.0**27 + 1
_SAFE = 2.0**995  # up to here the splitting of a factor does not overflow


def simulate(
    expr: Expr,
    values: Mapping[str, Any],
    fmt: Format = FLOAT64,
    fused: bool = True,
    nudges: Mapping[str, int] | None = None,
) -> Array:
    """Return the values of `expr`; `values` holds an array or a number for each symbol.

    Without `fused` an fma in float64 rounds twice: enough, and much faster, for what is compared
    with float32 only. What GPUs approximate is taken as rounded, and then moved by as many places
    as `nudges` says.
    """
    twice: _Operations = {} if fused or fmt is not FLOAT64 else {"fma": lambda a, b, c: a * b + c}
    shared = any(is_op(node, *(f"{name}_rest" for name in RESTS)) for node in walk(expr))
    ops = {
        **_PLAIN,
        **twice,
        **{name: _nudged(name, count) for name, count in (nudges or {}).items()},
    }
    with np.errstate(all="ignore"):
        given = {name: np.asarray(value, fmt.name) for name, value in values.items()}
        result: Array = _Machine(fmt, ops, {} if shared else None).run(expr, given)
    return result


@dataclass(frozen=True)
class _Machine:
    """Evaluates expressions; `frames` keep the steps of functions called with the same numbers.

    A function and what rounding leaves of it have the same steps.
    """

    fmt: Format
    ops: _Operations
    frames: dict[tuple[Any, ...], tuple[list[Any], dict[Expr, Any]]] | None

    def run(self, expr: Expr, values: Mapping[str, Any]) -> Any:
        done: dict[Expr, Any] = {}
        for node in walk(expr):
            if node not in done:
                done[node] = self.value(node, values, done)
        return done[expr]

    def value(self, node: Expr, values: Mapping[str, Any], done: Mapping[Expr, Any]) -> Any:
        if isinstance(node, Const):
            return np.dtype(self.fmt.name).type(self.fmt.nearest(node.value))
        if isinstance(node, Symbol):
            return values[node.name]
        if not isinstance(node, Apply):
            raise CompilerError(f"no value for {node!r}")
        args = [done[arg] for arg in node.args]
        if node.op == "inf":
            return np.dtype(self.fmt.name).type(np.inf)
        if node.op in self.ops:
            return self.ops[node.op](*args)
        if node.op in _BY_FORMAT:
            return _BY_FORMAT[node.op](self.fmt, *args)
        return self.called(node, args)

    def called(self, node: Apply, args: list[Any]) -> Any:
        function = LIBRARY.get(node.op)
        if function is None:
            raise CompilerError(f"no value for the operation '{node.op}'")
        given = dict(zip(function.args, args, strict=True))
        if self.frames is None:
            return self.run(function.body, given)
        # the arguments are kept, so that no other array takes their place in memory
        key = (*function.args, *map(id, args))
        _, done = self.frames.setdefault(key, (args, {}))
        for step in walk(function.body):
            if step not in done:
                done[step] = self.value(step, given, done)
        return done[function.body]


def _fma(fmt: Format, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c, rounded once but for rare ties."""
    if fmt is not FLOAT64:
        return (np.float64(a) * np.float64(b) + np.float64(c)).astype(np.float32)
    a, b, c = np.broadcast_arrays(a, b, c)
    high = a * b
    plain = high + c
    low = _product_error(a, b, high)
    part = plain - high
    left = (high - (plain - part)) + (c - part) + low
    sound = (abs(a) < _SAFE) & (abs(b) < _SAFE) & np.isfinite(plain) & (abs(high) > 2.0**-960)
    return np.where(sound, plain + left, plain)


def _product_error(a: Any, b: Any, high: Any) -> Any:
    """Return a * b - high (Dekker, 1971)."""
    a_head, b_head = (v * _SPLITTER - (v * _SPLITTER - v) for v in (a, b))
    a_rest, b_rest = a - a_head, b - b_head
    return a_rest * b_rest - (((high - a_head * b_head) - a_rest * b_head) - a_head * b_rest)


def _flushed(a: Any) -> Any:
    """Return numbers as float32, 0 for what is subnormal there."""
    return np.where(np.abs(a) < 2.0**-126, np.copysign(0.0, a), a).astype(np.float32)


def _exp2_approx(a: Any) -> Any:
    return _flushed(np.exp2(np.float64(a)))


def _reciprocal_approx(a: Any) -> Any:
    return _flushed(1 / np.float64(_flushed(a)))


def _log2_approx(a: Any) -> Any:
    return np.log2(np.float64(a)).astype(np.float32)


def _nudged(name: str, count: int) -> Callable[[Any], Any]:
    """Return what a GPU approximates, off by some places: near log2(1) by those of 1/2."""
    exact = APPROXIMATED[name]

    def value(a: Any) -> Any:
        result = exact(a)
        size = np.maximum(np.abs(result), 0.5) if name == "log2_approx" else result
        moved = (result + np.float32(count) * np.abs(np.spacing(size))).astype(np.float32)
        return np.where(np.isfinite(result) & (result != 0), moved, result)

    return value


APPROXIMATED: Mapping[str, Callable[[Any], Any]] = {
    "exp2_approx": _exp2_approx,
    "reciprocal_approx": _reciprocal_approx,
    "log2_approx": _log2_approx,
}


def _bits(fmt: Format) -> tuple[Any, int, int]:
    """Return the integer type, the bits of the fraction and the bias of a format."""
    return (np.int64, 52, 1023) if fmt is FLOAT64 else (np.int32, 23, 127)


def _power2(fmt: Format, n: Any) -> Any:
    kind, fraction, bias = _bits(fmt)
    whole = np.clip(np.nan_to_num(n), -(2**20), 2**20).astype(np.int64)
    wrapped = ((whole + bias) & (2 ** (64 - fraction if fmt is FLOAT64 else 9) - 1)) << fraction
    return wrapped.astype(kind).view(fmt.name)


def _times_power2(fmt: Format, a: Any, b: Any) -> Any:
    places = np.clip(np.nan_to_num(b - fmt.rounder), -(2**20), 2**20).astype(np.int32)
    return np.ldexp(a, places)


def _exponent(fmt: Format, a: Any) -> Any:
    kind, fraction, bias = _bits(fmt)
    bits = np.abs(np.asarray(a, fmt.name)).view(kind)
    return ((bits >> fraction) - bias).astype(fmt.name)


def _mantissa(fmt: Format, a: Any) -> Any:
    kind, fraction, bias = _bits(fmt)
    bits = np.asarray(a, fmt.name).view(kind)
    return ((bits & (2**fraction - 1)) | kind(bias << fraction)).view(fmt.name)


def _pow(a: Any, b: Any) -> Any:
    return np.power(a, b)


_BY_FORMAT: _Operations = {
    "fma": _fma,
    "power2": _power2,
    "power2_rounded": lambda fmt, a: _power2(fmt, a - fmt.rounder),
    "times_power2": _times_power2,
    "exponent": _exponent,
    "mantissa": _mantissa,
    "pi": lambda fmt: np.dtype(fmt.name).type(np.pi),
    "e": lambda fmt: np.dtype(fmt.name).type(np.e),
}
_PLAIN: _Operations = {
    **APPROXIMATED,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "sign": np.sign,
    "copysign": np.copysign,
    "min": np.minimum,
    "max": np.maximum,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "pow": _pow,
    **{name: getattr(np, name) for name in ("sqrt", "tan", "sinh", "cosh", "hypot")},
    **{
        name: getattr(np, f"arc{name[1:]}")
        for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")
    },
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "where": np.where,
}
