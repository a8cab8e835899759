"""Evaluate kernels that cut an axis into pieces, over arrays on a GPU: gates, and concatenations.

In: a checked call, and the array to fill, if there is one. Out: the result. Kernels see contiguous
arrays of three axes, the pieces along the middle one; others are copied, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from actgen.cuda import tiling
from actgen.cuda.arguments import argument_names
from actgen.cuda.calls import DeviceCall
from actgen.cuda.copying import contiguous, copied, copy_elements
from actgen.cuda.elementwise import spelled
from actgen.cuda.launch import launcher
from actgen.cuda.modules import DeviceKernels
from actgen.cuda.sums import THREADS, blocks
from actgen.cuda.views import View, is_in_place, overlap

GRID = 65535  # blocks along the second axis of a grid; each takes several rows where need be
VECTOR = 8  # elements, of which the axis must have a multiple for kernels of tiles


def fill(
    kernels: DeviceKernels,
    stem: str,
    call: DeviceCall,
    inputs: Mapping[str, View],
    target: tuple[str, tuple[int, ...], str],
    out: View | None,
    pieces: int,
) -> View:
    """Return the values of the kernel called `stem`.

    `target` is the name that the kernel has for what it writes, its shape and dtype. An array of
    `pieces` pieces is among the inputs or is the one to write.
    """
    name, shape, kind = target
    library = call.library
    result = library.empty(shape, kind, call.x) if out is None else out
    if not result.size:
        return result
    sources = {key: contiguous(library, view) for key, view in inputs.items()}
    written = result if result.is_contiguous else library.empty(shape, kind, call.x)
    for key, view in sources.items():
        if overlap(view, written) and not is_in_place(view, written):
            sources[key] = copied(library, view)
    call.used.extend(sources.values())
    axis = call.axes[0]
    shapes = [view.shape for view in (*sources.values(), written)]
    inner = prod(max(shapes, key=prod)[axis:]) // pieces
    outer = prod(shape[:axis])
    views = [*sources.values(), written]
    tiled = inner % VECTOR == 0 and all(view.is_aligned for view in views)
    kernel = kernels.find(stem, "tiles") if tiled else None
    count, threads = blocks(inner, tiling.TILE), tiling.THREADS
    if kernel is None:
        kernel = kernels.find(stem, "scalars")
        count, threads = blocks(inner), THREADS
    names = argument_names(kernel)
    arguments: dict[str, float] = {key: view.address for key, view in sources.items()}
    for key, value in call.numbers.items():
        assert not isinstance(value, View)
        if key in names or f"{key}_" in names:
            arguments[spelled(key, names)] = value
    arguments |= {name: written.address, "outer": outer, "inner": inner}
    run = launcher(kernel, call.kind, call.device)
    run((count, min(outer, GRID), 1), threads, call.stream, arguments)
    if written is not result:
        copy_elements(written, result, call.stream)
    return result
