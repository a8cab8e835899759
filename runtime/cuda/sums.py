"""Sum and convert arrays by the runtime's own kernels, the same way each time.

In: a library and views. Out: new arrays of it. Sums are over some axes, in float64: each thread
adds up entries that lie far apart, and the sums of the threads are added up likewise.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from actgen.cuda.launch import launcher
from actgen.cuda.views import View

if TYPE_CHECKING:
    from actgen.cuda.libraries.base import Library

THREADS = 256
_AT_ONCE = 2**16  # threads that are enough to keep a device busy
_ENTRIES = 256  # that one thread adds up at the end


def blocks(size: int, threads: int = THREADS) -> int:
    return -(-size // threads)


def summed_to(library: Library, view: View, shape: tuple[int, ...]) -> View:
    """Return float64 sums over the axes along which `shape` would be stretched to the view's.

    The view is contiguous.
    """
    added = view.ndim - len(shape)
    wanted = (1,) * added + shape
    kept = [mine == length for mine, length in zip(view.shape, wanted, strict=True)]
    lengths = list(view.shape)
    result = view
    axis = 0
    while axis < len(kept):
        stop = axis + 1
        while stop < len(kept) and kept[stop] == kept[axis]:
            stop += 1
        if not kept[axis]:
            result = _folded(library, result, lengths, axis, stop)
            lengths[axis:stop] = [1] * (stop - axis)
        axis = stop
    if result is view:
        result = to_float64(library, view)
    return result.reshaped(shape)


def _folded(library: Library, view: View, shape: list[int], start: int, stop: int) -> View:
    """Sum over neighbouring axes of a contiguous array, of which shape is given."""
    outer, inner = prod(shape[:start]), prod(shape[stop:])
    length = prod(shape[start:stop])
    while True:
        group = _group(outer * inner, length)
        sums = library.empty((outer * group * inner,), "float64", view)
        threads = outer * group * inner
        if threads:
            from actgen.cuda.routines import fold

            run = launcher(fold, view.kind, view.device)
            arguments = {
                "x": view.address,
                "out": sums.address,
                "outer": outer,
                "length": length,
                "inner": inner,
                "group": group,
            }
            run((blocks(threads), 1, 1), THREADS, library.stream(view), arguments)
        view, length = sums, group
        if group == 1:
            return sums


def _group(columns: int, length: int) -> int:
    """Return how many threads share the sum of a column, 1 if a single one does it all."""
    if length <= _ENTRIES or columns >= _AT_ONCE:
        return 1
    return max(1, min(_AT_ONCE // max(columns, 1), -(-length // _ENTRIES)))


def to_float64(library: Library, view: View) -> View:
    """Return a contiguous array of floats as float64."""
    return _converted(library, view, "widened", view.kind, "float64")


def from_float64(library: Library, view: View, kind: str) -> View:
    """Return a contiguous array of float64 as another type of float."""
    return _converted(library, view, "narrowed", kind, kind)


def _converted(library: Library, view: View, routine: str, element: str, kind: str) -> View:
    made = library.empty(view.shape, kind, view)
    if view.size:
        from actgen.cuda import routines

        run = launcher(getattr(routines, routine), element, view.device)
        arguments = {"x": view.address, "out": made.address, "size": view.size}
        run((blocks(view.size), 1, 1), THREADS, library.stream(view), arguments)
    return made
