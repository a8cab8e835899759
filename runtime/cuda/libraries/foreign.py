"""Take in arrays of any library that speaks `__cuda_array_interface__` or DLPack.

New arrays are `DeviceArray` objects, which speak both. Work goes to the stream that an array names,
else to the default stream, which waits for the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from actgen.cuda import dlpack, pending
from actgen.cuda.libraries.direct import Direct
from actgen.cuda.own import DeviceArray
from actgen.cuda.views import View, contiguous_strides, in_elements

_LEGACY = 1


def own_view(array: DeviceArray) -> View:
    """Return where an array of our own lies."""
    strides = contiguous_strides(array.shape)
    return View(array, array.address, array.shape, strides, array.dtype, array.device)


class _Foreign(Direct):
    title = "foreign"

    def view(self, array: Any) -> View:
        if isinstance(array, DeviceArray):
            return own_view(array)
        described = getattr(array, "__cuda_array_interface__", None)
        if described is None:
            return _exchanged(array)
        return self._pointed(_described(array, described))

    def stream(self, view: View) -> int:
        if isinstance(view.array, DeviceArray):
            return view.array.stream
        described = getattr(view.array, "__cuda_array_interface__", None) or {}
        return int(described.get("stream") or _LEGACY)

    def new(self, shape: tuple[int, ...], kind: str, device: int, stream: int) -> Any:
        return DeviceArray(shape, kind, device, stream)

    def new_view(self, array: Any) -> View:
        return own_view(array)

    def finish(self, result: View, used: Iterable[View], stream: int) -> Any:
        pending.hold([view.array for view in used], result.device, stream)
        return result.array if not isinstance(result.array, _Exchanged) else result.array.source


class _Exchanged:
    """An array, and the capsule that keeps its memory for us."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.capsule = source.__dlpack__(stream=_LEGACY)


def _exchanged(array: Any) -> View:
    held = _Exchanged(array)
    found = dlpack.opened(held.capsule)
    return View(held, found.address, found.shape, found.strides, found.kind, found.device)


def _described(array: Any, described: dict[str, Any]) -> View:
    """Return what `__cuda_array_interface__` says."""
    if described.get("mask") is not None:
        raise TypeError("a masked array: pass its data, and its mask as where=")
    try:
        dtype = np.dtype(described["typestr"])
        address, read_only = described["data"]
        shape = tuple(described["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise TypeError(f"an array describes itself wrongly to CUDA: {error!r}") from None
    own = getattr(array, "dtype", dtype)  # the interface has no name for bfloat16
    if not dtype.isnative:
        raise TypeError(f"an array has dtype {dtype}, in foreign byte order")
    steps = described.get("strides")
    if steps is not None and len(steps) != len(shape):
        raise TypeError(f"an array has {len(shape)} axes and {len(steps)} strides")
    strides = contiguous_strides(shape) if steps is None else in_elements(steps, dtype.itemsize)
    if address and address % dtype.itemsize:
        raise TypeError(f"an array of {dtype} begins between two elements: copy it")
    kind = "bfloat16" if getattr(own, "name", own) == "bfloat16" else dtype.name
    return View(array, address or 0, shape, strides, kind, 0, bool(read_only))


LIBRARY = _Foreign()
