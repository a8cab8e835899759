"""Copy arrays of any strides, element by element, by a kernel of the runtime.

In: views, whatever array they are of. Out: a contiguous copy, or another array filled. Arrays of
more axes than a kernel walks take a launch for each entry of the outermost ones.
"""

from __future__ import annotations

import itertools
from math import prod
from typing import TYPE_CHECKING

from actgen.cuda.launch import launcher
from actgen.cuda.sums import THREADS, blocks
from actgen.cuda.views import SIZES, View, merged

if TYPE_CHECKING:
    from actgen.cuda.libraries.base import Library

AXES = 4  # that kernels walk


def padded(lengths: tuple[int, ...], entry: int) -> tuple[int, ...]:
    """Return lengths or strides of four axes, the added ones outermost."""
    return (entry,) * (AXES - len(lengths)) + lengths


def copied(library: Library, view: View) -> View:
    """Return a contiguous copy."""
    made = library.empty(view.shape, view.kind, view)
    copy_elements(view, made, library.stream(view))
    return made


def contiguous(library: Library, view: View) -> View:
    """Return a contiguous array: the one given, or a copy."""
    return view if view.is_contiguous else copied(library, view)


def copy_elements(source: View, out: View, stream: int) -> None:
    """Copy an array into another one of its shape and dtype."""
    if not out.size:
        return
    from actgen.cuda import routines

    shape, (given, wanted) = merged(out.shape, [source.strides, out.strides])
    split = max(0, len(shape) - AXES)
    inner = shape[split:]
    count, size = prod(inner), SIZES[out.kind]
    is_mask = out.kind == "bool"
    element = "float32" if is_mask else out.kind
    run = launcher(routines.copied_bools if is_mask else routines.copied, element, out.device)
    for place in itertools.product(*(range(length) for length in shape[:split])):
        ahead, behind = (
            sum(index * step for index, step in zip(place, steps, strict=False))
            for steps in (given, wanted)
        )
        arguments = {
            "x": source.address + size * ahead,
            "x_strides": padded(given[split:], 0),
            "out": out.address + size * behind,
            "out_strides": padded(wanted[split:], 0),
            "shape": padded(inner, 1),
            "size": count,
        }
        run((blocks(count), 1, 1), THREADS, stream, arguments)
