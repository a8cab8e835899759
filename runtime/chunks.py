"""Run elementwise kernels over arrays of any strides and dtypes, some thousand elements at a time.

In: operands and parameters that broadcast with the array to fill. Out: that array, filled where the
mask is True. Chunks are contiguous, converted and copied if need be: a copy in the cache costs
less than a kernel's loop over strides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from actgen import pool
from actgen.arrays import Array, element_dtype
from actgen.kernels import Kernels, signature
from actgen.launch import SHARED
from actgen.wide import any_extreme, are_extreme, is_wide

_CHUNK = 16384
_READ: list[Any] = ["readonly", "contig", "aligned"]
_WRITE: list[Any] = ["writeonly", "contig", "aligned"]
_UPDATE: list[Any] = ["readwrite", "contig", "aligned"]
_DOUBLE = np.dtype(np.float64)

# Computes a chunk from the arrays of that chunk, by name, into its last argument.
_Step = Callable[[Mapping[str, Array], Array], None]


def fill(
    kernels: Kernels,
    stem: str,
    operands: Mapping[str, Array],
    parameters: Mapping[str, Any],
    out: Array,
    mask: Array | None,
    dtype: np.dtype[Any] | None = None,
) -> None:
    """Fill `out` by the kernels called `stem`, for elements of `dtype`: by default that of `out`.

    Operands are converted to `dtype`; those of a random variant are float64 anyway.
    """
    if out.size == 0:
        return
    dtype = out.dtype if dtype is None else dtype
    arrays = {n: v for n, v in parameters.items() if isinstance(v, np.ndarray)}
    numbers = {n: float(v) for n, v in parameters.items() if n not in arrays}
    computed = _DOUBLE if is_wide(numbers.values(), dtype) else dtype
    step = _step(kernels, stem, computed, arrays, numbers)
    named = {**operands, **arrays} | ({} if mask is None else {"where": mask})
    kinds = [computed if name in _ELEMENTS else _DOUBLE for name in named]
    if mask is not None:
        kinds[-1] = np.dtype(bool)
    written = computed if out.dtype == dtype else out.dtype
    make = partial(
        np.nditer,
        [*named.values(), out],
        flags=["external_loop", "buffered", "ranged", "delay_bufalloc"],
        op_flags=[*([_READ] * len(named)), _WRITE if mask is None else _UPDATE],
        op_dtypes=[*kinds, written],
        casting="unsafe",
        buffersize=_CHUNK,
    )

    def work(start: int, stop: int) -> None:
        with make() as chunks, np.errstate(all="ignore"):
            chunks.iterrange = (start, stop)  # type: ignore[misc]
            chunks.reset()
            for *given, result in chunks:
                known = dict(zip(named, given, strict=True))
                if mask is None:
                    step(known, result)
                else:
                    where = known.pop("where")
                    values = np.empty_like(result)
                    step(known, values)
                    _blend(result, values, where)

    parts = pool.get_num_threads() if out.size >= SHARED else 1
    length = -(-out.size // (parts * _CHUNK)) * _CHUNK
    starts = range(0, out.size, length)
    pool.run([partial(work, start, min(start + length, out.size)) for start in starts])


_ELEMENTS = frozenset({"x", "dy"})  # what has the elements' type; all else is float64


def _step(
    kernels: Kernels,
    stem: str,
    dtype: np.dtype[Any],
    arrays: Mapping[str, Array],
    numbers: Mapping[str, float],
) -> _Step:
    """Return what computes a chunk: the contiguous kernel where there is one, else the ufunc."""
    element = element_dtype(dtype)
    kernel = kernels.find(stem, "contiguous")
    lazy = kernels.find(stem, "ufunc")
    order = signature(lazy if kernel is None else kernel)

    def by_kernel(known: Mapping[str, Array], result: Array) -> None:
        views = {n: v.view(element) if n in _ELEMENTS else v for n, v in known.items()}
        views["out"] = result.view(element)
        kernel(*(views[name] if name in views else numbers[name] for name in order))

    constants = {} if kernel else {name: np.full(_CHUNK, value) for name, value in numbers.items()}
    ufunc: Any = None if kernel else lazy.loops(element)

    def by_ufunc(known: Mapping[str, Array], result: Array) -> None:
        views = {n: constant[: result.size] for n, constant in constants.items()}
        views |= {n: v.view(element) if n in _ELEMENTS else v for n, v in known.items()}
        target = result.view(element) if result.dtype == dtype else result
        ufunc(*(views[name] for name in order), out=target)

    step = by_kernel if kernel else by_ufunc
    suspects = _suspects(arrays, dtype)
    if not suspects:
        return step
    double = _step(kernels, stem, _DOUBLE, arrays, numbers)

    def with_extremes(known: Mapping[str, Array], result: Array) -> None:
        step(known, result)
        if any(any_extreme(known[name]) for name in suspects):
            where = np.logical_or.reduce([are_extreme(known[name]) for name in suspects])
            values = np.empty(np.count_nonzero(where))
            double({n: v[where].astype(np.float64) for n, v in known.items()}, values)
            result[where] = values

    return with_extremes


def _suspects(arrays: Mapping[str, Array], dtype: np.dtype[Any]) -> list[str]:
    """Return the names of the parameters in which kernels for `dtype` may meet extreme values."""
    if dtype.itemsize == 8:
        return []
    return [n for n, v in arrays.items() if v.size > _CHUNK or any_extreme(v.astype(np.float64))]


def _blend(result: Array, values: Array, mask: Array) -> None:
    """Put `values` into `result` where the mask is True: on the bits, whatever the pattern is."""
    bits = np.dtype(f"i{result.itemsize}")
    old, new = result.view(bits), values.view(bits)
    chosen = np.negative(mask.view(np.int8), dtype=bits)
    np.bitwise_xor(old, new, out=new)
    np.bitwise_and(new, chosen, out=new)
    np.bitwise_xor(old, new, out=old)
