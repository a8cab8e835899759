"""Print float32 kernels over columns: a schedule in, the statements of a kernel out.

Each pass goes down a block of neighbouring columns; every column has partial sums of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.emit.tiles import (
    COLUMNS,
    KEPT_COLUMNS,
    LANES,
    LOW,
    NEUTRAL,
    TILE,
    TiledKernel,
    Tiles,
    at_peak,
    names_in,
    names_of,
    values_in,
)
from actgen.codegen.ir import Expr, Symbol
from actgen.codegen.precision import FLOAT32
from actgen.codegen.schedule import Pass, Reduction


def columns(kernel: TiledKernel) -> list[str]:
    """Return the statements over arrays (outer, n, inner)."""
    return _Columns(kernel).statements()


class _Columns(Tiles):
    e, s, block = "c", "c", COLUMNS
    unshifted = "not shifted"

    def statements(self) -> list[str]:
        first = self.kernel.elements[0]
        self.line(f"length = {first}.shape[1]")
        if self.kept:
            self.line(f"whole = length <= {KEPT_COLUMNS // COLUMNS}")
            self.line(f"size = length * {COLUMNS} if whole else {COLUMNS}")
        for name in self.kept:
            self.line(f"{name} = np.empty(size, float32)")
        self.arrays_of_slices()
        for name in self.kernel.arrays:
            self.line(f"{name}_tile = scratch({COLUMNS}, float32(0.0))")
        for reduction in self.sums():
            if not self.keeps(reduction):
                self.line(f"{reduction.name}_tile = scratch({COLUMNS}, float32(0.0))")
            if self.kernel.quick:
                size = self.lanes * COLUMNS
                self.line(f"{reduction.name}_held = scratch({size}, float32(0.0))")
            self.line(f"{reduction.name}_lanes = scratch({self.lanes * COLUMNS}, 0.0)")
        for name in self.rounded():
            self.line(f"{name}_s = scratch({COLUMNS}, float32(0.0))")
        self.open(f"for i in range({first}.shape[0]):")
        self.open(f"for first in range(0, {first}.shape[2], {COLUMNS}):")
        self.line(f"count = min({COLUMNS}, {first}.shape[2] - first)")
        for step in self.plan.passes:
            self.walk(step)
            self.after(step)
        self.result()
        return self.out

    def sums(self) -> list[Reduction]:
        return [r for p in self.plan.passes for r in p.reductions if r.op == "sum"]

    def keeps(self, reduction: Reduction) -> bool:
        """Tell whether a sum goes over what is kept."""
        value = reduction.value
        return isinstance(value, Symbol) and value.name in self.kept

    def names(self) -> dict[str, str]:
        return self.element_names() | {name: f"{name}_s[c]" for name in self.rounded()}

    def rounded(self) -> list[str]:
        """Return the numbers of a slice that elements need, in float32."""
        steps = self.plan.passes
        values = [v for p in steps for v in (*values_in(p.lines), *(r.value for r in p.reductions))]
        values += [*values_in(self.plan.kept), *values_in(self.plan.lines), self.plan.result]
        used = {name for value in values for name in names_in(value)}
        known = [n for name in self.slices for n in (name, name + LOW)]
        return [name for name in known if name in used]

    def after(self, step: Pass) -> None:
        super().after(step)
        mine = {*(r.name for r in step.reductions), *(name for name, _ in step.after)}
        wanted = [name for name in self.rounded() if name.removesuffix(LOW) in mine]
        if "shift" in mine:
            self.line("shifted = False")
            before = self.open("for c in range(count):")
            self.line("shifted = shifted or shift[c] != 0.0")
            self.depth = before
        if not wanted:
            return
        before = self.open("for c in range(count):")
        for name in wanted:
            base = name.removesuffix(LOW)
            rest = "" if base == name else f" - single({base}[c])"
            self.line(f"{name}_s[c] = single({base}[c]{rest})")
        self.depth = before

    def load(self, used: set[str], overlaid: bool = False) -> None:
        place = "(i, j), first, count"
        for name in self.kernel.elements:
            if name == "mask":
                self.line(f"mask_s = window(mask, {place})")
            elif name in used:
                self.line(f"{name}_s = opened({name}, {place}, {name}_tile)")
                if overlaid:
                    before = self.open(f"if same_start({name}, {self.kernel.target}):")
                    self.line(f"{name}_s = copied({name}_s, {name}_tile)")
                    self.depth = before

    def windows(self, names: Iterable[str]) -> None:
        for name in names:
            self.line(f"{name}_s = window({name}, (), j * {COLUMNS} if whole else 0, count)")

    def walk(self, step: Pass) -> None:
        before = self.open("for c in range(count):")
        self.start(step.reductions)
        self.depth = before
        sums = [r for r in step.reductions if r.op == "sum"]
        if not sums:
            before = self.open("for j in range(length):")
            self.compute(step)
            self.depth = before
            return
        before = self.open(f"for start in range(0, length, {TILE}):")
        inner = self.open(f"for k in range({self.lanes * COLUMNS}):")
        for reduction in sums:
            self.line(f"{reduction.name}_lanes[k] = 0.0")
        self.depth = inner
        self.line(f"stop = min(start + {TILE}, length)")
        if self.kernel.quick:
            self.line(f"paired = stop - (stop - start) % {LANES}")
        inner = self.open("for j in range(start, stop):")
        self.compute(step)
        for reduction in sums:
            self.add(reduction)
        self.depth = inner
        halves = "(8, 4, 2, 1)" if self.kernel.quick else "(16, 8, 4, 2, 1)"
        inner = self.open(f"for half in {halves}:")
        self.open(f"for k in range(half * {COLUMNS}):")
        for reduction in sums:
            name = f"{reduction.name}_lanes"
            self.line(f"{name}[k] += {name}[k + half * {COLUMNS}]")
        self.depth = inner
        self.open("for c in range(count):")
        for reduction in sums:
            self.line(f"{reduction.name}[c] += {reduction.name}_lanes[c]")
        self.depth = before

    def add(self, reduction: Reduction) -> None:
        """Print the loop that adds to partial sums, in float64 and thus apart."""
        name = reduction.name
        values = f"{name}_tile"
        if self.keeps(reduction):
            assert isinstance(reduction.value, Symbol)
            values = f"{reduction.value.name}_s"
        part = f"(), (j % {self.lanes}) * {COLUMNS}, count"
        peak = at_peak(reduction.value)
        value = f"{values}[c]"
        if peak is not None:
            value = f"{emit_cpu(peak[1])} if float(j) == {peak[0]}[c] else {value}"
        self.line(f"lane = window({name}_lanes, {part})")
        if not self.kernel.quick:
            self.each(f"lane[c] += {value}")
            return
        if peak is not None:
            self.each(f"{values}[c] = single({value})")
        self.line(f"held = window({name}_held, {part})")
        before = self.open("if j >= paired:")
        self.each(f"lane[c] += {values}[c]")
        self.depth = before
        self.open(f"elif j % {LANES} < {self.lanes}:")
        self.each(f"held[c] = {values}[c]")
        self.depth = before
        self.open("else:")
        self.each(f"lane[c] += held[c] + {values}[c]")
        self.depth = before

    def each(self, text: str) -> None:
        """Print a loop over columns with one statement."""
        before = self.open("for c in range(count):")
        self.line(text)
        self.depth = before

    def compute(self, step: Pass) -> None:
        used = names_of(step)
        inside = used | {n for name, value in step.lines for n in names_in(value)}
        self.load(inside)
        names = self.names()
        mine = [line for line in step.lines if line[0] in self.kept]
        self.windows(n for n in self.kept if n in used or n in dict(mine))

        def body(change: Callable[[Expr], Expr]) -> None:
            self.keep(mine, names, change)
            self.lines(step.lines, names, change)
            for reduction in step.reductions:
                self.element(reduction, names, change)

        if any("shift" in names_in(value) for value in self.values_of(step)):
            self.over_elements("for c in range(count):", body)
        else:
            before = self.open("for c in range(count):")
            body(lambda value: value)
            self.depth = before

    def element(
        self, reduction: Reduction, names: dict[str, str], change: Callable[[Expr], Expr]
    ) -> None:
        name, op = reduction.name, reduction.op
        if op == "sum" and self.keeps(reduction):
            return
        peak = at_peak(reduction.value)
        value = change(reduction.value if peak is None else peak[2])
        text = emit_cpu(value, names, FLOAT32)
        if self.kernel.masked is not None:
            self.line(f"entry = {text}")
            text = self.masked("entry", NEUTRAL[op])
        if op == "sum":
            self.line(f"{name}_tile[c] = {text}")
        elif op == "amax":
            self.line(f"{name}[c] = maximum({text}, {name}[c])")
        else:
            self.line(f"candidate = {text}")
            self.line(f"wins = (candidate > {name}_value[c]) | (candidate != candidate)")
            self.line(f"{name}_value[c] = candidate if wins else {name}_value[c]")
            self.line("here = float(j) if candidate == candidate else candidate")
            self.line(f"{name}[c] = here if wins else {name}[c]")

    def result(self) -> None:
        target = self.kernel.target
        values = [*values_in(self.plan.lines), self.plan.result]
        used = {name for value in values for name in names_in(value)}
        again = [name for name in self.kept if name in used]
        inside = {n for name in again for n in names_in(self.kept[name])}
        arrays = set(self.kernel.arrays)
        self.open("for j in range(length):")
        self.load(used & arrays, overlaid=True)
        self.windows(again)
        names = self.names()
        if again:
            before = self.open("if not whole:")
            self.load((inside - used) & arrays)
            kept = [(name, self.kept[name]) for name in again]
            self.over_elements("for c in range(count):", lambda c: self.keep(kept, names, c))
            self.depth = before
        self.line(f"{target}_s = window({target}, (i, j), first, count)")
        self.open("for c in range(count):")
        self.lines(self.plan.lines, names)
        self.narrowed(names)
