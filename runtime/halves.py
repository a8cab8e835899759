"""Evaluate kernels that cut an axis into pieces: gates, and concatenations.

In: arrays of a result dtype, the axis, numbers for the parameters, and the array to fill. Out: the
array filled, as if computed from copies of all inputs. The pieces are views; kernels see them as
contiguous rows; arrays without such a view are copied, some thousand elements at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actgen import layout
from actgen.arrays import Array, detached, elements, overlaps_itself
from actgen.kernels import Kernels, signature
from actgen.wide import is_wide

_CHUNK = 16384


def pieces(array: Array, axis: int, count: int) -> list[Array]:
    """View an array as `count` pieces of equal length along `axis`."""
    length = array.shape[axis] // count
    before = (slice(None),) * axis
    return [array[(*before, slice(i * length, (i + 1) * length))] for i in range(count)]


def halves(array: Array, axis: int, gate: str) -> dict[str, Array]:
    """View an array as its `gate` and its `value`; `gate` says which half the gate is."""
    first, second = pieces(array, axis, 2)
    if gate == "first":
        return {"gate": first, "value": second}
    return {"gate": second, "value": first}


def fill(
    kernels: Kernels,
    stem: str,
    inputs: Mapping[str, Array],
    parameters: Mapping[str, Any],
    targets: Mapping[str, Array],
    whole: Array,
) -> None:
    """Fill `targets`, which are pieces of `whole`, by the kernel called `stem`.

    All inputs and targets have the same shape.
    """
    if whole.size == 0:
        return
    sources: Sequence[Array] = detached(list(inputs.values()), whole, in_place=False)
    arguments = dict(zip(inputs, sources, strict=True)) | dict(targets)
    if overlaps_itself(whole):
        apart = {name: np.empty(target.shape, target.dtype) for name, target in targets.items()}
        _by_chunks(kernels, stem, arguments | apart, parameters, list(apart), whole.dtype)
        for name, target in targets.items():
            target[...] = apart[name]
        return
    # float64 targets of narrower inputs are no place for what is rounded to the inputs' type
    narrow = min((array.dtype for array in arguments.values()), key=lambda dtype: dtype.itemsize)
    views = layout.rows([elements(array) for array in arguments.values()])
    if views is None or is_wide(parameters.values(), narrow):
        _by_chunks(kernels, stem, arguments, parameters, list(targets), narrow)
    else:
        views_by_name = dict(zip(arguments, views, strict=True))
        kernels.run(stem, "rows", views_by_name | dict(parameters), (0, -1))


def _by_chunks(
    kernels: Kernels,
    stem: str,
    arrays: Mapping[str, Array],
    parameters: Mapping[str, Any],
    targets: Sequence[str],
    dtype: np.dtype[Any],
) -> None:
    """Run a kernel on contiguous chunks, copied where need be; in float64 for extreme parameters.

    `dtype` is that of the inputs.
    """
    kernel = kernels.find(stem, "rows")
    wide = is_wide(parameters.values(), dtype)
    kinds = [np.dtype(np.float64) if wide else array.dtype for array in arrays.values()]
    access: list[Any] = [
        ["writeonly" if name in targets else "readonly", "contig"] for name in arrays
    ]
    chunks = np.nditer(
        list(arrays.values()),
        flags=["external_loop", "buffered"],
        op_flags=access,
        op_dtypes=kinds,
        casting="unsafe",
        buffersize=_CHUNK,
    )
    order = signature(kernel)
    with chunks, np.errstate(all="ignore"):
        for parts in chunks:
            rows = (elements(part).reshape(1, -1) for part in parts)
            known = dict(zip(arrays, rows, strict=True)) | dict(parameters)
            kernel(*(known[name] for name in order))
