"""Walk over arrays of any strides by blocks, each of which a contiguous kernel computes.

In: the addresses, strides and lengths of arrays, as a table of integers (see `blocks.py`). Out: the
arrays filled. A block that lies without gaps is computed where it is; any other is gathered into a
tile, or scattered from one. All of that is compiled: a call costs as little as one of the kernel.
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
from actgen.intrinsics import stack_buffer
from actgen.memory import LANES, memory, peek, poke, take_evens, tiles_like

compute: Any = None  # stands for the kernel of a walk, and for those of its parameters
KINDS = ""
_INLINED = {"error_model": "numpy", "boundscheck": False, "forceinline": True}


@kernel
def gather(at, down, along, rows, columns, tile):  # type: ignore[no-untyped-def]
    """Copy a block of memory, `down` and `along` its strides in bytes, to the start of a tile."""
    size = tile.itemsize
    if along == size:
        for row in range(rows):
            given = memory(at + row * down, columns, tile)
            for column in range(columns):
                tile[row * columns + column] = given[column]
    elif along == 0:
        for row in range(rows):
            value = peek(at + row * down, tile)
            for column in range(columns):
                tile[row * columns + column] = value
    elif along == 2 * size:
        whole = (columns - 1) // LANES * LANES  # the last element has none behind it
        for row in range(rows):
            for column in range(0, whole, LANES):
                take_evens(at + row * down + column * along, tile, row * columns + column)
            for column in range(whole, columns):
                tile[row * columns + column] = peek(at + row * down + column * along, tile)
    elif along == -size:
        for row in range(rows):
            given = memory(at + row * down - (columns - 1) * size, columns, tile)
            for column in range(columns):
                tile[row * columns + column] = given[columns - 1 - column]
    elif down == size:
        for column in range(columns):
            given = memory(at + column * along, rows, tile)
            for row in range(rows):
                tile[row * columns + column] = given[row]
    else:
        for row in range(rows):
            for column in range(columns):
                tile[row * columns + column] = peek(at + row * down + column * along, tile)


@kernel
def scatter(at, down, along, rows, columns, tile):  # type: ignore[no-untyped-def]
    """Copy the start of a tile to a block of memory."""
    size = tile.itemsize
    if along == size:
        for row in range(rows):
            target = memory(at + row * down, columns, tile)
            for column in range(columns):
                target[column] = tile[row * columns + column]
    elif down == size:
        for column in range(columns):
            target = memory(at + column * along, rows, tile)
            for row in range(rows):
                target[row] = tile[row * columns + column]
    else:
        for row in range(rows):
            for column in range(columns):
                poke(at + row * down + column * along, tile[row * columns + column])


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
def place_of(table, starts, entry, block):  # type: ignore[no-untyped-def]
    """Return where a block of the array at an entry of the table begins, and its strides."""
    i, j, k, _, _ = block
    first = 5 + 3 * entry
    down, along = table[first + 1], table[first + 2]
    return starts[entry] + i * table[first] + j * down + k * along, down, along


@device
def is_dense(down, along, block, tile):  # type: ignore[no-untyped-def]
    """Tell whether a block lies without gaps."""
    _, _, _, rows, columns = block
    size = tile.itemsize
    return (columns == 1 or along == size) and (rows == 1 or down == columns * size)


@device
def part_of(table, starts, entry, tile, block):  # type: ignore[no-untyped-def]
    """Return a block of the array at an entry of the table: where it is, or gathered in `tile`."""
    at, down, along = place_of(table, starts, entry, block)
    rows, columns = block[3], block[4]
    if is_dense(down, along, block, tile):
        return memory(at, rows * columns, tile)
    gather(at, down, along, rows, columns, tile)
    return tile[: rows * columns]


@device
def target_of(table, starts, tile, block):  # type: ignore[no-untyped-def]
    """Return where to compute a block of the first array."""
    at, down, along = place_of(table, starts, 0, block)
    length = block[3] * block[4]
    return memory(at, length, tile) if is_dense(down, along, block, tile) else tile[:length]


@device
def finish(table, starts, tile, block):  # type: ignore[no-untyped-def]
    """Put a block of the first array where it belongs, if it was computed in a tile."""
    at, down, along = place_of(table, starts, 0, block)
    if not is_dense(down, along, block, tile):
        scatter(at, down, along, block[3], block[4], tile)


def parts_of(table: Any, starts: Any, entry: Any, tiles: Any, block: Any) -> Any:
    """Return the blocks of all arrays of a tuple, and its numbers as they are."""
    raise NotImplementedError("for compiled code only")


parts_of._cache = Alternatives([])  # type: ignore[attr-defined]  # it depends on this file alone


@overload(parts_of, jit_options=_INLINED, strict=False)
def _parts_of(table: Any, starts: Any, entry: Any, tiles: Any, block: Any) -> Any:
    # Numba takes no starred tuple in another one
    if len(tiles) == 0:
        return lambda table, starts, entry, tiles, block: ()
    if isinstance(tiles[0], types.Array):

        def with_array(table: Any, starts: Any, entry: Any, tiles: Any, block: Any) -> Any:
            first = (part_of(table, starts, entry, tiles[0], block),)
            return first + parts_of(table, starts, entry + 1, tiles[1:], block)

        return with_array

    def with_number(table: Any, starts: Any, entry: Any, tiles: Any, block: Any) -> Any:
        return tiles[:1] + parts_of(table, starts, entry, tiles[1:], block)

    return with_number


@device
def block_at(table, i, j, k):  # type: ignore[no-untyped-def]
    """Return a place on the three axes, and how far the block there reaches along two of them."""
    return i, j, k, min(table[3], table[1] - j), min(table[4], table[2] - k)


def _one(table, starts, x, numbers):  # type: ignore[no-untyped-def]
    x_tile, out_tile = stack_buffer(1024, x), stack_buffer(1024, x)
    tiles = tiles_like(KINDS, numbers)
    for i in range(table[0]):
        for j in range(0, table[1], table[3]):
            for k in range(0, table[2], table[4]):
                block = block_at(table, i, j, k)
                result = target_of(table, starts, out_tile, block)
                given = part_of(table, starts, 1, x_tile, block)
                compute(given, result, *parts_of(table, starts, 2, tiles, block))
                finish(table, starts, out_tile, block)


def _two(table, starts, x, numbers):  # type: ignore[no-untyped-def]
    x_tile, dy_tile, out_tile = stack_buffer(1024, x), stack_buffer(1024, x), stack_buffer(1024, x)
    tiles = tiles_like(KINDS, numbers)
    for i in range(table[0]):
        for j in range(0, table[1], table[3]):
            for k in range(0, table[2], table[4]):
                block = block_at(table, i, j, k)
                result = target_of(table, starts, out_tile, block)
                given = part_of(table, starts, 1, x_tile, block)
                upstream = part_of(table, starts, 2, dy_tile, block)
                compute(given, upstream, result, *parts_of(table, starts, 3, tiles, block))
                finish(table, starts, out_tile, block)


@cache
def walker(kernel_: Any, inputs: int, kinds: str) -> Callable[..., None]:
    """Return what walks by a contiguous kernel with one or two inputs.

    `kinds` has a letter for each parameter: "n" for a number, "s" and "d" for an array of float32
    or float64. The walk takes a table, addresses, an array of no elements for the sake of their
    type, and an array of the numbers.
    """
    base = _one if inputs == 1 else _two
    name = f"{kernel_.py_func.__name__}_blocks"
    known = {**globals(), "compute": kernel_, "KINDS": kinds}
    walk = FunctionType(base.__code__, known, name)
    walk.__module__, walk.__qualname__ = kernel_.py_func.__module__, name
    made: Callable[..., None] = kernel(walk)
    return made
