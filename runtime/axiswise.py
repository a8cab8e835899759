"""Evaluate kernels that work along an axis: normalizations, and reductions of groups.

In: an array of a result dtype, the axes, numbers for the parameters, and the array to fill, if
there is one. Out: the result, as if computed from copies of all inputs. Rows and columns are
reached by views; only axes that no view can bring together are copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from actgen import layout
from actgen.arrays import Array, detached, elements, overlaps_itself
from actgen.kernels import Kernels
from actgen.rowwise import SHORT

_COPIED = 2**18  # elements that are copied at a time


def _visible(array: Array) -> Array:
    """View an array as kernels see it; masks are booleans for them, too."""
    return array if array.dtype == np.bool_ else elements(array)


def fill(
    kernels: Kernels,
    stem: str,
    axes: Sequence[int],
    inputs: Mapping[str, Array],
    parameters: Mapping[str, Any],
    target: tuple[str, Array],
    reduced: Sequence[str] = (),
) -> None:
    """Fill an array by the kernels called `stem`, along `axes`.

    All arrays have as many axes; those named in `reduced` have length 1 along `axes`, and their
    kernels see them without. `target` is the array to fill with the name the kernel has for it.
    """
    name, out = target
    if out.size == 0:
        return
    if inputs["x"].size == 0:
        out[...] = 0
        return
    sources = detached(list(inputs.values()), out, in_place=not reduced)
    views = None
    if not overlaps_itself(out):
        views = layout.slices([_visible(array) for array in (*sources, out)], axes)
    computed = out
    if views is None:
        last = range(-len(axes), 0)
        compact = [np.ascontiguousarray(np.moveaxis(array, axes, last)) for array in sources]
        computed = np.empty(np.moveaxis(out, axes, last).shape, out.dtype)
        moved = range(out.ndim - len(axes), out.ndim)
        views = layout.slices([_visible(array) for array in (*compact, computed)], moved)
        assert views is not None
    arguments = dict(zip((*inputs, name), views, strict=True))
    for entry in reduced:
        arguments[entry] = arguments[entry][:, 0]
    form = "rows" if views[0].ndim == 2 else "columns"
    form += "_masked" if "mask" in inputs else ""
    narrow = f"narrow_{form}"
    if form == "rows" and views[0].shape[1] <= SHORT and kernels.find(stem, "narrow_short"):
        narrow = "narrow_short"
    if out.dtype != np.float64 and kernels.find(stem, narrow) is not None:
        _run_narrow(kernels, stem, narrow, arguments, name)
    else:
        cuts = (0,) if views[0].ndim == 2 else (0, -1)
        kernels.run(stem, form, arguments | dict(parameters), cuts)
    if computed is not out:
        out[...] = np.moveaxis(computed, last, axes)


def _run_narrow(
    kernels: Kernels, stem: str, form: str, arguments: Mapping[str, Array], target: str
) -> None:
    """Run a kernel in float32 arithmetic: its arrays must be contiguous along their last axis.

    Others are copied, some rows or columns at a time.
    """
    uneven = [name for name, array in arguments.items() if not _even(array)]
    shape = arguments[target].shape
    cuts = (0,) if len(shape) == 2 else (0, -1)
    if not uneven:
        kernels.run(stem, form, arguments, cuts)
        return
    for part in _parts(shape):
        parts = {name: array[part] for name, array in arguments.items()}
        copies = {name: np.ascontiguousarray(parts[name]) for name in uneven}
        kernels.run(stem, form, parts | copies, cuts)
        if target in copies:
            parts[target][...] = copies[target]


def _even(array: Array) -> bool:
    return array.shape[-1] == 1 or array.strides[-1] == array.itemsize


def _parts(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Cut rows, or columns, into parts of about `_COPIED` elements."""
    if len(shape) == 2:
        step = max(1, _COPIED // shape[1])
        for start in range(0, shape[0], step):
            yield (slice(start, start + step),)
        return
    step = max(1, _COPIED // shape[1])
    for index in range(shape[0]):
        for start in range(0, shape[2], step):
            yield slice(index, index + 1), slice(None), slice(start, start + step)


def split(array: Array, axis: int, size: int) -> Array:
    """View one axis as two, the second of length `size`."""
    shape = array.shape
    return array.reshape((*shape[:axis], shape[axis] // size, size, *shape[axis + 1 :]))


def reduce_groups(
    kernels: Kernels, stem: str, axis: int, size: int, inputs: Mapping[str, Array], out: Array
) -> None:
    """Fill `out` where kernels see each `size` consecutive entries along `axis` as one slice.

    Without `dy` among the inputs, `out` has one entry per group; with it, `dy` has, and `out` is
    the gradient with respect to `x`.
    """
    parts = {"x": split(inputs["x"], axis, size)}
    target, reduced = ("out", np.expand_dims(out, axis + 1)), "out"
    if "dy" in inputs:
        parts["dy"] = np.expand_dims(inputs["dy"], axis + 1)
        target, reduced = ("dx", split(out, axis, size)), "dy"
    fill(kernels, stem, (axis + 1,), parts, {}, target, (reduced,))
