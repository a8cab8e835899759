"""Evaluate elementwise kernels over arrays on a GPU.

In: a checked call, its operands, and the array to fill, if there is one. Out: the result, as if
computed from copies of all inputs. Arrays that fill memory in the same order go to the kernel of
tiles, others to the strided one, which walks four axes; only beyond that, or where an input
overlaps the result, something is copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from actgen.cuda import tiling
from actgen.cuda.arguments import argument_names
from actgen.cuda.calls import DeviceCall
from actgen.cuda.copying import AXES, contiguous, copied, copy_elements, padded
from actgen.cuda.launch import launcher
from actgen.cuda.modules import DeviceKernels
from actgen.cuda.sums import THREADS, blocks
from actgen.cuda.views import View, is_in_place, lie_alike, merged, overlap

_NOWHERE = (0,) * AXES


def shape_of(call: DeviceCall, *, with_mask: bool = False) -> tuple[int, ...]:
    """Return the shape of the result."""
    shapes = [value.shape for value in call.numbers.values() if isinstance(value, View)]
    if with_mask and call.mask is not None:
        shapes.append(call.mask.shape)
    return tuple(np.broadcast_shapes(call.x.shape, *shapes))


def spelled(name: str, names: tuple[str, ...]) -> str:
    """Return how a kernel calls a parameter, whose name might be that of something else there."""
    return name if name in names else f"{name}_"


def evaluate(
    kernels: DeviceKernels,
    stem: str,
    call: DeviceCall,
    operands: Mapping[str, View],
    out: View | None,
    kind: str,
) -> View:
    """Return the values of the kernels called `stem`; where the mask is False, those of `out`.

    Without `out`, masked elements are 0. `kind` is the dtype of the result.
    """
    shape = shape_of(call, with_mask=True)
    library, x = call.library, operands["x"]
    if out is not None:
        result = out
    elif call.mask is not None:
        result = library.zeros(shape, kind, x)
    elif shape == x.shape:
        result = library.empty_like(x, kind)
    else:
        result = library.empty(shape, kind, x)
    if not result.size:
        return result
    numbers = dict(call.numbers)
    if call.at_defaults and kernels.find(f"{stem}_default", "strided") is not None:
        stem, numbers = f"{stem}_default", {}
    inputs = {name: view.broadcast(shape) for name, view in operands.items()}
    for name, view in inputs.items():
        if overlap(view, result) and not is_in_place(view, result):
            inputs[name] = copied(library, view)
    call.used.extend(inputs.values())
    if not _by_tiles(kernels, stem, call, inputs, numbers, result):
        _by_elements(kernels, stem, call, inputs, numbers, result)
    return result


def _by_tiles(
    kernels: DeviceKernels,
    stem: str,
    call: DeviceCall,
    inputs: Mapping[str, View],
    numbers: Mapping[str, Any],
    out: View,
) -> bool:
    """Launch the kernel of tiles if the arrays allow it, and tell whether they do."""
    views = [*inputs.values(), out]
    if call.mask is not None or not all(view.is_aligned for view in views):
        return False
    if any(isinstance(value, View) for value in numbers.values()) or not lie_alike(views):
        return False
    kernel = kernels.find(stem, "tiles")
    if kernel is None:
        return False
    names = argument_names(kernel)
    arguments = {name: view.address for name, view in inputs.items()}
    arguments |= {spelled(name, names): value for name, value in numbers.items()}
    arguments |= {"out": out.address, "size": out.size}
    run = launcher(kernel, call.kind, call.device)
    run((blocks(out.size, tiling.TILE), 1, 1), tiling.THREADS, call.stream, arguments)
    return True


def _by_elements(
    kernels: DeviceKernels,
    stem: str,
    call: DeviceCall,
    inputs: Mapping[str, View],
    numbers: Mapping[str, Any],
    out: View,
) -> None:
    """Launch the kernel that takes any strides, on copies where there are too many axes."""
    kernel = kernels.find(stem, "strided")
    names = argument_names(kernel)
    views: dict[str, View] = dict(inputs)
    if call.mask is not None:
        mask = call.mask.broadcast(out.shape)
        views["mask"] = copied(call.library, mask) if overlap(mask, out) else mask
    for name, value in numbers.items():
        if isinstance(value, View):
            full = value.broadcast(out.shape)
            views[spelled(name, names)] = copied(call.library, full) if overlap(full, out) else full
    call.used.extend(views.values())
    shape, steps = merged(out.shape, [view.strides for view in (*views.values(), out)])
    if len(shape) > AXES:
        _on_copies(kernels, stem, call, inputs, numbers, out)
        return
    strides = dict(zip((*views, "out"), steps, strict=True))
    arguments: dict[str, Any] = {"out": out.address, "size": out.size, "shape": padded(shape, 1)}
    for name in (*inputs, "out", "mask"):
        arguments[f"{name}_strides"] = padded(strides[name], 0) if name in strides else _NOWHERE
    arguments |= {name: view.address for name, view in inputs.items()}
    arguments["mask"] = views["mask"].address if "mask" in views else 0
    for name, value in numbers.items():
        own = spelled(name, names)
        lies = isinstance(value, View)
        arguments[own] = 0.0 if lies else value
        arguments[f"{own}_at"] = views[own].address if lies else 0
        arguments[f"{own}_strides"] = padded(strides[own], 0) if lies else _NOWHERE
    run = launcher(kernel, call.kind, call.device)
    run((blocks(out.size), 1, 1), THREADS, call.stream, arguments)


def _on_copies(
    kernels: DeviceKernels,
    stem: str,
    call: DeviceCall,
    inputs: Mapping[str, View],
    numbers: Mapping[str, Any],
    out: View,
) -> None:
    """Evaluate on contiguous copies of all arrays, and copy the result to where it belongs."""
    library = call.library

    def plain(view: View) -> View:
        return contiguous(library, view.broadcast(out.shape))

    values = {
        name: plain(value) if isinstance(value, View) else value for name, value in numbers.items()
    }
    mask = None if call.mask is None else plain(call.mask)
    result = out
    if not out.is_contiguous:
        result = library.empty(out.shape, out.kind, out) if mask is None else copied(library, out)
    copies = {name: plain(view) for name, view in inputs.items()}
    _by_elements(kernels, stem, replace(call, mask=mask), copies, values, result)
    if result is not out:
        copy_elements(result, out, call.stream)
