"""Spell lowered expressions for CUDA kernels: as for CPUs, from other modules.

Both targets print the same arithmetic, so that they give the same bits. What differs is data: where
functions come from, and how the parts of a parameter are called.
"""

from __future__ import annotations

from dataclasses import dataclass

from actgen.codegen.emit.cpu import CALLS

INTRINSICS = "actgen.cuda.intrinsics"

CUDA_CALLS: dict[str, tuple[str, str]] = {
    op: (module if module == "math" else INTRINSICS, name) for op, (module, name) in CALLS.items()
}


@dataclass(frozen=True)
class Parts:
    """How functions reach a parameter: as float64 (as it stands, if empty), and in two float32."""

    whole: str
    high: str
    rest: str


ON_CPU = Parts("", "float32({})", "float32_rest({})")
ON_GPU = Parts("{}.value", "{}.high", "{}.rest")
