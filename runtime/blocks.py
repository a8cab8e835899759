"""Compute over arrays of any strides by contiguous kernels, without copying them as a whole.

In: a contiguous kernel, arrays that broadcast with the one to fill, numbers. Out: that array,
filled. What the arrays are like goes to the compiled walk (see `walk.py`) as a table: how many
steps along three axes, how many of the inner two make a block, and for each array, the one to fill
first, its strides. Tables are kept for the next call with arrays like these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache, partial
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from actgen import pool
from actgen.arrays import Array, address
from actgen.launch import SHARED

_TILE = 1024  # elements of a block; tiles of the compiled walk hold no more
_WIDE, _TALL = 64, 16  # a block of what is transposed: whole cache lines either way
_AXES = 3  # of the table
_HEAD = _AXES + 2  # entries of a table before the strides
_MOST = 1024  # tables, for arrays of more axes
_TURNS = 4  # parts for each thread, so that one that is held up does not hold up all

# Shape and strides of an array, its itemsize aside.
Layout: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
_Tasks: TypeAlias = list[tuple[Array, Array | None]]


@cache
def _walker(kernel: Callable[..., None], inputs: int, kinds: str) -> Callable[..., None]:
    from actgen.walk import walker  # with Numba, which must not be there before a kernel is

    return walker(kernel, inputs, kinds)


@cache
def _like(element: np.dtype[Any]) -> Array:
    """Return an array of no elements, which says their type."""
    return np.empty(0, element)


def fill(
    kernel: Callable[..., None],
    inputs: Sequence[Array],
    out: Array,
    parameters: Sequence[Any] = (),
    element: np.dtype[Any] | None = None,
) -> bool:
    """Fill `out` by a kernel of `inputs`, `out` and `parameters`, numbers or float arrays.

    `element` is the dtype under which the kernel sees `inputs` and `out`; these have one dtype. No
    input may overlap `out`, but for one that lies exactly there. False means that nothing was
    done: the arrays have too many axes that do not merge.
    """
    given = [out, *inputs]
    kinds, numbers = "", []
    for value in parameters:
        if isinstance(value, np.ndarray):
            given.append(value)
            kinds += "s" if value.dtype == np.float32 else "d"
        else:
            numbers.append(value)
            kinds += "n"
    threads = 1 if out.size < SHARED else pool.get_num_threads()
    layouts = tuple([(array.shape, array.strides) for array in given])
    tasks = _tasks(layouts, out.itemsize, threads)
    if tasks is None:
        return False
    starts = np.array([address(array) for array in given], np.int64)
    walker = _walker(kernel, len(inputs), kinds)
    rest = _like(out.dtype if element is None else element), np.array(numbers, np.float64)
    if threads == 1:
        for table, offsets in tasks:
            walker(table, starts if offsets is None else starts + offsets, *rest)
    else:
        pool.run(
            [
                partial(walker, table, starts if offsets is None else starts + offsets, *rest)
                for table, offsets in tasks
            ]
        )
    return True


@lru_cache(128)
def _tasks(layouts: tuple[Layout, ...], size: int, threads: int) -> _Tasks | None:
    """Return tables that together cover the first array, and how far from its start each begins.

    None where that would be a great many of them.
    """
    shape = layouts[0][0]
    if 0 in shape:
        return []
    lengths, strides = _merged(shape, [_strides(*layout, len(shape)) for layout in layouts])
    outer = len(lengths) - _AXES
    if outer < 0:
        lengths = [1] * -outer + lengths
        strides = [[0] * -outer + own for own in strides]
        outer = 0
    if prod(lengths[:outer]) > _MOST:
        return None
    whole = _table(lengths[outer:], [own[outer:] for own in strides], size)
    tasks = []
    for index in product(*map(range, lengths[:outer])):
        start = [sum(map(int.__mul__, index, own)) for own in strides]
        for part, offsets in _parts(whole, _TURNS * threads) if threads > 1 else [(whole, start)]:
            moved = [a + b for a, b in zip(start, offsets, strict=True)] if threads > 1 else start
            tasks.append(
                (np.array(part, np.int64), np.array(moved, np.int64) if any(moved) else None)
            )
    return tasks


def _strides(shape: tuple[int, ...], strides: tuple[int, ...], ndim: int) -> list[int]:
    """Return the strides of an array along the axes of one with `ndim`: 0 where it is repeated."""
    own = [0 if n == 1 else stride for n, stride in zip(shape, strides, strict=True)]
    return [0] * (ndim - len(shape)) + own


def _merged(
    shape: Sequence[int], strides: Sequence[list[int]]
) -> tuple[list[int], list[list[int]]]:
    """Return lengths and strides with the axes in the order of memory, merged where they can be."""
    axes = [axis for axis in range(len(shape)) if shape[axis] != 1]
    axes.sort(key=lambda axis: -abs(strides[0][axis]))
    lengths: list[int] = []
    merged: list[list[int]] = [[] for _ in strides]
    for axis in axes:
        length = shape[axis]
        if lengths and all(m[-1] == s[axis] * length for m, s in zip(merged, strides, strict=True)):
            lengths[-1] *= length
            for m, s in zip(merged, strides, strict=True):
                m[-1] = s[axis]
        else:
            lengths.append(length)
            for m, s in zip(merged, strides, strict=True):
                m.append(s[axis])
    return lengths, merged


def _table(lengths: Sequence[int], strides: Sequence[Sequence[int]], size: int) -> list[int]:
    _, rows, columns = lengths
    across = any(0 < abs(own[1]) < abs(own[2]) for own in strides)
    width = min(columns, _WIDE if across and rows >= _TALL else _TILE)
    return [*lengths, min(rows, _TILE // width), width, *(step for own in strides for step in own)]


def _parts(table: list[int], count: int) -> list[tuple[list[int], list[int]]]:
    """Cut a table into about `count` along its longest axis, between blocks."""
    step = [1, table[_AXES], table[_AXES + 1]]
    blocks = [-(-table[axis] // step[axis]) for axis in range(_AXES)]
    axis = max(range(_AXES), key=blocks.__getitem__)
    size = -(-blocks[axis] // count) * step[axis]
    parts = []
    for start in range(0, table[axis], size):
        part = table.copy()
        part[axis] = min(size, table[axis] - start)
        parts.append((part, [start * stride for stride in table[_HEAD + axis :: _AXES]]))
    return parts
