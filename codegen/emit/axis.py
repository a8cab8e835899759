"""Print kernels that reduce along an axis: a schedule in, the statements of a kernel out.

Rows walk contiguous slices one by one. Columns walk the input in memory order as well: a block of
neighbouring slices at a time, each with its own accumulators, so nothing is copied to reach the
axis. Both add in the same order and give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.ir import Expr, Symbol, walk
from actgen.codegen.schedule import Pass, Reduction, Schedule

BLOCK = 64  # neighbouring columns
_START = {"sum": "0.0", "amax": "-inf", "argmax": "0.0", "sparsemax_threshold": "0.0"}


@dataclass(frozen=True)
class AxisKernel:
    """What a kernel along an axis computes, and from what.

    `elements` are the arrays with one entry per element, `slices` those with one per slice;
    `target` is the array written, `masked` the value where `mask` is False (None: no mask).
    """

    schedule: Schedule
    elements: tuple[str, ...]
    slices: tuple[str, ...]
    target: str
    masked: Expr | None


def rows(kernel: AxisKernel) -> list[str]:
    """Return the statements over arrays (rows, n)."""
    return _Printer(kernel, columns=False).statements()


def columns(kernel: AxisKernel) -> list[str]:
    """Return the statements over arrays (outer, n, inner)."""
    return _Printer(kernel, columns=True).statements()


class _Printer:
    def __init__(self, kernel: AxisKernel, columns: bool) -> None:
        self.kernel = kernel
        self.columns = columns
        self.out: list[str] = []
        self.depth = 0
        self.element = "[i, j, start + c]" if columns else "[i, j]"
        self.slice = "[i, start + c]" if columns else "[i]"
        plan = kernel.schedule
        self.names = {name: f"{name}_j" for name in (*kernel.elements, *kernel.slices)}
        if columns:
            self.names |= {name: f"{name}[c]" for name in self._numbers()}
            if plan.sliced:
                self.names |= {name: f"{name}_j" for name in kernel.slices}

    def _numbers(self) -> list[str]:
        """Return the names of accumulators and other numbers of a slice."""
        return [*self.kernel.schedule.slice_names, *(self._best(r) for r in self._peaks())]

    def _peaks(self) -> list[Reduction]:
        return [r for p in self.kernel.schedule.passes for r in p.reductions if r.op == "argmax"]

    @staticmethod
    def _best(reduction: Reduction) -> str:
        return f"{reduction.name}_value"

    def statements(self) -> list[str]:
        plan = self.kernel.schedule
        first = (*self.kernel.elements, self.kernel.target)[0]
        if self.columns:
            for name in self._numbers():
                self.line(f"{name} = np.empty({BLOCK})")
        for name, value in plan.before:
            self.line(f"{name} = {self.text(value)}")
        self.line(f"for i in range({first}.shape[0]):")
        self.depth += 1
        if self.columns:
            self.line(f"for start in range(0, {first}.shape[2], {BLOCK}):")
            self.depth += 1
            self.line(f"count = min({BLOCK}, {first}.shape[2] - start)")
        for step in plan.passes:
            self.walk(step)
        self.result()
        return self.out

    def line(self, text: str) -> None:
        self.out.append("    " * self.depth + text)

    def text(self, value: Expr) -> str:
        return emit_cpu(value, self.names)

    def over_columns(self) -> int:
        """Open the loop over a block of columns, if there is one; return the depth before."""
        before = self.depth
        if self.columns:
            self.line("for c in range(count):")
            self.depth += 1
        return before

    def over_elements(self) -> int:
        before = self.depth
        self.line(f"for j in range({self.kernel.elements[0]}.shape[1]):")
        self.depth += 1
        self.over_columns()
        return before

    def load(self, exprs: Sequence[Expr], slices: bool = False) -> None:
        """Load the elements that `exprs` use."""
        used = {s.name for expr in exprs for s in walk(expr) if isinstance(s, Symbol)}
        for name in self.kernel.slices if slices else self.kernel.elements:
            if name in used and name != "mask":
                place = self.slice if slices else self.element
                self.line(f"{self.names[name]} = load({name}{place})")
        if "index" in used and not slices:
            self.names["index"] = "float(j)"
        if not slices and any(name in used for name in self.kernel.slices):
            for name in self.kernel.slices:
                self.line(f"{self.names[name]} = load({name}{self.slice})")

    def walk(self, step: Pass) -> None:
        for reduction in step.reductions:
            if reduction.op == "sparsemax_threshold":
                self.threshold(reduction)
        plain = [r for r in step.reductions if r.op != "sparsemax_threshold"]
        if plain:
            before = self.over_columns()
            for reduction in plain:
                self.line(f"{self.name(reduction.name)} = {_START[reduction.op]}")
                if reduction.op == "argmax":
                    self.line(f"{self.name(self._best(reduction))} = -inf")
            self.depth = before
            before = self.over_elements()
            self.masked_from_here()
            self.load([v for _, v in step.lines] + [r.value for r in plain])
            for name, value in step.lines:
                self.line(f"{name} = {self.text(value)}")
            for reduction in plain:
                self.accumulate(reduction)
            self.depth = before
        if step.after:
            before = self.over_columns()
            for name, value in step.after:
                self.line(f"{self.name(name)} = {self.text(value)}")
            self.depth = before

    def name(self, name: str) -> str:
        return self.names.get(name, name)

    def masked_from_here(self) -> None:
        if self.kernel.masked is not None:
            self.line(f"if mask{self.element}:")
            self.depth += 1

    def accumulate(self, reduction: Reduction) -> None:
        name, value = self.name(reduction.name), self.text(reduction.value)
        if reduction.op == "sum":
            self.line(f"{name} += {value}")
        elif reduction.op == "amax":
            self.line(f"{name} = maximum({value}, {name})")
        else:
            best = self.name(self._best(reduction))
            self.line(f"candidate = {value}")
            self.line(f"if candidate > {best} or candidate != candidate:")
            self.line(f"    {best} = candidate")
            self.line(f"    {name} = float(j) if candidate == candidate else candidate")

    def threshold(self, reduction: Reduction) -> None:
        """Print Michelot's iteration (1986): shrink the support until it stays."""
        name, value = self.name(reduction.name), reduction.value
        outer = self.over_columns()
        self.columns, columns = False, self.columns
        self.line("top = -inf")
        before = self.over_elements()
        self.load([value])
        self.line(f"top = maximum({self.text(value)}, top)")
        self.depth = before
        self.line("support = -1.0")
        self.line("kept = 0.0")
        self.line("bound = -inf")
        self.line("while kept != support:")
        self.depth += 1
        self.line("support = kept")
        self.line("kept = 0.0")
        self.line("gathered = 0.0")
        before = self.over_elements()
        self.load([value])
        self.line(f"excess = {self.text(value)} - top")
        self.line("if excess > bound:")
        self.line("    kept += 1.0")
        self.line("    gathered += excess")
        self.depth = before
        self.line("bound = (gathered - 1.0) / kept")
        self.depth -= 1
        self.line(f"{name} = top + bound")
        self.columns = columns
        self.depth = outer

    def store(self, place: str, value: str) -> None:
        """Print the assignment of a result; a long one is computed on a line of its own."""
        if 4 * self.depth + len(place) + len(value) + len(self.kernel.target) > 80:
            self.line(f"entry = {value}")
            value = "entry"
        self.line(f"{place} = narrow({value}, {self.kernel.target})")

    def result(self) -> None:
        plan = self.kernel.schedule
        target = self.kernel.target
        if plan.sliced:
            before = self.over_columns()
            self.load([v for _, v in plan.lines] + [plan.result], slices=True)
            for name, value in plan.lines:
                self.line(f"{name} = {self.text(value)}")
            self.store(f"{target}{self.slice}", self.text(plan.result))
            self.depth = before
            return
        before = self.over_elements()
        inner = self.depth
        self.masked_from_here()
        self.load([v for _, v in plan.lines] + [plan.result])
        for name, value in plan.lines:
            self.line(f"{name} = {self.text(value)}")
        self.store(f"{target}{self.element}", self.text(plan.result))
        if self.kernel.masked is not None:
            self.depth = inner
            self.line("else:")
            fill = self.text(self.kernel.masked)
            self.line(f"    {target}{self.element} = narrow({fill}, {target})")
        self.depth = before
