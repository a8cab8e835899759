"""Compile kernels for a compute capability: a kernel and its argument types in, machine code out.

Numba gives LLVM code, NVVM turns that into PTX, nvJitLink into the code of one kind of device. None
of them needs a driver or a device. Products and sums are not contracted, so that results are the
CPU's, bit for bit. What is compiled is kept on disk, as the CPU's kernels are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cuda.core import Linker, LinkerOptions, ObjectCode
from numba.cuda import types
from numba.cuda.compiler import compile_cuda, kernel_fixup

from actgen.cache import KernelCache, kept
from actgen.cuda.arguments import argument_kind, argument_names
from actgen.cuda.device import toolkit_version
from actgen.cuda.dispatch import SPLIT
from actgen.cuda.errors import CudaSetupError, install
from actgen.cuda.target import compiling_for

ELEMENTS = {
    "float64": types.float64,
    "float32": types.float32,
    "float16": types.uint16,
    "bfloat16": types.int16,
}
_TYPES = {
    "integer": types.int64,
    "dimensions": types.UniTuple(types.int64, 4),
    "split": SPLIT,
}
_REGISTERS = 2**16 // 512  # a thread, where 512 of them share those of a multiprocessor
NO_CONSTANTS: Mapping[str, int] = MappingProxyType({})
_UNKNOWN = ("UNRECOGNIZED_ARCH", "is not defined for option 'gpu-name'", "-arch=compute_")
_ENTRY = b"\0"  # between the name of a kernel and its code, on disk


@dataclass(frozen=True)
class Compiled:
    """A kernel for one kind of device: its name there, and the code as a cubin."""

    name: str
    code: bytes


@dataclass(frozen=True)
class Report:
    """What the assembler says of a kernel, per thread: registers, and bytes of memory."""

    ptx: str
    code: bytes
    registers: int
    stack: int
    spilled: int
    local: int
    shared: int


def argument_types(
    kernel: Any, element: str, constants: Mapping[str, int] = NO_CONSTANTS
) -> tuple[Any, ...]:
    """Return the types of a kernel's arguments, which their names tell, for an element type.

    `constants` are arguments whose values are compiled in.
    """
    known = {**_TYPES, "like": ELEMENTS[element]}
    return tuple(
        types.literal(constants[name]) if name in constants else known[argument_kind(name)]
        for name in argument_names(kernel)
    )


def compile_kernel(
    kernel: Any,
    element: str,
    capability: tuple[int, int],
    constants: Mapping[str, int] = NO_CONSTANTS,
) -> Compiled:
    """Return a kernel compiled for an element type and a compute capability such as (9, 0)."""

    def make() -> bytes:
        try:
            name, ptx = ptx_of(kernel, element, capability, constants)
            return name.encode() + _ENTRY + bytes(_linked(ptx, capability, constants)[0])
        except Exception as error:
            if any(text in str(error) for text in _UNKNOWN):
                raise CudaSetupError(_too_new(capability)) from error
            raise

    function = kernel.py_func
    fingerprint = KernelCache(
        function, f"cuda {element} {capability} {sorted(constants.items())}"
    ).fingerprint
    if fingerprint is None:
        name, _, code = make().partition(_ENTRY)
    else:
        label = f"{function.__module__}.{function.__qualname__}"
        found = kept(label, _environment() + fingerprint, make)
        name, _, code = found.partition(_ENTRY)
    return Compiled(name.decode(), code)


def _too_new(capability: tuple[int, int]) -> str:
    known = ".".join(map(str, toolkit_version()))
    return (
        f"compute capability {capability[0]}.{capability[1]} is newer than all that the installed "
        f"packages of CUDA {known} know: update cuda-toolkit, or {install('cuda13')}"
    )


def ptx_of(
    kernel: Any,
    element: str,
    capability: tuple[int, int],
    constants: Mapping[str, int] = NO_CONSTANTS,
) -> tuple[str, str]:
    """Return the name of a kernel in PTX, and the PTX."""
    with compiling_for(capability):
        compiled = compile_cuda(
            kernel.py_func,
            types.void,
            argument_types(kernel, element, constants),
            nvvm_options={"opt": 3, "fma": 0},
            cc=capability,
        )
        library = compiled.library
        entry = library.get_function(compiled.fndesc.llvm_func_name)
        library._entry_name = entry.name
        kernel_fixup(entry, False)
        return entry.name, library.get_asm_str(cc=capability)


def report(
    kernel: Any,
    element: str,
    capability: tuple[int, int],
    constants: Mapping[str, int] = NO_CONSTANTS,
) -> Report:
    """Compile a kernel and return what the assembler says of it."""
    _, ptx = ptx_of(kernel, element, capability, constants)
    code, log = _linked(ptx, capability, constants, verbose=True)
    properties = log[log.rindex("Function properties for '") :]

    def figure(pattern: str, text: str) -> int:
        return sum(int(found) for found in re.findall(pattern, text))

    return Report(
        ptx,
        code,
        registers=figure(r"used (\d+) registers", properties),
        stack=figure(r"(\d+) stack", properties),
        spilled=figure(r"(\d+) bytes spill", log),
        local=figure(r"(\d+) bytes lmem", properties),
        shared=figure(r"(\d+) bytes smem", properties),
    )


def _linked(
    ptx: str, capability: tuple[int, int], constants: Mapping[str, int], verbose: bool = False
) -> tuple[bytes, str]:
    """Return the machine code of PTX, and the log."""
    major, minor = capability
    registers = _REGISTERS if constants.get("lanes", 0) >= 512 else None
    arch = f"sm_{major}{minor}"
    options = LinkerOptions(arch=arch, verbose=verbose, max_register_count=registers)
    linker = Linker(ObjectCode.from_ptx(ptx.encode()), options=options)
    code = linker.link("cubin").code
    return bytes(code), linker.get_info_log() if verbose else ""


@cache
def _environment() -> bytes:
    """Return the hash of what all compiled kernels depend on."""
    digest = hashlib.sha256()
    for name in ("numba", "numba-cuda", "cuda-core", "cuda-toolkit", "llvmlite"):
        digest.update(f"{name} {version(name)}\n".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    for name in ("bits.py", "half.py", "intrinsics.py"):
        digest.update((Path(__file__).parents[1] / name).read_bytes())
    return digest.digest()
