"""Take PyTorch tensors in and make new ones.

In: CUDA tensors of any layout, without a gradient to record. Out: views, and tensors on the same
device, on PyTorch's current stream there.
"""

from __future__ import annotations

from typing import Any

import torch

from actgen.cuda.libraries.base import Library
from actgen.cuda.views import View

_KINDS = {
    getattr(torch, name): name
    for name in (
        *("float64", "float32", "float16", "bfloat16", "bool"),
        *("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    )
    if hasattr(torch, name)
}
_DTYPES = {name: dtype for dtype, name in _KINDS.items()}


def _stream(device: int) -> int:
    return int(torch.cuda.current_stream(device).cuda_stream)


# What PyTorch's own compiler uses: an integer at once, in a tenth of the time.
current_stream = getattr(torch._C, "_cuda_getCurrentRawStream", _stream)


def plain(tensor: Any) -> tuple[int, int, Any, int] | None:
    """Return address, size, dtype and device of a contiguous tensor, None for any other one."""
    if not tensor.is_contiguous() or tensor.requires_grad or tensor.is_neg():
        return None
    return tensor.data_ptr(), tensor.numel(), tensor.dtype, tensor.get_device()


empty_like = torch.empty_like


def empty_beside(tensor: Any, shape: tuple[int, ...]) -> Any:
    """Return a new tensor of another shape."""
    return tensor.new_empty(shape)


address_of = torch.Tensor.data_ptr
kind_of = {dtype: name for dtype, name in _KINDS.items() if "float" in name}.get


class _Torch(Library):
    title = "PyTorch"

    def view(self, array: Any) -> View:
        if array.layout is not torch.strided:
            raise TypeError(f"a tensor of layout {array.layout} has no kernels; use .to_dense()")
        if array.requires_grad and torch.is_grad_enabled():
            raise TypeError(
                "a tensor requires grad, and PyTorch's autograd does not see calls of actgen: pass "
                "tensor.detach() and call .vjp for the gradient, or call under torch.no_grad()"
            )
        if torch.version.cuda is None:
            raise TypeError("the tensor is not on a CUDA device: this PyTorch is built without it")
        if array.is_neg():
            array = array.resolve_neg()
        return View(
            array,
            array.data_ptr(),
            tuple(array.shape),
            array.stride(),
            _KINDS.get(array.dtype, str(array.dtype).removeprefix("torch.")),
            array.get_device(),
        )

    def stream(self, view: View) -> int:
        return int(current_stream(view.device))

    def empty(self, shape: tuple[int, ...], kind: str, like: View) -> View:
        return self._own(torch.empty(shape, dtype=_DTYPES[kind], device=like.array.device))

    def empty_like(self, view: View, kind: str) -> View:
        return self._own(torch.empty_like(view.array, dtype=_DTYPES[kind], requires_grad=False))

    def zeros(self, shape: tuple[int, ...], kind: str, like: View) -> View:
        return self._own(torch.zeros(shape, dtype=_DTYPES[kind], device=like.array.device))

    def number(self, value: float, kind: str, like: View) -> View:
        device = like.array.device
        return self._own(torch.full((), value, dtype=_DTYPES[kind], device=device))

    def cast(self, view: View, kind: str) -> View:
        copied = view.array.detach().to(_DTYPES[kind], memory_format=torch.contiguous_format)
        return self._own(copied)

    @staticmethod
    def _own(array: Any) -> View:
        kind, device = _KINDS[array.dtype], array.get_device()
        return View(array, array.data_ptr(), tuple(array.shape), array.stride(), kind, device)


LIBRARY = _Torch()
