"""Answer plain calls along the last axis by a short way: a kernel over rows, and no more checks.

In: a contiguous array whose last axis is worked along, and what goes with it. Out: the result, or
None where the arrays are not plain. Short rows would else take less time than the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import ndarray

from actgen.arrays import Array, element_dtype
from actgen.kernels import Kernels, signature
from actgen.launch import launch

SHORT = 28  # elements that short rows have at most, for kernels called so


@dataclass(frozen=True)
class Rows:
    """A kernel over rows, the one over short rows, and the numbers behind their arrays.

    `gate` is 0 or 1, the half of a row that is the gate; None where rows are not cut.
    """

    kernel: Callable[..., None]
    short: Callable[..., None]
    numbers: tuple[float, ...]
    element: np.dtype[Any]
    gate: int | None


def rows(
    kernels: Kernels, stem: str, numbers: Mapping[str, Any], dtype: np.dtype[Any], gate: str | None
) -> Rows | None:
    """Return the short way to the kernel called `stem`, None where these parameters have none."""
    narrow = None if dtype == np.float64 else kernels.find(stem, "narrow_rows")
    kernel = kernels.find(stem, "rows") if narrow is None else narrow
    if kernel is None:
        return None
    short = None if narrow is None else kernels.find(stem, "narrow_short")
    taken = []
    for name in signature(kernel):
        value = numbers.get(name, numbers.get(name.removesuffix("_")))
        if isinstance(value, ndarray):
            return None
        if value is not None:
            taken.append(float(value))
    place = None if gate is None else int(gate != "first")
    return Rows(kernel, short or kernel, tuple(taken), element_dtype(dtype), place)


def take_rows(known: Rows, x: Array, out: Any, dy: Any = None) -> Any:
    """Return the result of a kernel on the rows of `x` and `dy`, None where these are not plain."""
    length = x.shape[-1] if x.ndim else 0
    if not x.flags.c_contiguous or not length or not x.size:
        return None
    if known.gate is not None and length % 2:
        return None
    shape = x.shape if known.gate is None else (*x.shape[:-1], length // 2)
    wanted = shape if dy is None else x.shape
    given = [x] if dy is None else [x, dy]
    if dy is not None and not _fits(dy, shape, x.dtype):
        return None
    if out is None:
        out = np.empty(wanted, x.dtype)
    elif not _usable(out, wanted, given, in_place=known.gate is None):
        return None
    views = [_rows(array, known.element) for array in (*given, out)]
    if known.gate is not None:
        views[:1] = _halves(views[0], known.gate)
        if dy is not None:
            views[-1:] = _halves(views[-1], known.gate)
    kernel = known.short if length <= SHORT else known.kernel
    launch(kernel, (*views, *known.numbers))
    return out


def _fits(array: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return (
        type(array) is ndarray
        and array.shape == shape
        and array.dtype == dtype
        and array.flags.c_contiguous
    )


def _usable(out: Any, shape: tuple[int, ...], given: list[Array], *, in_place: bool) -> bool:
    """Tell whether a kernel may write to `out` while it reads what is given."""
    if not _fits(out, shape, given[0].dtype) or not out.flags.writeable:
        return False
    others = (array for array in given if not (in_place and array is out))
    return not any(np.may_share_memory(array, out) for array in others)


def _rows(array: Array, element: np.dtype[Any]) -> Array:
    flat = array.reshape(-1, array.shape[-1])
    return flat if flat.dtype == element else flat.view(element)


def _halves(array: Array, gate: int) -> list[Array]:
    half = array.shape[1] // 2
    first, second = array[:, :half], array[:, half:]
    return [second, first] if gate else [first, second]
