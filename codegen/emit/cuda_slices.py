"""Print what CUDA kernels compute once for a slice: lines between passes in, statements out.

In float64 they are printed as they stand. In float32, what elements need to more than 24 bits (its
rest has a name with `_low`), what depends on exact sums, and arguments of functions are pairs of
float32; all else is a float32.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction

import numpy as np

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Apply, Const, Expr, Symbol, X, apply, is_op, rewrite, symbols, walk
from actgen.codegen.precision import FLOAT32
from actgen.codegen.schedule import Pass, Schedule
from actgen.codegen.share import Line

LOW = "_low"
_FUNCTIONS = ("exp", "log", "log1p")
_PAIRS = {"add": "pair_add", "sub": "pair_sub", "mul": "pair_mul", "div": "pair_div"}


def names_in(expr: Expr) -> set[str]:
    """Return the names of the symbols in an expression."""
    return {symbol.name for symbol in symbols(expr)}


class SliceLines:
    """The lines between the passes of a schedule, in float64 or (`single`) in float32.

    Sums named in `exact` are pairs.
    """

    def __init__(
        self, plan: Schedule, params: Sequence[str], single: bool, exact: AbstractSet[str]
    ) -> None:
        self.plan = plan
        self.params = params
        self.single = single
        self.peaks = {r.name for p in plan.passes for r in p.reductions if r.op == "argmax"}
        lines = dict(line for p in plan.passes for line in p.after)
        self.names = tuple(
            [name for name, _ in plan.before]
            + [r.name for p in plan.passes for r in p.reductions]
            + list(lines)
        )
        self.pairs: set[str] = self._pairs(plan, lines, exact) if single else set()
        self.library: list[Expr] = []  # what the statements call
        self.count = 0

    def _pairs(self, plan: Schedule, lines: dict[str, Expr], exact: AbstractSet[str]) -> set[str]:
        values = [v for p in plan.passes for _, v in p.lines] + [v for _, v in plan.lines]
        values += [r.value for p in plan.passes for r in p.reductions] + [plan.result]
        used = {name for value in values for name in names_in(value)}
        pairs = set(exact)
        for name, value in lines.items():
            called = any(is_op(node, *_FUNCTIONS) for node in walk(value))
            if name + LOW in used or called or pairs & names_in(value):
                pairs.add(name)
        for name, value in reversed(lines.items()):
            if name in pairs:
                pairs |= {n for n in names_in(value) if n in lines and n not in used}
        return pairs

    def element(self, name: str) -> str:
        """Return how functions of elements are given a number of the slice."""
        if name.endswith(LOW) and name.removesuffix(LOW) in self.pairs:
            return f"{name.removesuffix(LOW)}[1]"
        if name == "lost":
            (peak,) = self.peaks
            return f"{peak} < 0"
        return f"{name}[0]" if name in self.pairs else name

    def spelled(self) -> dict[str, str]:
        """Return how float32 text spells numbers of the slice."""
        names = {name: self.element(name) for name in self.pairs}
        return names | {name: f"{name}.value" for name in self.params}

    def before(self) -> list[str]:
        """Return the statements in front of the first pass."""
        return self.printed(self.plan.before)

    def after(self, step: Pass) -> list[str]:
        """Return the statements behind a pass."""
        return self.printed(step.after)

    def printed(self, lines: Iterable[Line]) -> list[str]:
        """Return the statements of lines."""
        out: list[str] = []
        for name, value in lines:
            if name in self.pairs:
                text = self._pair(value, out)
                out.append(f"{name} = {text}")
            elif self.single:
                rounded = rewrite(value, _rounded)
                out.append(f"{name} = {emit_cpu(rounded, self.spelled(), FLOAT32)}")
                self.library.append(rounded)
            else:
                out.append(f"{name} = {emit_cpu(value, self.spelled())}")
        return out

    def _pair(self, node: Expr, out: list[str]) -> str:
        """Return the text of a pair; what it needs twice becomes a statement of its own."""
        if isinstance(node, Const):
            high, rest = _single(node.value), node.value - _single(node.value)
            if rest == 0:
                return f"pair({_literal(high)})"
            return f"({_literal(high)}, {_literal(_single(rest))})"
        if isinstance(node, Symbol):
            return node.name if node.name in self.pairs else f"pair({node.name})"
        if isinstance(node, Apply) and node.op in _PAIRS:
            a, b = (self._pair(arg, out) for arg in node.args)
            return f"{_PAIRS[node.op]}({a}, {b})"
        if is_op(node, "neg"):
            return f"pair_sub(pair(float32(0.0)), {self._pair(node.args[0], out)})"
        if isinstance(node, Apply) and node.op in _FUNCTIONS:
            argument = self._pair(node.args[0], out)
            self.count += 1
            name = "part" if self.count == 1 else f"part_{self.count}"
            out.append(f"{name} = {argument}")
            return self._function(node.op, name)
        raise CompilerError(f"no pair of float32 for {node!r}")

    def _function(self, op: str, part: str) -> str:
        a, b = f"{part}[0]", f"{part}[1]"
        if op == "exp":
            self.library.append(apply("exp_twofold_f32", X, X))
            return f"pair(exp_twofold_f32({a}, {b}))"
        self.library.append(apply(f"{op}_f32", X))
        slope = a if op == "log" else f"(float32(1.0) + {a})"
        return f"quick_pair({op}_f32({a}), {b} / {slope})"


def _single(value: Fraction) -> Fraction:
    return Fraction(float(np.float32(value.numerator / value.denominator)))


def _literal(value: Fraction) -> str:
    return emit_cpu(Const(value), {}, FLOAT32)


def _rounded(node: Expr) -> Expr:
    return Const(_single(node.value)) if isinstance(node, Const) else node


def library_calls(lines: Iterable[SliceLines]) -> list[Expr]:
    """Return expressions that call what the statements printed so far call."""
    return [expr for entry in lines for expr in entry.library]
