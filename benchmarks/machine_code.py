"""Read the machine code of a kernel for GPUs: a cubin in, the operations of its usual way out.

The usual way is that of a thread whose tile is whole, whose quotients need no special care, and
whose sines are of near numbers: from the entry to the end, without predicated exits, without what a
branch leaps over in order to avoid a call or a long computation. A loop counts once. `nvdisasm`
lists the code; it needs no GPU.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

_PACKAGE = "nvidia-cuda-nvdisasm"
_SECTION = re.compile(r"^//-+ \.text\.", re.MULTILINE)
_LABEL = re.compile(r"(\.L_x_\d+):")
_INSTRUCTION = re.compile(r"\s+/\*[0-9a-f]+\*/\s+(@!?\w+\s+)?([A-Z][\w.]*)([^;]*);")
_LONGEST_LEAP = 16  # instructions around a call
_FAR_REDUCTION = 64  # instructions at least


@dataclass(frozen=True)
class _Instruction:
    operation: str
    operands: str
    predicated: bool


def disassembler() -> str | None:
    """Return the path of `nvdisasm`, of its wheel or of a toolkit; None where there is none."""
    try:
        found = [file for file in files(_PACKAGE) or () if file.stem == "nvdisasm"]
    except PackageNotFoundError:
        return shutil.which("nvdisasm")
    return str(found[0].locate()) if found else None


def operations(code: bytes) -> list[str]:
    """Return the operations of the usual way through the kernel in a cubin, such as FFMA.

    Raises LookupError where there is no disassembler.
    """
    program = disassembler()
    if program is None:
        raise LookupError(f"there is no nvdisasm: pip install {_PACKAGE}")
    with tempfile.TemporaryDirectory() as folder:
        cubin = Path(folder, "kernel.cubin")
        cubin.write_bytes(code)
        listing = subprocess.run([program, "-c", cubin], capture_output=True, text=True, check=True)
    return usual_way(listing.stdout)


def usual_way(listing: str) -> list[str]:
    """Return the operations of the usual way through the kernel of a listing."""
    (entry,) = (part for part in _SECTION.split(listing) if "STO_CUDA_ENTRY" in part)
    code: list[_Instruction] = []
    labels: dict[str, int] = {}
    for line in entry.splitlines():
        if label := _LABEL.match(line):
            labels[label[1]] = len(code)
        elif found := _INSTRUCTION.match(line):
            code.append(_Instruction(found[2], found[3], bool(found[1])))
    way = []
    at = 0
    while at < len(code):
        now = code[at]
        way.append(now.operation)
        at += 1
        if now.operation == "EXIT" and not now.predicated:
            break
        if now.operation.startswith("BRA"):
            target = next((labels[name] for name in labels if f"`({name})" in now.operands), 0)
            if now.predicated:
                at = target if _is_rare(code[at:target]) else at
            elif target > at:
                at = target
            else:
                break
    return way


def _is_rare(leapt_over: Sequence[_Instruction]) -> bool:
    """Tell whether what a branch leaps over is for special quotients, or for far arguments."""
    names = [each.operation for each in leapt_over]
    if any(name.startswith(("LDG", "STG", "EXIT")) for name in names):
        return False
    calls = any(name.startswith("CALL") for name in names)
    return len(names) >= _FAR_REDUCTION or (calls and len(names) <= _LONGEST_LEAP)
