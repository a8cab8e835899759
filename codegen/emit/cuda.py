"""Spell lowered expressions for CUDA kernels: as for CPUs, from other modules.

Both targets print the same arithmetic, so that they give the same bits. What differs is data: where
functions come from, and how the parts of a parameter are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actgen.codegen.emit.cpu import CALLS

INTRINSICS = "actgen.cuda.intrinsics"

CUDA_CALLS: dict[str, tuple[str, str]] = {
    **{op: (m if m == "math" else INTRINSICS, name) for op, (m, name) in CALLS.items()},
    # what only GPUs have
    **{op: (INTRINSICS, op) for op in ("exp2_approx", "reciprocal_approx", "log2_approx")},
}


@dataclass(frozen=True)
class Parts:
    """How functions reach a parameter: as float64 (as it stands, if empty), and in two float32.

    `calls` are the functions that the target has.
    """

    whole: str
    high: str
    rest: str
    calls: Mapping[str, tuple[str, str]]


ON_CPU = Parts("", "float32({})", "float32_rest({})", CALLS)
ON_GPU = Parts("{}.value", "{}.high", "{}.rest", CUDA_CALLS)
