"""Find out which slice a thread works on: the rows or columns of contiguous arrays.

Written in terms of `numba.cuda` alone, so that the simulator runs it as it stands.
"""

from __future__ import annotations

from collections import namedtuple

from numba import cuda
from numba.core import config, types

if config.ENABLE_CUDASIM:
    from actgen.cuda.simulated import device
    from actgen.cuda.simulated_parts import size_of
else:
    from actgen.cuda.dispatch import device
    from actgen.cuda.shared import size_of

ROW_THREADS = 128  # of a block, where several rows share one

# `base` is the index of the first element, `stride` the distance of neighbours, `rank` which of the
# threads that share the slice this is; `whole` slices are read by 16 bytes; those that are not
# `live` only repeat another one.
Slice = namedtuple("Slice", "base stride length rank whole live")

SLICE = types.NamedTuple(
    [types.int64, types.int64, types.int64, types.int64, types.boolean, types.boolean], Slice
)


@device
def row_slice(rows, length, addresses, like, lanes):  # type: ignore[no-untyped-def]
    """Return the row of a thread; `lanes` threads share one, and a block has whole rows.

    `addresses` are those of all arrays, or-ed.
    """
    thread = cuda.grid(1)
    row = thread // lanes
    live = row < rows
    row = row if live else rows - 1
    whole = addresses % 16 == 0 and length % (16 // size_of(like)) == 0
    return Slice(row * length, 1, length, thread % lanes, whole, live)


@device
def column(columns, lanes):  # type: ignore[no-untyped-def]
    """Return the number of the column of a thread."""
    across = cuda.blockDim.x // lanes
    return min(cuda.blockIdx.x * across + cuda.threadIdx.x % across, columns - 1)


@device
def column_slice(outer, length, inner, lanes):  # type: ignore[no-untyped-def]
    """Return the column of a thread; neighbouring threads have neighbouring columns."""
    across = cuda.blockDim.x // lanes
    live = cuda.blockIdx.x * across + cuda.threadIdx.x % across < outer * inner
    mine = column(outer * inner, lanes)
    base = mine // inner * length * inner + mine % inner
    return Slice(base, inner, length, cuda.threadIdx.x // across, False, live)
