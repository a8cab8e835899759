"""Print expressions as formula text: an expression in, text of the spec language out.

Numbers are printed exactly, or, for a format that holds them, with the fewest digits that tell
them apart.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Apply, Const, Expr, Symbol
from actgen.codegen.ops import OPS
from actgen.codegen.precision import Format

_INFIX = {"add": ("+", 4), "sub": ("-", 4), "mul": ("*", 5), "div": ("/", 5), "pow": ("**", 7)}
_COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_ATOM, _UNARY, _NOT, _AND, _OR, _COMPARISON = 9, 6, 2, 1, 0, 3


def decimal(value: Fraction) -> str:
    """Print an exact number: as an integer, a finite decimal, or a quotient."""
    if value.denominator == 1:
        return str(value.numerator)
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > 40:
        nearest = value.numerator / value.denominator
        exact = Fraction(nearest) == value
        return repr(nearest) if exact else f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def emit_text(expr: Expr, fmt: Format | None = None) -> str:
    """Return `expr` in the language of the specs: its order, with the fewest parentheses."""
    return _print(expr, fmt)[0]


def _number(value: Fraction, fmt: Format | None) -> str:
    if fmt is None or value.denominator == 1 or not fmt.holds(value):
        return decimal(value)
    return repr(float(str(np.dtype(fmt.name).type(fmt.nearest(value)))))


def _print(node: Expr, fmt: Format | None) -> tuple[str, int]:
    """Return the text of a node and how tightly it binds."""
    if isinstance(node, Const):
        text = _number(node.value, fmt)
        return text, 5 if "/" in text else _UNARY if node.value < 0 else _ATOM
    if isinstance(node, Symbol):
        return node.name, _ATOM
    if not isinstance(node, Apply) or node.op not in OPS:
        raise CompilerError(f"no text for {node!r}")
    if node.op in _INFIX:
        (left, right), (sign, level) = node.args, _INFIX[node.op]
        if node.op == "pow":
            return f"{_at(left, fmt, level + 1)}{sign}{_at(right, fmt, level)}", level
        return f"{_at(left, fmt, level)} {sign} {_at(right, fmt, level + 1)}", level
    if node.op == "neg":
        return f"-{_at(node.args[0], fmt, _UNARY)}", _UNARY
    if node.op in _COMPARE:
        a, b = (_at(arg, fmt, _COMPARISON + 1) for arg in node.args)
        return f"{a} {_COMPARE[node.op]} {b}", _COMPARISON
    if node.op in ("and", "or"):
        level = _AND if node.op == "and" else _OR
        return f" {node.op} ".join(_at(arg, fmt, level + 1) for arg in node.args), level
    if node.op == "not":
        return f"not {_at(node.args[0], fmt, _NOT)}", _NOT
    if not node.args:
        return node.op, _ATOM
    return f"{node.op}({', '.join(emit_text(arg, fmt) for arg in node.args)})", _ATOM


def _at(node: Expr, fmt: Format | None, level: int) -> str:
    text, binds = _print(node, fmt)
    return text if binds >= level else f"({text})"
