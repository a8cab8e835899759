"""Print float32 kernels over columns: a schedule in, the statements of a kernel out.

Each pass goes down a block of neighbouring columns. Short rows are columns once they are turned: a
block of them at a time.
"""

from __future__ import annotations

from collections.abc import Iterable

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.emit.tiles import (
    LOW,
    TILE,
    Change,
    TiledKernel,
    Tiles,
    at_peak,
    names_in,
    names_of,
    values_in,
)
from actgen.codegen.schedule import Pass, Reduction

COLUMNS = 128  # neighbouring columns
SHORT = 28  # elements of a short row
_SUMS = {"": "add_down", "weights": "add_weights_down", "rests": "add_rests_down"}
_QUICK_SUMS = {**_SUMS, "": "quick_add_down", "weights": "quick_add_weights_down"}


def columns(kernel: TiledKernel) -> list[str]:
    """Return the statements over arrays (outer, n, inner)."""
    return _Columns(kernel).statements()


def short_rows(kernel: TiledKernel) -> list[str]:
    """Return the statements over arrays (rows, n), n from 1 to `SHORT`."""
    return _Short(kernel).statements()


class _Columns(Tiles):
    e, s, block, width = "c", "c", COLUMNS, "count"
    unshifted = "not shifted"
    index = "float(j)"

    def statements(self) -> list[str]:
        self.line(f"length = {self.kernel.elements[0]}.shape[1]")
        self.buffers()
        self.over_blocks()
        for step in self.plan.passes:
            self.walk(step)
            self.after(step)
        self.result()
        return self.out

    def buffers(self) -> None:
        if self.kept:
            self.line(f"whole = length <= {TILE}")
        self.line(f"size = min(length, {TILE}) * {COLUMNS}")
        for name in (*self.kept, *(f"{r.name}_tile" for r in self.gathered(self.reductions))):
            self.line(f"{name} = {self.buffer_of('size')}")
        self.arrays_of_slices()
        for name in self.kernel.arrays:
            self.line(f"{name}_tile = scratch({COLUMNS}, float32(0.0))")
        for name in self.rounded():
            self.line(f"{name}_s = scratch({COLUMNS}, float32(0.0))")

    def over_blocks(self) -> None:
        first = self.kernel.elements[0]
        self.open(f"for i in range({first}.shape[0]):")
        self.open(f"for first in range(0, {first}.shape[2], {COLUMNS}):")
        self.line(f"count = min({COLUMNS}, {first}.shape[2] - first)")

    def gathered(self, reductions: Iterable[Reduction]) -> list[Reduction]:
        """Return the sums whose elements are computed first, and not kept anyway."""
        return [r for r in reductions if r.op == "sum" and not self.is_kept(r)]

    def names(self) -> dict[str, str]:
        own = {name: f"{name}[c]" for name in self.slices} if self.kernel.wide else {}
        return self.element_names() | own | {name: f"{name}_s[c]" for name in self.rounded()}

    def rounded(self) -> list[str]:
        """Return the numbers of a slice that elements need, in float32."""
        if self.kernel.wide:
            return []
        values = [v for p in self.plan.passes for v in values_in(p.lines)]
        values += [r.value for r in self.reductions]
        values += [*values_in(self.plan.kept), *values_in(self.plan.lines), self.plan.result]
        peaks = {peak[0] for r in self.reductions if (peak := at_peak(r.value)) is not None}
        used = {name for value in values for name in names_in(value)} - peaks
        known = [n for name in self.slices for n in (name, name + LOW)]
        return [name for name in known if name in used]

    def after(self, step: Pass) -> None:
        super().after(step)
        mine = {*(r.name for r in step.reductions), *(name for name, _ in step.after)}
        wanted = [name for name in self.rounded() if name.removesuffix(LOW) in mine]
        if "shift" in mine:
            self.line("shifted = False")
            self.each("shifted = shifted or shift[c] != 0.0")
        lines = []
        for name in wanted:
            base = name.removesuffix(LOW)
            rest = "" if base == name else f" - single({base}[c])"
            lines.append(f"{name}_s[c] = single({base}[c]{rest})")
        if lines:
            self.each(*lines)

    def load(self, used: set[str], overlaid: bool = False, with_mask: bool = True) -> None:
        place = "(i, j), first, count"
        for name in self.kernel.elements:
            if name == "mask" and with_mask:
                self.line(f"mask_s = window(mask, {place})")
            elif name in used:
                self.line(f"{name}_s = opened({name}, {place}, {name}_tile)")
                if overlaid:
                    self.open(f"if same_start({name}, {self.kernel.target}):")
                    self.line(f"{name}_s = copied({name}_s, {name}_tile)")
                    self.depth -= 1

    def tile_window(self, name: str, buffer: str) -> None:
        self.line(f"{name}_s = window({buffer}, (), (j - base) * {COLUMNS}, count)")

    def over_tiles(self) -> int:
        """Open the loop over parts of the columns; `base` is the first row of the buffers."""
        before = self.open(f"for start in range(0, length, {TILE}):")
        self.line(f"height = min({TILE}, length - start)")
        self.line("base = start")
        return before

    def walk(self, step: Pass) -> None:
        self.start(step.reductions)
        sums = [r for r in step.reductions if r.op == "sum"]
        if not sums:
            before = self.open("for j in range(length):")
            self.compute(step)
            self.depth = before
            return
        before = self.over_tiles()
        inner = self.open("for j in range(start, start + height):")
        self.compute(step)
        self.depth = inner
        functions = _QUICK_SUMS if self.kernel.quick else _SUMS
        for reduction in sums:
            self.at_peak(reduction)
            name, function = reduction.name, functions[self.adding(reduction)]
            buffer = names_in(reduction.value).pop() if self.is_kept(reduction) else f"{name}_tile"
            self.line(f"{function}({buffer}, height, {COLUMNS}, count, {name})")
        self.depth = before

    def at_peak(self, reduction: Reduction) -> None:
        """Print the loop that puts something else where the largest element is."""
        peak = at_peak(reduction.value)
        if peak is None:
            return
        place, there, _ = peak
        before = self.open("for c in range(count):")
        self.open(f"if start <= {place}[c] < start + height:")
        self.line(f"j = int({place}[c]) - start")
        value = emit_cpu(there, self.names(), self.fmt)
        self.line(f"{reduction.name}_tile[j * {COLUMNS} + c] = {value}")
        self.depth = before

    def compute(self, step: Pass) -> None:
        used = names_of(step)
        self.load(used)
        for name in self.kept:
            if name in used or name in dict(step.lines):
                self.tile_window(name, name)
        for reduction in self.gathered(step.reductions):
            self.tile_window(reduction.name, f"{reduction.name}_tile")
        found = [r for r in step.reductions if not self.is_kept(r)]
        self.compute_elements(step.lines, found, self.names())

    def reduced_element(
        self, reduction: Reduction, names: dict[str, str], change: Change
    ) -> list[str]:
        name, op = reduction.name, reduction.op
        if op == "sum":
            return super().reduced_element(reduction, names, change)
        text = self.reduced_value(reduction, names, change)
        if " " in text:
            self.line(f"candidate = {text}")
            text = "candidate"
        if op == "amax":
            return [f"{name}[c] = {text} if {text} > {name}[c] else {name}[c]"]
        return [
            f"wins = {text} > {name}_value[c]",
            f"{name}_value[c] = {text} if wins else {name}_value[c]",
            f"{name}[c] = {self.index} if wins else {name}[c]",
        ]

    def result(self) -> None:
        target = self.kernel.target
        again, used, inside = self.result_names()
        arrays = set(self.kernel.arrays)
        self.open("for j in range(length):")
        self.load(used & arrays, overlaid=True)
        names = self.names()
        if again:
            self.line("base = 0 if whole else j")
        for name, _ in again:
            self.tile_window(name, name)
        if again:
            before = self.open("if not whole:")
            self.load((inside - used) & arrays, with_mask=False)
            self.compute_elements(again, (), names)
            self.depth = before
        self.line(f"{target}_s = window({target}, (i, j), first, count)")
        self.result_elements(names)


