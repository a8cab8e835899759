"""Measure the compiler, and how soon a new process has a result: options in, tables out.

    make bench-compiler              55, 200 and 1,000 specs, some minutes
    make bench-compiler ARGS=--quick

Specs are synthetic: the shapes of formula that people write, each with constants of its own, so
that no two are the same work. Exit code 0, whatever the figures are; 1 where the compiler fails, 2
for bad input.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from actgen.codegen import console
from actgen.codegen.sources import SPECS
from benchmarks import starts
from benchmarks.options import parent_exists, positive, write_json

_SIZES, _QUICK_SIZES = (55, 200, 1_000), (10,)
_FORMULAS = (
    "x * sigmoid({a} * x)",
    "tanh({a} * x) + {b} * x",
    "where(x > 0, x, {a} * expm1(x))",
    "x * tanh(softplus({a} * x))",
    "log(1 + exp({a} * x)) - {b}",
    "x / (1 + abs({a} * x))",
    "0.5 * x * (1 + erf({a} * x))",
    "x**2 / ({a} + x**2)",
    "exp(-{a} * x**2)",
    "max(min({a} * x, {b}), -{b})",
    "x / sqrt(1 + {a} * x**2)",
    "atan({a} * x) + {b}",
    "where(abs(x) < {a}, x**3, {b} * x)",
    "(exp({a} * x) - 1) / (exp({a} * x) + {b})",
    "k * x * sigmoid({a} * x / k)",
)
_CALLS = {
    "gelu(x)": "actgen.gelu(x)",
    "gelu.vjp(x, x)": "actgen.gelu.vjp(x, x)",
    "silu(x), strided": "actgen.silu(numpy.ones(32, numpy.float32)[::2])",
    "softmax(x)": "actgen.softmax(x)",
}


def spec(number: int) -> tuple[str, str]:
    """Return the name and the text of a synthetic spec; each number has its own formula."""
    formula = _FORMULAS[number % len(_FORMULAS)]
    turn = number // len(_FORMULAS) + 1
    text = formula.format(a=f"{1 + turn / 64:.6g}", b=f"{2 + turn / 32:.6g}")
    lines = [f"name: made_{number}", f'formula: "{text}"']
    if "k *" in formula:
        lines.append("params:\n  k: {default: 1.5, constraint: '> 0', doc: A scale.}")
    return f"made_{number}", "\n".join(lines) + "\n"


def generate(specs: Path, out: Path) -> float:
    """Return the seconds of one `actgen generate`, the start of its process included."""
    command = [sys.executable, "-m", "actgen", "generate", "--spec", str(specs), "--out", str(out)]
    start = perf_counter()
    subprocess.run([*command, "--json"], stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - start


def compile_times(count: int, folder: Path) -> dict[str, float]:
    """Return the seconds for `count` specs: all of them, none, and one that changed."""
    specs = folder / f"specs{count}"
    specs.mkdir()
    for number in range(count):
        name, text = spec(number)
        (specs / f"{name}.yaml").write_text(text)
    out = folder / f"made{count}"
    times = {"all": generate(specs, out), "unchanged": generate(specs, out)}
    name, _ = spec(0)
    (specs / f"{name}.yaml").write_text(f'name: {name}\nformula: "x * sigmoid(3.25 * x)"\n')
    return {**times, "one changed": generate(specs, out)}


def latencies(repeats: int, step: Callable[[], None]) -> dict[str, dict[str, float]]:
    """Return for some calls the seconds of the first one, without and with kernels on disk."""
    found = {}
    for name, call in _CALLS.items():
        cold, warm, later = [], [], []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as cache:
                cold.append(starts.first_call(call, ACTGEN_CACHE_DIR=cache)[0])
                first, second = starts.first_call(call, ACTGEN_CACHE_DIR=cache)
            warm.append(first)
            later.append(second)
            step()
        found[name] = {"cold": min(cold), "warm": min(warm), "second call": min(later)}
    return found


def process_starts(repeats: int, step: Callable[[], None]) -> dict[str, float]:
    """Return the seconds from process start to the first result, without and with kernels."""
    code, cold, warm = starts.FIRST["actgen"], [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(starts.wall(code, ACTGEN_CACHE_DIR=cache))
            warm.append(starts.wall(code, ACTGEN_CACHE_DIR=cache))
        step()
    bare = min(starts.wall(starts.FIRST["numpy"]) for _ in range(repeats))
    return {"cold": min(cold), "warm": min(warm), "numpy alone": bare}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; `arguments` are those of the process unless given."""
    parser = argparse.ArgumentParser(
        prog="make bench-compiler",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="ten specs, each measured once")
    parser.add_argument("--sizes", type=positive, nargs="+", help="numbers of specs")
    parser.add_argument(
        "--json", type=parent_exists, metavar="FILE", help="write all figures there"
    )
    options = parser.parse_args(arguments)
    sizes = options.sizes or (_QUICK_SIZES if options.quick else _SIZES)
    try:
        record = _measure(sizes, 1 if options.quick else 3, not options.quick)
    except subprocess.CalledProcessError as error:  # it said why
        console.error(f"failed: {' '.join(error.cmd)}")
        return 1
    except KeyboardInterrupt:
        console.error("interrupted; nothing was written")
        return 130
    _print(record)
    if options.json:
        write_json(options.json, record)
        console.out(f"wrote {options.json}")
    return 0


def _measure(sizes: Sequence[int], repeats: int, shipped: bool) -> dict[str, Any]:
    steps = len(sizes) + shipped + repeats * (len(_CALLS) + 1)
    done = 0
    with (
        console.Progress("measuring the compiler") as progress,
        tempfile.TemporaryDirectory() as name,
    ):

        def step() -> None:
            nonlocal done
            done += 1
            progress(done, steps)

        progress(0, steps)
        folder = Path(name)
        times: dict[str, Any] = {}
        if shipped:
            times[f"{len(list(SPECS.glob('*.yaml')))} shipped"] = {
                "all": generate(SPECS, folder / "shipped")
            }
            step()
        for count in sizes:
            times[f"{count} synthetic"] = compile_times(count, folder)
            step()
        return {
            "cores": os.cpu_count(),
            "generate": times,
            "process": process_starts(repeats, step),
            "first_call": latencies(repeats, step),
        }


def _print(record: dict[str, Any]) -> None:
    console.out(f"actgen generate, seconds on {record['cores']} cores, start included")
    heads = ("specs", "all", "unchanged", "one changed")
    _table(heads, record["generate"], "{:.2f}")
    console.out("\nprocess start to first gelu, seconds: kernel cache")
    _table(("", "cold", "warm", "numpy alone"), {"": record["process"]}, "{:.2f}")
    console.out("\nfirst call in a new process, milliseconds: kernel cache")
    calls = {
        name: {kind: 1e3 * seconds for kind, seconds in times.items()}
        for name, times in record["first_call"].items()
    }
    _table(("call", "cold", "warm", "second call"), calls, "{:.3g}")


def _table(heads: Sequence[str], rows: dict[str, dict[str, float]], spelling: str) -> None:
    cells = [
        (name, *(spelling.format(row[head]) if head in row else "-" for head in heads[1:]))
        for name, row in rows.items()
    ]
    console.table(heads, cells)


if __name__ == "__main__":
    sys.exit(main())
