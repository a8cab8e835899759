"""Walk over arrays of any strides by blocks, each of which the function of a kernel computes.

In: the strides and lengths of arrays, as a table of integers (see `blocks.py`), and the first
element of each. Out: the arrays filled. A block that lies without gaps is computed where it is; any
other is gathered into a tile, or scattered from one. All of that is compiled: a call costs as
little as one of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import inf
from types import FunctionType
from typing import Any

from numba.core import types
from numba.extending import overload

from actgen.cache import Alternatives
from actgen.compilation import device, kernel
from actgen.intrinsics import at, same_start, stack_buffer
from actgen.memory import address_of, memory, peek, poke, take_every_second

compute: Any = None  # stands for the scalar function of a walk
_INLINED = {"error_model": "numpy", "boundscheck": False, "forceinline": True}


@kernel
def gather(place, down, along, rows, columns, tile):  # type: ignore[no-untyped-def]
    """Copy a block of memory, `down` and `along` its strides in bytes, to the start of a tile."""
    size = tile.itemsize
    if along == size:
        for row in range(rows):
            given = memory(place + row * down, columns, tile)
            for column in range(columns):
                tile[row * columns + column] = given[column]
    elif along == 0:
        for row in range(rows):
            value = peek(place + row * down, tile)
            for column in range(columns):
                tile[row * columns + column] = value
    elif along == 2 * size:
        last = (columns - 1) // 16 * 16  # what is behind the last element is not ours
        for row in range(rows):
            first, start = place + row * down, row * columns
            for column in range(0, last - 63, 64):
                take_every_second(first + column * along, 0, 64, tile, start + column)
            for column in range(last // 64 * 64, last, 16):
                take_every_second(first + column * along, 0, 16, tile, start + column)
            done = last
            if 0 < last == columns - 16:
                take_every_second(first + last * along - size, 1, 16, tile, start + last)
                done = columns
            for column in range(done, columns):
                tile[start + column] = peek(first + column * along, tile)
    elif along == -size:
        for row in range(rows):
            given = memory(place + row * down - (columns - 1) * size, columns, tile)
            for column in range(columns):
                tile[row * columns + column] = given[columns - 1 - column]
    elif down == size:
        for column in range(columns):
            given = memory(place + column * along, rows, tile)
            for row in range(rows):
                tile[row * columns + column] = given[row]
    else:
        for row in range(rows):
            for column in range(columns):
                tile[row * columns + column] = peek(place + row * down + column * along, tile)


@kernel
def scatter(place, down, along, rows, columns, tile):  # type: ignore[no-untyped-def]
    """Copy the start of a tile to a block of memory."""
    size = tile.itemsize
    if along == size:
        for row in range(rows):
            target = memory(place + row * down, columns, tile)
            for column in range(columns):
                target[column] = tile[row * columns + column]
    elif down == size:
        for column in range(columns):
            target = memory(place + column * along, rows, tile)
            for row in range(rows):
                target[row] = tile[row * columns + column]
    else:
        for row in range(rows):
            for column in range(columns):
                poke(place + row * down + column * along, tile[row * columns + column])


@kernel
def count_extreme(numbers):  # type: ignore[no-untyped-def]
    """Return how many entries float32 arithmetic cannot hold: see `wide.py`."""
    count = 0
    for i in range(numbers.size):
        size = abs(numbers[i])
        held = (size >= 2.0**-60 and size <= 2.0**60) or size == inf or size == 0.0
        count += not held
    return count


@device
def place_of(table, first, entry, block):  # type: ignore[no-untyped-def]
    """Return where a block of the array at an entry of the table begins, and its strides."""
    i, j, k, _, _ = block
    own = 5 + 4 * entry
    down, along = table[own + 2], table[own + 3]
    start = address_of(first) + table[own]
    return start + i * table[own + 1] + j * down + k * along, down, along


@device
def is_dense(down, along, block, size):  # type: ignore[no-untyped-def]
    """Tell whether a block lies without gaps."""
    _, _, _, rows, columns = block
    return (columns == 1 or along == size) and (rows == 1 or down == columns * size)


@device
def part_of(table, first, entry, tile, block):  # type: ignore[no-untyped-def]
    """Return a block of the array at an entry of the table: where it is, or gathered in `tile`."""
    place, down, along = place_of(table, first, entry, block)
    rows, columns = block[3], block[4]
    if is_dense(down, along, block, tile.itemsize):
        return memory(place, rows * columns, tile)
    gather(place, down, along, rows, columns, tile)
    return memory(address_of(tile), rows * columns, tile)


@device
def target_of(table, first, tile, block):  # type: ignore[no-untyped-def]
    """Return where to compute a block of the first array: where it is, or in `tile`."""
    place, down, along = place_of(table, first, 0, block)
    dense = is_dense(down, along, block, tile.itemsize)
    return memory(place if dense else address_of(tile), block[3] * block[4], tile)


@device
def finish(table, first, tile, block):  # type: ignore[no-untyped-def]
    """Put a block of the first array, which was computed in a tile, where it belongs."""
    place, down, along = place_of(table, first, 0, block)
    scatter(place, down, along, block[3], block[4], tile)


def parts_of(table: Any, entry: Any, given: Any, block: Any) -> Any:
    """Return the blocks of all arrays of a tuple, and its numbers as they are."""
    raise NotImplementedError("for compiled code only")


parts_of._cache = Alternatives([])  # type: ignore[attr-defined]  # it depends on this file alone


@overload(parts_of, jit_options=_INLINED, strict=False)
def _parts_of(table: Any, entry: Any, given: Any, block: Any) -> Any:
    # Numba takes no starred tuple in another one
    if len(given) == 0:
        return lambda table, entry, given, block: ()
    if isinstance(given[0], types.Array):

        def with_array(table: Any, entry: Any, given: Any, block: Any) -> Any:
            tile = stack_buffer(1024, given[0])
            first = (part_of(table, given[0], entry, tile, block),)
            return first + parts_of(table, entry + 1, given[1:], block)

        return with_array

    def with_number(table: Any, entry: Any, given: Any, block: Any) -> Any:
        return given[:1] + parts_of(table, entry, given[1:], block)

    return with_number


def entries(parts: Any, index: Any) -> Any:
    """Return the entries of all arrays of a tuple, and its numbers as they are."""
    raise NotImplementedError("for compiled code only")


entries._cache = Alternatives([])  # type: ignore[attr-defined]


@overload(entries, jit_options=_INLINED, strict=False)
def _entries(parts: Any, index: Any) -> Any:
    if len(parts) == 0:
        return lambda parts, index: ()

    def each(parts: Any, index: Any) -> Any:
        first = (at(parts[0], index),)
        return first + entries(parts[1:], index)

    return each


@device
def block_at(table, i, j, k):  # type: ignore[no-untyped-def]
    """Return a place on the three axes, and how far the block there reaches along two of them."""
    return i, j, k, min(table[3], table[1] - j), min(table[4], table[2] - k)


def _one(table, out, x, *params):  # type: ignore[no-untyped-def]
    x_tile, out_tile = stack_buffer(1024, x), stack_buffer(1024, x)
    for i in range(table[0]):
        for j in range(0, table[1], table[3]):
            for k in range(0, table[2], table[4]):
                block = block_at(table, i, j, k)
                given = part_of(table, x, 1, x_tile, block)
                parts = parts_of(table, 2, params, block)
                result = target_of(table, out, out_tile, block)
                if same_start(given, result):  # in place, the loop would not vectorise
                    result = memory(address_of(out_tile), result.size, out)
                for n in range(result.size):
                    result[n] = compute(given[n], *entries(parts, n))
                if same_start(result, out_tile):
                    finish(table, out, out_tile, block)


def _two(table, out, x, dy, *params):  # type: ignore[no-untyped-def]
    x_tile, dy_tile, out_tile = stack_buffer(1024, x), stack_buffer(1024, x), stack_buffer(1024, x)
    for i in range(table[0]):
        for j in range(0, table[1], table[3]):
            for k in range(0, table[2], table[4]):
                block = block_at(table, i, j, k)
                given = part_of(table, x, 1, x_tile, block)
                upstream = part_of(table, dy, 2, dy_tile, block)
                parts = parts_of(table, 3, params, block)
                result = target_of(table, out, out_tile, block)
                if same_start(given, result) or same_start(upstream, result):
                    result = memory(address_of(out_tile), result.size, out)
                for n in range(result.size):
                    result[n] = compute(given[n], upstream[n], *entries(parts, n))
                if same_start(result, out_tile):
                    finish(table, out, out_tile, block)


@cache
def walker(kernel_: Any, inputs: int) -> Callable[..., None]:
    """Return what walks with the scalar function of a contiguous kernel of one or two inputs.

    It takes a table, and the first element of each array, the one to fill first, as an array of one
    entry; among these, numbers for parameters that are no arrays.
    """
    base = _one if inputs == 1 else _two
    function = kernel_.py_func
    stem = function.__name__.removesuffix("_contiguous")
    scalar = device(function.__globals__[f"{stem}_ufunc"].py_func)
    name = f"{stem}_blocks"
    walk = FunctionType(base.__code__, {**globals(), "compute": scalar}, name)
    walk.__module__, walk.__qualname__ = function.__module__, name
    made: Callable[..., None] = kernel(walk)
    return made
