"""Share common sub-expressions: expressions in, named temporaries and results over them out.

What is used twice is computed once, under a name that says what it is. Chains of fma (polynomials)
become one step a line, and what would not fit on a line is cut.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from actgen.codegen.ir import Apply, Const, Expr, Symbol, is_op, walk
from actgen.codegen.ops import OPS

Line = tuple[str, Expr]
WIDTH = 72  # characters of an expression on one line, about

_FUNCTIONS = frozenset(name for name, op in OPS.items() if op.arity != 0)
_SIGNS = frozenset(
    ("add", "sub", "mul", "div", "neg", "lt", "le", "gt", "ge", "eq", "ne", "and", "or")
)
_NAMES = {
    "exp": "e",
    "expm1": "em1",
    "log": "log_",
    "log1p": "log1",
    "sigmoid": "s",
    "softplus": "sp",
    "tanh": "t",
    "sech2": "sech",
    "normcdf": "cdf",
    "erf": "err",
    "erfc": "errc",
    "sin": "sine",
    "cos": "cosine",
    "sqrt": "root",
    "hypot": "norm",
    "abs": "size",
    "div": "ratio",
    "fma": "p",
    "where": "piece",
}


@dataclass(frozen=True)
class Shared:
    """Assignments in order, then the results over their names."""

    lines: tuple[Line, ...]
    results: tuple[Expr, ...]


def share(
    exprs: Sequence[Expr],
    taken: Iterable[str],
    width: int = WIDTH,
    names: Mapping[Expr, str] | None = None,
) -> Shared:
    """Return `exprs` with temporaries; names in `taken` are not used for them.

    What `names` holds becomes a temporary of that name, used twice or not.
    """
    return _Sharing(exprs, set(taken), width, names or {}).run()


class _Sharing:
    def __init__(
        self, exprs: Sequence[Expr], taken: set[str], width: int, names: Mapping[Expr, str]
    ) -> None:
        self.exprs = exprs
        self.names = names
        self.width = width
        self.taken = taken
        self.lines: list[Line] = []
        self.done: dict[Expr, Expr] = {}
        self.uses: dict[Expr, int] = {}
        order: dict[Expr, None] = {}
        for expr in exprs:
            self.uses[expr] = self.uses.get(expr, 0) + 1
            order.update(dict.fromkeys(walk(expr)))
        for node in reversed(order):
            written = self.uses[node] if _condition(node) else 1
            for arg in node.args:
                self.uses[arg] = self.uses.get(arg, 0) + written

    def run(self) -> Shared:
        for expr in self.exprs:
            for node in walk(expr):
                if node not in self.done:
                    self.done[node] = self._place(node)
        return Shared(tuple(self.lines), tuple(self.done[expr] for expr in self.exprs))

    def _place(self, node: Expr) -> Expr:
        if not isinstance(node, Apply) or not node.args:
            return node
        args = [self.done[arg] for arg in node.args]
        call = 0 if node.op in _SIGNS else len(node.op)
        while call + sum(_length(arg) for arg in args) > self.width:
            # conditions read best where they are needed, so they go last
            cut = [i for i, arg in enumerate(args) if isinstance(arg, Apply) and arg.args]
            if not cut:
                break
            longest = max(cut, key=lambda i: (not _condition(args[i]), _length(args[i])))
            args[longest] = self._name(args[longest], node.args[longest])
        built = Apply(node.op, tuple(args))
        if node in self.names:
            return self._name(built, node)
        if node.op == "fma" and is_op(node.args[0], "fma"):
            return self._name(built, node)
        if self.uses.get(node, 0) > 1 and not _trivial(node) and not _condition(node):
            return self._name(built, node)
        return built

    def _name(self, value: Expr, node: Expr) -> Expr:
        name = self._fresh(node)
        self.lines.append((name, value))
        return Symbol(name)

    def _fresh(self, node: Expr) -> str:
        assert isinstance(node, Apply)
        base = _NAMES.get(node.op.removesuffix("_twofold"), "holds" if _condition(node) else "u")
        if node in self.names:
            base = self.names[node]
        elif node.op == "mul" and node.args[0] == node.args[1] and isinstance(node.args[0], Symbol):
            base = f"{node.args[0].name}2"
        name, count = base, 1
        while name in self.taken or name in _FUNCTIONS or keyword.iskeyword(name):
            count += 1
            name = f"{base.rstrip('_')}_{count}"
        self.taken.add(name)
        return name


def _length(node: Expr) -> int:
    """Return about how many characters an expression takes."""
    if isinstance(node, Symbol):
        return len(node.name)
    if isinstance(node, Const):
        return len(repr(node.value.numerator / node.value.denominator))
    assert isinstance(node, Apply)
    own = 3 if node.op in _SIGNS else len(node.op) + 2
    return own + sum(_length(arg) + 2 for arg in node.args)


def _trivial(node: Expr) -> bool:
    return is_op(node, "neg") and isinstance(node.args[0], (Symbol, Const))


def _condition(node: Expr) -> bool:
    return is_op(node, "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not")
