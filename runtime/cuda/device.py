"""Make sure that kernels can be compiled for a device and run there.

In: the number of a device. Out: its compute capability, looked up once; or a `CudaSetupError` that
says what is missing, too old or too new, and what to install.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from actgen.cuda.driver import driver
from actgen.cuda.errors import CudaSetupError, install
from actgen.cuda.target import OLDEST

_EXTRAS = ("cuda13", "cuda12")
_DRIVERS = {12: "525", 13: "580"}  # the first driver of each major version of CUDA
_LIBRARIES = {"nvvm": "NVVM", "nvJitLink": "nvJitLink"}


@cache
def capability(device: int) -> tuple[int, int]:
    """Return the compute capability of a device that kernels can run on.

    Raises CudaSetupError where the driver, the device or the installed packages do not allow that.
    """
    known = driver()
    found = known.capability(device)
    if found < OLDEST:
        raise CudaSetupError(
            f"{known.name(device)} has compute capability {_dotted(found)}; kernels need "
            f"{_dotted(OLDEST)} or newer: move the arrays to another device, or to the CPU"
        )
    check_packages()
    toolkit = toolkit_version()
    if toolkit[0] > known.version[0]:
        wanted = f"to {_DRIVERS[toolkit[0]]} or newer" if toolkit[0] in _DRIVERS else ""
        raise CudaSetupError(
            f"the driver runs CUDA {_dotted(known.version)}, and the installed packages are of "
            f"CUDA {_dotted(toolkit)}: update the driver {wanted}, or {install(_fitting())}"
        )
    return found


@cache
def check_packages() -> None:
    """Raise CudaSetupError unless the packages that compile kernels are installed."""
    for module in ("numba_cuda", "cuda.core", "cuda.bindings", "cuda.pathfinder"):
        try:
            import_module(module)
        except ImportError as error:
            raise CudaSetupError(
                f"arrays on a GPU need packages that are not installed ({error}): "
                f"{install(_fitting())}"
            ) from None
    pathfinder = import_module("cuda.pathfinder")
    for name, title in _LIBRARIES.items():
        try:
            pathfinder.load_nvidia_dynamic_lib(name)
        except Exception:
            raise CudaSetupError(
                f"{title}, which compiles kernels for GPUs, is not installed: {install(_fitting())}"
            ) from None


@cache
def toolkit_version() -> tuple[int, int]:
    """Return the CUDA version of the installed packages, as (13, 0)."""
    major, minor = import_module("cuda.bindings.nvjitlink").version()
    return int(major), int(minor)


def _fitting() -> str:
    """Return the extra for the driver of this machine; the newest without one."""
    try:
        version = driver().version
    except CudaSetupError:
        return _EXTRAS[0]
    return _EXTRAS[0] if version >= (13, 0) else _EXTRAS[1]


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
