"""Make arrays without a library's help: views of memory, and kernels that copy.

Integers are not converted: that is refused with a word on what to do.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np

from actgen.cuda.copying import contiguous
from actgen.cuda.driver import driver
from actgen.cuda.libraries.base import Library
from actgen.cuda.sums import from_float64, to_float64
from actgen.cuda.views import SIZES, View

_FLOATS = frozenset({"float64", "float32", "float16", "bfloat16"})


def bits(value: float, kind: str) -> bytes:
    """Return the bytes of a number, rounded to nearest even; of bfloat16 by way of float32."""
    with np.errstate(all="ignore"):
        if kind != "bfloat16":
            return np.array(value, kind).tobytes()
        whole = int(np.float32(value).view(np.uint32))
    rounded = whole + 0x7FFF + (whole >> 16 & 1) if value == value else whole
    return np.array(rounded >> 16, np.uint16).tobytes()


class Direct(Library):
    """A library of arrays that the runtime walks by itself."""

    @abstractmethod
    def new(self, shape: tuple[int, ...], kind: str, device: int, stream: int) -> Any:
        """Return a new contiguous array of the library, or one to make it of."""

    @abstractmethod
    def new_view(self, array: Any) -> View:
        """Return where an array lies that `new` made."""

    def empty(self, shape: tuple[int, ...], kind: str, like: View) -> View:
        return self.new_view(self.new(shape, kind, like.device, self.stream(like)))

    def zeros(self, shape: tuple[int, ...], kind: str, like: View) -> View:
        made = self.empty(shape, kind, like)
        if made.size:
            count = made.size * SIZES[kind]
            driver().fill(made.address, b"\0", count, made.device, self.stream(like))
        return made

    def number(self, value: float, kind: str, like: View) -> View:
        made = self.empty((), kind, like)
        driver().fill(made.address, bits(value, kind), 1, made.device, self.stream(like))
        return made

    def cast(self, view: View, kind: str) -> View:
        if view.kind not in _FLOATS:
            raise TypeError(
                f"{self.title} arrays are not converted from {view.kind}: pass {kind} instead"
            )
        wide = contiguous(self, view)
        if wide.kind != "float64":
            wide = to_float64(self, wide)
        return wide if kind == "float64" else from_float64(self, wide, kind)

    def _pointed(self, view: View) -> View:
        return replace(view, device=driver().device_of(view.address)) if view.size else view
