"""Print CUDA kernels along an axis: a schedule in, the statements of a kernel out.

Rows are held in the registers of the threads that share one; a block walks along rows that are too
long for that, and threads walk down columns. All three fold the parts of a slice that a thread
has, then bring the threads of the slice together. What is one number for the slice is computed by
each of its threads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.emit.cuda_slices import LOW, SliceLines, names_in
from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Expr, Symbol
from actgen.codegen.precision import FLOAT32, FLOAT64
from actgen.codegen.schedule import Pass, Reduction, Schedule
from actgen.codegen.share import Line

WIDTH = 96  # of a line in a kernel
Form = Literal["rows", "block", "columns"]
_FORMS: tuple[Form, ...] = ("rows", "block", "columns")


@dataclass(frozen=True)
class AxisKernel:
    """What kernels compute, and from what.

    `stem` names functions and kernels; `elements` are the arrays with one entry per element,
    `slices` those with one per slice, `params` the parameters with their names in kernels. `single`
    kernels compute in float32, sums in pairs where they are `exact`, and maxima need not keep NaN
    where sums do (`summed`).
    """

    stem: str
    schedule: Schedule
    elements: tuple[str, ...]
    slices: tuple[str, ...]
    params: tuple[str, ...]
    target: str
    single: bool
    exact: bool = False
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


class Printer:
    """Prints the functions and the kernels of one `AxisKernel`."""

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

    # functions of an element

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

    # kernels

    def kernels(self, masked: str | None) -> dict[Form, list[str]]:
        """Return the statements of each kernel; `masked` is the text of what is masked."""
        forms: tuple[Form, ...] = ("columns",) if self.sliced else _FORMS
        return {form: _Body(self, form, masked).statements() for form in forms}

    @property
    def sliced(self) -> bool:
        """Whether an array has one entry for a slice: then slices are columns."""
        return self.plan.sliced or bool(self.kernel.slices)


def _closing(text: str, opening: int) -> int:
    """Return where the parenthesis ends that opens at a place."""
    depth = 0
    for place in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return -1


def _arguments(text: str) -> list[str]:
    """Return the arguments of a call, each with the comma behind it."""
    found, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            found.append(text[start : place + 1].strip())
            start = place + 1
    return [*found, f"{text[start:].strip()},"]


class _Body:
    def __init__(self, printer: Printer, form: Form, masked: str | None) -> None:
        self.printer = printer
        self.kernel, self.plan = printer.kernel, printer.plan
        self.form, self.masked = form, masked
        self.out: list[str] = []
        self.depth = 0
        self.held = form == "rows"
        self.over = "column" if form == "columns" else "row"
        self.start = "0" if self.held else "start"
        self.loaded: set[str] = set()

    def line(self, text: str) -> None:
        """Print a statement, a long one with what its outermost call takes on a line of its own."""
        indent = "    " * self.depth
        opening = text.find("(")
        if len(indent) + len(text) > WIDTH and _closing(text, opening) == len(text) - 1:
            self.out.append(f"{indent}{text[: opening + 1]}")
            inner = text[opening + 1 : -1]
            for argument in [inner] if len(indent) + 4 + len(inner) <= WIDTH else _arguments(inner):
                self.out.append(f"{indent}    {argument}")
            text = ")"
        self.out.append(indent + text)

    def statements(self) -> list[str]:
        kernel = self.kernel
        arrays = " | ".join(kernel.elements + ((kernel.target,) if not self.plan.sliced else ()))
        arrays += " | mask" if self.masked is not None else ""
        if self.form == "columns":
            self.line("at = column_slice(outer, length, inner, lanes)")
        else:
            self.line(f"at = row_slice(rows, length, {arrays}, like, lanes)")
        for name in kernel.slices:
            self.line(f"{name} = load({name}, column(outer * inner, lanes), like)")
        for text in self.printer.lines.before():
            self.line(text)
        for step in self.plan.passes:
            self.walk(step)
            for text in self.printer.lines.after(step):
                self.line(text)
        self.result()
        return self.out

    # parts

    def part(self, name: str) -> str:
        """Return the part of an array, or of what is known of its elements; load it if need be."""
        text = f"{name}_p"
        if text in self.loaded:
            return text
        self.loaded.add(text)
        at = f"at, {self.start}, like"
        if name == "index":
            self.line(f"index_p = positions({at}, lanes, width)")
        elif name == "inside" and self.masked is not None:
            self.line(f"inside_p = load_mask(mask, {at}, lanes, width)")
        elif name == "inside":
            self.line(f"inside_p = inside({at}, lanes, width)")
        elif name in self.kernel.elements:
            of = "0.0" if name not in ("x", "dy") else "like"
            self.line(f"{name}_p = load_part({name}, {at}, {of}, lanes, width)")
        else:
            self.line(f"{name}_p = {self.computed(name)}")
        return text

    def computed(self, what: str) -> str:
        """Return the text of a part that a function computes."""
        printer = self.printer
        lines, params = printer.lines, self.kernel.params
        args = []
        for name in printer.calls[what]:
            if name in (*self.kernel.elements, "index", "inside", *printer.kept):
                args.append(self.part(name))
            else:
                args.append(f"{name}.value" if name in params else lines.element(name))
        function = printer.functions[what].name
        return f"each({', '.join([function, *args])})"

    def value(self, reduction: Reduction) -> str:
        if self.printer.is_plain(reduction.value):
            assert isinstance(reduction.value, Symbol)
            return self.part(reduction.value.name)
        return self.computed(reduction.name)

    def tiles(self) -> int:
        """Open the walk over the tiles of a slice that is not held; return the depth before."""
        before = self.depth
        if not self.held:
            self.loaded.clear()
            self.line("for start in range(0, length, lanes * width):")
            self.depth += 1
        return before

    # passes

    def walk(self, step: Pass) -> None:
        plain = [r for r in step.reductions if r.op != "sparsemax_threshold"]
        for reduction in step.reductions:
            if reduction not in plain:
                self.threshold(reduction)
        places = {r.value for r in plain if r.op == "argmax"}
        together = {v: [r for r in plain if (r.op, r.value) == ("amax", v)] for v in places}
        plain = [r for r in plain if not any(r in found for found in together.values())]
        if not plain:
            return
        if not self.held:
            for reduction in plain:
                self.line(f"{reduction.name} = {self.first(reduction)}")
        before = self.tiles()
        for reduction in plain:
            first = self.first(reduction) if self.held else reduction.name
            self.line(f"{reduction.name} = {self.folded(reduction, first)}")
        self.depth = before
        for reduction in plain:
            name = reduction.name
            self.line(f"{name} = over_{self.over}({self.combined(reduction)}, {name}, lanes)")
            if reduction.op == "argmax":
                for other in together.get(reduction.value, ()):
                    self.line(f"{other.name} = {name}[0]")
                self.line(f"{name} = {f'{name}[1]' if self.kernel.single else f'place_of({name})'}")

    def first(self, reduction: Reduction) -> str:
        """Return the state of a thread that has seen nothing."""
        if reduction.op == "sum":
            zero = self.kernel.zero
            return f"({zero}, {zero})" if self.kernel.exact else zero
        lowest = self.kernel.lowest
        return f"({lowest}, 0)" if reduction.op == "argmax" else lowest

    def folded(self, reduction: Reduction, first: str) -> str:
        value = self.value(reduction)
        if len(value) > 50:
            self.line(f"{reduction.name}_p = {value}")
            value = f"{reduction.name}_p"
        if reduction.op == "sum":
            function = "added_exactly" if self.kernel.exact else "added"
            return f"fold({function}, {first}, {value}, {self.part('inside')})"
        if reduction.op == "argmax":
            places = f"{self.part('index')}, {self.part('inside')}"
            return f"fold(found, {first}, {value}, {places})"
        function = self.combined(reduction)
        if self.masked is None:  # what lies outside repeats what lies inside
            return f"fold({function}, {first}, {value})"
        return f"fold({function}_inside, {first}, {value}, {self.part('inside')})"

    def combined(self, reduction: Reduction) -> str:
        """Return the function that brings the states of two threads together."""
        if reduction.op == "sum":
            return "plus_exactly" if self.kernel.exact else "plus"
        if reduction.op == "argmax":
            return "further"
        return "raised_single" if self.kernel.summed else "raised"

    def threshold(self, reduction: Reduction) -> None:
        """Print Michelot's iteration (1986): shrink the support until it stays."""
        top = Reduction("top", "amax", reduction.value)
        self.printer.calls.setdefault("top", self.printer.calls.get(reduction.name, ()))
        if reduction.name in self.printer.functions:
            self.printer.functions.setdefault("top", self.printer.functions[reduction.name])
        self.walk(Pass((), (top,), ()))
        self.line("support = -1.0")
        self.line("kept = 0.0")
        self.line("bound = -inf")
        self.line(f"while any_{self.over}(kept != support, lanes):")
        self.depth += 1
        self.line("support = kept")
        self.line("state = (0.0, 0.0)")
        before = self.tiles()
        value = self.value(reduction)
        inside = self.part("inside")
        self.line(f"state = fold(supported, state, {value}, top, bound, {inside})")
        self.depth = before
        self.line(f"kept, gathered = over_{self.over}(plus_both, state, lanes)")
        self.line("bound = (gathered - 1.0) / kept")
        self.depth -= 1
        self.line(f"{reduction.name} = top + bound")

    def result(self) -> None:
        kernel, lines = self.kernel, self.printer.lines
        if self.plan.sliced:
            for name, value in self.plan.lines:
                self.line(f"{name} = {kernel.text(value, lines.spelled())}")
            text = kernel.text(self.plan.result, lines.spelled())
            self.line("if at.live and at.rank == 0:")
            place = "column(outer * inner, lanes)"
            self.line(f"    store({kernel.target}, {place}, like, {text})")
            return
        before = self.tiles()
        text = self.computed("result")
        if self.masked is not None:
            self.line(f"values = {text}")
            text = f"each(filled, values, {self.part('inside')}, {self.masked})"
        of = "0.0" if kernel.target == "out64" else "like"
        store = f"store_part({kernel.target}, at, {self.start}, like, {of}, lanes, "
        if 4 * self.depth + len(store) + len(text) > WIDTH:
            self.line(f"values = {text}")
            text = "values"
        self.line(f"{store}{text})")
        self.depth = before
