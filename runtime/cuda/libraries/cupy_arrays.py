"""Take CuPy arrays in and make new ones, on CuPy's current stream of their device."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import cupy
import numpy as np
from cupy.cuda.device import get_device_id

from actgen.arrays import is_bfloat16
from actgen.cuda.libraries.base import Library
from actgen.cuda.views import View, in_elements

empty_like = cupy.empty_like


def empty_beside(array: Any, shape: tuple[int, ...]) -> Any:
    """Return a new array of another shape."""
    return cupy.empty(shape, array.dtype)


def current_stream(device: int) -> int:
    return int(cupy.cuda.get_current_stream(device).ptr)


def plain(array: Any) -> tuple[int, int, Any, int] | None:
    """Return address, size, dtype and device of a contiguous array, None for any other one."""
    memory = array.data
    device = memory.device_id
    if not array.flags.c_contiguous or device != get_device_id():
        return None
    return memory.ptr, array.size, array.dtype, device


def address_of(array: Any) -> int:
    return int(array.data.ptr)


def kind_of(dtype: np.dtype[Any]) -> str | None:
    """Return the name of a dtype that kernels know, None for others."""
    if is_bfloat16(dtype):
        return "bfloat16"
    return (
        dtype.name if dtype.isnative and dtype.name in ("float64", "float32", "float16") else None
    )


def _dtype(kind: str) -> np.dtype[Any]:
    if kind == "bfloat16":
        from ml_dtypes import bfloat16

        wide: np.dtype[Any] = np.dtype(bfloat16)
        return wide
    return np.dtype(kind)


class _Cupy(Library):
    title = "CuPy"

    def view(self, array: Any) -> View:
        dtype, size = array.dtype, array.itemsize
        if not dtype.isnative:
            raise TypeError(f"an array has dtype {dtype}, in foreign byte order")
        return View(
            array,
            array.data.ptr,
            array.shape,
            in_elements(array.strides, size),
            "bfloat16" if is_bfloat16(dtype) else dtype.name,
            array.device.id,
        )

    def stream(self, view: View) -> int:
        return current_stream(view.device)

    def empty(self, shape: tuple[int, ...], kind: str, like: View) -> View:
        with _on(like.device):
            return self.view(cupy.empty(shape, _dtype(kind)))

    def empty_like(self, view: View, kind: str) -> View:
        with _on(view.device):
            return self.view(cupy.empty_like(view.array, _dtype(kind)))

    def zeros(self, shape: tuple[int, ...], kind: str, like: View) -> View:
        with _on(like.device):
            return self.view(cupy.zeros(shape, _dtype(kind)))

    def number(self, value: float, kind: str, like: View) -> View:
        with _on(like.device):
            return self.view(cupy.full((), value, _dtype(kind)))

    def cast(self, view: View, kind: str) -> View:
        with _on(view.device):
            return self.view(view.array.astype(_dtype(kind), order="C"))


def _on(device: int) -> AbstractContextManager[Any]:
    """Make a device CuPy's current one inside, where it is not."""
    if get_device_id() == device:
        return nullcontext()
    entered: AbstractContextManager[Any] = cupy.cuda.Device(device)
    return entered


LIBRARY = _Cupy()
