"""Bring together what the threads of a slice have found: sums, maxima and their places.

In: a value of each thread, and how many threads (`lanes`) share a slice. Out: the same result for
all of them. Threads of a row are neighbours: up to a warp they exchange registers, beyond that
the warps of the block meet in shared memory. Threads that share a column lie 32 apart.
All threads of a block must take part.
"""

from __future__ import annotations

from math import nan

from numba import cuda
from numba.core import config
from numpy import float32, float64

if config.ENABLE_CUDASIM:
    from actgen.cuda.simulated import device, exp2_approx, maximum, power2
    from actgen.cuda.simulated_parts import any_of_warp, exchange, larger, put, slots, taken
else:
    from actgen.bits import power2
    from actgen.cuda.approximations import exp2_approx
    from actgen.cuda.dispatch import device
    from actgen.cuda.shared import exchange, larger, put, slots, taken
    from actgen.intrinsics import maximum

    @device
    def any_of_warp(condition):  # type: ignore[no-untyped-def]
        """Tell whether a condition holds for any thread of the warp."""
        return cuda.any_sync(0xFFFFFFFF, condition)


from actgen.cuda.pairs import pair_of_sum
from actgen.cuda.slices import COLUMNS

WARP = 32

# What parts are folded with: the state of a thread and an element in, the state out. The states of
# two threads are combined by the second function of each group.


@device
def wide(value):  # type: ignore[no-untyped-def]
    """Return a number as a float64."""
    return float64(value)


@device
def added(total, value, inside):  # type: ignore[no-untyped-def]
    """Add an element."""
    return total + value if inside else total


@device
def plus(a, b):  # type: ignore[no-untyped-def]
    """Return the sum of two numbers."""
    return a + b


@device
def added_exactly(total, value, inside):  # type: ignore[no-untyped-def]
    """Add an element to a high and a low part."""
    high, rest = pair_of_sum(total[0], value if inside else float32(0.0))
    return high, total[1] + rest


@device
def plus_exactly(a, b):  # type: ignore[no-untyped-def]
    """Return the sum of two numbers of a high and a low part."""
    high, rest = pair_of_sum(a[0], b[0])
    return high, rest + (a[1] + b[1])


@device
def rescaled(total, change):  # type: ignore[no-untyped-def]
    """Multiply a sum by 2 to an integral power that is not above 0; below -200 it is 0."""
    first = change if change > -100 else float32(-100.0)
    rest = change - first
    scale = power2(rest) if rest > -100 else float32(0.0)
    return total * power2(first) * scale


@device
def rescaled_exactly(total, change):  # type: ignore[no-untyped-def]
    """Multiply a high and a low part by 2 to an integral power that is not above 0."""
    return rescaled(total[0], change), rescaled(total[1], change)


@device
def shrunk(total, change):  # type: ignore[no-untyped-def]
    """Multiply a sum by the exponential of what is not above 0, to about 2**-20."""
    return total * exp2_approx(change * float32(1.442695))


@device
def raised(top, value):  # type: ignore[no-untyped-def]
    """Return the larger number; NaN wins."""
    return maximum(value, top)


@device
def raised_inside(top, value, inside):  # type: ignore[no-untyped-def]
    """Return the larger number, of elements that count; NaN wins."""
    return maximum(value, top) if inside else top


@device
def raised_single(top, value):  # type: ignore[no-untyped-def]
    """Return the larger float32; NaN is left out, for sums that meet it."""
    return larger(value, top)


@device
def raised_single_inside(top, value, inside):  # type: ignore[no-untyped-def]
    """Return the larger float32, of elements that count; NaN is left out."""
    return larger(value, top) if inside else top


@device
def found(peak, value, position, inside):  # type: ignore[no-untyped-def]
    """Return the larger of two entries with its place: of a NaN -1, of equal ones the first."""
    if inside and (value > peak[0] or value != value):
        return value, position if value == value else -1
    return peak


@device
def further(a, b):  # type: ignore[no-untyped-def]
    """Return which of two entries with their places is the peak of both."""
    wins = a[0] > b[0] or a[0] != a[0] or (a[0] == b[0] and a[1] < b[1])
    return a if wins else b


@device
def place_of(peak):  # type: ignore[no-untyped-def]
    """Return the place of a peak as a float64: NaN for that of a NaN."""
    return float64(peak[1]) if peak[1] >= 0 else nan


@device
def supported(state, value, top, bound, inside):  # type: ignore[no-untyped-def]
    """Count an element that lies above a bound below the top, and add it."""
    excess = value - top
    if inside and excess > bound:
        return state[0] + 1.0, state[1] + excess
    return state


@device
def plus_both(a, b):  # type: ignore[no-untyped-def]
    """Return the sums of two counts and of two sums."""
    return a[0] + b[0], a[1] + b[1]


@device
def filled(value, inside, fill):  # type: ignore[no-untyped-def]
    """Return what an element becomes that a mask may leave out."""
    return value if inside else fill


@device
def _between_warps(value, lanes):  # type: ignore[no-untyped-def]
    """Return to each thread what one of the warps has, to neighbours that of others."""
    entries = slots(value, 32)
    put(entries, cuda.threadIdx.x // WARP, value)
    cuda.syncthreads()
    value = taken(entries, cuda.threadIdx.x % (lanes // WARP), value)
    cuda.syncthreads()
    return value


@device
def over_row(combined, value, lanes):  # type: ignore[no-untyped-def]
    """Return what the threads of a row have found together."""
    step = min(lanes, WARP) // 2
    while step > 0:
        value = combined(value, exchange(value, step))
        step = step // 2
    if lanes > WARP:
        value = _between_warps(value, lanes)
        step = lanes // WARP // 2
        while step > 0:
            value = combined(value, exchange(value, step))
            step = step // 2
    return value


@device
def _columns_entries(value):  # type: ignore[no-untyped-def]
    return slots(value, 1024)


@device
def over_column(combined, value, lanes):  # type: ignore[no-untyped-def]
    """Return what the threads of a column have found together."""
    if lanes > 1:
        entries = _columns_entries(value)
        thread = cuda.threadIdx.x
        step = lanes // 2
        put(entries, thread, value)
        cuda.syncthreads()
        while step > 0:
            if thread < step * COLUMNS:
                value = combined(value, taken(entries, thread + step * COLUMNS, value))
                put(entries, thread, value)
            cuda.syncthreads()
            step = step // 2
        value = taken(entries, thread % COLUMNS, value)
        cuda.syncthreads()
    return value


@device
def any_row(condition, lanes):  # type: ignore[no-untyped-def]
    """Tell whether a condition holds for any row that shares a warp with this one."""
    return any_of_warp(condition) if lanes < WARP else condition


@device
def any_column(condition, lanes):  # type: ignore[no-untyped-def]
    """Tell whether a condition holds for any column of the block."""
    return cuda.syncthreads_or(int(condition)) != 0 if lanes > 1 else condition
