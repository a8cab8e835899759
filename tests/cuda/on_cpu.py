"""Compile generated CUDA modules for the CPU: a name in, a namespace of functions and kernels out.

The arithmetic of float32 and float64 is the same to the bit; one thread stands for all. So errors
can be measured without a GPU, and fast.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from actgen import bits, intrinsics
from actgen.cuda import maps, memory, parts, shared
from actgen.cuda.slices import Slice

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 4  # elements that a thread takes at a time
OURS = "actgen_on_cpu"


def device(function: Any) -> Any:
    return numba.njit(error_model="numpy", forceinline=True)(function)


def kernel(function: Any) -> Any:
    return numba.njit(error_model="numpy")(function)


@device
def over_row(combined: Any, value: Any, lanes: int) -> Any:
    return value


@device
def any_row(condition: bool, lanes: int) -> bool:
    return condition


@device
def row_slice(rows: int, length: int, addresses: int, like: Any, lanes: int) -> Any:
    return Slice(0, 1, length, 0, False, True)


def _run(text: str, name: str) -> dict[str, Any]:
    """Run a module that imports primitives, with those of this one."""
    for source in ("cuda.intrinsics", "cuda.dispatch", "cuda.pairs"):
        text = text.replace(f"from actgen.{source} import", f"from {OURS} import")
    found: dict[str, Any] = {"__name__": name}
    exec(compile(text, name, "exec"), found)
    return found


@cache
def _primitives() -> ModuleType:
    made = ModuleType(OURS)
    sys.modules[OURS] = made
    for module in (bits, intrinsics, maps, memory, parts, shared):
        vars(made).update({k: v for k, v in vars(module).items() if not k.startswith("_")})
    ours: dict[str, Any] = {"device": device, "kernel": kernel}
    ours |= {"rint": np.rint, "floor": np.floor, "ceil": np.ceil}
    vars(made).update(ours)
    for name in ("pairs", "groups"):
        text = (ROOT / "runtime" / "cuda" / f"{name}.py").read_text(encoding="utf-8")
        vars(made).update({k: v for k, v in _run(text, name).items() if not k.startswith("_")})
    ours |= {"over_row": over_row, "any_row": any_row, "row_slice": row_slice}
    ours |= {"column_slice": register_jitable(lambda *_: None)}
    ours |= {"over_column": over_row, "any_column": any_row}
    vars(made).update(ours)
    return made


@cache
def module(name: str) -> dict[str, Any]:
    """Return the functions of a generated CUDA module, for the CPU."""
    _primitives()
    text = (ROOT / "generated" / "cuda" / f"{name}.py").read_text(encoding="utf-8")
    text = re.sub(r"(^def .*), lanes, width\b", r"\1", text, flags=re.MULTILINE)
    return _run(f"lanes, width = 1, {WIDTH}\n{text}", f"{name}_on_cpu")
