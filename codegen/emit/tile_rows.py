"""Print float32 kernels over rows: a schedule in, the statements of a kernel out.

Each pass goes through a block of whole rows, or tile by tile through a long one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.emit.tiles import (
    KEPT_ROWS,
    LOW,
    NEUTRAL,
    ROWS,
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
from actgen.codegen.share import Line

_SLICE_VALUE = re.compile(r"\s*(\w+_s) = single\(\w+\[r\]\)", re.ASCII)


def rows(kernel: TiledKernel) -> list[str]:
    """Return the statements over arrays (rows, n)."""
    return _without_unused(_Rows(kernel).statements())


def _without_unused(lines: list[str]) -> list[str]:
    """Drop the values of a slice that are taken for a pass and not read before the next one."""
    kept = []
    for number, line in enumerate(lines):
        taken = _SLICE_VALUE.fullmatch(line)
        if taken is not None:
            name = re.compile(rf"\b{taken[1]}\b")
            reads = (other for other in lines[number + 1 :] if name.search(other))
            following = next(reads, None)
            if following is None or following == line:
                continue
        kept.append(line)
    return kept


class _Rows(Tiles):
    def statements(self) -> list[str]:
        first = self.kernel.elements[0]
        self.line(f"length = {first}.shape[1]")
        self.line(f"block = min({ROWS}, max(1, {TILE} // max(length, 1)))")
        if self.kept:
            self.line(f"whole = length <= {KEPT_ROWS}")
            self.line(f"size = max({TILE}, length) if whole else {TILE}")
        for name in self.kept:
            self.line(f"{name} = np.empty(size, float32)")
        self.arrays_of_slices()
        self.tiles()
        self.open(f"for first in range(0, {first}.shape[0], block):")
        self.line(f"count = min(block, {first}.shape[0] - first)")
        for step in self.plan.passes:
            self.walk(step)
            self.after(step)
        self.result()
        return self.out

    def tiles(self) -> None:
        names = [f"{name}_tile" for name in self.kernel.arrays]
        for step in self.plan.passes:
            names += [f"{r.name}_tile" for r in step.reductions if not self.direct(r)]
        for name in dict.fromkeys(names):
            self.line(f"{name} = scratch({TILE}, float32(0.0))")

    def direct(self, reduction: Reduction) -> bool:
        """Tell whether a reduction goes over an array, or over what is kept anyway."""
        value = reduction.value
        if not isinstance(value, Symbol):
            return False
        return value.name in self.kept or self.kernel.masked is None

    def over_tiles(self) -> int:
        before = self.open(f"for start in range(0, length, {TILE}):")
        self.line(f"width = min({TILE}, length - start)")
        return before

    def load(self, used: set[str], overlaid: bool = False) -> None:
        place = "(first + r,), start, width"
        for name in self.kernel.elements:
            if name == "mask":
                self.line(f"mask_s = window(mask, {place})")
            elif name in used:
                self.line(f"{name}_s = opened({name}, {place}, {name}_tile)")
                if overlaid:
                    self.open(f"if same_start({name}, {self.kernel.target}):")
                    self.line(f"{name}_s = copied({name}_s, {name}_tile)")
                    self.depth -= 1

    def slice_values(self, used: set[str]) -> dict[str, str]:
        names = {}
        for name in self.slices:
            if name in used or name + LOW in used:
                self.line(f"{name}_s = single({name}[r])")
                names[name] = f"{name}_s"
            if name + LOW in used:
                self.line(f"{name}_low_s = single({name}[r] - {name}_s)")
                names[name + LOW] = f"{name}_low_s"
        return names

    def kept_window(self, name: str) -> None:
        self.line(f"{name}_s = window({name}, (), r * length + start if whole else 0, width)")

    def buffer(self, reduction: Reduction) -> str:
        if self.direct(reduction):
            assert isinstance(reduction.value, Symbol)
            return f"{reduction.value.name}_s"
        return f"{reduction.name}_s"

    def walk(self, step: Pass) -> None:
        before = self.open("for r in range(count):")
        self.start(step.reductions)
        self.depth = before
        before = self.over_tiles()
        inner = self.open("for r in range(count):")
        self.compute(step)
        late = [r for r in step.reductions if r.op == "sum" and not self.plain(r)]
        for reduction in step.reductions:
            if reduction not in late:
                self.reduce(reduction, step)
        self.depth = inner
        if late:
            self.open("for r in range(count):")
            for reduction in late:
                name = self.buffer(reduction)
                if name[:-2] in self.kept:
                    self.kept_window(name[:-2])
                else:
                    self.line(f"{name} = window({name[:-2]}_tile, (), r * length, width)")
                self.line(f"{reduction.name}[r] += {self.sum}({name})")
        self.depth = before

    def plain(self, reduction: Reduction) -> bool:
        """Tell whether a reduction goes over an array as it is."""
        return (
            isinstance(reduction.value, Symbol)
            and self.direct(reduction)
            and (reduction.value.name not in self.kept)
        )

    def compute(self, step: Pass) -> None:
        used = names_of(step)
        self.load(used)
        names = self.element_names() | self.slice_values(used) | {"index": "single(start + j)"}
        mine = [line for line in step.lines if line[0] in self.kept]
        for name in self.kept:
            if name in used or name in dict(mine):
                self.kept_window(name)
        buffers = [r for r in step.reductions if not self.direct(r)]
        for reduction in buffers:
            name = reduction.name
            self.line(f"{name}_s = window({name}_tile, (), r * length, width)")
        if not buffers and not mine:
            return
        weights = any("shift" in names_in(value) for value in self.values_of(step))
        head = "for j in range(width):"
        if weights:
            self.over_elements(head, lambda change: self.values(step, mine, buffers, names, change))
        else:
            outer = self.open(head)
            self.values(step, mine, buffers, names, lambda value: value)
            self.depth = outer
        for reduction in buffers:
            peak = at_peak(reduction.value)
            if peak is not None:
                place, there, _ = peak
                before = self.open(f"if start <= {place}[r] < start + width:")
                self.line(f"j = int({place}[r]) - start")
                self.line(f"{reduction.name}_s[j] = {emit_cpu(there, names, FLOAT32)}")
                self.depth = before

    def values(
        self,
        step: Pass,
        mine: list[Line],
        buffers: list[Reduction],
        names: dict[str, str],
        change: Callable[[Expr], Expr],
    ) -> None:
        self.keep(mine, names, change)
        self.lines(step.lines, names, change)
        for reduction in buffers:
            peak = at_peak(reduction.value)
            value = reduction.value if peak is None else peak[2]
            text = emit_cpu(change(value), names, FLOAT32)
            if self.kernel.masked is not None:
                self.line(f"entry = {text}")
                text = self.masked("entry", NEUTRAL[reduction.op])
            self.line(f"{reduction.name}_s[j] = {text}")

    def reduce(self, reduction: Reduction, step: Pass) -> None:
        name, buffer = reduction.name, self.buffer(reduction)
        if reduction.op == "sum":
            self.line(f"{name}[r] += {self.sum}({buffer})")
        elif reduction.op == "amax":
            self.line(f"candidate = largest_of({buffer})")
            self.line(f"{name}[r] = maximum(candidate, {name}[r])")
        else:
            first, *_ = (r for r in step.reductions if r.value == reduction.value)
            if first is reduction:
                self.line(f"candidate = largest_of({buffer})")
            before = self.open(f"if candidate > {name}_value[r]:")
            self.line(f"{name}_value[r] = candidate")
            self.line(f"{name}[r] = start + position_of({buffer}, candidate)")
            self.depth = before
            before = self.open("if candidate != candidate:")
            self.line(f"{name}_value[r] = candidate")
            self.line(f"{name}[r] = candidate")
            self.depth = before

    def result(self) -> None:
        target = self.kernel.target
        values = [*values_in(self.plan.lines), self.plan.result]
        used = {name for value in values for name in names_in(value)}
        again = [name for name in self.kept if name in used]
        self.over_tiles()
        self.open("for r in range(count):")
        inside = {n for name in again for n in names_in(self.kept[name])}
        arrays = set(self.kernel.arrays)
        self.load(used & arrays, overlaid=True)
        names = self.element_names() | self.slice_values(used)
        for name in again:
            self.kept_window(name)
        if again:
            before = self.open("if not whole:")
            self.load((inside - used) & arrays)
            names |= self.slice_values(inside - used)
            kept = [(name, self.kept[name]) for name in again]
            self.over_elements("for j in range(width):", lambda c: self.keep(kept, names, c))
            self.depth = before
        self.line(f"{target}_s = window({target}, (first + r,), start, width)")
        names |= {"index": "single(start + j)"}
        self.store(names)

    def store(self, names: dict[str, str]) -> None:
        before = self.open("for j in range(width):")
        self.lines(self.plan.lines, names)
        self.narrowed(names)
        self.depth = before
