"""Print CUDA kernels along an axis: functions of elements in, the statements of a kernel out.

Rows are held in the registers of the threads that share one; a block walks along rows that are too
long for that, and threads walk down columns. All three fold the parts of a slice that a thread
has, then bring the threads of the slice together. What is one number for the slice is computed by
each of its threads.
"""

from __future__ import annotations

from typing import Literal

from actgen.codegen.emit.cuda_elements import Elements
from actgen.codegen.ir import Symbol
from actgen.codegen.schedule import Pass, Reduction

WIDTH = 96  # of a line in a kernel
Form = Literal["rows", "block", "online", "columns"]


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


class Body:
    """Prints the statements of one kernel; `masked` is the text of what is masked."""

    def __init__(self, elements: Elements, form: Form, masked: str | None) -> None:
        self.elements = elements
        self.kernel, self.plan = elements.kernel, elements.plan
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
        """Return the statements."""
        self.head()
        for step in self.plan.passes:
            self.walk(step)
            self.after(step)
        self.result()
        return self.out

    def after(self, step: Pass) -> None:
        """Print what is computed once behind a pass."""
        for text in self.elements.lines.after(step):
            self.line(text)

    def head(self) -> None:
        """Print where the thread works, and what is computed in front of all passes."""
        kernel = self.kernel
        arrays = " | ".join(kernel.elements + ((kernel.target,) if not self.plan.sliced else ()))
        arrays += " | mask" if self.masked is not None else ""
        if self.form == "columns":
            self.line("at = column_slice(outer, length, inner, lanes)")
        else:
            self.line(f"at = row_slice(rows, length, {arrays}, like, lanes)")
        for name in kernel.slices:
            self.line(f"{name} = load({name}, column(outer * inner, lanes), like)")
        for text in self.elements.lines.before():
            self.line(text)

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
        elements = self.elements
        lines, params = elements.lines, self.kernel.params
        args = []
        for name in elements.calls[what]:
            if name in (*self.kernel.elements, "index", "inside", *elements.kept):
                args.append(self.part(name))
            else:
                args.append(f"{name}.value" if name in params else lines.element(name))
        function = elements.functions[what].name
        return f"each({', '.join([function, *args])})"

    def value(self, reduction: Reduction) -> str:
        if self.elements.is_plain(reduction.value):
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
            return f"({zero}, {zero})" if reduction.name in self.kernel.exact else zero
        lowest = self.kernel.lowest
        return f"({lowest}, 0)" if reduction.op == "argmax" else lowest

    def folded(self, reduction: Reduction, first: str) -> str:
        value = self.value(reduction)
        if len(value) > 50:
            self.line(f"{reduction.name}_p = {value}")
            value = f"{reduction.name}_p"
        if reduction.op == "sum":
            function = "added_exactly" if reduction.name in self.kernel.exact else "added"
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
            return "plus_exactly" if reduction.name in self.kernel.exact else "plus"
        if reduction.op == "argmax":
            return "further"
        return "raised_single" if self.kernel.summed else "raised"

    def threshold(self, reduction: Reduction) -> None:
        """Print Michelot's iteration (1986): shrink the support until it stays."""
        top = Reduction("top", "amax", reduction.value)
        self.elements.calls.setdefault("top", self.elements.calls.get(reduction.name, ()))
        if reduction.name in self.elements.functions:
            self.elements.functions.setdefault("top", self.elements.functions[reduction.name])
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
        kernel, lines = self.kernel, self.elements.lines
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
