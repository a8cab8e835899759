"""Hold memory on a GPU: what is returned for arrays of libraries that actgen cannot make more of.

In: a shape, a dtype's name, a device and a stream. Out: a `DeviceArray`, which other libraries take
by `__cuda_array_interface__` or DLPack. Its memory is freed once nobody holds it, after the work
that its stream has by then.
"""

from __future__ import annotations

from math import prod
from typing import Any

from actgen.cuda import dlpack
from actgen.cuda.driver import driver
from actgen.cuda.views import SIZES, contiguous_strides

_LEGACY = 1  # the name of the default stream in both protocols
_TYPES = {"float64": "<f8", "float32": "<f4", "float16": "<f2", "bool": "|b1"}


class DeviceArray:
    """A contiguous array on a GPU: memory, and where to find it.

    `dtype` is a name: float64, float32, float16 or bfloat16. Other libraries take it over without
    a copy: `torch.from_dlpack(array)`, `cupy.from_dlpack(array)`, `jax.dlpack.from_dlpack(array)`,
    or `numba.cuda.as_cuda_array(array)`.
    """

    shape: tuple[int, ...]
    dtype: str
    device: int
    stream: int
    address: int

    def __init__(self, shape: tuple[int, ...], dtype: str, device: int, stream: int) -> None:
        self.address = 0
        self.shape, self.dtype, self.device, self.stream = shape, dtype, device, stream
        if self.nbytes:
            self.address = driver().allocate(self.nbytes, device, stream)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * SIZES[self.dtype]

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        if self.dtype not in _TYPES:
            raise AttributeError(f"__cuda_array_interface__ has no {self.dtype}; use DLPack")
        return {
            "shape": self.shape,
            "typestr": _TYPES[self.dtype],
            "data": (self.address, False),
            "strides": None,
            "version": 3,
            "stream": self.stream or _LEGACY,
        }

    def __dlpack_device__(self) -> tuple[int, int]:
        return dlpack.CUDA, self.device

    def __dlpack__(self, *, stream: int | None = None, **_: Any) -> Any:
        """Return a capsule whose content is complete for work on `stream`."""
        mine, wanted = self.stream or _LEGACY, _LEGACY if stream is None else stream or _LEGACY
        if wanted not in (-1, mine):
            event = driver().record(self.device, self.stream)
            driver().wait(self.device, wanted, event)
            driver().forget(event)
        contents = dlpack.Contents(
            self.address,
            self.shape,
            contiguous_strides(self.shape),
            self.dtype,
            dlpack.CUDA,
            self.device,
        )
        return dlpack.capsule(self, contents)

    def __repr__(self) -> str:
        return f"<DeviceArray of shape {self.shape}, {self.dtype}, on GPU {self.device}>"

    def __del__(self) -> None:
        if self.address:
            try:  # noqa: SIM105  (when Python ends, modules and the driver may be gone)
                driver().free(self.address, self.device, self.stream)
            except Exception:
                pass
            self.address = 0
