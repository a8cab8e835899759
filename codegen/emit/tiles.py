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
EMPTY = {"sum": "0.0", "amax": "-inf", "argmax": "0.0"}
NEUTRAL = {"sum": "float32(0.0)", "amax": "-float32(inf)", "argmax": "-float32(inf)"}
TYPES = {"sum": "0.0", "amax": "float32(0.0)", "argmax": "0.0"}
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


class Tiles:
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

    # what is one number for the slice

    def start(self, reductions: Iterable[Reduction]) -> None:
        for reduction in reductions:
            self.line(f"{reduction.name}[{self.s}] = {EMPTY[reduction.op]}")
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
                self.line(f"{reduction.name} = scratch({self.block}, {TYPES[reduction.op]})")
                if reduction.op == "argmax":
                    kind = TYPES["amax"]
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
        return [*values_in(step.lines), *(r.value for r in step.reductions)]

    def narrowed(self, names: dict[str, str]) -> None:
        """Print the assignment of a result."""
        text = emit_cpu(self.plan.result, names, FLOAT32)
        if self.kernel.masked is not None:
            self.line(f"entry = {text}")
            fill = emit_cpu(self.kernel.masked, {}, FLOAT32).replace("inf", "float32(inf)")
            text = self.masked("entry", fill)
        target = self.kernel.target
        if 4 * self.depth + len(text) + 2 * len(target) > 76:
            self.line(f"entry = {text}")
            text = "entry"
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
