"""Schedule axis formulas: a lowered expression with reductions in, passes over the slice out.

Reductions that need no other come in the first pass, those that need them in the next, and so on;
the result is written in a last one. What is the same for the whole slice is computed once, between
the passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from actgen.codegen.ir import Apply, Expr, Symbol, is_op, symbols, walk
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
    """Passes in order, then the result: per element, or one for the slice (`sliced`).

    `kept` are temporaries of elements, by name, that a pass computes and later ones use again.
    """

    before: tuple[Line, ...]
    passes: tuple[Pass, ...]
    lines: tuple[Line, ...]
    result: Expr
    sliced: bool
    kept: tuple[Line, ...] = ()

    @property
    def slice_names(self) -> tuple[str, ...]:
        """Return the names of what is one number for the slice and differs between slices."""
        names = [r.name for p in self.passes for r in p.reductions]
        names.extend(name for p in self.passes for name, _ in p.after)
        return tuple(names)


def schedule(
    expr: Expr,
    taken: Iterable[str],
    sliced: bool = False,
    named: Mapping[Expr, str] | None = None,
    keep: Mapping[str, str] | None = None,
) -> Schedule:
    """Return the passes that compute the lowered expression `expr`.

    `sliced` asks for one result for the slice; else each element gets one, be they all the same.
    `named` has names for what is the same for the whole slice. `keep` maps operations whose values
    are worth keeping from pass to pass to names for them.
    """
    return _Scheduling(expr, set(taken), named or {}, keep or {}).run(sliced)


class _Scheduling:
    def __init__(
        self,
        expr: Expr,
        names: set[str],
        named: Mapping[Expr, str],
        keep: Mapping[str, str],
    ) -> None:
        self.expr = expr
        self.names = names
        self.named = named
        self.keep = keep
        self.kept: dict[str, Expr] = {}
        self.replaced: dict[Expr, Expr] = {}  # reductions
        self.moved: dict[Expr, Expr] = {}  # what is computed between passes, over their results
        self.before: tuple[Line, ...] = ()
        self.passes: list[Pass] = []

    def run(self, sliced: bool) -> Schedule:
        levels = _levels(self.expr)
        for level in range(1, max(levels.values(), default=0) + 1):
            self.walk([node for node, at in levels.items() if at == level])
        result = self.put(self.expr)
        if not sliced:
            result = self.hoist([result])[0]
        shared = share([result], self.names, _WIDTH)
        stages = [[r.value for r in p.reductions] + [v for _, v in p.lines] for p in self.passes]
        stages.append([result])
        kept = [line for line in self.kept.items() if _stages_with(line[0], stages) > 1]
        passes = tuple(self.passes)
        return Schedule(self.before, passes, shared.lines, shared.results[0], sliced, tuple(kept))

    def walk(self, found: list[Expr]) -> None:
        """Add the pass that computes reductions which need those of the passes before only."""
        values = self.hoist([self.put(node.args[0]) for node in found])
        reductions = []
        for node in found:
            assert isinstance(node, Apply)
            name = _fresh(_NAMES[node.op], self.names)
            reductions.append((name, node.op))
            self.replaced[node] = Symbol(name, "slice")
        values, kept = self.put_aside(values)
        shared = share(values, self.names, _WIDTH)
        pairs = zip(reductions, shared.results, strict=True)
        made = tuple(Reduction(name, op, value) for (name, op), value in pairs)
        self.names.update(name for name, _ in shared.lines)
        self.passes.append(Pass((*kept, *shared.lines), made, ()))

    def put_aside(self, values: list[Expr]) -> tuple[list[Expr], list[Line]]:
        """Give names to what is worth keeping; return the values over them, and their lines."""
        lines: list[Line] = []
        swap: dict[Expr, Expr] = {}
        for node in (node for value in values for node in walk(value)):
            if isinstance(node, Apply) and node.op in self.keep and node not in swap:
                name = _fresh(self.keep[node.op], self.names)
                swap[node] = Symbol(name, "kept")
                lines.append((name, node))
        self.kept.update(lines)
        self.moved.update(swap)
        return [_put(value, swap) for value in values], lines

    def put(self, expr: Expr) -> Expr:
        """Write `expr` over what has a name by now; names stand in what other names are for."""
        expr = _put(expr, self.replaced)
        while (moved := _put(expr, self.moved)) != expr:
            expr = moved
        return expr

    def hoist(self, values: list[Expr]) -> list[Expr]:
        """Move what only the slice determines in front of the pass that computes `values`."""
        hoisted = list(dict.fromkeys(node for value in values for node in _hoisted(value)))
        if not hoisted:
            return values
        known = {self.put(node): name for node, name in self.named.items()}
        shared = share(hoisted, self.names, _WIDTH, known)
        self.names.update(name for name, _ in shared.lines)
        lines = list(shared.lines)
        swap: dict[Expr, Expr] = {}
        for node, value in zip(hoisted, shared.results, strict=True):
            if not isinstance(value, Symbol):
                name = _fresh("scale", self.names)
                lines.append((name, value))
                value = Symbol(name)
            swap[node] = Symbol(value.name, "slice")
        if self.passes:
            last = self.passes[-1]
            self.passes[-1] = Pass(last.lines, last.reductions, (*last.after, *lines))
        else:
            self.before = (*self.before, *lines)
        self.moved.update(swap)
        return [_put(value, swap) for value in values]


def _stages_with(name: str, stages: list[list[Expr]]) -> int:
    kept = Symbol(name, "kept")
    return sum(any(kept in symbols(value) for value in values) for values in stages)


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
