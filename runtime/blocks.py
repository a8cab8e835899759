"""Compute over arrays of any strides by blocks of them, without copying them as a whole.

In: a contiguous kernel, arrays that broadcast with the one to fill, numbers. Out: that array,
filled. What the arrays are like goes to the compiled walk (see `walk.py`) as a table: how many
steps along three axes, how many of the inner two make a block, and for each array, the one to fill
first, where it begins and its strides. Tables are kept for the next call with arrays like these.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache, lru_cache, partial
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from actgen import pool
from actgen.arrays import Array, address
from actgen.launch import SHARED

# Elements of a block: few enough for the CPU to gather one while it computes the one before. Tiles
# of the compiled walk hold 1024.
_LONG = 256
_WIDE, _TALL = 64, 16  # a block of what is transposed: whole cache lines either way
_LANES = 16  # elements that the walk computes at once
_AXES = 3  # of the table
_HEAD = _AXES + 2  # entries of a table before those of the arrays
_MOST = 1024  # tables, for arrays of more axes
_TURNS = 4  # parts for each thread, so that one that is held up does not hold up all

# Shape and strides of an array, its itemsize aside.
Layout: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


@cache
def _walker(kernel: Callable[..., None], inputs: int) -> Callable[..., None]:
    from actgen.walk import walker  # with Numba, which must not be there before a kernel is

    return walker(kernel, inputs)


def fill(
    kernel: Callable[..., None],
    inputs: Sequence[Array],
    out: Array,
    parameters: Sequence[Any] = (),
    element: np.dtype[Any] | None = None,
) -> bool:
    """Fill `out` by the function of a kernel of `inputs`, numbers and float arrays.

    `element` is the dtype under which the kernel sees `inputs` and `out`, if that is another one;
    these have one dtype. No input may overlap `out`, but for one that lies exactly there. False
    means that nothing was done: the arrays have too many axes that do not merge.
    """
    arrays = [out, *inputs, *[value for value in parameters if type(value) is np.ndarray]]
    threads = 1 if out.size < SHARED else pool.get_num_threads()
    layouts = tuple([(array.shape, array.strides) for array in arrays])
    tables = _tables(layouts, threads)
    if tables is None:
        return False
    if not tables:
        return True
    walk = _walker(kernel, len(inputs))
    given = [_first(array, element) for array in (out, *inputs)]
    given += [_first(value) if type(value) is np.ndarray else value for value in parameters]
    if threads == 1:
        for table in tables:
            walk(table, *given)
    else:
        pool.run([partial(walk, table, *given) for table in tables])
    return True


def _first(array: Array, element: np.dtype[Any] | None = None) -> Array:
    """Return an array of the first element alone, which may be written as far as Numba knows.

    What is read-only has a type of its own there, for which it would compile anew.
    """
    first: Array
    if array.flags.writeable:
        first = array[(0,) * array.ndim + (None,)]
    else:
        memory: Any = (ctypes.c_char * array.itemsize).from_address(address(array))
        first = np.frombuffer(memory, array.dtype)
    return first if element is None else first.view(element)


@lru_cache(128)
def _tables(layouts: tuple[Layout, ...], threads: int) -> list[Array] | None:
    """Return tables that together cover the first array.

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
    tables = []
    for index in product(*map(range, lengths[:outer])):
        starts = [sum(map(int.__mul__, index, own)) for own in strides]
        whole = _table(lengths[outer:], starts, [own[outer:] for own in strides])
        tables += _parts(whole, _TURNS * threads) if threads > 1 else [whole]
    return [np.array(table, np.int64) for table in tables]


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


def _table(
    lengths: Sequence[int], starts: Sequence[int], strides: Sequence[Sequence[int]]
) -> list[int]:
    _, rows, columns = lengths
    across = any(0 < abs(own[1]) < abs(own[2]) for own in strides)
    if across and rows >= _TALL:
        height, width = _TALL, min(columns, _WIDE)
    else:
        pieces = -(-columns // _LONG)
        width = min(columns, -(-columns // (pieces * _LANES)) * _LANES)
        height = min(rows, _LONG // width)
    table = [*lengths, height, width]
    for start, own in zip(starts, strides, strict=True):
        table += [start, *own]
    return table


def _parts(table: list[int], count: int) -> list[list[int]]:
    """Cut a table into about `count` along its longest axis, between blocks."""
    step = [1, table[_AXES], table[_AXES + 1]]
    blocks = [-(-table[axis] // step[axis]) for axis in range(_AXES)]
    axis = max(range(_AXES), key=blocks.__getitem__)
    size = -(-blocks[axis] // count) * step[axis]
    parts = []
    for start in range(0, table[axis], size):
        part = table.copy()
        part[axis] = min(size, table[axis] - start)
        for own in range(_HEAD, len(table), 1 + _AXES):
            part[own] += start * table[own + 1 + axis]
        parts.append(part)
    return parts
