# ruff: noqa: N802  (the names are those of the driver)
"""Stand in for the CUDA driver: its functions, over memory of the host.

Kernels are not run but recorded; in Numba's simulator they are run, in the memory of the process.
What the driver is asked for is kept, so that tests can look at it.
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba.core import config as numba_config

from actgen.cuda.arguments import argument_kind, argument_names
from actgen.cuda.driver import LAUNCH

ERRORS = {2: "CUDA_ERROR_OUT_OF_MEMORY", 100: "CUDA_ERROR_NO_DEVICE", 700: "ILLEGAL_ADDRESS"}
LIKES = {
    "float64": np.float64(0),
    "float32": np.float32(0),
    "float16": np.uint16(0),
    "bfloat16": np.int16(0),
}
CONTEXTS = 1000  # handles are the device's number above these
DEVICES = 2000


@dataclass
class Launch:
    """A kernel launch: its name, and what it was called with."""

    name: str
    element: str
    device: int
    grid: tuple[int, ...]
    block: int
    stream: int
    arguments: dict[str, Any]


@dataclass
class FakeCuda:
    """The library of a driver, by the names of its functions."""

    version: int = 13000
    capabilities: tuple[tuple[int, int], ...] = ((9, 0),)
    memory: int = 2**30
    fails: dict[str, int] = field(default_factory=dict)
    launches: list[Launch] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    current: list[int] = field(default_factory=lambda: [0])
    code: list[tuple[Any, str]] = field(default_factory=list)
    held: dict[int, Any] = field(default_factory=dict)
    done: bool = True

    def __getitem__(self, name: str) -> Any:
        return _Function(self, name)

    def compile(self, kernel: Any, element: str, *_: Any) -> Any:
        """Take the place of `compile_kernel`: the code is a number that stands for the kernel."""
        self.code.append((kernel, element))
        return _Compiled(kernel.__name__, str(len(self.code) - 1).encode())

    def names(self) -> list[str]:
        return [launch.name for launch in self.launches]

    def cuInit(self, flags: int) -> int:
        return 0 if self.capabilities else 100

    def cuGetErrorName(self, code: int, out: Any) -> int:
        out._obj.value = ERRORS.get(code, "CUDA_ERROR_UNKNOWN").encode()
        return 0

    def cuGetErrorString(self, code: int, out: Any) -> int:
        out._obj.value = b"what it means"
        return 0

    def cuDriverGetVersion(self, out: Any) -> int:
        out._obj.value = self.version
        return 0

    def cuDeviceGetCount(self, out: Any) -> int:
        out._obj.value = len(self.capabilities)
        return 0

    def cuDeviceGet(self, out: Any, device: int) -> int:
        out._obj.value = DEVICES + device
        return 0

    def cuDeviceGetName(self, text: Any, length: int, device: int) -> int:
        text.value = f"Fake {device - DEVICES}".encode()
        return 0

    def cuDeviceGetAttribute(self, out: Any, attribute: int, device: int) -> int:
        major, minor = self.capabilities[device - DEVICES]
        out._obj.value = {75: major, 76: minor, 115: 1}[attribute]
        return 0

    def cuDevicePrimaryCtxRetain(self, out: Any, device: int) -> int:
        out._obj.value = CONTEXTS + device - DEVICES
        return 0

    def cuCtxGetCurrent(self, out: Any) -> int:
        out._obj.value = self.current[-1]
        return 0

    def cuCtxPushCurrent_v2(self, context: int) -> int:
        self.current.append(context)
        return 0

    def cuCtxPopCurrent_v2(self, out: Any) -> int:
        out._obj.value = self.current.pop()
        return 0

    def cuThreadExchangeStreamCaptureMode(self, mode: Any) -> int:
        return 0

    def cuLibraryLoadData(self, out: Any, code: bytes, *_: Any) -> int:
        out._obj.value = int(code) + 1
        return 0

    def cuLibraryGetKernel(self, out: Any, library: int, name: bytes) -> int:
        assert self.code[library - 1][0].__name__ == name.decode()
        out._obj.value = library
        return 0

    def cuKernelGetFunction(self, out: Any, kernel: int) -> int:
        return 0

    def cuLaunchKernelEx(self, config: int, handle: int, arguments: int, extra: None) -> int:
        told = struct.unpack(f"={LAUNCH}", ctypes.string_at(config, struct.calcsize(f"={LAUNCH}")))
        *grid, block, height, depth, shared, stream, attributes, count = told
        if self.current[-1] < CONTEXTS:
            return 201
        assert (height, depth, shared, attributes, count, extra) == (1, 1, 0, 0, 0, None)
        assert 0 < grid[0] < 2**31
        assert max(grid[1:]) < 2**16
        kernel, element = self.code[handle - 1]
        found = _arguments(kernel, element, arguments)
        device = self.current[-1] - CONTEXTS
        named = dict(zip(argument_names(kernel), found, strict=True))
        name = kernel.__name__
        self.launches.append(Launch(name, element, device, tuple(grid), block, stream, named))
        if numba_config.ENABLE_CUDASIM:
            with np.errstate(all="ignore"):
                kernel[tuple(grid), block](*found)
        return 0

    def cuMemAllocAsync(self, out: Any, size: int, stream: int) -> int:
        if size > self.memory:
            return 2
        block = ctypes.create_string_buffer(size + 256)
        address = -(-ctypes.addressof(block) // 256) * 256
        self.held[address] = block
        out._obj.value = address
        return 0

    def cuMemFreeAsync(self, address: int, stream: int) -> int:
        del self.held[address]
        return 0

    def cuMemsetD8Async(self, address: int, value: int, count: int, stream: int) -> int:
        ctypes.memset(address, value, count)
        return 0

    def cuMemsetD16Async(self, address: int, value: int, count: int, stream: int) -> int:
        (ctypes.c_uint16 * count).from_address(address)[:] = [value] * count
        return 0

    def cuMemsetD32Async(self, address: int, value: int, count: int, stream: int) -> int:
        (ctypes.c_uint32 * count).from_address(address)[:] = [value] * count
        return 0

    def cuPointerGetAttribute(self, out: Any, attribute: int, address: int) -> int:
        assert attribute == 9
        out._obj.value = self.held.get(address) if type(self.held.get(address)) is int else 0
        return 0

    def cuEventCreate(self, out: Any, flags: int) -> int:
        out._obj.value = 77
        return 0

    def cuEventRecord(self, event: int, stream: int) -> int:
        return 0

    def cuEventQuery(self, event: int) -> int:
        return 0 if self.done else 600

    def cuEventDestroy_v2(self, event: int) -> int:
        return 0

    def cuStreamWaitEvent(self, stream: int, event: int, flags: int) -> int:
        return 0


class _Function:
    """A function of the library; it can be told to fail."""

    def __init__(self, owner: FakeCuda, name: str) -> None:
        self._owner = owner
        self._name = name
        self._function = getattr(owner, name, None)

    def __call__(self, *arguments: Any) -> int:
        self._owner.calls.append(self._name)
        if self._name in self._owner.fails:
            return self._owner.fails[self._name]
        assert self._function is not None, self._name
        code: int = self._function(*arguments)
        return code


@dataclass
class _Compiled:
    name: str
    code: bytes


def _arguments(kernel: Any, element: str, address: int) -> list[Any]:
    """Read what a kernel is called with from the addresses of its arguments."""
    places = ctypes.cast(address, ctypes.POINTER(ctypes.c_void_p))
    slot = 0

    def take(kind: Any) -> Any:
        nonlocal slot
        value = kind.from_address(places[slot]).value
        slot += 1
        return value

    found: list[Any] = []
    for name in argument_names(kernel):
        what = argument_kind(name)
        if what == "like":
            slot += 1
            found.append(LIKES[element])
        elif what == "dimensions":
            found.append(tuple(take(ctypes.c_int64) for _ in range(4)))
        elif what == "split":
            from actgen.cuda.intrinsics import Split

            value = take(ctypes.c_double)
            parts = (np.float32(take(ctypes.c_float)) for _ in range(2))
            found.append(Split(np.float64(value), *parts))
        else:
            found.append(take(ctypes.c_int64))
    return found


def install(monkeypatch: Any, fake: FakeCuda) -> FakeCuda:
    """Put a fake driver in the place of the real one, for a test."""
    import sys
    from types import ModuleType

    from actgen.cuda import device, driver, launch, pending

    for function in (driver.driver, device.capability):
        function.cache_clear()
    monkeypatch.setattr(driver, "_opened", lambda name: fake)
    monkeypatch.setattr(launch, "_loaded", {})
    monkeypatch.setattr(pending, "_held", type(pending._held)())
    compilation = ModuleType("actgen.cuda.compilation")
    compilation.compile_kernel = fake.compile  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "actgen.cuda.compilation", compilation)
    return fake


def forget() -> None:
    """Forget what was found out about a fake driver."""
    from actgen.cuda import device, driver

    for function in (driver.driver, device.capability):
        function.cache_clear()


class FakeArray:
    """An array on a fake GPU: memory of the host, in the shape of `__cuda_array_interface__`."""

    def __init__(self, array: Any, stream: int | None = None, read_only: bool = False) -> None:
        self.array = np.asarray(array)
        self.dtype = self.array.dtype
        self.stream = stream
        self.read_only = read_only

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.array.shape,
            "typestr": self.array.dtype.str,
            "data": (self.array.__array_interface__["data"][0], self.read_only),
            "strides": None if self.array.flags.c_contiguous else self.array.strides,
            "version": 3,
            "stream": self.stream,
        }


def on_host(array: Any) -> Any:
    """Return what an array on a fake GPU holds, as NumPy array."""
    if isinstance(array, FakeArray):
        return array.array
    dtype: Any = array.dtype
    if dtype == "bfloat16":
        from ml_dtypes import bfloat16

        dtype = bfloat16
    size = int(np.prod(array.shape)) * np.dtype(dtype).itemsize
    raw = ctypes.string_at(array.address, size) if size else b""
    return np.frombuffer(raw, dtype).reshape(array.shape)