class _Short(_Columns):
    """Turns a block of rows, goes down the columns they become, and turns the results back."""

    place, index = "float32(0.0)", "single(float(j))"

    def buffers(self) -> None:
        size = SHORT * COLUMNS
        for name in (*self.kernel.arrays, self.kernel.target):
            self.line(f"{name}_turned = scratch({size}, float32(0.0))")
        self.line(f"rows_tile = scratch({size}, float32(0.0))")
        for name in (*self.kept, *(f"{r.name}_tile" for r in self.gathered(self.reductions))):
            self.line(f"{name} = {self.buffer_of(str(size), on_stack=True)}")
        self.arrays_of_slices()
        for name in self.rounded():
            self.line(f"{name}_s = scratch({COLUMNS}, float32(0.0))")
        self.line(f"block = min({COLUMNS}, max(16, {16 * COLUMNS} // length))")

    def over_blocks(self) -> None:
        first = self.kernel.elements[0]
        self.open(f"for first in range(0, {first}.shape[0], block):")
        self.line(f"count = min(block, {first}.shape[0] - first)")
        for name in self.kernel.arrays:
            self.line(f"turn_rows({name}, first, count, rows_tile, {name}_turned, {COLUMNS})")

    def over_tiles(self) -> int:
        self.line("start = base = 0")
        self.line("height = length")
        return self.depth

    def load(self, used: set[str], overlaid: bool = False, with_mask: bool = True) -> None:
        for name in self.kernel.arrays:
            if name in used:
                self.line(f"{name}_s = window({name}_turned, (), j * {COLUMNS}, count)")

    def result(self) -> None:
        target = self.kernel.target
        again, used, _ = self.result_names()
        before = self.open("for j in range(length):")
        self.load(used)
        for name, _ in again:
            self.tile_window(name, name)
        self.line(f"{target}_s = window({target}_turned, (), j * {COLUMNS}, count)")
        self.result_elements(self.names())
        self.depth = before
        self.line(f"turn_back({target}_turned, {COLUMNS}, {target}, first, count, rows_tile)")

    def like(self, target: str) -> str:
        return f"{target}_s"
