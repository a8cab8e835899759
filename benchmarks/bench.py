"""Measure actgen and other libraries side by side: options in, tables out.

    make bench                       everything, some minutes
    make bench ARGS=--quick          a choice, under a minute
    actgen bench --functions gelu,silu --shapes plain,vjp --sizes 1024,65536

All libraries run in this process, on the same data, on one thread unless --threads says otherwise.
Exit code 0, whatever the figures are; 1 if results differ or actgen fails; 2 for bad
input.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import actgen
from actgen.codegen import console
from benchmarks import cases, peers, plots, starts, targets
from benchmarks.candidates import TIERS
from benchmarks.cases import Case
from benchmarks.data import numpy_dtype
from benchmarks.options import (
    activation,
    one_of,
    parent_exists,
    positive,
    seconds,
    several,
    write_json,
)
from benchmarks.report import Report
from benchmarks.run import Row, runs

_SECONDS, _QUICK_SECONDS = 0.08, 0.03


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; `arguments` are those of the process unless given."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.plot and options.plot.suffix not in plots.SUFFIXES:
        parser.error(f"{options.plot}: pictures end in {', '.join(plots.SUFFIXES)}")
    if options.plot and find_spec("matplotlib") is None:
        parser.error("--plot needs matplotlib: pip install 'actgen[bench]'")
    np.seterr(all="ignore")
    names = options.peers or (peers.QUICK if options.quick else tuple(peers.PEERS))
    loaded = peers.load(names, options.threads)
    chosen = _cases(options)
    if not chosen:
        parser.error("no function can be called in any of these ways")
    for line in _opening(options, loaded):
        console.out(line)
    try:
        rows, left_out = _measure(chosen, loaded, options)
        other = {} if _selected(options) else _starts(options.quick, loaded)
        summary = [] if _selected(options) else targets.summary(rows, other)
    except KeyboardInterrupt:
        console.error("interrupted; nothing was written")
        return 130
    for line in [*left_out, *targets.text(summary)]:
        console.out(line)
    if options.json:
        write_json(options.json, _record(rows, other, summary, loaded))
        console.out(f"wrote {options.json}")
    if options.plot:
        console.out(plots.write(options.plot, rows))
    return 1 if any(row.failed for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="actgen bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer cases, no torch.compile")
    add("--functions", type=several(activation), help="names, with commas between")
    add("--dtypes", type=several(one_of(cases.DTYPES)), help=", ".join(cases.DTYPES))
    add("--sizes", type=several(positive), help="numbers of elements")
    add("--shapes", type=several(one_of(cases.SHAPES)), help=", ".join(cases.SHAPES))
    add("--tier", choices=(*TIERS, "both"), default="both", help="of actgen; default: both")
    add("--peers", type=several(one_of(peers.PEERS)), help=", ".join(peers.PEERS))
    add("--threads", type=positive, default=1, help="default: 1")
    add("--seconds", type=seconds, help="for each candidate of each case")
    add("--json", type=parent_exists, metavar="FILE", help="write all figures there")
    kinds = ", ".join(plots.SUFFIXES)
    add("--plot", type=parent_exists, metavar="FILE", help=f"draw speed against size: {kinds}")
    return parser


def _selected(options: argparse.Namespace) -> bool:
    """Tell whether the reader chose cases; then targets are not looked at."""
    return any((options.functions, options.dtypes, options.sizes, options.shapes))


def _cases(options: argparse.Namespace) -> list[Case]:
    if not _selected(options):
        chosen = cases.quick() if options.quick else cases.default()
        if options.threads != 1:
            chosen = cases.on_threads(chosen, options.threads)
        return chosen
    return cases.combinations(
        options.functions or cases.ELEMENTWISE,
        options.dtypes or ("float32",),
        options.sizes or (cases.CACHED,),
        options.shapes or ("plain",),
        options.threads,
    )


def _opening(options: argparse.Namespace, loaded: peers.Loaded) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in loaded.versions.items())
    lines = [f"{_machine()['cpu']}, {os.cpu_count()} cores; {versions}", *loaded.missing]
    if options.quick and not options.peers:
        lines.append("compile: left out of a quick run; --peers torch,compile brings it back")
    return lines


def _measure(
    chosen: Sequence[Case], loaded: peers.Loaded, options: argparse.Namespace
) -> tuple[list[Row], list[str]]:
    tiers = TIERS if options.tier == "both" else (options.tier,)
    budget = options.seconds or (_QUICK_SECONDS if options.quick else _SECONDS)
    rows: list[Row] = []
    left_out = 0
    show = Report(list(loaded.peers), tiers)
    with console.Progress("measuring") as progress:
        for done, row in enumerate(runs(chosen, loaded.peers, tiers, budget), 1):
            if isinstance(row, Row):
                rows.append(row)
                show(row)
            else:
                left_out += 1
            progress(done, len(chosen))
    line = f"\n{left_out} cases left out: this actgen has one thread only"
    return rows, [line] if left_out else []


def _starts(quick: bool, loaded: peers.Loaded) -> dict[str, Any]:
    with console.Progress("starting processes") as progress:
        try:
            return starts.measure(3 if quick else 7, "torch" in loaded.peers, progress)
        except subprocess.CalledProcessError as error:  # it said why
            console.error(f"a process failed, starts are not measured: {error.cmd[-1]}")
            return {}


def _machine() -> dict[str, Any]:
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        model = next(
            (li.split(":")[1].strip() for li in lines if li.startswith("model name")), model
        )
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()}


def _record(
    rows: Sequence[Row], other: dict[str, Any], summary: Sequence[Any], loaded: peers.Loaded
) -> dict[str, Any]:
    return {
        "machine": _machine(),
        "versions": {"actgen": actgen.__version__, **loaded.versions},
        "left_out": loaded.missing,
        "rows": [row.record() for row in rows],
        "starts": other,
        "targets": [target.record() for target in summary],
    }


if __name__ == "__main__":
    try:
        numpy_dtype("bfloat16")
    except ModuleNotFoundError:
        sys.exit("error: the benchmark needs ml_dtypes: pip install 'actgen[bench]'")
    sys.exit(main())
