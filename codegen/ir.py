"""Represent formulas: immutable expression nodes with structural equality.

A formula is a tree (shared sub-trees make it a DAG) of three kinds of node: an exact number
(`Const`), a name (`Symbol`), and an operation applied to arguments (`Apply`). What an operation
means stands in the table of `ops.py`; nodes only hold structure. Python operators build nodes, so
rules and the function library read like formulas:

>>> x = Symbol("x")
>>> 1 / (1 + exp(-x))
(div 1 (add 1 (exp (neg x))))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

Number: TypeAlias = int | Fraction

COMMUTATIVE = frozenset(("add", "mul", "min", "max", "hypot", "and", "or", "eq", "ne"))


@dataclass(frozen=True, eq=False)
class Expr:
    """Base of all nodes. Equality is structural; the hash is computed once, on construction."""

    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def _key(self) -> tuple[object, ...]:
        raise TypeError(f"{type(self).__name__} is not a node")

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(self._key()))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Expr) or self._hash != other._hash:
            return False
        return type(self) is type(other) and self._key() == other._key()

    @property
    def args(self) -> tuple[Expr, ...]:
        return ()

    def __add__(self, other: Expr | Number) -> Expr:
        return Apply("add", (self, wrap(other)))

    def __radd__(self, other: Number) -> Expr:
        return Apply("add", (wrap(other), self))

    def __sub__(self, other: Expr | Number) -> Expr:
        return Apply("sub", (self, wrap(other)))

    def __rsub__(self, other: Number) -> Expr:
        return Apply("sub", (wrap(other), self))

    def __mul__(self, other: Expr | Number) -> Expr:
        return Apply("mul", (self, wrap(other)))

    def __rmul__(self, other: Number) -> Expr:
        return Apply("mul", (wrap(other), self))

    def __truediv__(self, other: Expr | Number) -> Expr:
        return Apply("div", (self, wrap(other)))

    def __rtruediv__(self, other: Number) -> Expr:
        return Apply("div", (wrap(other), self))

    def __pow__(self, other: Expr | Number) -> Expr:
        return Apply("pow", (self, wrap(other)))

    def __neg__(self) -> Expr:
        return Apply("neg", (self,))

    def __repr__(self) -> str:
        if isinstance(self, Apply):
            return f"({' '.join([self.op, *map(repr, self.operands)])})"
        return str(self.value) if isinstance(self, Const) else str(getattr(self, "name", "?"))


@dataclass(frozen=True, eq=False, repr=False)
class Const(Expr):
    """An exact rational number; literals of a formula keep every digit given."""

    value: Fraction = Fraction(0)

    def _key(self) -> tuple[object, ...]:
        return ("const", self.value)


@dataclass(frozen=True, eq=False, repr=False)
class Symbol(Expr):
    """A name whose value the kernel is given: the input, a parameter, or a temporary.

    `kind` is "real" or "bool". Names used by the compiler: `x` (the input), `gate` and `value`
    (the halves of a gated input), `dy` (the upstream gradient), `index` (the position along the
    reduced axis), `where` (the mask), `result` (the forward value, in gradients).
    """

    name: str = ""
    kind: str = "real"

    def _key(self) -> tuple[object, ...]:
        return ("symbol", self.name, self.kind)


@dataclass(frozen=True, eq=False, repr=False)
class Apply(Expr):
    """The operation `op` (a row of the table in `ops.py`) applied to its arguments.

    Nodes of commutative operations are equal whichever way round their two arguments stand.
    """

    op: str = ""
    operands: tuple[Expr, ...] = ()

    def _key(self) -> tuple[object, ...]:
        if self.op in COMMUTATIVE:
            return ("apply", self.op, frozenset(self.operands))
        return ("apply", self.op, self.operands)

    @property
    def args(self) -> tuple[Expr, ...]:
        return self.operands


def wrap(value: Expr | Number) -> Expr:
    """Return `value` as a node."""
    return value if isinstance(value, Expr) else Const(Fraction(value))


def apply(op: str, *args: Expr | Number) -> Expr:
    """Return the operation `op` applied to `args`."""
    return Apply(op, tuple(wrap(arg) for arg in args))


def _unary(op: str) -> Callable[[Expr | Number], Expr]:
    def build(arg: Expr | Number) -> Expr:
        return apply(op, arg)

    build.__name__ = op
    return build


exp, expm1, log, log1p = _unary("exp"), _unary("expm1"), _unary("log"), _unary("log1p")
sqrt, absolute, sign = _unary("sqrt"), _unary("abs"), _unary("sign")
sin, cos, tanh, cosh, sinh = (_unary(op) for op in ("sin", "cos", "tanh", "cosh", "sinh"))
sigmoid, softplus, sech2 = _unary("sigmoid"), _unary("softplus"), _unary("sech2")
erf, erfc, normcdf = (_unary(op) for op in ("erf", "erfc", "normcdf"))


def where(condition: Expr, then: Expr | Number, otherwise: Expr | Number) -> Expr:
    """Return `then` where `condition` holds, else `otherwise`."""
    return apply("where", condition, then, otherwise)


def minimum(a: Expr | Number, b: Expr | Number) -> Expr:
    return apply("min", a, b)


def maximum(a: Expr | Number, b: Expr | Number) -> Expr:
    return apply("max", a, b)


ZERO, ONE, TWO, HALF = (Const(Fraction(v)) for v in (0, 1, 2, "1/2"))
PI, INF = Apply("pi"), Apply("inf")
X, DY, INDEX = Symbol("x"), Symbol("dy"), Symbol("index")


def const_value(expr: Expr) -> Fraction | None:
    """Return the exact value of a literal (a negated one included), or None."""
    if isinstance(expr, Const):
        return expr.value
    if isinstance(expr, Apply) and expr.op == "neg":
        inner = const_value(expr.args[0])
        return None if inner is None else -inner
    return None


def is_op(expr: Expr, *ops: str) -> bool:
    """Tell whether `expr` applies one of the operations `ops`."""
    return isinstance(expr, Apply) and expr.op in ops


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield every distinct node of `expr` once, arguments before their user."""
    seen: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(expr, False)]
    while stack:
        node, ready = stack.pop()
        if node in seen:
            continue
        if ready:
            seen.add(node)
            yield node
        else:
            stack.append((node, True))
            stack.extend((arg, False) for arg in reversed(node.args))


def rewrite(expr: Expr, rule: Callable[[Expr], Expr]) -> Expr:
    """Rebuild `expr` bottom-up, passing each node (its arguments already rewritten) to `rule`."""
    done: dict[Expr, Expr] = {}
    for node in walk(expr):
        args = tuple(done[arg] for arg in node.args)
        rebuilt = Apply(node.op, args) if isinstance(node, Apply) and args != node.args else node
        done[node] = rule(rebuilt)
    return done[expr]


def substitute(expr: Expr, values: Mapping[Expr, Expr]) -> Expr:
    """Replace each node that is a key of `values`; replacements are not searched again."""
    done: dict[Expr, Expr] = {}
    for node in walk(expr):
        if node in values:
            done[node] = values[node]
        elif isinstance(node, Apply) and node.args:
            done[node] = Apply(node.op, tuple(done[arg] for arg in node.args))
        else:
            done[node] = node
    return done[expr]


def symbols(expr: Expr) -> frozenset[Symbol]:
    """Return the symbols that occur in `expr`."""
    return frozenset(node for node in walk(expr) if isinstance(node, Symbol))


def depends_on(expr: Expr, symbol: Expr) -> bool:
    """Tell whether `symbol` occurs in `expr`."""
    return any(node == symbol for node in walk(expr))
