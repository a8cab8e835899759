"""Evaluate kernels that cut an axis into pieces: gates, and concatenations.

In: arrays of a result dtype, the axis, numbers for the parameters, and the array to fill. Out: the
array filled, as if computed from copies of all inputs. The pieces are views; kernels see them as
contiguous rows, and only arrays without such a view are copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actgen import layout
from actgen.arrays import Array, detached, elements, overlaps_itself
from actgen.kernels import Kernels


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
    views = None
    if not overlaps_itself(whole):
        views = layout.rows([elements(array) for array in (*sources, *targets.values())])
    computed = list(targets.values())
    if views is None:
        computed = [np.empty(target.shape, target.dtype) for target in computed]
        compact = [np.ascontiguousarray(array) for array in sources]
        views = [elements(array).reshape(1, -1) for array in (*compact, *computed)]
    arguments = dict(zip((*inputs, *targets), views, strict=True))
    kernels.run(stem, "rows", arguments | dict(parameters), (0, -1))
    for target, result in zip(targets.values(), computed, strict=True):
        if target is not result:
            target[...] = result
