"""Stand in for the intrinsics in Numba's CUDA simulator: Python functions of the same meaning.

The simulator runs every thread as Python code, in the memory of the process. It checks which
elements kernels touch and how, not how fast. Arithmetic is that of NumPy's scalars; a fused
multiply-add is computed exactly and rounded once.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numba import cuda

from actgen.cuda.arguments import split
from actgen.cuda.split import Split
from actgen.cuda.tiling import LANES, THREADS


def device(function: Callable[..., Any]) -> Any:
    """Make a function that kernels call."""
    return cuda.jit(device=True)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Make a function that runs on a grid of threads."""
    return cuda.jit(function)


def _typed(number: Any) -> Any:
    """Return a literal as float64, which it is in compiled functions: NumPy would adapt it."""
    return np.float64(number) if type(number) is float else number


def by_type(*, double: Any, single: Any, half: Any) -> Any:
    """Return a function of `like` and more: one of three, by the type of `like`."""

    def chosen(like: Any, *args: Any) -> Any:
        if isinstance(like, float) or type(like) is np.float64:
            return _typed(double(*args))
        return _typed(single(*args) if type(like) is np.float32 else half(*args))

    return chosen


def widened(function: Any, elements: int = 1) -> Any:
    """Return a function that takes its first one or two arguments to float64."""

    def wide(*args: Any) -> Any:
        return function(*map(np.float64, args[:elements]), *args[elements:])

    return wide


def in_parts(value: Any) -> Split:
    """Return a float64 parameter as functions take it."""
    whole, high, rest = split(float(value))
    return Split(np.float64(whole), np.float32(high), np.float32(rest))


def in_parts_32(value: Any) -> Split:
    """Return a float32 parameter as functions take it."""
    return Split(np.float64(value), np.float32(value), np.float32(0))


def _common(*numbers: Any) -> Any:
    narrow = all(type(number) is np.float32 for number in numbers)
    return np.float32 if narrow else np.float64


