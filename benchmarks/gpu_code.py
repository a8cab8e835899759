"""Tell what CUDA kernels compile to, without a GPU: for each, instructions and what they use.

    python -m benchmarks.gpu_code [--functions gelu,silu] [--dtypes float32] [--capability 9.0]
    python -m benchmarks.gpu_code --write docs/gpu-kernels.md

Compiles the kernels over contiguous arrays, those for parameters at their defaults where there are
any, and prints for each what its machine code takes: for a number of the result, instructions, how
many of them work in the units for special functions and for float64, and bytes; for a thread,
registers, and bytes of spills and local memory. `share` is the time of the busiest unit over the
time that a copy of as many bytes takes on an H200: up to 1, the kernel can run at the speed of
memory.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from actgen.codegen.console import Progress
from benchmarks.gpu_code_page import page
from benchmarks.machine_code import disassembler, operations
from benchmarks.options import activation, one_of, parent_exists, several, write_json, write_text

SLOTS_PER_BYTE = 62 / 8  # instructions in the time of a byte of a copy on an H200
_SIZES = {"float32": 4, "bfloat16": 2, "float16": 2, "float64": 8}
DTYPES = tuple(_SIZES)
TIERS = ("forward", "forward_fast", "vjp", "vjp_fast")
# what these units need for a result, in instructions that others finish meanwhile
_SPECIAL = frozenset({"MUFU", "F2F", "F2I", "I2F", "FRND"})
_DOUBLE = frozenset({"DADD", "DMUL", "DFMA", "DSETP"})
_SPECIAL_SLOTS, _DOUBLE_SLOTS = 8, 2


@dataclass(frozen=True)
class Line:
    """What one kernel compiles to; instructions and bytes are those of a number it writes."""

    function: str
    kernel: str
    dtype: str
    instructions: float
    special: float
    double: float
    bytes: float
    share: float
    registers: int
    spilled: int
    local: int


def kernels(name: str, tiers: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield the kernels of an activation that work by tiles, for usual calls."""
    module = importlib.import_module(f"actgen.generated.cuda.{name}")
    for tier in tiers:
        stem, _, fast = tier.partition("_")
        for middle in ("_default", ""):
            kernel = "_".join(filter(None, (stem + middle, fast, "tiles")))
            if hasattr(module, kernel):
                yield tier, getattr(module, kernel)
                break


def line(function: str, tier: str, kernel: Any, dtype: str, capability: tuple[int, int]) -> Line:
    """Compile a kernel and tell what it has become."""
    from actgen.cuda.compilation import report

    made = report(kernel, dtype, capability)
    way = operations(made.code)
    units = [operation.split(".")[0] for operation in way]
    special = sum(unit in _SPECIAL for unit in units)
    double = sum(unit in _DOUBLE for unit in units)
    loaded = 16 * sum(each.startswith("LDG.E.128") for each in way)
    stored = 16 * sum(each.startswith("STG.E.128") for each in way)
    elements = stored // _SIZES[dtype]
    busiest = max(len(way), _SPECIAL_SLOTS * special, _DOUBLE_SLOTS * double)
    return Line(
        function,
        tier,
        dtype,
        round(len(way) / elements, 1),
        round(special / elements, 1),
        round(double / elements, 1),
        (loaded + stored) / elements,
        round(busiest / (SLOTS_PER_BYTE * (loaded + stored)), 2),
        made.registers,
        made.spilled,
        made.local,
    )


def table(lines: Sequence[Line]) -> str:
    """Return lines as a Markdown table."""
    heads = tuple(asdict(lines[0])) if lines else ()
    rows = [heads, tuple("---" for _ in heads)]
    rows += [tuple(map(str, asdict(item).values())) for item in lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _capability(text: str) -> tuple[int, int]:
    from actgen.cuda.target import OLDEST

    major, _, minor = text.partition(".")
    try:
        found = (int(major), int(minor or 0))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none; 9.0 is one") from None
    if found < OLDEST:
        raise argparse.ArgumentTypeError(f"the oldest is {'.'.join(map(str, OLDEST))}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_code", description=__doc__)
    parser.add_argument("--functions", type=several(activation), help="with commas between")
    parser.add_argument("--dtypes", type=several(one_of(DTYPES)), default=DTYPES)
    parser.add_argument("--kernels", type=several(one_of(TIERS)), default=TIERS)
    parser.add_argument("--capability", type=_capability, default=(9, 0), help="default: 9.0")
    parser.add_argument("--json", type=parent_exists, help="file to write the figures to, too")
    parser.add_argument("--write", type=parent_exists, help="file to write the page to, too")
    options = parser.parse_args(arguments)
    if disassembler() is None:
        print("error: no nvdisasm: pip install nvidia-cuda-nvdisasm", file=sys.stderr)
        return 2
    try:
        from actgen.cuda import compilation  # noqa: F401
    except ImportError as error:
        print(f'{error}: pip install "actgen[cuda13]" brings what is missing', file=sys.stderr)
        return 2
    import actgen

    jobs = [
        (function, tier, kernel, dtype)
        for function in dict.fromkeys(
            actgen.get(f).name for f in options.functions or actgen.names()
        )
        for tier, kernel in kernels(function, options.kernels)
        for dtype in options.dtypes
    ]
    lines = []
    with Progress("compiling") as progress:
        for done, job in enumerate(jobs):
            progress(done, len(jobs))
            lines.append(line(*job, options.capability))
    print(table(lines))
    if options.json:
        write_json(options.json, [asdict(item) for item in lines])
    if options.write:
        write_text(options.write, page(lines, options.capability))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
