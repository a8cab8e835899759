"""Print float32 kernels along an axis by tiles: what kernels over rows and columns have in common.

What LLVM vectorises is kept apart: loops over the elements of a tile, in float32; sums, by
functions with an order of their own; and loops over what belongs to a slice, in float64. Rows go
through blocks of whole rows, or tiles of a long one; columns through neighbouring ones. Both add in
the same order and give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.ir import INDEX, Expr, Symbol, is_op, rewrite, symbols
from actgen.codegen.precision import FLOAT32, FLOAT64
from actgen.codegen.schedule import Pass, Reduction, Schedule
from actgen.codegen.share import Line

TILE = 2048  # elements of a slice that are added up at a time
EMPTY = {"sum": "0.0", "amax": "-inf", "argmax": "0.0"}
TYPES = {"sum": "0.0", "amax": "float32(0.0)"}
LOW = "_low"
Change = Callable[[Expr], Expr]


@dataclass(frozen=True)
class TiledKernel:
    """What a kernel computes, and from what: arrays with one entry per element.

    `quick` kernels add pairs in float32 first; `wide` ones compute in float64, from float32.
    """

    schedule: Schedule
    elements: tuple[str, ...]
    target: str
    masked: Expr | None
    quick: bool = False
    wide: bool = False

    @property
    def arrays(self) -> tuple[str, ...]:
        """The arrays of numbers."""
        return tuple(name for name in self.elements if name != "mask")


class Tiles:
    """What rows and columns have in common.

    `e` counts the elements of a tile and `s` slices, a `block` of them at a time; `width` elements
    are in a tile. `unshifted` tells that no element of it needs a shift.
    """

    e, s, block, width = "j", "r", 64, "width"
    place = "0.0"  # of a type that counts the elements of a slice
    unshifted = "shift[r] == 0.0"

    def __init__(self, kernel: TiledKernel) -> None:
        self.kernel = kernel
        self.plan = kernel.schedule
        self.out: list[str] = []
        self.depth = 0
        self.kept = dict(self.plan.kept)
        self.reductions = [r for p in self.plan.passes for r in p.reductions]
        self.slices = [*(r.name for r in self.reductions), *self._between()]
        self.fmt = FLOAT64 if kernel.wide else FLOAT32
        self.zero = "0.0" if kernel.wide else "float32(0.0)"
        self.neutral = dict.fromkeys(("amax", "argmax"), "-inf" if kernel.wide else "-float32(inf)")
        self.neutral["sum"] = self.zero
        self.ops = {name: value for p in self.plan.passes for name, value in p.lines} | self.kept

    def _between(self) -> list[str]:
        """Return the names of lines between passes that elements need."""
        values = [*values_in(self.plan.kept), *values_in(self.plan.lines), self.plan.result]
        wanted = {name for value in values for name in names_in(value)}
        wanted |= {name for step in self.plan.passes for name in names_of(step)}
        lines = [name for p in self.plan.passes for name, _ in p.after]
        later = set()
        for index, step in enumerate(self.plan.passes):
            for after in self.plan.passes[index + 1 :]:
                used = {n for _, value in after.after for n in names_in(value)}
                later |= {name for name, _ in step.after if name in used}
        return [n for n in lines if n in wanted or n in later or n + LOW in wanted]

    def line(self, text: str) -> None:
        self.out.append("    " * self.depth + text)

    def open(self, text: str) -> int:
        """Print the head of a block; return the depth before."""
        self.line(text)
        self.depth += 1
        return self.depth - 1

    def each(self, *texts: str) -> None:
        """Print a loop over the slices of a block."""
        before = self.open(f"for {self.s} in range(count):")
        for text in texts:
            self.line(text)
        self.depth = before

    # what is one number for the slice

    def start(self, reductions: Iterable[Reduction]) -> None:
        lines = []
        for reduction in reductions:
            lines.append(f"{reduction.name}[{self.s}] = {EMPTY[reduction.op]}")
            if reduction.op == "argmax":
                lines.append(f"{reduction.name}_value[{self.s}] = -inf")
        self.each(*lines)

    def after(self, step: Pass) -> None:
        """Print the lines between passes, in float64."""
        names = {name: f"{name}[{self.s}]" for name in self.slices}
        lines = [f"{names.get(n, n)} = {emit_cpu(value, names)}" for n, value in step.after]
        if lines:
            self.each(*lines)

    def arrays_of_slices(self) -> None:
        for reduction in self.reductions:
            kind = self.place if reduction.op == "argmax" else TYPES[reduction.op]
            self.line(f"{reduction.name} = scratch({self.block}, {kind})")
            if reduction.op == "argmax":
                kind = TYPES["amax"]
                self.line(f"{reduction.name}_value = scratch({self.block}, {kind})")
        for name in self.slices:
            if name not in (r.name for r in self.reductions):
                self.line(f"{name} = scratch({self.block}, 0.0)")

    # sums

    def adding(self, reduction: Reduction) -> str:
        """Return how to add: "", "weights" or "rests", what their functions are called after.

        Without the peak, weights may all be small: what their function loses would count.
        """
        peak = at_peak(reduction.value)
        value = reduction.value if peak is None else peak[2]
        if isinstance(value, Symbol):
            value = self.ops.get(value.name, value)
        if is_op(value, "weight_f32") and peak is None:
            return "weights"
        return "rests" if is_op(value, "weight_low_f32") else ""

    def is_kept(self, reduction: Reduction) -> bool:
        """Tell whether a reduction goes over what is kept."""
        value = reduction.value
        return isinstance(value, Symbol) and value.name in self.kept

    # elements

    def element_names(self) -> dict[str, str]:
        """Return how elements spell arrays, and what is kept of them."""
        names = {name: self.taken(name) for name in self.kernel.arrays}
        return names | {name: f"{name}_s[{self.e}]" for name in self.kept}

    def taken(self, name: str) -> str:
        """Return an element of an array, of the type that is computed in."""
        place = f"{name}_s[{self.e}]"
        return f"load({place})" if self.kernel.wide else place

    def buffer_of(self, size: str, on_stack: bool = False) -> str:
        """Return an array for elements as they are computed."""
        if on_stack:
            return f"scratch({size}, {self.zero})"
        return f"np.empty({size})" if self.kernel.wide else f"np.empty({size}, float32)"

    def masked(self, value: str, other: str) -> str:
        if self.kernel.masked is None:
            return value
        return f"{value} if mask_s[{self.e}] else {other}"

    def over_elements(self, values: Iterable[Expr], body: Callable[[Change], None]) -> None:
        """Print a loop over elements, once more without the shift where there is none."""
        head = f"for {self.e} in range({self.width}):"
        if not any("shift" in names_in(value) for value in values):
            before = self.open(head)
            body(lambda value: value)
            self.depth = before
            return
        for condition, change in ((f"if {self.unshifted}:", _unshifted), ("else:", None)):
            outer = self.open(condition)
            self.open(head)
            body(change or (lambda value: value))
            self.depth = outer

    def compute_elements(
        self, lines: Sequence[Line], buffers: Sequence[Reduction], names: dict[str, str]
    ) -> None:
        """Print the loop that computes what is kept, and what is reduced from buffers."""
        values = [*values_in(lines), *(r.value for r in buffers)]
        used = {name for value in values for name in names_in(value)}

        def body(change: Change) -> None:
            mine, stores = dict(names), []
            for name in (name for name in self.kernel.arrays if name in used):
                mine[name] = f"{name}_{self.e}"
                self.line(f"{mine[name]} = {self.taken(name)}")
            for name, value in lines:
                text = emit_cpu(change(value), mine, self.fmt)
                if name not in self.kept:
                    self.line(f"{name} = {text}")
                    continue
                mine[name] = f"{name}_{self.e}"
                self.line(f"{mine[name]} = {text}")
                if self.kernel.masked is not None:
                    self.line(f"{mine[name]} = {self.masked(mine[name], self.neutral['sum'])}")
                stores.append(f"{name}_s[{self.e}] = {mine[name]}")
            for reduction in buffers:
                stores += self.reduced_element(reduction, mine, change)
            for text in stores:  # last, so that nothing is loaded again
                self.line(text)

        self.over_elements(values, body)

    def reduced_element(
        self, reduction: Reduction, names: dict[str, str], change: Change
    ) -> list[str]:
        """Return the statements that put an element where it is reduced from."""
        return [f"{reduction.name}_s[{self.e}] = {self.reduced_value(reduction, names, change)}"]

    def reduced_value(self, reduction: Reduction, names: dict[str, str], change: Change) -> str:
        """Return what is reduced, with nothing special about the peak."""
        peak = at_peak(reduction.value)
        text = emit_cpu(change(reduction.value if peak is None else peak[2]), names, self.fmt)
        if self.kernel.masked is None:
            return text
        if not text.isidentifier():
            self.line(f"{reduction.name}_{self.e} = {text}")
            text = f"{reduction.name}_{self.e}"
        return self.masked(text, self.neutral[reduction.op])

    def result_elements(
        self, names: dict[str, str], target: str = "", plainly: bool = False
    ) -> None:
        """Print the loop that writes results, to the part of `target` or of what is kept.

        `plainly` promises that they are float32 and not NaN.
        """
        target = target or self.kernel.target
        before = self.open(f"for {self.e} in range({self.width}):")
        for name, value in self.plan.lines:
            self.line(f"{name} = {emit_cpu(value, names, self.fmt)}")
        text = emit_cpu(self.plan.result, names, self.fmt)
        if self.kernel.masked is not None:
            self.line(f"entry = {text}")
            fill = emit_cpu(self.kernel.masked, {}, self.fmt)
            if not self.kernel.wide:
                fill = fill.replace("inf", "float32(inf)")
            text = self.masked("entry", fill)
        if 4 * self.depth + len(text) + 2 * len(target) > 76:
            self.line(f"entry = {text}")
            text = "entry"
        text = text if plainly else f"narrow({text}, {self.like(target)})"
        self.line(f"{target}_s[{self.e}] = {text}")
        self.depth = before

    def like(self, target: str) -> str:
        """Return what has elements of the type of results."""
        return target

    def result_names(self) -> tuple[list[Line], set[str], set[str]]:
        """Return what is computed again, the names the result needs, and those that needs."""
        values = [*values_in(self.plan.lines), self.plan.result]
        used = {name for value in values for name in names_in(value)}
        again = [line for line in self.plan.kept if line[0] in used]
        return again, used, {n for value in values_in(again) for n in names_in(value)}


def values_in(lines: Iterable[Line]) -> list[Expr]:
    return [value for _, value in lines]


def names_in(expr: Expr) -> set[str]:
    return {symbol.name for symbol in symbols(expr)}


def _unshifted(value: Expr) -> Expr:
    """Return a value without what is taken off all elements."""

    def rule(node: Expr) -> Expr:
        taken = is_op(node, "sub") and isinstance(node.args[1], Symbol)
        return node.args[0] if taken and node.args[1].name == "shift" else node  # type: ignore[attr-defined]

    return rewrite(value, rule)


def names_of(step: Pass) -> set[str]:
    values = [*values_in(step.lines), *(r.value for r in step.reductions)]
    return {name for value in values for name in names_in(value)}


def at_peak(value: Expr) -> tuple[str, Expr, Expr] | None:
    """Return the position, what is there, and what is elsewhere."""
    if not is_op(value, "where") or not is_op(value.args[0], "eq"):
        return None
    sides = value.args[0].args
    places = [side for side in sides if isinstance(side, Symbol) and side != INDEX]
    if INDEX not in sides or not places:
        return None
    return places[0].name, value.args[1], value.args[2]
