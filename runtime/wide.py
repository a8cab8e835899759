"""Compute in float64 where narrower arithmetic cannot hold the parameters.

Kernels for float32 and narrower elements may compute in float32; they split parameters into two
float32 numbers, which keeps their digits between 2**-60 and 2**60. For any other parameter, the
elements are widened a block at a time, computed by the float64 kernel, and rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from math import isinf
from typing import Any

import numpy as np

from actgen.arrays import Array

_LEAST, _MOST = 2.0**-60, 2.0**60
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_FEW = 4096  # entries of an array that is looked at more than once


def is_extreme(number: float) -> bool:
    """Tell whether float32 arithmetic cannot hold a parameter; infinities it can."""
    return number != 0 and not (_LEAST <= abs(number) <= _MOST or isinf(number))


def are_extreme(numbers: Array) -> Array:
    """Tell for each entry of an array of parameters whether float32 arithmetic cannot hold it."""
    size = np.abs(numbers)
    held: Array = (size >= _LEAST) & (size <= _MOST) | np.isinf(size) | (numbers == 0)
    return ~held


def any_extreme(numbers: Array) -> bool:
    """Tell whether `are_extreme` holds for an entry of an array of float32 or float64."""
    if numbers.flags.c_contiguous and numbers.flags.aligned and numbers.dtype in _FLOATS:
        return bool(_compiled()(numbers.reshape(-1)))
    size = np.abs(numbers)
    if size.size and size.min() >= _LEAST and size.max() <= _MOST:
        return False
    return bool(are_extreme(numbers).any())


@cache
def _compiled() -> Callable[[Array], int]:
    from actgen.walk import count_extreme  # with Numba, which must not be there before a kernel is

    counting: Callable[[Array], int] = count_extreme
    return counting


def is_wide(numbers: Iterable[float], dtype: np.dtype[Any]) -> bool:
    """Tell whether elements of `dtype` are to be widened for the sake of these parameters."""
    return dtype.itemsize < 8 and any(map(is_extreme, numbers))


def as_kernels_take(parameter: Any, dtype: np.dtype[Any]) -> Any:
    """Return a parameter as kernels for `dtype` take it: as number, or as array of floats.

    An array that float32 holds is one of float32, for narrow arithmetic takes it apart no further.
    None means that the parameter, or an entry of it, is extreme for these kernels.
    """
    if not isinstance(parameter, np.ndarray):
        number = float(parameter)
        return None if dtype.itemsize < 8 and is_extreme(number) else number
    if dtype.itemsize == 8:
        return parameter.astype(np.float64, copy=False)
    if parameter.dtype.kind == "f" and parameter.itemsize <= 4:
        held = parameter.astype(np.float32, copy=False)
    else:
        held = parameter.astype(np.float64, copy=False)
        if held.size <= _FEW:
            single = held.astype(np.float32)
            held = single if np.array_equal(single, held) else held
    return None if any_extreme(held) else held
