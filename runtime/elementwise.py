"""Evaluate elementwise kernels over whole arrays.

In: arrays of a result dtype, numbers or float64 arrays for the parameters, and the array to fill,
if there is one. Out: the result, as if computed from copies of all inputs. Arrays without gaps go
to the contiguous kernel, in whatever order their axes are; the rest goes to the ufunc by chunks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from actgen import layout
from actgen.arrays import (
    Array,
    check_out,
    detached,
    element_dtype,
    elements,
    overlapping,
    overlaps_itself,
)
from actgen.kernels import Kernels, signature

_CHUNK = 16384
_READ: list[Any] = ["readonly", "contig", "aligned"]
_WRITE: list[Any] = ["writeonly", "contig", "aligned"]


def evaluate(
    kernels: Kernels,
    stem: str,
    operands: Mapping[str, Array],
    parameters: Mapping[str, Any],
    out: Any = None,
    mask: Array | None = None,
) -> Array:
    """Return the values of the kernels called `stem`; where `mask` is False, those of `out`.

    `operands` holds `x` and what else has one entry per element. Without `out`, masked elements
    are 0. Raises TypeError or ValueError for an `out` that does not fit.
    """
    x = operands["x"]
    shapes = [np.shape(value) for value in (*operands.values(), *parameters.values())]
    shape = np.broadcast_shapes(*shapes, () if mask is None else mask.shape)
    if out is None:
        if mask is None:
            target = np.empty_like(x) if x.shape == shape else np.empty(shape, x.dtype)
            return _fill(kernels, stem, operands, parameters, target)
        result = np.zeros(shape, x.dtype)
    else:
        result = check_out(out, shape, x.dtype)
        if mask is None and not overlaps_itself(result):
            return _fill(kernels, stem, operands, parameters, result)
    values = _fill(kernels, stem, operands, parameters, np.empty(shape, x.dtype))
    np.copyto(result, values, where=True if mask is None else mask)
    return result


def _fill(
    kernels: Kernels,
    stem: str,
    operands: Mapping[str, Array],
    parameters: Mapping[str, Any],
    out: Array,
) -> Array:
    """Fill `out`, which no element of it shares with another one."""
    inputs = detached(list(operands.values()), out)
    parameters = {
        name: value.copy() if isinstance(value, np.ndarray) and overlapping(value, out) else value
        for name, value in parameters.items()
    }
    contiguous = kernels.find(stem, "contiguous")
    if contiguous is not None and _plain(inputs, parameters, out):
        views = layout.lines([elements(array) for array in (*inputs, out)])
        if views is not None:
            arguments = dict(zip((*operands, "out"), views, strict=True))
            kernels.run(stem, "contiguous", arguments | dict(parameters))
            return out
    _by_chunks(kernels, stem, dict(zip(operands, inputs, strict=True)), parameters, elements(out))
    return out


def _plain(inputs: list[Array], parameters: Mapping[str, Any], out: Array) -> bool:
    """Tell whether all arrays have the same shape and dtype, and all parameters are numbers."""
    return all(a.shape == out.shape and a.dtype == out.dtype for a in inputs) and not any(
        isinstance(value, np.ndarray) for value in parameters.values()
    )


def _by_chunks(
    kernels: Kernels,
    stem: str,
    operands: Mapping[str, Array],
    parameters: Mapping[str, Any],
    out: Array,
) -> None:
    """Fill `out` by the ufunc called `stem`, a few thousand elements at a time.

    Chunks are contiguous, copied if need be: that is faster than the ufunc's loop over strides.
    And Numba's wrapper takes the output for contiguous wherever the inputs are.
    """
    if out.size == 0:
        return
    dtype = operands["x"].dtype
    arrays = {
        name: elements(array) if array.dtype == dtype else array for name, array in operands.items()
    }
    constants: dict[str, Array] = {}
    for name, value in parameters.items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            constants[name] = np.full(min(_CHUNK, out.size), value, np.float64)
    lazy = kernels.find(stem, "ufunc")
    ufunc, order = lazy.loops(element_dtype(dtype)), signature(lazy)
    chunks = np.nditer(
        [*arrays.values(), out],
        flags=["external_loop", "buffered"],
        op_flags=[*([_READ] * len(arrays)), _WRITE],
        buffersize=_CHUNK,
    )
    with chunks, np.errstate(all="ignore"):
        for parts in chunks:
            *given, result = parts
            known = dict(zip(arrays, given, strict=True))
            for entry, constant in constants.items():
                known[entry] = constant[: result.size]
            ufunc(*(known[entry] for entry in order), out=result)


def partial(
    kernels: Kernels, stem: str, operands: Mapping[str, Array], parameters: Mapping[str, Any]
) -> Array:
    """Return the float64 contributions of all elements to the gradient of a parameter."""
    shapes = [np.shape(value) for value in (*operands.values(), *parameters.values())]
    out = np.empty(np.broadcast_shapes(*shapes), np.float64)
    _by_chunks(kernels, stem, operands, parameters, out)
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
