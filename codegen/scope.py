"""Say what a formula may use: the names and functions that `parse` knows, with what is near them.

`FUNCTIONS` are the built-in functions of the language. A `Scope` is what one formula may use; a
`Call` is the node that stands for another activation until `inline` puts its formula there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from actgen.codegen.ir import Expr
from actgen.codegen.ops import OPS

_OPERATORS = {"add", "sub", "mul", "div", "neg"}
_CALLABLE = {"arith", "function", "select", "reduction", "structure"}

# Sugar, rewritten while parsing.
SUGAR = {"clip": 3, "one_hot": 1}

# name → number of arguments; None is two or more.
FUNCTIONS: Mapping[str, int | None] = {
    **{
        op.name: op.arity
        for op in OPS.values()
        if op.formula and op.category in _CALLABLE and op.name not in _OPERATORS
    },
    **SUGAR,
}

# Functions that see all values along an axis, or only make sense beside such.
ALONG_AXIS = frozenset(
    {
        *(op.name for op in OPS.values() if op.category == "reduction"),
        *("one_hot", "stop_gradient", "straight_through"),
    }
)


@dataclass(frozen=True)
class Scope:
    """What a formula may use.

    symbols: the names it may use. refused: names that exist but not here, with the reason.
    activations: names of activations it may call. along_axis: whether it may use reductions.
    concat: whether its outermost call may be concat. uses: what the text is, for messages.
    """

    symbols: Collection[str]
    refused: Mapping[str, str] = field(default_factory=dict)
    activations: Collection[str] = ()
    along_axis: bool = False
    concat: bool = False


@dataclass(frozen=True)
class Argument:
    """An argument of a call to an activation: `name` is "" when positional.

    `value` is an expression, or True or False for `true` and `false`.
    """

    name: str
    value: Expr | bool
    offset: int
    length: int


@dataclass(frozen=True, eq=False, repr=False)
class Call(Expr):
    """A call to the activation `name`; `offset` and `length` are its place in the formula."""

    name: str = ""
    arguments: tuple[Argument, ...] = ()
    offset: int = 0
    length: int = 1

    def _key(self) -> tuple[object, ...]:
        return ("call", self.name, self.arguments, self.offset)

    @property
    def args(self) -> tuple[Expr, ...]:
        values = (argument.value for argument in self.arguments)
        return tuple(value for value in values if isinstance(value, Expr))
