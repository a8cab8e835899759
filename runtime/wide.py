"""Compute in float64 where narrower arithmetic cannot hold the parameters.

Kernels for float32 and narrower elements may compute in float32; they split parameters into two
float32 numbers, which keeps their digits between 2**-60 and 2**60. For any other parameter, the
elements are widened a block at a time, computed by the float64 kernel, and rounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isinf
from typing import Any

import numpy as np

from actgen.arrays import Array

_LEAST, _MOST = 2.0**-60, 2.0**60


def is_extreme(number: float) -> bool:
    """Tell whether float32 arithmetic cannot hold a parameter; infinities it can."""
    return number != 0 and not (_LEAST <= abs(number) <= _MOST or isinf(number))


def are_extreme(numbers: Array) -> Array:
    """Tell for each entry of an array of parameters whether float32 arithmetic cannot hold it."""
    size = np.abs(numbers)
    held: Array = (size >= _LEAST) & (size <= _MOST) | np.isinf(size) | (numbers == 0)
    return ~held


def any_extreme(numbers: Array) -> bool:
    """Tell whether `are_extreme` holds for an entry, quickly where the entries are ordinary."""
    size = np.abs(numbers)
    if size.size and size.min() >= _LEAST and size.max() <= _MOST:
        return False
    return bool(are_extreme(numbers).any())


def is_wide(numbers: Iterable[float], dtype: np.dtype[Any]) -> bool:
    """Tell whether elements of `dtype` are to be widened for the sake of these parameters."""
    return dtype.itemsize < 8 and any(map(is_extreme, numbers))
