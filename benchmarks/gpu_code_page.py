"""Lay out the page of what CUDA kernels compile to: lines of figures in, Markdown out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.gpu_code import Line

_COLUMNS = (  # heading, kernel, dtype
    ("float32", "forward", "float32"),
    ("fast", "forward_fast", "float32"),
    ("bfloat16", "forward", "bfloat16"),
    ("float16", "forward", "float16"),
    ("vjp float32", "vjp", "float32"),
    ("fast", "vjp_fast", "float32"),
    ("bfloat16", "vjp", "bfloat16"),
    ("float16", "vjp", "float16"),
)
_TITLE = "# What the kernels for GPUs compile to"
_ORIGIN = (
    "Written by `python -m benchmarks.gpu_code --write docs/gpu-kernels.md`, without a GPU: "
    "figures of the machine code for compute capability {}, of the kernels over contiguous "
    "arrays, with parameters at their defaults where a kernel is made for these."
)
_MODEL = (
    "The time that a kernel takes, the time of a copy of as many bytes being 1: an H200 copies "
    "4.3 TB/s, and has time for 62 instructions while it copies a float32 to another place. What "
    "counts is the busiest of its units: each instruction takes one of these slots, one of the "
    "unit for special functions (reciprocals, exp2, rounding, conversions from and to float64) "
    "eight, one in float64 two. Up to 1 a kernel can run at the speed of memory, as far as its "
    "instructions go; how near it comes is for a GPU to tell. **Bold**: above 1. In brackets: "
    "registers of a thread. Without a figure under fast, the accurate kernel serves both tiers; "
    "16-bit results have one kernel for both."
)
_ALONG_AXES = (
    "Kernels along an axis are not in the table: how often their loops turn, their code does not "
    "tell. The tests hold all kernels to registers without spills."
)


def page(lines: Sequence[Line], capability: tuple[int, int]) -> str:
    """Return the page."""
    parts = [_TITLE, _ORIGIN.format(".".join(map(str, capability))), _MODEL, _spills(lines)]
    parts.append(_table(lines))
    longest = _longest(lines)
    if longest:
        parts += [
            "Above 1, with instructions a number of the result, and how many are in float64:",
            longest,
        ]
    return "\n\n".join([*parts, _ALONG_AXES]) + "\n"


def _spills(lines: Sequence[Line]) -> str:
    found = [each for each in lines if each.spilled or each.local]
    if not found:
        return f"Of {len(lines)} kernels none spills registers or uses local memory."
    names = ", ".join(f"`{each.function}` ({each.kernel}, {each.dtype})" for each in found)
    return f"Of {len(lines)} kernels {len(found)} spill registers or use local memory: {names}."


def _table(lines: Sequence[Line]) -> str:
    known = {(each.function, each.kernel, each.dtype): each for each in lines}
    rows = [("function", *(heading for heading, _, _ in _COLUMNS))]
    rows.append(("---",) + ("--:",) * len(_COLUMNS))
    for function in dict.fromkeys(each.function for each in lines):
        found = [known.get((function, kernel, dtype)) for _, kernel, dtype in _COLUMNS]
        rows.append((f"`{function}`", *map(_cell, found)))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(line: Line | None) -> str:
    if line is None:
        return ""
    share = f"**{line.share:.2f}**" if line.share > 1 else f"{line.share:.2f}"
    return f"{share} ({line.registers})"


def _longest(lines: Sequence[Line]) -> str:
    columns = {(kernel, dtype) for _, kernel, dtype in _COLUMNS}
    shown = [each for each in lines if each.share > 1 and (each.kernel, each.dtype) in columns]
    return "\n".join(
        f"- `{each.function}` {each.kernel.replace('_', ' ')}, {each.dtype}: "
        f"{each.share:.2f}, {each.instructions:.0f} instructions"
        + (f", {each.double:.0f} in float64" if each.double else "")
        for each in sorted(shown, key=lambda each: -each.share)
    )
