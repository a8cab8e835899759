"""Cut the measurements into tasks: what to measure in, a list of tasks and their figures out.

A task is all of one activation in one dtype, small enough that an interrupted run loses little.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import accuracy_parameters, accuracy_peers, accuracy_slices, accuracy_sweep
from benchmarks.accuracy_cases import DTYPES, Case, elementwise
from benchmarks.accuracy_sweep import Figures, Progress
from tests.oracle.gated import GATES

STRIDE, POINTS = 4093, 2**18
"""The sizes of a run by default: every so many float32, so many float64."""
FULL = 10**7
_PAIRS = 2**17


@dataclass(frozen=True)
class Task:
    """One measurement: what kind, of which case and dtype (or library), how much of it.

    `size` is the stride of a sweep, the number of points of float64, or 0.
    """

    kind: str
    case: Case
    column: str
    size: int = 0

    @property
    def key(self) -> str:
        """What tells this task from all others."""
        return f"{self.kind} {self.case.label} {self.column} {self.size}"

    @property
    def weight(self) -> float:
        """About how long it takes, in inputs of a sweep; a start takes as long as some millions."""
        swept = self.kind == "peer" or (self.kind == "sweep" and self.column == "float32")
        return 2e7 + (2**32 / self.size if swept else 50.0 * self.size)

    @property
    def title(self) -> str:
        return f"{self.case.label}, {self.column}" + _REMARKS.get(self.kind, "")


_REMARKS = {"parameters": ", random parameters"}


def run(task: Task, progress: Progress) -> Figures:
    """Do the measurement."""
    case, column = task.case, task.column
    if task.kind == "sweep":
        return accuracy_sweep.narrow(case, column, task.size, progress)
    if task.kind == "points":
        return accuracy_sweep.wide(case, task.size, progress)
    if task.kind == "parameters":
        return accuracy_parameters.measure(case.name, column)
    if task.kind == "rows":
        return accuracy_slices.normalization(case.name, column)
    if task.kind == "gate":
        return accuracy_slices.gated(case.name, column, _PAIRS)
    return accuracy_peers.measure(column, case, task.size, progress)


def tasks(
    names: Sequence[str], dtypes: Sequence[str], stride: int, points: int, peers: Sequence[str]
) -> list[Task]:
    """Return what there is to measure of the activations named, the longest first."""
    cases = [case for case in elementwise() if case.name in names]
    found = [
        Task("points", case, dtype, points)
        if dtype == "float64"
        else Task("sweep", case, dtype, stride if dtype == "float32" else 1)
        for dtype in ("float32", "float64", "float16", "bfloat16")
        for case in cases
        if dtype in dtypes
    ]
    kinds = {"rows": accuracy_slices.NORMALIZATIONS, "gate": GATES}
    found += [
        Task(kind, Case(name), dtype)
        for kind, group in kinds.items()
        for name in sorted(group)
        for dtype in dtypes
        if name in names
    ]
    found += [
        Task("parameters", Case(name), dtype)
        for name in sorted(accuracy_parameters.RANGES)
        for dtype in ("float32", "float64")
        if name in names and dtype in dtypes
    ]
    if "float32" in dtypes:
        swept = max(stride, STRIDE)  # their errors are found by far fewer inputs
        found += [
            Task("peer", case, library, swept)
            for library in peers
            for case in cases
            if accuracy_peers.has(library, case)
        ]
    return found


def known() -> list[str]:
    """Return the names of all activations that are measured."""
    others = (accuracy_parameters.RANGES, accuracy_slices.NORMALIZATIONS, GATES)
    return sorted({case.name for case in elementwise()}.union(*others))


def installed() -> tuple[list[str], list[str]]:
    """Return the libraries that can be measured, and a line on each that cannot."""
    needed = {"torch": ("torch",), "jax": ("jax",), "onnxruntime": ("onnxruntime", "onnx")}
    there, lines = [], []
    for library, modules in needed.items():
        missing = [name for name in modules if importlib.util.find_spec(name) is None]
        if missing:
            lines.append(f"{library}: left out, {' and '.join(missing)} cannot be imported")
        else:
            there.append(library)
    return there, lines


ALL_DTYPES = tuple(DTYPES)
