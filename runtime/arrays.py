"""Take in what callers pass as arrays, and check the arrays they want filled.

In: array-likes, scalars, `out=` and `where=` arguments. Out: NumPy arrays of a dtype that kernels
know, in native byte order; integers and booleans promoted as `np.exp` promotes them. Kernels see
16-bit floats as integers: `elements` gives that view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from actgen.devices import library_of

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# Candidate solutions to try before two arrays are taken to overlap.
_EFFORT: Any = 1000

_PROMOTED: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype(source): np.dtype(np.float16 if bits <= 8 else np.float32 if bits == 16 else float)
    for bits in (8, 16, 32, 64)
    for source in (f"int{bits}", f"uint{bits}")
}
_PROMOTED[np.dtype(bool)] = np.dtype(np.float16)
_PROMOTED |= {np.dtype(name): np.dtype(name) for name in ("float16", "float32", "float64")}
_ELEMENTS: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype(np.float64): np.dtype(np.float64),
    np.dtype(np.float32): np.dtype(np.float32),
    np.dtype(np.float16): np.dtype(np.uint16),
}


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Tell whether `dtype` is the one of the package ml_dtypes, without importing it."""
    return dtype.type.__name__ == "bfloat16" and dtype.type.__module__.startswith("ml_dtypes")


def result_dtype(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the dtype of results for inputs of `dtype`, None where there are none."""
    found = _PROMOTED.get(dtype.newbyteorder("="))
    if found is None and is_bfloat16(dtype):
        return dtype
    return found


def element_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype under which kernels see arrays of a result dtype."""
    return _ELEMENTS.get(dtype, np.dtype(np.int16))


def elements(array: Array) -> Array:
    """View an array of a result dtype as kernels see it."""
    return array.view(element_dtype(array.dtype))


def refuse_gpu(value: Any, what: str) -> None:
    """Raise TypeError for an array on a GPU, where the others do not lie."""
    if library_of(value) is not None:
        raise TypeError(
            f"{what} lies on a GPU and x does not: pass x as an array on the same GPU, or {what} "
            "as a NumPy array; nothing is copied between the two unasked"
        )


def as_array(value: Any, what: str) -> Array:
    """Return an array-like as an ndarray of real numbers, not converted further.

    Raises TypeError for arrays on a GPU, masked arrays, and numbers that are no real numbers.
    """
    if type(value) is not np.ndarray:
        refuse_gpu(value, what)
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError(f"{what} is a masked array: pass its data, and its mask as where=")
        value = np.asarray(value)
    array: Array = value
    if result_dtype(array.dtype) is None:
        raise TypeError(
            f"{what} has dtype {array.dtype}; it must be bool, an integer, float16, bfloat16, "
            "float32 or float64"
        )
    return array


def as_floats(value: Any, what: str, dtype: np.dtype[Any] | None = None) -> Array:
    """Return an array-like as an ndarray of `dtype`, or of the dtype it promotes to."""
    array = as_array(value, what)
    wanted = result_dtype(array.dtype) if dtype is None else dtype
    return array.astype(wanted, copy=False)


def as_mask(value: Any) -> Array | None:
    """Return a `where=` argument as a boolean ndarray, None where it selects everything."""
    if value is None or value is True:
        return None
    refuse_gpu(value, "where")
    mask = np.asarray(value)
    if mask.dtype != np.bool_:
        raise TypeError(f"where has dtype {mask.dtype}, not bool")
    return mask


def check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return an `out=` argument once it is known to fit.

    Raises TypeError for another dtype than `dtype`, ValueError for another shape or an array that
    cannot be written.
    """
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    refuse_gpu(out, "out")
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"out is a {type(out).__name__}, not an array")
    if out.dtype != dtype:
        raise TypeError(f"out has dtype {out.dtype}, the result has {dtype}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}, the result has {shape}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    return out


def overlapping(a: Array, b: Array) -> bool:
    """Tell whether two arrays may share an element; never False where they do."""
    return bool(np.may_share_memory(a, b, max_work=_EFFORT))


def address(array: Array) -> int:
    """Return where the first element of an array lies."""
    return int(array.__array_interface__["data"][0])


def same_layout(a: Array, b: Array) -> bool:
    """Tell whether two arrays of one shape and item size have every element in the same place."""
    return address(a) == address(b) and a.strides == b.strides


def overlaps_itself(array: Array) -> bool:
    """Tell whether two elements of an array may lie in the same place."""
    if array.flags.c_contiguous:
        return False
    reach = 0
    for stride, length in sorted(
        (abs(stride), length)
        for stride, length in zip(array.strides, array.shape, strict=True)
        if length > 1
    ):
        if stride < reach + array.itemsize:
            return True
        reach += stride * (length - 1)
    return False


def detached(operands: Sequence[Array], out: Array, *, in_place: bool = True) -> list[Array]:
    """Return the operands, copied where writing `out` could change what is still to be read.

    With `in_place`, operands that lie exactly where `out` lies are left alone.
    """
    kept = []
    for operand in operands:
        harmless = not overlapping(operand, out) or (
            in_place
            and operand.shape == out.shape
            and operand.dtype == out.dtype
            and same_layout(operand, out)
        )
        kept.append(operand if harmless else operand.copy())
    return kept


def result_for(inputs: Sequence[Array], out: Any, others: Sequence[Array] = ()) -> Array | None:
    """Return the array for a result of ndarrays of any strides, None where care is needed.

    `out` may be the first input, but share no memory with any other array.
    """
    x = inputs[0]
    if not x.flags.aligned:
        return None
    for other in inputs[1:]:
        if type(other) is not np.ndarray or other.shape != x.shape or other.dtype is not x.dtype:
            return None
        if not other.flags.aligned:
            return None
    if out is None:
        return np.empty_like(x)
    if type(out) is not np.ndarray or out.shape != x.shape or out.dtype is not x.dtype:
        return None
    if not (out.flags.writeable and out.flags.aligned) or overlaps_itself(out):
        return None
    apart = [*inputs[1:], *others] if out is x else [*inputs, *others]
    return None if any(np.may_share_memory(array, out) for array in apart) else out
