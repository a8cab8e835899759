"""Schedule axis formulas: a lowered expression with reductions in, passes over the slice out.

Reductions that need no other come in the first pass, those that need them in the next, and so on;
the result is written in a last one. What is the same for the whole slice is computed once, between
the passes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from actgen.codegen.ir import Apply, Expr, Symbol, is_op, walk
from actgen.codegen.ops import OPS
from actgen.codegen.reverse import invariant
from actgen.codegen.share import Line, share

_WIDTH = 44  # these lines stand deep inside loops
_NAMES = {
    "sum": "total",
    "amax": "largest",
    "argmax": "peak",
    "sparsemax_threshold": "threshold",
}


@dataclass(frozen=True)
class Reduction:
    """One number for the slice: `op` over the elements of `value`, under `name`."""

    name: str
    op: str
    value: Expr


@dataclass(frozen=True)
class Pass:
    """One walk over the slice: temporaries of an element, reductions, then lines for the slice."""

    lines: tuple[Line, ...]
    reductions: tuple[Reduction, ...]
    after: tuple[Line, ...]


@dataclass(frozen=True)
class Schedule:
    """Passes in order, then the result: per element, or one for the slice (`sliced`)."""

    before: tuple[Line, ...]
    passes: tuple[Pass, ...]
    lines: tuple[Line, ...]
    result: Expr
    sliced: bool

    @property
    def slice_names(self) -> tuple[str, ...]:
        """Return the names of what is one number for the slice and differs between slices."""
        names = [r.name for p in self.passes for r in p.reductions]
        names.extend(name for p in self.passes for name, _ in p.after)
        return tuple(names)


def schedule(expr: Expr, taken: Iterable[str], sliced: bool = False) -> Schedule:
    """Return the passes that compute the lowered expression `expr`.

    `sliced` asks for one result for the slice; else each element gets one, be they all the same.
    """
    names = set(taken)
    levels = _levels(expr)
    replaced: dict[Expr, Expr] = {}
    passes: list[Pass] = []
    for level in range(1, max(levels.values(), default=0) + 1):
        found = [node for node, at in levels.items() if at == level]
        reductions = []
        for node in found:
            assert isinstance(node, Apply)
            name = _fresh(_NAMES[node.op], names)
            reductions.append((name, node.op, _put(node.args[0], replaced)))
            replaced[node] = Symbol(name, "slice")
        shared = share([value for _, _, value in reductions], names, _WIDTH)
        values = zip(reductions, shared.results, strict=True)
        made = tuple(Reduction(name, op, value) for (name, op, _), value in values)
        names.update(name for name, _ in shared.lines)
        passes.append(Pass(shared.lines, made, ()))
    result = _put(expr, replaced)
    # what only the slice determines moves out of the last pass
    hoisted = _hoisted(result)
    after: tuple[Line, ...] = ()
    before: tuple[Line, ...] = ()
    if hoisted and not sliced:
        shared = share(hoisted, names, _WIDTH)
        names.update(name for name, _ in shared.lines)
        lines = list(shared.lines)
        swap: dict[Expr, Expr] = {}
        for node, value in zip(hoisted, shared.results, strict=True):
            if not isinstance(value, Symbol):
                name = _fresh("scale", names)
                lines.append((name, value))
                value = Symbol(name)
            swap[node] = Symbol(value.name, "slice")
        result = _put(result, swap)
        if passes:
            last = passes[-1]
            after = tuple(lines)
            passes[-1] = Pass(last.lines, last.reductions, after)
        else:
            before = tuple(lines)
    shared = share([result], names, _WIDTH)
    return Schedule(before, tuple(passes), shared.lines, shared.results[0], sliced)


def _levels(expr: Expr) -> dict[Expr, int]:
    """Return, for each reduction in `expr`, how many reductions it nests, itself included."""
    depth: dict[Expr, int] = {}
    found: dict[Expr, int] = {}
    for node in walk(expr):
        inner = max((depth[arg] for arg in node.args), default=0)
        if isinstance(node, Apply) and OPS[node.op].category == "reduction":
            inner += 1
            found[node] = inner
        depth[node] = inner
    return found


def _put(expr: Expr, values: dict[Expr, Expr]) -> Expr:
    """Replace whole sub-expressions from the outside in."""
    if expr in values:
        return values[expr]
    if isinstance(expr, Apply) and expr.args:
        return Apply(expr.op, tuple(_put(arg, values) for arg in expr.args))
    return expr


def _hoisted(expr: Expr) -> list[Expr]:
    """Return the largest sub-expressions that are the same for every element."""
    found: dict[Expr, None] = {}

    def visit(node: Expr) -> None:
        if not isinstance(node, Apply) or not node.args:
            return
        if invariant(node) and not is_op(node, "lt", "le", "gt", "ge", "eq", "ne"):
            if not (is_op(node, "neg") and isinstance(node.args[0], Symbol)):
                found[node] = None
            return
        for arg in node.args:
            visit(arg)

    visit(expr)
    return list(found)


def _fresh(base: str, taken: set[str]) -> str:
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    taken.add(name)
    return name