def fma(a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c, rounded once."""
    kind = _common(a, b, c)
    if not all(map(math.isfinite, (a, b, c))):
        return kind(a * b + c)
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return kind(a * b + c)  # for the sign of the zero
    if kind is np.float64:
        return _rounded(exact, 53, -1022, kind)
    return _rounded(exact, 24, -126, kind)


def _rounded(exact: Fraction, bits: int, least: int, kind: Any) -> Any:
    """Round a fraction to nearest even."""
    exponent = exact.numerator.bit_length() - exact.denominator.bit_length()
    if abs(exact) < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, least) - bits + 1)
    whole = round(exact / unit)
    try:
        return kind(math.ldexp(float(whole), max(exponent, least) - bits + 1))
    except OverflowError:
        return kind(math.copysign(math.inf, whole))


def copysign(a: Any, b: Any) -> Any:
    """Return `a` with the sign bit of `b`."""
    return _common(a, b)(np.copysign(a, b))


def maximum(a: Any, b: Any) -> Any:
    """Return `b` where b > a or b is NaN, else `a`."""
    return _common(a, b)(b if b > a or b != b else a)


def minimum(a: Any, b: Any) -> Any:
    """Return `b` where b < a or b is NaN, else `a`."""
    return _common(a, b)(b if b < a or b != b else a)


def at_least(value: Any, bound: Any) -> Any:
    """Return `bound` where `value` is below it, else `value`."""
    return _common(value, bound)(bound if value < bound else value)


def at_most(value: Any, bound: Any) -> Any:
    """Return `bound` where `value` is above it, else `value`."""
    return _common(value, bound)(bound if value > bound else value)


def select(condition: Any, a: Any, b: Any) -> Any:
    """Return `a` where `condition` holds, else `b`."""
    return a if condition else b


def rint(a: Any) -> Any:
    """Return the nearest integer, ties to even."""
    return np.rint(a)


def floor(a: Any) -> Any:
    """Return the largest integer not above."""
    return np.floor(a)


def ceil(a: Any) -> Any:
    """Return the smallest integer not below."""
    return np.ceil(a)


def power2(n: Any) -> Any:
    """Return 2**n for an integral n whose power is a normal number, and something for others."""
    return type(n)(np.ldexp(1.0, int(n)) if abs(n) < 2000 else np.nan)


def _power_of(a: Any) -> int:
    """Return the n of a number that is n + 1.5 * 2**52 + 1023 (2**23 + 127 in float32)."""
    shift = 1.5 * 2.0**23 + 127 if _common(a) is np.float32 else 1.5 * 2.0**52 + 1023
    return int(max(-9999.0, min(float(a) - shift, 9999.0)))  # beyond which it is anything


def power2_rounded(a: Any) -> Any:
    """Return 2**n for a = n + 1.5 * 2**52 + 1023 (2**23 + 127 in float32)."""
    kind = _common(a)
    return kind(np.ldexp(1.0, _power_of(a))) if a == a else kind(np.nan)


def times_power2(value: Any, a: Any) -> Any:
    """Return value * power2_rounded(a), rounded once."""
    return np.ldexp(value, _power_of(a)) if a == a else value


def exponent(a: Any) -> Any:
    """Return the n with 2**n <= |a| < 2**(n+1), for a normal number."""
    if not math.isfinite(a):
        return _common(a)(128 if _common(a) is np.float32 else 1024)
    return _common(a)(math.frexp(a)[1] - 1)


def mantissa(a: Any) -> Any:
    """Return |a| / 2**exponent(a), in [1, 2), for a normal number."""
    return _common(a)(2 * abs(math.frexp(a)[0]) if math.isfinite(a) else 1)


def _flushed(a: Any) -> Any:
    """Return a number as float32, 0 if it is subnormal there."""
    with np.errstate(over="ignore"):
        return np.float32(a if not abs(a) < 2.0**-126 else np.copysign(0.0, a))


def exp2_approx(a: Any) -> Any:
    """Return 2**a, 0 where that is subnormal; a GPU is off by a place or two."""
    with np.errstate(all="ignore"):
        return _flushed(np.exp2(np.float64(a)))


def reciprocal_approx(a: Any) -> Any:
    """Return 1 / a, 0 for |a| beyond 2**126; a GPU is off by a place."""
    with np.errstate(all="ignore"):
        return _flushed(1 / np.float64(_flushed(a)))


def log2_approx(a: Any) -> Any:
    """Return the logarithm to base 2; a GPU is off by a place or two."""
    with np.errstate(all="ignore"):
        return np.float32(np.log2(np.float64(a)))


def narrow(value: Any, like: Any) -> Any:
    """Return a number in the type of `like`, float32 or float64."""
    return type(like)(value)


_CTYPES = {np.float64: ctypes.c_double, np.float32: ctypes.c_float}


def _entry(address: int, index: int, like: Any) -> Any:
    """Return an element in memory, as ctypes has it."""
    kind = _CTYPES.get(type(like), ctypes.c_uint16)
    kind = ctypes.c_double if isinstance(like, float) else kind
    return kind.from_address(int(address) + int(index) * ctypes.sizeof(kind))


def load(address: int, index: int, like: Any) -> Any:
    """Return the element of an array: float64 for float64, else float32."""
    value = _entry(address, index, like).value
    if isinstance(like, float):
        return np.float64(value)
    if type(like) is np.float32:
        return np.float32(value)
    bits = np.uint16(value)
    if type(like) is np.uint16:
        return np.float32(bits.view(np.float16))
    return np.uint32(np.uint32(bits) << np.uint32(16)).view(np.float32)


def store(address: int, index: int, like: Any, value: Any) -> None:
    """Write an element of an array, rounded to its type."""
    with np.errstate(all="ignore"):
        _entry(address, index, like).value = _stored(like, value)


def _stored(like: Any, value: Any) -> Any:
    if isinstance(like, float):
        return float(value)
    number = np.float32(value)
    if type(like) is np.float32:
        return float(number)
    if type(like) is np.uint16:
        return int(np.float16(number).view(np.uint16))
    bits = int(number.view(np.uint32))
    if number != number:
        return 0x7FC0
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 & 0xFFFF


def load_bool(address: int, index: int) -> bool:
    """Return an entry of an array of booleans, one byte each."""
    return bool(ctypes.c_uint8.from_address(int(address) + int(index)).value)


def store_bool(address: int, index: int, value: bool) -> None:
    """Write an entry of an array of booleans, one byte each."""
    ctypes.c_uint8.from_address(int(address) + int(index)).value = bool(value)


def _places(start: int, like: Any) -> list[int]:
    size = 8 if isinstance(like, float) else 4 if type(like) is np.float32 else 2
    lanes = 16 // size
    return [
        start + (part * THREADS + cuda.threadIdx.x) * lanes + lane
        for part in range(LANES // lanes)
        for lane in range(lanes)
    ]


def _load_tile(address: int, start: int, like: Any) -> Any:
    """Return the eight elements that a thread has of a tile."""
    return tuple(load(address, index, like) for index in _places(start, like))


def _store_tile(address: int, start: int, like: Any, values: Any) -> None:
    """Write the eight elements that a thread has of a tile."""
    for index, value in zip(_places(start, like), values, strict=True):
        store(address, index, like, value)


load_tile, store_tile = device(_load_tile), device(_store_tile)
