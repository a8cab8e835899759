"""Evaluate kernels that work along an axis, over arrays on a GPU: normalizations, and groups.

In: a checked call, its inputs, and the array to fill, if there is one. Out: the result. Kernels see
contiguous arrays of two or three axes; axes are merged where they lie together in memory, in
whatever order, and only what does not is copied, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from actgen.cuda.arguments import argument_names
from actgen.cuda.axis import columns_plan, rows_plan
from actgen.cuda.calls import DeviceCall
from actgen.cuda.copying import contiguous, copied, copy_elements
from actgen.cuda.elementwise import spelled
from actgen.cuda.launch import launcher
from actgen.cuda.modules import DeviceKernels
from actgen.cuda.views import View, is_in_place, overlap


def fill(
    kernels: DeviceKernels,
    stem: str,
    call: DeviceCall,
    inputs: Mapping[str, View],
    target: tuple[str, str],
    out: View | None,
) -> View:
    """Return the values of the kernels called `stem`, of the shape of `x`.

    `target` is the name that kernels have for what they write, and its dtype.
    """
    name, kind = target
    library, x = call.library, call.x
    result = library.empty_like(x, kind) if out is None else out
    if not result.size:
        return result
    order = _order(x, call.axes)
    arranged = {
        key: contiguous(library, view.broadcast(x.shape).permuted(order))
        for key, view in inputs.items()
    }
    placed = result.permuted(order)
    written = placed if placed.is_contiguous else library.empty(placed.shape, kind, x)
    for key, view in arranged.items():
        if overlap(view, written) and not is_in_place(view, written):
            arranged[key] = copied(library, view)
    call.used.extend(arranged.values())
    first = min(order.index(axis) for axis in call.axes)
    stop = first + len(call.axes)
    shape = placed.shape
    cut = prod(shape[:first]), prod(shape[first:stop]), prod(shape[stop:])
    launch_along(kernels, stem, call, arranged, (name, written), cut)
    if written is not placed:
        copy_elements(written, placed, call.stream)
    return result


def _order(x: View, axes: Sequence[int]) -> tuple[int, ...]:
    """Return the order of axes for kernels: `axes` together, and no copy of `x` if that can be."""
    plain = tuple(range(x.ndim))
    by_memory = tuple(sorted(plain, key=lambda axis: (-abs(x.strides[axis]), axis)))
    for order in (plain, by_memory):
        places = [order.index(axis) for axis in axes]
        together = places == list(range(places[0], places[0] + len(axes)))
        if together and x.permuted(order).is_contiguous:
            return order
    return (*(axis for axis in plain if axis not in axes), *axes)


def reduce_groups(
    kernels: DeviceKernels,
    stem: str,
    call: DeviceCall,
    inputs: Mapping[str, View],
    target: tuple[str, tuple[int, ...]],
    out: View | None,
) -> View:
    """Return the values of a kernel that sees each few entries along the axis as one slice.

    `target` is the name that the kernel has for what it writes, and its shape.
    """
    name, shape = target
    library, x = call.library, call.x
    result = library.empty(shape, call.kind, x) if out is None else out
    if not result.size:
        return result
    sources = {key: contiguous(library, view) for key, view in inputs.items()}
    written = result if result.is_contiguous else library.empty(shape, call.kind, x)
    for key, view in sources.items():
        if overlap(view, written) and not is_in_place(view, written):
            sources[key] = copied(library, view)
    call.used.extend(sources.values())
    axis = call.axes[0]
    groups = x.shape[axis] // call.group
    cut = prod(x.shape[:axis]) * groups, call.group, prod(x.shape[axis + 1 :])
    launch_along(kernels, stem, call, sources, (name, written), cut, groups=True)
    if written is not result:
        copy_elements(written, result, call.stream)
    return result


def launch_along(
    kernels: DeviceKernels,
    stem: str,
    call: DeviceCall,
    inputs: Mapping[str, View],
    target: tuple[str, View],
    cut: tuple[int, int, int],
    groups: bool = False,
) -> None:
    """Launch the kernel for contiguous arrays of shape (outer, length, inner)."""
    outer, length, inner = cut
    masked = "mask" in inputs
    if inner == 1 and not groups:
        plan = rows_plan(kernels, stem, masked, call.kind, outer, length)
        sizes = {"rows": outer, "length": length}
    else:
        plan = columns_plan(kernels, stem, masked, call.kind, outer, length, inner, groups)
        sizes = {"outer": outer, "length": length, "inner": inner}
    names = argument_names(plan.kernel)
    arguments: dict[str, Any] = {key: view.address for key, view in inputs.items()}
    for key, value in call.numbers.items():
        if key in names or f"{key}_" in names:
            arguments[spelled(key, names)] = value
    arguments |= {**sizes, **plan.constants, target[0]: target[1].address}
    run = launcher(plan.kernel, call.kind, call.device, plan.constants)
    run(plan.grid, plan.block, call.stream, arguments)
