"""Choose the inputs at which the compiler measures what it generates.

In: the expression to judge and its parameters. Out: float32 numbers: all sizes of both signs, the
range where activations bend, kinks, and the neighbours of zeros, where sums cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_STRIDE = 2**18 - 5  # of bit patterns: some 16,000 numbers
_BENDS = ((-6.0, 6.0, 4001), (-20.0, 20.0, 2001), (-110.0, 100.0, 2101))
_PLACES = 16  # zeros that are looked at closely
_BISECTIONS = 34  # from one float32 to the next one that has the other sign


@cache
def spread() -> Array:
    """Return finite float32 numbers in increasing order."""
    bits = np.arange(0, 2**32, _STRIDE, dtype=np.uint64).astype(np.uint32)
    parts = [bits.view(np.float32), *(np.linspace(*bend, dtype=np.float32) for bend in _BENDS)]
    numbers = np.unique(np.concatenate(parts))
    finite: Array = numbers[np.isfinite(numbers)]
    return finite


@cache
def short_inputs() -> Array:
    """Return all numbers of float16, then all of bfloat16, as float32."""
    bits = np.arange(2**16, dtype=np.uint32)
    with np.errstate(invalid="ignore"):
        half = bits.astype(np.uint16).view(np.float16).astype(np.float32)
    return np.concatenate([half, (bits << 16).view(np.float32)])


@cache
def finite_halves() -> Array:
    """Return the finite float16 numbers in increasing order, as float32."""
    x = short_inputs()[: 2**16]
    return np.sort(x[np.isfinite(x)])


def around(places: Iterable[float]) -> Array:
    """Return the float32 numbers at some places, and their neighbours on either side."""
    at = np.array([place for place in places if abs(place) < 1e38], np.float32)
    below, above = (np.nextafter(at, np.float32(end)) for end in (-np.inf, np.inf))
    return np.concatenate([at, below, above])


def zeros(function: Callable[[Array], Array], x: Array) -> Array:
    """Return the float32 numbers next to the zeros of `function`, seen by its change of sign."""
    sign = np.sign(function(x))
    (steps,) = np.nonzero(sign[:-1] * sign[1:] < 0)
    if not len(steps):
        return x[:0]
    left, right, left_sign = _ordinal(x[steps]), _ordinal(x[steps + 1]), sign[steps]
    for _ in range(_BISECTIONS):
        middle = (left + right) // 2
        same = np.sign(function(_number(middle))) == left_sign
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    near = np.concatenate([left + step for step in (-9, -2, -1, 0, 1, 2, 3, 10)])
    return _number(near)


def beside(places: Array) -> Array:
    """Return float64 numbers around some zeros, from far off to very near."""
    chosen = np.unique(np.round(places.astype(np.float64), 5))[:_PLACES]
    away = np.exp2(-np.arange(0.5, 30, 0.07))
    return np.concatenate([chosen, np.outer(chosen, np.append(1 + away, 1 - away)).ravel()])


def _ordinal(x: Array) -> Array:
    """Return the place of each float32 number in their order; 0 and -0 share one."""
    bits = x.view(np.int32).astype(np.int64)
    ordinals: Array = np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)
    return ordinals


def _number(ordinal: Array) -> Array:
    bits = np.where(ordinal < 0, -ordinal | 0x80000000, ordinal)
    return bits.astype(np.uint32).view(np.float32)
