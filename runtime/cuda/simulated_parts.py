"""Stand in for the primitives of slices in Numba's CUDA simulator, as `simulated` does for others.

Parts are tuples here, too. Threads meet in shared memory wherever they meet on a device.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numba import cuda

from actgen.cuda.simulated import device, load, load_bool, store

_one_thread = threading.Lock()


def size_of(like: Any) -> int:
    """Return how many bytes an element has."""
    return 8 if isinstance(like, float) else int(np.dtype(type(like)).itemsize)


def _numbers(operands: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return the operands of each number of a part."""
    (width,) = {len(entry) for entry in operands if type(entry) is tuple}
    return [
        tuple(entry[k] if type(entry) is tuple else entry for entry in operands)
        for k in range(width)
    ]


def each(function: Any, *operands: Any) -> tuple[Any, ...]:
    """Apply a function to the numbers of parts one by one; other operands stay as they are."""
    return tuple(function(*numbers) for numbers in _numbers(operands))


def fold(function: Any, first: Any, *operands: Any) -> Any:
    """Apply a function to `first` and the numbers of parts, each time to what it gave."""
    first = _wide(first)
    for numbers in _numbers(operands):
        first = function(first, *numbers)
    return first


def _wide(value: Any) -> Any:
    """Return numbers that neither float32 nor a division by zero is stronger than."""
    if type(value) is tuple:
        return tuple(map(_wide, value))
    return np.float64(value) if type(value) is float else value


def positions(at: Any, start: int, like: Any, lanes: int, width: int) -> tuple[int, ...]:
    """Return where the elements of a part stand in the slice."""
    vector = min(16 // size_of(like), width)
    rank = int(at.rank)
    return tuple(
        int(start) + (k // vector * lanes + rank) * vector + k % vector for k in range(width)
    )


def inside(at: Any, start: int, like: Any, lanes: int, width: int) -> tuple[bool, ...]:
    """Return which elements of a part lie inside the slice."""
    return tuple(place < at.length for place in positions(at, start, like, lanes, width))


def _indices(at: Any, start: int, like: Any, lanes: int, width: int) -> list[int]:
    places = positions(at, start, like, lanes, width)
    return [
        int(at.base) + (place if place < at.length else int(start)) * int(at.stride)
        for place in places
    ]


def load_part(
    array: int, at: Any, start: int, like: Any, of: Any, lanes: int, width: int
) -> tuple[Any, ...]:
    """Return the part of an array that begins at `start` of a slice."""
    if at.whole:
        assert array % 16 == 0 and at.base % (16 // size_of(like)) == 0
    return tuple(load(array, index, of) for index in _indices(at, start, like, lanes, width))


def load_mask(
    mask: int, at: Any, start: int, like: Any, lanes: int, width: int
) -> tuple[bool, ...]:
    """Return which elements of a part lie inside the slice and are selected by a mask."""
    kept = (load_bool(mask, index) for index in _indices(at, start, like, lanes, width))
    within = inside(at, start, like, lanes, width)
    return tuple(a and b for a, b in zip(kept, within, strict=True))


def store_part(
    array: int, at: Any, start: int, like: Any, of: Any, lanes: int, values: tuple[Any, ...]
) -> None:
    """Write a part, each number rounded to the type of `of`, nothing beyond the slice."""
    for place, value in zip(positions(at, start, like, lanes, len(values)), values, strict=True):
        if at.live and place < at.length:
            store(array, int(at.base) + place * int(at.stride), of, value)


@device
def slots(value: Any, count: int) -> Any:
    """Return entries of shared memory."""
    with _one_thread:  # the simulator would make several
        return cuda.shared.array(1024, np.dtype(object))


def put(entries: Any, index: int, value: Any) -> None:
    """Write an entry of shared memory."""
    entries[int(index)] = value


def taken(entries: Any, index: int, value: Any) -> Any:
    """Read an entry of shared memory."""
    return entries[int(index)]


@device
def any_of_warp(condition: Any) -> bool:
    """Tell whether a condition holds for any thread of the warp; here, of the block."""
    return bool(cuda.syncthreads_or(int(condition)))


@device
def exchange(value: Any, step: int) -> Any:
    """Return the value of the thread whose number in the warp differs by the bit `step`."""
    entries = slots(value, 1024)
    thread = cuda.threadIdx.x
    put(entries, thread, value)
    cuda.syncthreads()
    other = taken(entries, thread ^ int(step), value)
    cuda.syncthreads()
    return other


def larger(a: Any, b: Any) -> Any:
    """Return the larger of two float32; of NaN and a number the number."""
    return np.fmax(a, b)
