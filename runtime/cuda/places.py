"""Find out where a thread works: indices of tiles and elements, and of elements in strided arrays.

Written in terms of `numba.cuda` alone, so that the simulator runs it as it stands.
"""

from __future__ import annotations

from numba import cuda, uint64
from numba.core import config

from actgen.cuda.tiling import TILE

if config.ENABLE_CUDASIM:
    from actgen.cuda.simulated import by_type, device, in_parts, in_parts_32, load
else:
    from actgen.cuda.dispatch import by_type, device
    from actgen.cuda.memory import load
    from actgen.cuda.rounding import in_parts, in_parts_32


@device
def tile():  # type: ignore[no-untyped-def]
    """Return the index of the first element of a block's tile."""
    return cuda.blockIdx.x * TILE


@device
def lane():  # type: ignore[no-untyped-def]
    """Return which thread of its block this is."""
    return cuda.threadIdx.x


@device
def thread():  # type: ignore[no-untyped-def]
    """Return which thread of the grid this is, along x."""
    return cuda.grid(1)


@device
def row():  # type: ignore[no-untyped-def]
    """Return the first row that a block works on; others follow by steps of `rows_apart`."""
    return cuda.blockIdx.y


@device
def rows_apart():  # type: ignore[no-untyped-def]
    """Return how many rows lie between two of a block."""
    return cuda.gridDim.y


@device
def coordinates(i, shape):  # type: ignore[no-untyped-def]
    """Return the four indices of the element `i` of an array of four dimensions."""
    rest = uint64(i)
    last = rest % uint64(shape[3])
    rest = rest // uint64(shape[3])
    third = rest % uint64(shape[2])
    rest = rest // uint64(shape[2])
    second = rest % uint64(shape[1])
    return rest // uint64(shape[1]), second, third, last


@device
def index_at(place, strides):  # type: ignore[no-untyped-def]
    """Return how many elements lie between the first element of an array and the one at `place`."""
    return (
        int(place[0]) * strides[0]
        + int(place[1]) * strides[1]
        + int(place[2]) * strides[2]
        + int(place[3]) * strides[3]
    )


_split_of = by_type(double=in_parts, single=in_parts_32, half=in_parts_32)


@device
def parameter(value, address, index, like):  # type: ignore[no-untyped-def]
    """Return a parameter: the number `value`, or an entry of the array at `address`, if not 0."""
    if address == 0:
        return value
    return _split_of(like, load(address, index, like))
