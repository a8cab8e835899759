"""Tell what CUDA kernels compile to, without a GPU: for each, instructions and what they use.

    python -m benchmarks.ptx [--functions gelu silu] [--dtypes float32] [--capability 9.0]

Compiles the kernels over contiguous arrays for one compute capability and prints, for each, the PTX
instructions an element takes, registers, spilled bytes, local memory, 16-byte loads and stores, and
whether it computes in float64. At the speed of memory an H200 has time for about 62 instructions an
element of float32, and 31 of a 16-bit type.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from actgen.codegen.console import Progress

PER_THREAD = 8  # elements in a tile; the tail has a copy of the code for one more
DTYPES = ("float32", "float16", "bfloat16", "float64")
STEMS = ("forward", "vjp", "derivative")


@dataclass(frozen=True)
class Line:
    """What one kernel compiles to."""

    function: str
    kernel: str
    dtype: str
    instructions: float
    registers: int
    spilled: int
    local: int
    loads: int
    stores: int
    double: bool


def kernels(name: str, stems: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield the kernels of an activation that work by tiles, of both tiers."""
    module = importlib.import_module(f"actgen.generated.cuda.{name}")
    pattern = re.compile(rf"({'|'.join(stems)})\w*_tiles")
    for kernel, value in vars(module).items():
        if pattern.fullmatch(kernel) and hasattr(value, "py_func"):
            yield kernel.removesuffix("_tiles"), value


def line(function: str, name: str, kernel: Any, dtype: str, capability: tuple[int, int]) -> Line:
    """Compile a kernel and tell what it has become."""
    from actgen.cuda.compilation import report

    made = report(kernel, dtype, capability)
    code = instructions(made.ptx)
    width = "v2.f64" if dtype == "float64" else "v4"
    return Line(
        function,
        name,
        dtype,
        round(len(code) / (PER_THREAD + 1), 1),
        made.registers,
        made.spilled,
        made.local,
        sum(f"ld.global.{width}" in text for text in code),
        sum(f"st.global.{width}" in text for text in code),
        any(".f64" in text for text in code),
    )


def instructions(ptx: str) -> list[str]:
    """Return the instructions of a kernel but for moves, which cost nothing, and parameters."""
    body = ptx[ptx.index("{", ptx.index(".entry")) :]
    found = [text.strip() for text in body.splitlines() if text.startswith("\t")]
    return [text for text in found if not text.startswith((".", "//", "mov.", "ld.param"))]


def table(lines: Sequence[Line]) -> str:
    """Return lines as a Markdown table."""
    heads = ("function", "kernel", "dtype", "instructions", "registers", "spilled", "local")
    heads += ("16-byte loads", "16-byte stores", "float64")
    rows = [heads, tuple("---" for _ in heads)]
    for item in lines:
        values = list(asdict(item).values())
        rows.append((*map(str, values[:-1]), "yes" if item.double else ""))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ptx", description=__doc__)
    parser.add_argument("--functions", nargs="+", metavar="NAME", help="those alone")
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=DTYPES)
    parser.add_argument("--stems", nargs="+", choices=STEMS, default=STEMS[:2])
    parser.add_argument("--capability", default="9.0", help="such as 9.0, the default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args(arguments)
    major, _, minor = options.capability.partition(".")
    try:
        from actgen.cuda.target import OLDEST

        capability = (int(major), int(minor or 0))
        from actgen.cuda import compilation  # noqa: F401
    except ValueError:
        parser.error(f"--capability: {options.capability!r} is none; 9.0 is one")
    except ImportError as error:
        print(f'{error}: pip install "actgen[cuda13]" brings what is missing', file=sys.stderr)
        return 2
    if capability < OLDEST:
        parser.error(f"--capability: the oldest is {'.'.join(map(str, OLDEST))}")
    import actgen

    known = actgen.names()
    for name in options.functions or ():
        if name not in known:
            parser.error(f"--functions: {name!r} is no activation")
    jobs = [
        (function, name, kernel, dtype)
        for function in options.functions or known
        for name, kernel in kernels(function, options.stems)
        for dtype in options.dtypes
    ]
    lines = []
    with Progress("compiling") as progress:
        for done, job in enumerate(jobs):
            progress(done, len(jobs))
            lines.append(line(*job, capability))
    print(table(lines))
    if options.json:
        options.json.write_text(json.dumps([asdict(item) for item in lines], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
