"""Exchange arrays by DLPack: capsules in, what they hold out, and the other way.

The structures are those of DLPack below version 1, which all libraries speak. What a capsule holds
stays alive until its consumer calls the deleter, or the capsule goes unused.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

CUDA = 2  # device types, by DLPack's numbers
MANAGED = 13
_KINDS = {
    **{(2, bits): f"float{bits}" for bits in (16, 32, 64)},
    **{(0, bits): f"int{bits}" for bits in (8, 16, 32, 64)},
    **{(1, bits): f"uint{bits}" for bits in (8, 16, 32, 64)},
    (4, 16): "bfloat16",
    (6, 8): "bool",
}
_CODES = {name: code for code, name in _KINDS.items()}
_NAME = b"dltensor"


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _Managed(ctypes.Structure):
    _fields_ = (
        ("tensor", _Tensor),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
    )


_Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_Destructor = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)

_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_IsValid", ctypes.pythonapi)
)
_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)

_held: dict[int, Any] = {}  # what consumers have not given back


@dataclass(frozen=True)
class Contents:
    """What a capsule holds; `strides` count elements."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    kind: str
    device_type: int
    device: int


def _drop(address: int) -> None:
    _held.pop(address, None)


def _unused(capsule: int) -> None:
    """Let go of what a capsule holds that nobody took, when it goes."""
    if _valid(capsule, _NAME):
        _drop(_pointer(capsule, _NAME))


_drop_function = _Deleter(_drop)
_unused_function = _Destructor(_unused)


def opened(capsule: Any) -> Contents:
    """Return what a capsule holds. The memory is alive as long as the capsule is."""
    address = _pointer(id(capsule), _NAME)
    tensor = _Managed.from_address(address).tensor
    shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
    if tensor.strides:
        strides = tuple(tensor.strides[axis] for axis in range(tensor.ndim))
    else:
        from actgen.cuda.views import contiguous_strides

        strides = contiguous_strides(shape)
    code = (tensor.code, tensor.bits)
    unknown = f"of DLPack's type {tensor.code} with {tensor.bits} bits"
    kind = _KINDS.get(code, unknown) if tensor.lanes == 1 else unknown
    start = (tensor.data or 0) + tensor.byte_offset
    return Contents(start, shape, strides, kind, tensor.device_type, tensor.device_id)


def capsule(owner: Any, contents: Contents) -> Any:
    """Return a capsule that holds memory, and its owner."""
    ndim = len(contents.shape)
    shape = (ctypes.c_int64 * ndim)(*contents.shape)
    strides = (ctypes.c_int64 * ndim)(*contents.strides)
    code, bits = _CODES[contents.kind]
    tensor = _Tensor(
        contents.address,
        contents.device_type,
        contents.device,
        ndim,
        code,
        bits,
        1,
        shape,
        strides,
        0,
    )
    managed = _Managed(tensor, None, ctypes.cast(_drop_function, ctypes.c_void_p))
    address = ctypes.addressof(managed)
    _held[address] = (managed, shape, strides, owner)
    return _new(address, _NAME, ctypes.cast(_unused_function, ctypes.c_void_p))
