"""Print float32 kernels over rows: a schedule in, the statements of a kernel out.

Each pass goes through a block of whole rows, or tile by tile through a long one.
"""

from __future__ import annotations

import re

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.emit.tiles import (
    LOW,
    TILE,
    TiledKernel,
    Tiles,
    at_peak,
    names_of,
)
from actgen.codegen.ir import Symbol
from actgen.codegen.schedule import Pass, Reduction

KEPT = 2**16  # numbers that are kept at most, instead of computed again
_SLICE_VALUE = re.compile(r"\s*(\w+_s) = (?:single\(\w+\[r\]\)|\w+\[r\])", re.ASCII)
_SUMS = {"": "sum_of", "weights": "sum_of_weights", "rests": "sum_of_rests"}
_QUICK_SUMS = {**_SUMS, "": "quick_sum_of", "weights": "quick_sum_of_weights"}


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
        first, target = self.kernel.elements[0], self.kernel.target
        self.line(f"length = {first}.shape[1]")
        self.line(f"block = min({self.block}, max(1, {TILE} // max(length, 1)))")
        if self.directly():
            arrays = " or ".join(f"same_start({name}, {target})" for name in self.kernel.arrays)
            overlaid = f"({arrays})" if " or " in arrays else arrays
            self.line(f"direct = {target}.itemsize == 4 and not {overlaid}")
            self.line(f"whole = direct or length <= {KEPT}")
            self.line(f"size = max({TILE}, length) if whole and not direct else {TILE}")
        elif self.kept:
            self.line(f"whole = length <= {KEPT}")
            self.line(f"size = max({TILE}, length) if whole else {TILE}")
        for name in self.kept:
            self.line(f"{name} = {self.buffer_of('size')}")
        self.arrays_of_slices()
        for name in self.kernel.arrays:
            self.line(f"{name}_tile = scratch({TILE}, float32(0.0))")
        for reduction in self.buffers(self.reductions):
            self.line(f"{reduction.name}_tile = {self.buffer_of(str(TILE), on_stack=True)}")
        self.open(f"for first in range(0, {first}.shape[0], block):")
        self.line(f"count = min(block, {first}.shape[0] - first)")
        for step in self.plan.passes:
            self.walk(step)
            self.after(step)
        self.result()
        return self.out

    def direct(self, reduction: Reduction) -> bool:
        """Tell whether a reduction goes over an array, or over what is kept anyway."""
        value = reduction.value
        if not isinstance(value, Symbol):
            return False
        return self.is_kept(reduction) or (
            value.name in self.kernel.arrays and self.kernel.masked is None
        )

    def buffers(self, reductions: list[Reduction] | tuple[Reduction, ...]) -> list[Reduction]:
        """Return the reductions whose elements are computed first."""
        return [r for r in reductions if not self.direct(r)]

    def over_tiles(self) -> int:
        before = self.open(f"for start in range(0, length, {TILE}):")
        self.line(f"width = min({TILE}, length - start)")
        return before

    def load(self, used: set[str], overlaid: bool = False, with_mask: bool = True) -> None:
        place = "(first + r,), start, width"
        for name in self.kernel.elements:
            if name == "mask" and with_mask:
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
                value = f"{name}[r]" if self.kernel.wide else f"single({name}[r])"
                self.line(f"{name}_s = {value}")
                names[name] = f"{name}_s"
            if name + LOW in used:
                self.line(f"{name}_low_s = single({name}[r] - {name}_s)")
                names[name + LOW] = f"{name}_low_s"
        return names

    def directly(self) -> bool:
        """Tell whether what is kept may be kept where the result goes: the caches hold less."""
        return len(self.kept) == 1 and not self.kernel.wide

    def sound(self, used: set[str], names: dict[str, str]) -> str:
        """Return the condition that no result of the slice is NaN, "" where there is none.

        Weights and what all elements share settle it; gradients of other arrays bring their own.
        """
        if used & set(self.kernel.arrays):
            return ""
        shared = [names[name] for name in self.slices if name in used]
        return "".join(f" and {name} == {name}" for name in shared)

    def kept_window(self, name: str) -> None:
        self.line("at = r * length + start if whole else 0")
        if not self.directly():
            self.line(f"{name}_s = window({name}, (), at, width)")
            return
        place = f"{self.kernel.target}, (first + r,), start"
        self.line(f"{name}_s = room(direct, {place}, {name}, at, width)")

    def tile_window(self, name: str) -> None:
        self.line(f"{name}_s = window({name}_tile, (), r * length, width)")

    def walk(self, step: Pass) -> None:
        self.start(step.reductions)
        before = self.over_tiles()
        inner = self.open("for r in range(count):")
        self.compute(step)
        late = [r for r in step.reductions if r.op == "sum"]
        for reduction in step.reductions:
            if reduction not in late:
                self.reduce(reduction, step)
        self.depth = inner
        if late:
            self.open("for r in range(count):")
            for reduction in late:
                self.add(reduction)
        self.depth = before

    def compute(self, step: Pass) -> None:
        used = names_of(step)
        if any(reduction.op == "sum" for reduction in step.reductions):
            self.fetch_following()
        self.load(used)
        names = self.element_names() | self.slice_values(used) | {"index": "single(start + j)"}
        mine = [name for name, _ in step.lines if name in self.kept]
        for name in self.kept:
            if name in used or name in mine:
                self.kept_window(name)
        buffers = self.buffers(step.reductions)
        for reduction in buffers:
            self.tile_window(reduction.name)
        if buffers or mine:
            self.compute_elements(step.lines, buffers, names)
        for reduction in buffers:
            peak = at_peak(reduction.value)
            if peak is not None:
                place, there, _ = peak
                before = self.open(f"if start <= {place}[r] < start + width:")
                self.line(f"j = int({place}[r]) - start")
                self.line(f"{reduction.name}_s[j] = {emit_cpu(there, names, self.fmt)}")
                self.depth = before

    def fetch_following(self) -> None:
        """Print what has the next block on its way while this one is computed."""
        self.line("following = first + r + count")
        before = self.open(f"if following < {self.kernel.elements[0]}.shape[0]:")
        for name in self.kernel.arrays:
            self.line(f"fetch({name}, (following,), start, width)")
        self.depth = before

    def buffer(self, reduction: Reduction) -> str:
        if self.direct(reduction):
            assert isinstance(reduction.value, Symbol)
            return reduction.value.name
        return reduction.name

    def add(self, reduction: Reduction) -> None:
        name = self.buffer(reduction)
        if name in self.kept:
            self.kept_window(name)
        elif name in self.kernel.arrays:
            self.load({name})
        else:
            self.tile_window(name)
        functions = _QUICK_SUMS if self.kernel.quick else _SUMS
        self.line(f"{reduction.name}[r] += {functions[self.adding(reduction)]}({name}_s)")

    def reduce(self, reduction: Reduction, step: Pass) -> None:
        """Print how the largest element, or its place, follows from that of a tile."""
        name, buffer = reduction.name, f"{self.buffer(reduction)}_s"
        first, *_ = (r for r in step.reductions if r.value == reduction.value)
        if first is reduction:
            self.line(f"candidate = largest_of({buffer})")
        value = f"{name}_value[r]" if reduction.op == "argmax" else f"{name}[r]"
        before = self.open(f"if candidate > {value}:")
        self.line(f"{value} = candidate")
        if reduction.op == "argmax":
            self.line(f"{name}[r] = start + position_of({buffer}, candidate)")
        self.depth = before

    def result(self) -> None:
        target = self.kernel.target
        again, used, inside = self.result_names()
        arrays = set(self.kernel.arrays)
        self.over_tiles()
        self.open("for r in range(count):")
        self.load(used & arrays, overlaid=True)
        names = self.element_names() | self.slice_values(used)
        for name, _ in again:
            self.kept_window(name)
        if again:
            before = self.open("if not whole:")
            self.load((inside - used) & arrays, with_mask=False)
            self.compute_elements(again, (), names | self.slice_values(inside - used))
            self.depth = before
        names |= {"index": "single(start + j)"}
        if self.directly():
            sound = self.sound(used, names)
            before = self.open(f"if direct{sound}:")
            self.result_elements(names, next(iter(self.kept)), plainly=bool(sound))
            self.depth = before
            self.open("else:")
        self.line(f"{target}_s = window({target}, (first + r,), start, width)")
        self.result_elements(names)
