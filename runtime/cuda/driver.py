"""Call the CUDA driver: devices, contexts, code, memory, launches.

In: device numbers, machine code and addresses. Out: handles as integers. The driver's library is
opened by its name, at the first use; nothing else needs to be installed for that. Errors of the
driver become `CudaError`.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any

from actgen.cuda.errors import CudaError, CudaSetupError

_INVALID_CONTEXT = 201
_OUT_OF_MEMORY = 2
_NOT_READY = 600
_RELAXED = 2  # a capture mode in which other threads' captures forbid nothing
_MAJOR, _MINOR, _POOLS = 75, 76, 115  # attributes of devices
_NO_TIMING = 2
_DEVICE_ORDINAL = 9  # an attribute of pointers

# What a launch is told: grid and block of three lengths, shared memory, stream, no attributes.
LAUNCH = "7I4xQQI4x"

_INT, _UINT, _SIZE = ctypes.c_int, ctypes.c_uint, ctypes.c_size_t
_HANDLE, _ADDRESS = ctypes.c_void_p, ctypes.c_uint64
_POINTER = ctypes.c_void_p

# The names that the library exports; `_v2` is what the headers map the plain name to.
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "cuInit": (_UINT,),
    "cuGetErrorName": (_INT, _POINTER),
    "cuGetErrorString": (_INT, _POINTER),
    "cuDriverGetVersion": (_POINTER,),
    "cuDeviceGetCount": (_POINTER,),
    "cuDeviceGet": (_POINTER, _INT),
    "cuDeviceGetName": (_POINTER, _INT, _INT),
    "cuDeviceGetAttribute": (_POINTER, _INT, _INT),
    "cuDevicePrimaryCtxRetain": (_POINTER, _INT),
    "cuCtxGetCurrent": (_POINTER,),
    "cuCtxPushCurrent_v2": (_HANDLE,),
    "cuCtxPopCurrent_v2": (_POINTER,),
    "cuThreadExchangeStreamCaptureMode": (_POINTER,),
    "cuLibraryLoadData": (_POINTER, _POINTER, *(_POINTER, _POINTER, _UINT) * 2),
    "cuLibraryGetKernel": (_POINTER, _HANDLE, ctypes.c_char_p),
    "cuKernelGetFunction": (_POINTER, _HANDLE),
    "cuLaunchKernelEx": (_POINTER, _HANDLE, _POINTER, _POINTER),
    "cuMemAlloc_v2": (_POINTER, _SIZE),
    "cuMemFree_v2": (_ADDRESS,),
    "cuMemAllocAsync": (_POINTER, _SIZE, _HANDLE),
    "cuMemFreeAsync": (_ADDRESS, _HANDLE),
    "cuMemsetD16Async": (_ADDRESS, ctypes.c_ushort, _SIZE, _HANDLE),
    "cuMemsetD32Async": (_ADDRESS, _UINT, _SIZE, _HANDLE),
    "cuMemsetD8Async": (_ADDRESS, ctypes.c_ubyte, _SIZE, _HANDLE),
    "cuPointerGetAttribute": (_POINTER, _INT, _ADDRESS),
    "cuEventCreate": (_POINTER, _UINT),
    "cuEventRecord": (_HANDLE, _HANDLE),
    "cuEventQuery": (_HANDLE,),
    "cuEventDestroy_v2": (_HANDLE,),
    "cuStreamWaitEvent": (_HANDLE, _HANDLE, _UINT),
}


class Driver:
    """The driver of this process, from its library."""

    def __init__(self, library: Any) -> None:
        self._functions: dict[str, Any] = {}
        for name, arguments in _FUNCTIONS.items():
            try:
                function = library[name]
            except AttributeError:
                message = f"the NVIDIA driver is too old: it has no {name}; install 525 or newer"
                raise CudaSetupError(message) from None
            function.argtypes = arguments
            function.restype = _INT
            self._functions[name] = function
        self._launch: Any = self._functions["cuLaunchKernelEx"]
        code = self._functions["cuInit"](0)
        if code:
            raise CudaSetupError(f"the NVIDIA driver finds no usable GPU: {self._described(code)}")

    @cached_property
    def version(self) -> tuple[int, int]:
        """The newest CUDA version that the driver runs, as (13, 0)."""
        number = self._integer("cuDriverGetVersion")
        return number // 1000, number % 1000 // 10

    @cached_property
    def devices(self) -> int:
        return self._integer("cuDeviceGetCount")

    def capability(self, device: int) -> tuple[int, int]:
        """Return the compute capability of a device, as (9, 0)."""
        handle = self._integer("cuDeviceGet", device)
        return (
            self._integer("cuDeviceGetAttribute", _MAJOR, handle),
            self._integer("cuDeviceGetAttribute", _MINOR, handle),
        )

    def name(self, device: int) -> str:
        text = ctypes.create_string_buffer(256)
        handle = self._integer("cuDeviceGet", device)
        self._call("cuDeviceGetName", text, len(text), handle)
        return text.value.decode()

    @contextmanager
    def current(self, device: int) -> Iterator[None]:
        """Make a device's primary context the thread's current one inside, if it is not."""
        wanted = self._context(device)
        if self._handle("cuCtxGetCurrent") == wanted:
            yield
            return
        self._call("cuCtxPushCurrent_v2", wanted)
        try:
            yield
        finally:
            self._handle("cuCtxPopCurrent_v2")

    def load(self, code: bytes, name: str, device: int) -> int:
        """Load machine code to a device and return the kernel of that name.

        Works while a stream of the thread is being captured into a graph, too.
        """
        with self.current(device), self._relaxed():
            nothing = (None, None, 0)
            library = self._handle("cuLibraryLoadData", code, *nothing, *nothing)
            kernel = self._handle("cuLibraryGetKernel", library, name.encode())
            self._handle("cuKernelGetFunction", kernel)  # loads it for good
        return kernel

    def launch(self, device: int, kernel: int, config: int, arguments: int) -> None:
        """Launch a kernel on a device.

        `config` is the address of a `LAUNCH`, `arguments` that of the addresses of its arguments.
        """
        if self.devices > 1:
            with self.current(device):
                code = self._launch(config, kernel, arguments, None)
        else:
            code = self._launch(config, kernel, arguments, None)
            if code == _INVALID_CONTEXT:  # a thread that did nothing on the device so far
                with self.current(device):
                    code = self._launch(config, kernel, arguments, None)
        if code:
            self._check(code, "launching a kernel")

    def allocate(self, size: int, device: int, stream: int) -> int:
        """Return the address of device memory for work on a stream. MemoryError without any."""
        with self.current(device):
            if self._has_pools(device):
                return self._handle("cuMemAllocAsync", size, stream)
            return self._handle("cuMemAlloc_v2", size)

    def free(self, address: int, device: int, stream: int) -> None:
        """Give memory back once the stream has done what it has been given so far."""
        with self.current(device):
            if self._has_pools(device):
                self._call("cuMemFreeAsync", address, stream)
            else:
                self._call("cuMemFree_v2", address)  # waits for the device by itself

    def fill(self, address: int, word: bytes, count: int, device: int, stream: int) -> None:
        """Write a word of 1, 2, 4 or 8 bytes; as often as wanted, but that of 8 bytes once."""
        with self.current(device):
            for start in range(0, len(word), 4):
                part = word[start : start + 4]
                name = f"cuMemsetD{8 * len(part)}Async"
                number = int.from_bytes(part, sys.byteorder)
                self._call(name, address + start, number, count, stream)

    def device_of(self, address: int) -> int:
        """Return the device that memory lies on."""
        return self._integer("cuPointerGetAttribute", _DEVICE_ORDINAL, address)

    def record(self, device: int, stream: int) -> int:
        """Return an event that happens when the stream has done what it has been given so far."""
        with self.current(device):
            event = self._handle("cuEventCreate", _NO_TIMING)
            self._call("cuEventRecord", event, stream)
        return event

    def wait(self, device: int, stream: int, event: int) -> None:
        """Make a stream wait for an event."""
        with self.current(device):
            self._call("cuStreamWaitEvent", stream, event, 0)

    def has_happened(self, event: int) -> bool:
        """Tell whether an event is over, or was lost to a graph or a device that failed."""
        return bool(self._functions["cuEventQuery"](event) != _NOT_READY)

    def forget(self, event: int) -> None:
        """Destroy an event."""
        self._call("cuEventDestroy_v2", event)

    @cache  # noqa: B019  (one driver lives as long as the process)
    def _context(self, device: int) -> int:
        return self._handle("cuDevicePrimaryCtxRetain", self._integer("cuDeviceGet", device))

    @cache  # noqa: B019
    def _has_pools(self, device: int) -> bool:
        handle = self._integer("cuDeviceGet", device)
        return bool(self._integer("cuDeviceGetAttribute", _POOLS, handle))

    @contextmanager
    def _relaxed(self) -> Iterator[None]:
        mode = _INT(_RELAXED)
        self._call("cuThreadExchangeStreamCaptureMode", ctypes.byref(mode))
        try:
            yield
        finally:
            self._call("cuThreadExchangeStreamCaptureMode", ctypes.byref(mode))

    def _integer(self, name: str, *arguments: Any) -> int:
        result = _INT()
        self._call(name, ctypes.byref(result), *arguments)
        return result.value

    def _handle(self, name: str, *arguments: Any) -> int:
        result = _HANDLE()
        self._call(name, ctypes.byref(result), *arguments)
        return result.value or 0

    def _call(self, name: str, *arguments: Any) -> None:
        code = self._functions[name](*arguments)
        if code:
            self._check(code, name)

    def _check(self, code: int, doing: str) -> None:
        if code == _OUT_OF_MEMORY:
            raise MemoryError(f"the GPU has no memory left ({doing})")
        raise CudaError(f"{doing}: {self._described(code)}")

    def _described(self, code: int) -> str:
        texts = []
        for name in ("cuGetErrorName", "cuGetErrorString"):
            text = ctypes.c_char_p()
            self._functions[name](code, ctypes.byref(text))
            texts.append((text.value or b"?").decode())
        return ": ".join(texts)


def _opened(name: str) -> Any:
    return ctypes.CDLL(name)


@cache
def driver() -> Driver:
    """Return the driver of this process. CudaSetupError where there is none, or no GPU."""
    names = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so")
    for name in names:
        try:
            library = _opened(name)
        except OSError:
            continue
        return Driver(library)
    raise CudaSetupError(
        f"this machine has no NVIDIA driver ({names[0]} is not found): install one, 525 or newer"
    )
