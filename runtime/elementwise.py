"""Evaluate elementwise kernels over whole arrays.

In: arrays, numbers or arrays for the parameters, and the array to fill, if there is one. Out: the
result, as if computed from copies of all inputs. Arrays without gaps go to the contiguous kernel,
in whatever order their axes are; others of its types go there by blocks, and what has to be
converted or masked by chunks. Only inputs that overlap the result are ever copied as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from actgen import blocks, chunks, layout
from actgen.arrays import (
    Array,
    check_out,
    detached,
    element_dtype,
    elements,
    overlapping,
    overlaps_itself,
)
from actgen.kernels import Kernels
from actgen.wide import as_kernels_take, is_wide


def evaluate(
    kernels: Kernels,
    stem: str,
    operands: Mapping[str, Array],
    parameters: Mapping[str, Any],
    dtype: np.dtype[Any],
    out: Any = None,
    mask: Array | None = None,
) -> Array:
    """Return the values of the kernels called `stem`, of a result dtype; where `mask` is False,
    those of `out`.

    `operands` holds `x` and what else has one entry per element. Without `out`, masked elements
    are 0. Raises TypeError or ValueError for an `out` that does not fit.
    """
    x = operands["x"]
    shapes = [np.shape(value) for value in (*operands.values(), *parameters.values())]
    shape = np.broadcast_shapes(*shapes, () if mask is None else mask.shape)
    if out is None:
        target = np.empty_like(x, dtype) if x.shape == shape else np.empty(shape, dtype)
        if mask is not None:
            target.fill(0)
        return _fill(kernels, stem, operands, parameters, target, mask)
    result = check_out(out, shape, dtype)
    if not overlaps_itself(result):
        return _fill(kernels, stem, operands, parameters, result, mask)
    values = _fill(kernels, stem, operands, parameters, np.empty(shape, dtype), None)
    np.copyto(result, values, where=True if mask is None else mask)
    return result


def _fill(
    kernels: Kernels,
    stem: str,
    operands: Mapping[str, Array],
    parameters: Mapping[str, Any],
    out: Array,
    mask: Array | None,
) -> Array:
    """Fill `out`, which no element of it shares with another one."""
    inputs = dict(zip(operands, detached(list(operands.values()), out), strict=True))
    numbers = {
        name: value.copy() if isinstance(value, np.ndarray) and overlapping(value, out) else value
        for name, value in parameters.items()
    }
    if mask is not None and overlapping(mask, out):
        mask = mask.copy()
    if mask is None and _plain(inputs.values(), numbers, out):
        contiguous = kernels.find(stem, "contiguous")
        views = layout.lines([elements(array) for array in (*inputs.values(), out)])
        if contiguous is not None and views is not None:
            arguments = dict(zip((*inputs, "out"), views, strict=True))
            kernels.run(stem, "contiguous", arguments | numbers)
            return out
    if mask is None and _by_blocks(kernels, stem, inputs, numbers, out):
        return out
    chunks.fill(kernels, stem, inputs, numbers, out, mask)
    return out


def _plain(inputs: Any, parameters: Mapping[str, Any], out: Array) -> bool:
    """Tell whether all arrays are alike, and all parameters numbers that their kernel can hold."""
    return (
        all(a.shape == out.shape and a.dtype == out.dtype for a in inputs)
        and not any(isinstance(value, np.ndarray) for value in parameters.values())
        and not is_wide(parameters.values(), out.dtype)
    )


def _by_blocks(
    kernels: Kernels,
    stem: str,
    inputs: Mapping[str, Array],
    parameters: Mapping[str, Any],
    out: Array,
) -> bool:
    """Fill `out` by its contiguous kernel, if all arrays have a type that this takes."""
    kernel = kernels.find(stem, "contiguous")
    if kernel is None or not all(a.dtype == out.dtype and a.flags.aligned for a in inputs.values()):
        return False
    taken = [as_kernels_take(value, out.dtype) for value in parameters.values()]
    if any(value is None for value in taken):
        return False
    return blocks.fill(kernel, [*inputs.values()], out, taken, element_dtype(out.dtype))


def partial(
    kernels: Kernels,
    stem: str,
    operands: Mapping[str, Array],
    parameters: Mapping[str, Any],
    dtype: np.dtype[Any],
) -> Array:
    """Return the float64 contributions of all elements to the gradient of a parameter.

    `dtype` is the one that the elements of `operands` promote to.
    """
    shapes = [np.shape(value) for value in (*operands.values(), *parameters.values())]
    out = np.empty(np.broadcast_shapes(*shapes), np.float64)
    chunks.fill(kernels, stem, operands, parameters, out, None, dtype)
    return out


def sum_to(contributions: Array, shape: tuple[int, ...]) -> Array:
    """Sum an array over the axes along which an array of `shape` was broadcast to it."""
    added = contributions.ndim - len(shape)
    stretched = tuple(
        axis + added
        for axis, length in enumerate(shape)
        if length == 1 and contributions.shape[axis + added] != 1
    )
    summed = np.sum(contributions, axis=(*range(added), *stretched), dtype=np.float64)
    return np.reshape(summed, shape)
