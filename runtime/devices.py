"""Tell arrays that lie on a GPU from all else, without importing any library.

In: whatever a caller passes. Out: which library's array it is, None for what is no array on a GPU.
Each type is looked at once; what numbers, lists and NumPy arrays pay is a look into a table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

_Test: TypeAlias = Callable[[Any], bool]

_CUDA, _MANAGED = 2, 13  # kinds of memory in DLPack
_PLAIN = (np.ndarray, np.generic, bool, int, float, complex, str, bytes, list, tuple, dict)
_LIMIT = 1024  # types made at run time could be endless

_known: dict[type, tuple[str, _Test] | None] = {}


def library_of(value: Any) -> str | None:
    """Return `torch`, `cupy`, `jax`, `numba`, `interface` or `dlpack` for an array on a GPU.

    The last two are arrays of any other library that has `__cuda_array_interface__`, or DLPack.
    """
    kind = type(value)
    try:
        known = _known[kind]
    except KeyError:
        if len(_known) >= _LIMIT:
            _known.clear()
        known = _known[kind] = _look(kind)
    if known is None:
        return None
    name, lies_there = known
    return name if lies_there(value) else None


def _look(kind: type) -> tuple[str, _Test] | None:
    """Return the library that a type is of, and how its arrays tell where they lie."""
    if kind is type(None) or issubclass(kind, (*_PLAIN, type)):
        return None
    classes = {(base.__module__.partition(".")[0], base.__name__) for base in kind.__mro__}
    if ("torch", "Tensor") in classes:
        return "torch", _torch
    if ("cupy", "ndarray") in classes:
        return "cupy", _always
    if classes & {("jaxlib", "ArrayImpl"), ("jax", "ArrayImpl")}:
        return "jax", _jax
    if classes & {("numba", "DeviceNDArrayBase"), ("numba_cuda", "DeviceNDArrayBase")}:
        return "numba", _always
    if hasattr(kind, "__dlpack__") and hasattr(kind, "__dlpack_device__"):
        also = hasattr(kind, "__cuda_array_interface__")
        return "interface" if also else "dlpack", _dlpack
    # some objects have the attribute, and not their type
    return "interface", _interface


def _always(value: Any) -> bool:
    return True


def _torch(tensor: Any) -> bool:
    return bool(tensor.is_cuda)


def _jax(array: Any) -> bool:
    return any(device.platform in ("gpu", "cuda") for device in array.devices())


def _interface(value: Any) -> bool:
    return hasattr(value, "__cuda_array_interface__")


def _dlpack(value: Any) -> bool:
    return value.__dlpack_device__()[0] in (_CUDA, _MANAGED)
