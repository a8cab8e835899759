"""Print rows as they come: a table for each call shape, dtype, size and number of threads."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from actgen.codegen import console
from benchmarks.candidates import COPY, TIERS
from benchmarks.cases import AXES, CALLS, Case
from benchmarks.run import SAVED, Row

_WIDTH = 10
_HEADS = {"onnxruntime": "onnxrt", SAVED: "saved", COPY: "np.copyto"}


class Report:
    """Prints rows under a head that is repeated where another table begins."""

    def __init__(self, peers: Sequence[str], tiers: Sequence[str]) -> None:
        self._peers, self._tiers = list(peers), list(tiers)
        self._group: object = None

    def __call__(self, row: Row) -> None:
        _clear()
        case = row.case
        columns = self._columns(case)
        if case.group != self._group:
            self._group = case.group
            self._head(case, columns)
        cells = [_number(row.throughput(name)) for name in columns]
        for tier in self._tiers:
            cells += [_number(row.ratio(tier, row.best)), _number(row.ratio(tier, COPY))]
            cells += [_number(row.relative(tier))] if _compared(case) else []
        console.out(f"{case.function:<14}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells))
        for name, gap in row.differing.items():
            console.out(f"  {name} computes something else, by {gap:.2g}: not counted")
        for note in row.notes:
            console.out(f"  {note}")
        sys.stdout.flush()

    def _columns(self, case: Case) -> list[str]:
        saved = [SAVED] if case.shape in ("vjp", "derivative") and "torch" in self._peers else []
        return [*self._tiers, *self._peers, *saved, COPY]

    def _head(self, case: Case, columns: Sequence[str]) -> None:
        how = CALLS.get(case.shape, f"f(x, axis={'0' if AXES.get(case.shape) is None else '-1'})")
        threads = "one thread" if case.threads == 1 else f"{case.threads} threads"
        console.out(
            f"\n{case.shape}: {how}; {case.dtype}, {case.size:,} elements, {threads};"
            " Gelem/s, then ratios"
        )
        heads = [_HEADS.get(name, name) for name in columns]
        for tier in self._tiers:
            short = "acc" if tier == TIERS[0] else tier
            heads += [f"{short}/best", f"{short}/copy"]
            heads += [f"{short}/f32"] if _compared(case) else []
        console.out(f"{'':<14}" + "".join(f"{head:>{_WIDTH}}" for head in heads))


def _compared(case: Case) -> bool:
    """Tell whether a table has a column for the ratio to the plain float32 call."""
    plain = (*AXES, "plain", "out", "derivative", "vjp")
    return case.kind == "elementwise" and (case.dtype != "float32" or case.shape not in plain)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _clear() -> None:
    """Take the progress bar away, where there is one."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
