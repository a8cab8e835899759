"""Take JAX arrays in by DLPack, and give results back that way.

JAX has a stream for what comes from outside: kernels run there, after what JAX still computes and
before what it computes next with the result. JAX arrays do not change, so none can be `out`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax

from actgen.cuda import dlpack, pending
from actgen.cuda.libraries.direct import Direct
from actgen.cuda.libraries.foreign import own_view
from actgen.cuda.own import DeviceArray
from actgen.cuda.views import View


class _Held:
    """A JAX array, and the capsule by which JAX keeps its memory for us."""

    def __init__(self, source: Any, device: Any) -> None:
        self.source = source
        self.stream = int(device.get_stream_for_external_ready_events())
        self.capsule = source.__dlpack__(stream=self.stream)


class _Jax(Direct):
    title = "JAX"
    is_mutable = False

    def view(self, array: Any) -> View:
        devices = array.devices()
        if len(devices) != 1:
            raise TypeError(f"a JAX array is spread over {len(devices)} devices; pass its shards")
        held = _Held(array, next(iter(devices)))
        found = dlpack.opened(held.capsule)
        return View(held, found.address, found.shape, found.strides, found.kind, found.device)

    def stream(self, view: View) -> int:
        return int(view.array.stream)  # both kinds of array have one

    def new(self, shape: tuple[int, ...], kind: str, device: int, stream: int) -> Any:
        return DeviceArray(shape, kind, device, stream)

    def new_view(self, array: Any) -> View:
        return own_view(array)

    def cast(self, view: View, kind: str) -> View:
        return self.view(self._array(view).astype(kind))

    def finish(self, result: View, used: Iterable[View], stream: int) -> Any:
        pending.hold([view.array for view in used], result.device, stream)
        return self._array(result)

    @staticmethod
    def _array(view: View) -> Any:
        if isinstance(view.array, _Held):
            return view.array.source
        return jax.dlpack.from_dlpack(view.array)


LIBRARY = _Jax()
