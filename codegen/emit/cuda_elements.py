"""Print what CUDA kernels along an axis compute for each element: a schedule in, functions out.

Each sum, maximum and result has a device function of an element's numbers and those of its slice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.emit.cuda_slices import LOW, SliceLines, names_in
from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Expr, Symbol
from actgen.codegen.precision import FLOAT32, FLOAT64
from actgen.codegen.schedule import Schedule
from actgen.codegen.share import Line


@dataclass(frozen=True)
class AxisKernel:
    """What kernels compute, and from what.

    `stem` names functions and kernels; `elements` are the arrays with one entry per element,
    `slices` those with one per slice, `params` the parameters with their names in kernels. `single`
    kernels compute in float32, the sums named in `exact` in pairs, and maxima need not keep NaN
    where sums do (`summed`).
    """

    stem: str
    schedule: Schedule
    elements: tuple[str, ...]
    slices: tuple[str, ...]
    params: tuple[str, ...]
    target: str
    single: bool
    exact: frozenset[str] = frozenset()
    summed: bool = False

    @property
    def zero(self) -> str:
        return "float32(0.0)" if self.single else "0.0"

    @property
    def lowest(self) -> str:
        return "-float32(inf)" if self.single else "-inf"

    def text(self, value: Expr, names: dict[str, str] | None = None) -> str:
        return emit_cpu(value, names or {}, FLOAT32 if self.single else FLOAT64)


@dataclass(frozen=True)
class ElementFunction:
    """A device function of one element: name, arguments, statements, result."""

    name: str
    args: str
    lines: list[str]
    result: str


class Elements:
    """The functions of an `AxisKernel`, and how its kernels call them."""

    def __init__(self, kernel: AxisKernel) -> None:
        self.kernel = kernel
        self.plan = kernel.schedule
        self.kept = dict(self.plan.kept)
        self.lines = SliceLines(self.plan, kernel.params, kernel.single, kernel.exact)
        self.functions: dict[str, ElementFunction] = {}
        self.calls: dict[str, tuple[str, ...]] = {}  # of functions: the names that they take
        for step in self.plan.passes:
            for name, value in step.lines:
                if name in self.kept:
                    self.define(name, step.lines, value)
            for reduction in step.reductions:
                if not self.is_plain(reduction.value):
                    self.define(reduction.name, step.lines, reduction.value)
        if not self.plan.sliced:
            self.define("result", self.plan.lines, self.plan.result)

    def is_plain(self, value: Expr) -> bool:
        """Tell whether a value is there without being computed."""
        return isinstance(value, Symbol) and value.name in (*self.kernel.elements, *self.kept)

    def define(self, what: str, lines: Iterable[Line], value: Expr) -> None:
        """Make the device function of a value over elements and numbers of the slice."""
        needed = [value]
        mine: list[Line] = []
        for name, line in reversed(list(lines)):
            if name not in self.kept and any(name in names_in(expr) for expr in needed):
                needed.append(line)
                mine.insert(0, (name, line))
        free = {name for expr in needed for name in names_in(expr)} - {name for name, _ in mine}
        kernel = self.kernel
        known = [*kernel.elements, "index", *self.kept, *kernel.slices, *kernel.params, "lost"]
        known += [text for name in self.lines.names for text in (name, name + LOW)]
        taken = tuple(name for name in known if name in free and name != what)
        if unknown := free - set(taken):
            raise CompilerError(f"{kernel.stem}: nothing is known of {sorted(unknown)}")
        if not any(name in (*kernel.elements, "index", *self.kept) for name in taken):
            taken = ("inside", *taken)  # the same for all elements
        self.calls[what] = taken
        head = [
            f"{name} = wide({name})"
            for name in taken
            if not kernel.single and name in (*kernel.elements, *kernel.slices, "index")
        ]
        text = [f"{name} = {kernel.text(line)}" for name, line in mine]
        self.functions[what] = ElementFunction(
            f"{kernel.stem}_{what}", ", ".join(taken), [*head, *text], kernel.text(value)
        )

    @property
    def sliced(self) -> bool:
        """Whether an array has one entry for a slice: then slices are columns."""
        return self.plan.sliced or bool(self.kernel.slices)
