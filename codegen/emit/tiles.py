"""Print float32 kernels along an axis by tiles: a schedule in, the statements of a kernel out.

What LLVM vectorises is kept apart: loops over the elements of a tile, in float32; sums, in float64
and in an order of their own; and loops over what belongs to a slice, in float64. Rows go through
blocks of whole rows, or tiles of a long one; columns through neighbouring ones. Both add in the
same order and give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.ir import INDEX, Expr, Symbol, is_op, rewrite, symbols
from actgen.codegen.precision import FLOAT32
from actgen.codegen.schedule import Pass, Reduction, Schedule
from actgen.codegen.share import Line

TILE = 4096  # numbers that a walk over elements goes through at a time
ROWS, COLUMNS = 64, 256  # rows of a block, and neighbouring columns
KEPT_ROWS, KEPT_COLUMNS = 2**16, 2**18  # numbers that are kept at most, instead of computed again
LANES = 32  # partial sums
_EMPTY = {"sum": "0.0", "amax": "-inf", "argmax": "0.0"}
_NEUTRAL = {"sum": "float32(0.0)", "amax": "-float32(inf)", "argmax": "-float32(inf)"}
_TYPES = {"sum": "0.0", "amax": "float32(0.0)", "argmax": "0.0"}
LOW = "_low"
FUNCTIONS = (
    *("window", "opened", "copied", "scratch", "single", "maximum", "same_start"),
    *("sum_of", "quick_sum_of", "largest_of", "position_of"),
)


@dataclass(frozen=True)
class TiledKernel:
    """What a kernel computes, and from what: arrays with one entry per element.

    `quick` kernels add pairs in float32 first."""

    schedule: Schedule
    elements: tuple[str, ...]
    target: str
    masked: Expr | None
    quick: bool

    @property
    def arrays(self) -> tuple[str, ...]:
        """The arrays of numbers."""
        return tuple(name for name in self.elements if name != "mask")


def rows(kernel: TiledKernel) -> list[str]:
    """Return the statements over arrays (rows, n)."""
    return _Rows(kernel).statements()


def columns(kernel: TiledKernel) -> list[str]:
    """Return the statements over arrays (outer, n, inner)."""
    return _Columns(kernel).statements()


class _Tiles:
    """What rows and columns have in common; `e` counts elements of a tile, `s` slices."""

    e, s, block = "j", "r", ROWS
    unshifted = "shift[r] == 0.0"

    def __init__(self, kernel: TiledKernel) -> None:
        self.kernel = kernel
        self.plan = kernel.schedule
        self.out: list[str] = []
        self.depth = 0
        self.kept = dict(self.plan.kept)
        self.slices = [*self._reduced(), *self._between()]
        self.sum = "quick_sum_of" if kernel.quick else "sum_of"
        self.lanes = LANES // 2 if kernel.quick else LANES

    def _reduced(self) -> list[str]:
        return [r.name for p in self.plan.passes for r in p.reductions]

    def _between(self) -> list[str]:
        """Return the names of lines between passes that elements need."""
        values = [*_values(self.plan.kept), *_values(self.plan.lines), self.plan.result]
        wanted = {name for value in values for name in _names(value)}
        wanted |= {name for step in self.plan.passes for name in _used(step)}
        lines = [name for p in self.plan.passes for name, _ in p.after]
        later = set()
        for index, step in enumerate(self.plan.passes):
            for after in self.plan.passes[index + 1 :]:
                used = {n for _, value in after.after for n in _names(value)}
                later |= {name for name, _ in step.after if name in used}
        return [n for n in lines if n in wanted or n in later or n + LOW in wanted]

    def line(self, text: str) -> None:
        self.out.append("    " * self.depth + text)

    def open(self, text: str) -> int:
        """Print the head of a block; return the depth before."""
        self.line(text)
        self.depth += 1
        return self.depth - 1

    # what is one number for the slice

    def start(self, reductions: Iterable[Reduction]) -> None:
        for reduction in reductions:
            self.line(f"{reduction.name}[{self.s}] = {_EMPTY[reduction.op]}")
            if reduction.op == "argmax":
                self.line(f"{reduction.name}_value[{self.s}] = -inf")

    def after(self, step: Pass) -> None:
        """Print the lines between passes, in float64."""
        if not step.after:
            return
        names = {name: f"{name}[{self.s}]" for name in self.slices}
        before = self.open(f"for {self.s} in range(count):")
        for name, value in step.after:
            self.line(f"{names.get(name, name)} = {emit_cpu(value, names)}")
        self.depth = before

    def arrays_of_slices(self) -> None:
        for step in self.plan.passes:
            for reduction in step.reductions:
                self.line(f"{reduction.name} = scratch({self.block}, {_TYPES[reduction.op]})")
                if reduction.op == "argmax":
                    kind = _TYPES["amax"]
                    self.line(f"{reduction.name}_value = scratch({self.block}, {kind})")
        for name in self.slices:
            if name not in self._reduced():
                self.line(f"{name} = scratch({self.block}, 0.0)")

    # elements

    def element_names(self, columns: bool = False) -> dict[str, str]:
        """Return how elements spell arrays, numbers of the slice, and their position."""
        place = f"_s[{self.e}]"
        names = {name: name + place for name in self.kernel.arrays}
        names |= {name: name + place for name in self.kept}
        return names

    def masked(self, value: str, other: str) -> str:
        if self.kernel.masked is None:
            return value
        return f"{value} if mask_s[{self.e}] else {other}"

    def values_of(self, step: Pass) -> list[Expr]:
        return [*_values(step.lines), *(r.value for r in step.reductions)]

    def narrowed(self, names: dict[str, str]) -> None:
        """Print the assignment of a result."""
        text = emit_cpu(self.plan.result, names, FLOAT32)
        if self.kernel.masked is not None:
            self.line(f"entry = {text}")
            fill = emit_cpu(self.kernel.masked, {}, FLOAT32).replace("inf", "float32(inf)")
            text = self.masked("entry", fill)
        target = self.kernel.target
        self.line(f"{target}_s[{self.e}] = narrow({text}, {target})")

    def over_elements(self, head: str, body: Callable[[Callable[[Expr], Expr]], None]) -> None:
        """Print a loop over elements, once more without the shift where there is none."""
        if "shift" not in self.slices:
            before = self.open(head)
            body(lambda value: value)
            self.depth = before
            return
        for condition, change in ((f"if {self.unshifted}:", _unshifted), ("else:", None)):
            outer = self.open(condition)
            self.open(head)
            body(change or (lambda value: value))
            self.depth = outer

    def lines(
        self,
        lines: Iterable[Line],
        names: dict[str, str],
        change: Callable[[Expr], Expr] = lambda value: value,
    ) -> None:
        for name, value in lines:
            if name not in self.kept:
                self.line(f"{name} = {emit_cpu(change(value), names, FLOAT32)}")

    def keep(
        self, lines: Iterable[Line], names: dict[str, str], change: Callable[[Expr], Expr]
    ) -> None:
        """Print the assignments of what is kept; what is masked adds nothing to sums."""
        for name, value in lines:
            text = emit_cpu(change(value), names, FLOAT32)
            if self.kernel.masked is not None:
                self.line(f"{name}_{self.e} = {text}")
                text = self.masked(f"{name}_{self.e}", "float32(0.0)")
            self.line(f"{name}_s[{self.e}] = {text}")


def _values(lines: Iterable[Line]) -> list[Expr]:
    return [value for _, value in lines]


def _names(expr: Expr) -> set[str]:
    return {symbol.name for symbol in symbols(expr)}


def _unshifted(value: Expr) -> Expr:
    """Return a value without what is taken off all elements."""

    def rule(node: Expr) -> Expr:
        taken = is_op(node, "sub") and isinstance(node.args[1], Symbol)
        return node.args[0] if taken and node.args[1].name == "shift" else node  # type: ignore[attr-defined]

    return rewrite(value, rule)


def _used(step: Pass) -> set[str]:
    values = [*_values(step.lines), *(r.value for r in step.reductions)]
    return {name for value in values for name in _names(value)}


def _at_peak(value: Expr) -> tuple[str, Expr, Expr] | None:
    """Return the position, what is there, and what is elsewhere."""
    if not is_op(value, "where") or not is_op(value.args[0], "eq"):
        return None
    sides = value.args[0].args
    places = [side for side in sides if isinstance(side, Symbol) and side != INDEX]
    if INDEX not in sides or not places:
        return None
    return places[0].name, value.args[1], value.args[2]


class _Rows(_Tiles):
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
        used = _used(step)
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
        weights = any("shift" in _names(value) for value in self.values_of(step))
        head = "for j in range(width):"
        if weights:
            self.over_elements(head, lambda change: self.values(step, mine, buffers, names, change))
        else:
            outer = self.open(head)
            self.values(step, mine, buffers, names, lambda value: value)
            self.depth = outer
        for reduction in buffers:
            peak = _at_peak(reduction.value)
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
            peak = _at_peak(reduction.value)
            value = reduction.value if peak is None else peak[2]
            text = emit_cpu(change(value), names, FLOAT32)
            if self.kernel.masked is not None:
                self.line(f"entry = {text}")
                text = self.masked("entry", _NEUTRAL[reduction.op])
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
        values = [*_values(self.plan.lines), self.plan.result]
        used = {name for value in values for name in _names(value)}
        again = [name for name in self.kept if name in used]
        self.over_tiles()
        self.open("for r in range(count):")
        inside = {n for name in again for n in _names(self.kept[name])}
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


class _Columns(_Tiles):
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
        values = [v for p in steps for v in (*_values(p.lines), *(r.value for r in p.reductions))]
        values += [*_values(self.plan.kept), *_values(self.plan.lines), self.plan.result]
        used = {name for value in values for name in _names(value)}
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
        peak = _at_peak(reduction.value)
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
        used = _used(step)
        inside = used | {n for name, value in step.lines for n in _names(value)}
        self.load(inside)
        names = self.names()
        mine = [line for line in step.lines if line[0] in self.kept]
        self.windows(n for n in self.kept if n in used or n in dict(mine))

        def body(change: Callable[[Expr], Expr]) -> None:
            self.keep(mine, names, change)
            self.lines(step.lines, names, change)
            for reduction in step.reductions:
                self.element(reduction, names, change)

        if any("shift" in _names(value) for value in self.values_of(step)):
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
        peak = _at_peak(reduction.value)
        value = change(reduction.value if peak is None else peak[2])
        text = emit_cpu(value, names, FLOAT32)
        if self.kernel.masked is not None:
            self.line(f"entry = {text}")
            text = self.masked("entry", _NEUTRAL[op])
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
        values = [*_values(self.plan.lines), self.plan.result]
        used = {name for value in values for name in _names(value)}
        again = [name for name in self.kept if name in used]
        inside = {n for name in again for n in _names(self.kept[name])}
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
