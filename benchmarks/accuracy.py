"""Measure the errors of all kernels and write the table of them: `make accuracy`.

By default float16 and bfloat16 are swept over all inputs and float32 over every 4093rd, float64
takes 260,000 points, which takes under two minutes. Exits with 1 if a figure is over its
budget, and with 2 if the arguments make no sense.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from actgen.codegen import console
from actgen.codegen.errors import did_you_mean
from actgen.codegen.measured import DRAWN, failures
from actgen.codegen.sources import SPECS, read_folder
from benchmarks import accuracy_runner as runner
from benchmarks import accuracy_table as table
from benchmarks import accuracy_tasks as work
from benchmarks.accuracy_tasks import Figures, Task
from tests.oracle.extended import BITS

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; `arguments` are those of the process unless given."""
    options = _parser().parse_args(arguments)
    unknown = [name for name in options.functions if name not in work.known()]
    if unknown:
        hint = did_you_mean(unknown[0], work.known())
        console.error(f"error: nothing is measured of {unknown[0]!r}; {hint}".rstrip("; "))
        return BAD_INPUT
    try:
        table.load(options.table)
    except (OSError, ValueError) as error:
        console.error(f"error: {options.table} is no table of figures: {error}")
        return BAD_INPUT
    if not options.table.parent.is_dir():
        console.error(f"error: there is no folder {options.table.parent}: make it first")
        return BAD_INPUT
    peers, lines = ([], []) if options.no_peers else work.installed()
    for line in lines:
        console.error(line)
    dtypes = [dtype for dtype in options.dtypes if dtype != "float64" or BITS >= 64]
    if len(dtypes) < len(options.dtypes):
        console.error("float64: left out, numpy.longdouble is no wider on this machine")
    tasks = work.tasks(
        options.functions or work.known(),
        dtypes,
        1 if options.exhaustive else options.stride,
        work.FULL if options.full else options.points,
        peers,
    )
    try:
        figures = _measure(tasks, options.jobs, options.fresh)
    except KeyboardInterrupt:
        console.error("interrupted; the same command goes on from here, the table is as it was")
        return INTERRUPTED
    found = table.load(options.table)
    for name in sorted({task.case.name for task in tasks}):
        own = [figures[task.key] for task in tasks if task.case.name == name]
        found[name] = table.merge(found.get(name), name, _joined(own))
    table.save(found, options.table)
    runner.forget(tasks)
    over = problems({name: found[name] for name in {task.case.name for task in tasks}})
    for line in over:
        console.error(line)
    console.out(f"{options.table}: {len(over) or 'no'} figures over their budgets")
    return FAILED if over else OK


def _measure(tasks: Sequence[Task], jobs: int, fresh: bool) -> dict[str, Figures]:
    """Return the figures of all tasks by key, those of an interrupted run among them."""
    if fresh:
        runner.forget(tasks)
    figures = runner.remembered(tasks)
    if figures:
        console.error(f"{len(figures)} of {len(tasks)} measurements are there already")
    started = time.perf_counter()
    left = [task for task in tasks if task.key not in figures]
    with console.Progress("measuring") as bar:

        def progress(done: float) -> None:
            bar(int(100 * done), 100)

        for task, found in runner.each(left, jobs, progress):
            figures[task.key] = found
            runner.remember(task, found)
            bar.clear()
            console.out(f"{task.title}: {_line(found)}")
            sys.stdout.flush()
    console.error(f"{len(left)} measurements in {time.perf_counter() - started:.0f} s")
    return figures


def _line(figures: Figures) -> str:
    parts = []
    for quantity, dtypes in figures.items():
        for tiers in dtypes.values():
            shown = ", ".join(f"{tier} {float(figure['ulp']):g}" for tier, figure in tiers.items())
            parts.append(f"{quantity.replace(' with ' + DRAWN, '')} {shown}")
    return "; ".join(parts)


def _joined(parts: Sequence[Figures]) -> Figures:
    joined: Figures = {}
    for figures in parts:
        for quantity, dtypes in figures.items():
            for dtype, tiers in dtypes.items():
                joined.setdefault(quantity, {}).setdefault(dtype, {}).update(tiers)
    return joined


def problems(found: table.Table) -> list[str]:
    """Return a line for each figure of a table that is over its budget."""
    specs = {definition.spec.name: definition.spec for definition in read_folder(SPECS)}
    named = sorted(found.items())
    return [line for name, entry in named for line in failures(specs[name], entry["figures"])]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="actgen accuracy",
        description="Measure the largest error of every kernel, and write the table of them.",
        epilog="An interrupted run goes on where it stopped when it is started again.",
    )
    add = parser.add_argument
    add("--functions", nargs="+", default=[], metavar="NAME", help="measure these alone")
    add("--dtypes", nargs="+", default=work.ALL_DTYPES, choices=work.ALL_DTYPES, metavar="DTYPE",
        help=f"of {', '.join(work.ALL_DTYPES)}; default: all")  # fmt: skip
    add("--exhaustive", action="store_true", help="all 2**32 values of float32; takes long")
    add("--full", action="store_true", help=f"{work.FULL:,} points of float64")
    add("--stride", type=_count, default=work.STRIDE, metavar="N",
        help="every so many float32; default: %(default)s")  # fmt: skip
    add("--points", type=_count, default=work.POINTS, metavar="N",
        help="so many float64; default: %(default)s")  # fmt: skip
    add("--no-peers", action="store_true", help="measure no other libraries")
    add("--jobs", type=_count, default=runner.cores(), metavar="N",
        help="processes; default: one for each core")  # fmt: skip
    add("--table", type=Path, default=table.PATH, metavar="FILE", help="default: %(default)s")
    add("--fresh", action="store_true", help="forget what an interrupted run measured")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


if __name__ == "__main__":
    raise SystemExit(main())
