"""Run kernels on arrays of any length: a kernel and its arguments in, the arrays filled on return.

Large arrays are cut into parts, which several threads work on (see `pool.py`). Parts also decide
which results are written past the caches: kernels do that to results of at least `STREAMED` bytes
that begin at a cache line, so arrays that are better kept in the caches are cut into smaller parts.
Nothing of this changes a bit of the results.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from actgen import pool
from actgen.arrays import Array

SHARED = 2**18  # elements from which a call is cut into parts
STREAMED = 2**22  # bytes from which a kernel writes past the caches
_LARGE = 2**24  # bytes from which that is faster, however large the caches are
_LINE = 64  # bytes; as many elements lie apart in any type, so parts end where lines do
_FEWEST = 2**15  # elements of a part
_TURNS = 4  # parts for each thread, so that one that is held up does not hold up all


def launch(
    kernel: Callable[..., None], arguments: Sequence[Any], axes: tuple[int, ...] = (0,)
) -> None:
    """Call a kernel whose arrays may be cut along each of `axes`, 0 or -1.

    Arrays without an entry per element (`axes` still applies to them) come with the others; what
    is no array goes to every call.
    """
    arrays = [value for value in arguments if isinstance(value, np.ndarray)]
    lead = max(arrays, key=lambda array: array.size)
    if lead.size < SHARED:
        kernel(*arguments)
        return
    if lead.ndim == 1:
        axis, bounds = 0, _line_bounds(arrays)
    else:
        axis, bounds = _slice_bounds(lead, axes)
    if len(bounds) == 2:
        kernel(*arguments)
        return
    pool.run(
        [
            partial(kernel, *_part(arguments, axis, start, stop))
            for start, stop in itertools.pairwise(bounds)
        ]
    )


def _part(arguments: Sequence[Any], axis: int, start: int, stop: int) -> list[Any]:
    where: Any = slice(start, stop) if axis == 0 else (..., slice(start, stop))
    return [value[where] if isinstance(value, np.ndarray) else value for value in arguments]


def _line_bounds(arrays: Sequence[Array]) -> list[int]:
    """Return where parts of contiguous arrays begin and end; the last array is the one written."""
    *inputs, out = arrays
    first = -_address(out) % _LINE // out.itemsize
    in_place = any(_address(array) == _address(out) for array in inputs)
    length = -(-out.size // (_TURNS * pool.get_num_threads()))
    if out.nbytes >= _LARGE and not in_place:
        length = max(length, STREAMED // out.itemsize + _LINE)
    else:
        length = max(_FEWEST, min(length, STREAMED // out.itemsize - 2 * _LINE))
    starts = range(first, out.size, -(-length // _LINE) * _LINE)
    return sorted({0, *starts, out.size})


def _slice_bounds(lead: Array, axes: tuple[int, ...]) -> tuple[int, list[int]]:
    """Return the axis to cut arrays of several dimensions along, and where parts begin and end."""
    threads = pool.get_num_threads()
    count = min(_TURNS * threads, lead.size // _FEWEST) if threads > 1 else 1
    if lead.shape[0] >= min(count, 2 * threads) or -1 not in axes:
        # A part with a single row could have strides for which the kernel has yet to be compiled.
        return 0, _even(lead.shape[0], count, 1 if lead.shape[0] == 1 else 2)
    return -1, _even(lead.shape[-1], count, _LINE)


def _even(length: int, count: int, step: int) -> list[int]:
    """Cut a length into about `count` parts, at multiples of `step`."""
    size = max(step, -(-length // (count * step)) * step)
    starts = [*range(0, length, size)]
    if step == 2 and len(starts) > 1 and length - starts[-1] < step:
        starts.pop()
    return [*starts, length]


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])
