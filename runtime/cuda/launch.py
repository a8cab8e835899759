"""Launch kernels: a compiled function, a grid and arguments by name in, work on a stream out.

Arguments go to the driver as the addresses of their values. Each launch takes a piece of memory for
them from a store and puts it back, so that threads do not meet and nothing is made anew.
"""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from actgen.cuda.arguments import argument_kind, argument_names, split
from actgen.cuda.device import capability
from actgen.cuda.driver import LAUNCH, driver

_HEAD = struct.calcsize(f"={LAUNCH}")
_SLOT = 8  # bytes for each scalar, whatever its type
_FORMATS = {"integer": "q", "dimensions": "4q", "like": "8x", "split": "df4xf4x"}
_SLOTS = {"integer": 1, "dimensions": 4, "like": 1, "split": 3}

_lock = threading.RLock()
_loaded: dict[Any, Launcher] = {}


class _Space:
    """Memory for what one launch is told and for its arguments, and the addresses of these."""

    __slots__ = ("arguments", "config", "memory", "places")

    def __init__(self, slots: int) -> None:
        self.memory = ctypes.create_string_buffer(_HEAD + _SLOT * slots)
        self.config = ctypes.addressof(self.memory)
        start = self.config + _HEAD
        self.places = (ctypes.c_void_p * slots)(*range(start, start + _SLOT * slots, _SLOT))
        self.arguments = ctypes.addressof(self.places)


class Launcher:
    """A kernel on a device, for one element type."""

    def __init__(
        self, kernel: Any, element: str, device: int, constants: Mapping[str, int]
    ) -> None:
        from actgen.cuda.compilation import compile_kernel

        found = capability(device)  # tells what is missing, before anything is imported
        compiled = compile_kernel(kernel, element, found, constants)
        self.device = device
        self.names = argument_names(kernel)
        kinds = [argument_kind(name) for name in self.names]
        self._kinds = list(zip(self.names, kinds, strict=True))
        self._slots = sum(_SLOTS[kind] for kind in kinds)
        self._pack = struct.Struct(
            f"={LAUNCH}" + "".join(_FORMATS[kind] for kind in kinds)
        ).pack_into
        self._spaces: list[_Space] = []
        known = driver()
        self._handle = known.load(compiled.code, compiled.name, device)
        self._launch = known.launch

    def run(self, grid: Sequence[int], block: int, stream: int, numbers: Sequence[float]) -> None:
        """Launch with arguments as `flat` has them."""
        try:
            space = self._spaces.pop()
        except IndexError:
            space = _Space(self._slots)
        self._pack(space.memory, 0, *grid, block, 1, 1, 0, stream, 0, 0, *numbers)
        self._launch(self.device, self._handle, space.config, space.arguments)
        self._spaces.append(space)

    def __call__(
        self, grid: Sequence[int], block: int, stream: int, arguments: Mapping[str, Any]
    ) -> None:
        """Launch with arguments by name: integers, four lengths or strides, floats."""
        self.run(grid, block, stream, self.flat(arguments))

    def flat(self, arguments: Mapping[str, Any]) -> list[float]:
        """Return the numbers that arguments consist of."""
        numbers: list[float] = []
        for name, kind in self._kinds:
            if kind == "like":
                continue
            value = arguments[name]
            if kind == "dimensions":
                numbers += value
            elif kind == "split":
                numbers += split(value)
            else:
                numbers.append(value)
        return numbers


def launcher(
    kernel: Any, element: str, device: int, constants: Mapping[str, int] | None = None
) -> Launcher:
    """Return a kernel compiled for an element type and loaded to a device, once for all calls."""
    fixed = constants or {}
    key = (kernel, element, device, *fixed.items())
    found = _loaded.get(key)
    if found is None:
        with _lock:
            found = _loaded.get(key)
            if found is None:
                found = _loaded[key] = Launcher(kernel, element, device, fixed)
    return found
