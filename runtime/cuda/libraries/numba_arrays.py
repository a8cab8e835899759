"""Take Numba's device arrays in and make new ones, on the stream that an array is bound to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from actgen.arrays import is_bfloat16
from actgen.cuda.libraries.direct import Direct
from actgen.cuda.views import View, in_elements


class _Numba(Direct):
    title = "Numba"

    def view(self, array: Any) -> View:
        dtype, size = array.dtype, array.dtype.itemsize
        view = View(
            array,
            array.device_ctypes_pointer.value or 0,
            tuple(array.shape),
            in_elements(array.strides, size),
            "bfloat16" if is_bfloat16(dtype) else dtype.name,
            0,
        )
        return self._pointed(view)

    def stream(self, view: View) -> int:
        return int(getattr(view.array, "stream", 0) or 0)

    def new(self, shape: tuple[int, ...], kind: str, device: int, stream: int) -> Any:
        dtype: Any = kind
        if kind == "bfloat16":
            from ml_dtypes import bfloat16 as dtype
        with cuda.gpus[device]:
            bound = cuda.external_stream(stream) if stream else 0
            return cuda.device_array(shape, np.dtype(dtype), stream=bound)

    def new_view(self, array: Any) -> View:
        return self.view(array)


LIBRARY = _Numba()
