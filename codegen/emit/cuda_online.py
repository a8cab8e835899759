"""Print CUDA kernels that read long rows twice instead of three times: elements in, statements out.

Maxima and sums of weights are taken in one walk. Weights are relative to a power of two near the
largest so far; where that grows, the sums so far are divided by another power of two, exactly.
Beyond 65,536 weights are relative to more than that, and the two walks are made after all.
"""

from __future__ import annotations

from actgen.codegen.emit.cuda_body import Body
from actgen.codegen.emit.cuda_elements import Elements
from actgen.codegen.functions.float32_softmax import FAR
from actgen.codegen.ir import X, is_op, walk
from actgen.codegen.schedule import Pass, Reduction

_FAR = f"float32({FAR!r})"
_WEIGHTS = ("weight_f32", "weight_low_f32")


def online(elements: Elements, masked: str | None) -> list[str] | None:
    """Return the statements, None for what has no such kernel."""
    return _Online(elements, masked).statements() if _fits(elements) else None


def _fits(elements: Elements) -> bool:
    """Tell whether sums of weights follow one maximum."""
    plan = elements.plan
    if not elements.kernel.single or len(plan.passes) != 2:
        return False
    first, second = plan.passes
    tops = [r for r in first.reductions if r.op in ("amax", "argmax")]
    if "magic" not in dict(first.after) or len({r.value for r in tops}) != 1:
        return False
    if not any(r.op == "amax" for r in tops):
        return False
    shared = [node for _, value in second.lines for node in walk(value)]
    for reduction in second.reductions:
        nodes = [*walk(reduction.value), *shared]
        if reduction.op != "sum" or not any(is_op(node, *_WEIGHTS) for node in nodes):
            return False
    peaks = any(r.op == "argmax" for r in tops)
    return not peaks or (tops[0].value in (X, -X) and elements.kernel.elements == ("x",))


class _Online(Body):
    def __init__(self, elements: Elements, masked: str | None) -> None:
        super().__init__(elements, "online", masked)
        first, second = self.plan.passes
        self.first_pass, self.second = first, second
        self.top = next(r for r in first.reductions if r.op == "amax")
        self.peak = next((r for r in first.reductions if r.op == "argmax"), None)
        self.beside = [r for r in first.reductions if r.op == "sum"]

    def statements(self) -> list[str]:
        self.head()
        sums = [*self.beside, *self.second.reductions]
        if self.peak is not None:
            self.line("best = (-float32(inf), 0)")
            self.line(f"{self.peak.name} = 0")
        self.line(f"{self.top.name} = -{_FAR}")
        self.after(self.first_pass)
        for reduction in sums:
            self.line(f"{reduction.name} = {self.first(reduction)}")
        before = self.tiles()
        self.raise_top()
        for reduction in sums:
            self.line(f"{reduction.name} = {self.folded(reduction, reduction.name)}")
        self.depth = before
        self.meet(sums)
        self.line(f"if abs({self.top.name}) >= {_FAR}:")
        self.depth += 1
        self.walk(Pass((), tuple(r for r in self.first_pass.reductions if r.op != "sum"), ()))
        self.after(self.first_pass)
        self.walk(self.second)
        self.depth -= 1
        self.after(self.second)
        self.result()
        return self.out

    def raise_top(self) -> None:
        """Print how a tile raises the top, and what that does to the sums."""
        if self.peak is None:
            self.line(f"top = {self.folded(self.top, self.top.name)}")
            self.line(f"if top > {self.top.name}:")
            self.depth += 1
            self.line("before = magic")
            self.line(f"{self.top.name} = top")
        else:
            self.line(f"new = {self.folded(self.peak, 'best')}")
            self.line("if new[1] != best[1] or new[0] != best[0]:")
            self.depth += 1
            self.line("before, old = magic, best")
            self.line("best = new")
            self.line_of_best()
        self.after(self.first_pass)
        self.rescale("old[0] > -float32(inf)")
        self.depth -= 1

    def line_of_best(self) -> None:
        assert self.peak is not None
        self.line(f"{self.peak.name} = best[1]")
        self.line(f"{self.top.name} = raised_single(best[0], -{_FAR})")

    def rescale(self, counts: str) -> None:
        """Print how sums follow the power of two; what was a peak counts where `counts` holds."""
        for reduction in self.second.reductions:
            name = reduction.name
            exactly = "_exactly" if name in self.kernel.exact else ""
            self.line(f"{name} = rescaled{exactly}({name}, magic - before)")
            if self.peak is not None:
                value = self.at_old(reduction)
                self.line(f"{name} = added{exactly}({name}, {value}, {counts})")

    def at_old(self, reduction: Reduction) -> str:
        """Return what is added for an element that is the peak no longer."""
        assert self.peak is not None
        sign = "" if self.top.value == X else "-"
        spelled = {"x": f"{sign}old[0]", "index": "old[1]", self.peak.name: "-1"}
        lines = self.elements.lines
        args = [
            spelled.get(name) or lines.element(name) for name in self.elements.calls[reduction.name]
        ]
        return f"{self.elements.functions[reduction.name].name}({', '.join(args)})"

    def meet(self, sums: list[Reduction]) -> None:
        """Print how the threads of the row bring their sums together."""
        top = self.top.name
        if self.peak is None:
            self.line("before = magic")
            self.line(f"{top} = over_row(raised_single, {top}, lanes)")
        else:
            self.line("before, old = magic, best")
            self.line("best = over_row(further, best, lanes)")
            self.line_of_best()
        self.after(self.first_pass)
        self.rescale("old[0] > -float32(inf) and old[1] != best[1]")
        for reduction in sums:
            name = reduction.name
            self.line(f"{name} = over_row({self.combined(reduction)}, {name}, lanes)")
