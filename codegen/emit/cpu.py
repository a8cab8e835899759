"""Print lowered expressions as Python for Numba: an expression in, expression text out.

Printers only spell. What a name means is imported by the generated file: `IMPORTS` tells from
where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

import numpy as np

from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Apply, Const, Expr, Symbol, is_op, walk
from actgen.codegen.library import LIBRARY
from actgen.codegen.precision import FLOAT64, Format

_TERNARY, _OR, _AND, _NOT, _COMPARE, _ADD, _MUL, _UNARY, _POWER, _ATOM = range(10)
_INFIX = {
    "add": ("+", _ADD),
    "sub": ("-", _ADD),
    "mul": ("*", _MUL),
    "div": ("/", _MUL),
}
_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
# the comparison by which a value gives way to a bound → what that makes of it
BOUNDS = {"lt": "at_least", "gt": "at_most"}
# op → (module, name) of the function that computes it
CALLS: dict[str, tuple[str, str]] = {
    **{name: ("math", name) for name in ("tan", "asin", "acos", "atan")},
    **{name: ("math", name) for name in ("sinh", "cosh", "asinh", "acosh", "atanh")},
    **{name: ("math", name) for name in ("sqrt", "hypot")},
    "floor": ("numpy", "floor"),
    "ceil": ("numpy", "ceil"),
    "round": ("numpy", "rint"),
    **{
        name: ("actgen.intrinsics", name)
        for name in (
            "fma",
            "copysign",
            "power2",
            "power2_rounded",
            "times_power2",
            "exponent",
            "mantissa",
        )
    },
    **{name: ("actgen.intrinsics", name) for name in BOUNDS.values()},
    "min": ("actgen.intrinsics", "minimum"),
    "max": ("actgen.intrinsics", "maximum"),
}


def imports(
    exprs: Iterable[Expr], calls: Mapping[str, tuple[str, str]] = CALLS
) -> dict[str, set[str]]:
    """Return what the text of `exprs` needs, by module; library functions are not imported.

    Another target may have the same names elsewhere: `calls` says where.
    """
    needed: dict[str, set[str]] = {}
    for expr in exprs:
        for node in walk(expr):
            op = bound(node) or (node.op if isinstance(node, Apply) else "")
            if op in calls:
                module, name = calls[op]
                needed.setdefault(module, set()).add(name)
            elif is_op(node, "inf"):
                needed.setdefault("math", set()).add("inf")
    return needed


def bound(node: Expr) -> str:
    """Return the function that computes a choice between a value and its bound, "" for others.

    One instruction does, where a conditional expression may become three.
    """
    if is_op(node, "where"):
        condition, a, b = node.args
        if isinstance(condition, Apply) and condition.args == (b, a):
            return BOUNDS.get(condition.op, "")
    return ""


def literal(value: Fraction, fmt: Format = FLOAT64) -> str:
    """Print a number that a format holds exactly."""
    if not fmt.holds(value):
        raise CompilerError(f"{value} is no {fmt.name}; lowering should have rounded it")
    number = fmt.nearest(value)
    if fmt is FLOAT64:
        return repr(number).replace("e+", "e")
    return f"float32({float(str(np.float32(number)))!r})".replace("e+", "e")


def emit_cpu(
    expr: Expr,
    names: Mapping[str, str] | None = None,
    fmt: Format = FLOAT64,
    calls: Mapping[str, tuple[str, str]] = CALLS,
) -> str:
    """Return the text of `expr`; `names` respells symbols (an accumulator as `total[c]`).

    Numba takes a bare literal for a float64: in float32 arithmetic each says what it is. `calls`
    are the functions that the target has.
    """
    return _Printer(names or {}, fmt, calls).at(expr, _TERNARY)


class _Printer:
    def __init__(
        self, names: Mapping[str, str], fmt: Format, calls: Mapping[str, tuple[str, str]]
    ) -> None:
        self.names = names
        self.fmt = fmt
        self.calls = calls

    def at(self, node: Expr, level: int) -> str:
        text, binds = self.spell(node)
        return text if binds >= level else f"({text})"

    def spell(self, node: Expr) -> tuple[str, int]:
        if isinstance(node, Const):
            bare = self.fmt is FLOAT64 and node.value < 0
            return literal(node.value, self.fmt), _UNARY if bare else _ATOM
        if isinstance(node, Symbol):
            return self.names.get(node.name, node.name), _ATOM
        if not isinstance(node, Apply):
            raise CompilerError(f"no CPU spelling for {node!r}")
        if limit := bound(node):
            _, edge, value = node.args
            inner = f"{self.at(value, _TERNARY)}, {self.at(edge, _TERNARY)}"
            return f"{self.calls[limit][1]}({inner})", _ATOM
        special = _SPECIAL.get(node.op)
        if special is not None:
            return special(self, node.args)
        if node.op in _INFIX:
            sign, level = _INFIX[node.op]
            left, right = node.args
            return f"{self.at(left, level)} {sign} {self.at(right, level + 1)}", level
        if node.op in _COMPARISONS:
            a, b = (self.at(arg, _COMPARE + 1) for arg in node.args)
            return f"{a} {_COMPARISONS[node.op]} {b}", _COMPARE
        if node.op in self.calls or node.op in LIBRARY:
            name = self.calls[node.op][1] if node.op in self.calls else node.op
            return f"{name}({', '.join(self.at(arg, _TERNARY) for arg in node.args)})", _ATOM
        raise CompilerError(f"operation '{node.op}' has no CPU spelling")

    def negative(self, arg: Expr) -> tuple[str, int]:
        if isinstance(arg, Const) and arg.value:
            return self.spell(Const(-arg.value))
        return f"-{self.at(arg, _UNARY)}", _UNARY

    def where(self, args: tuple[Expr, ...]) -> tuple[str, int]:
        condition, a, b = args
        then, otherwise = self.at(a, _OR), self.at(b, _TERNARY)
        return f"{then} if {self.at(condition, _OR)} else {otherwise}", _TERNARY


_Spelling = Callable[[_Printer, tuple[Expr, ...]], tuple[str, int]]
_SPECIAL: dict[str, _Spelling] = {
    "inf": lambda p, args: ("inf" if p.fmt is FLOAT64 else "float32(inf)", _ATOM),
    "neg": lambda p, args: p.negative(args[0]),
    "pow": lambda p, args: (f"{p.at(args[0], _ATOM)} ** {p.at(args[1], _POWER)}", _POWER),
    "abs": lambda p, args: (f"abs({p.at(args[0], _TERNARY)})", _ATOM),
    "where": lambda p, args: p.where(args),
    "and": lambda p, args: (f"{p.at(args[0], _AND)} and {p.at(args[1], _NOT)}", _AND),
    "or": lambda p, args: (f"{p.at(args[0], _OR)} or {p.at(args[1], _AND)}", _OR),
    "not": lambda p, args: (f"not {p.at(args[0], _NOT)}", _NOT),
}
