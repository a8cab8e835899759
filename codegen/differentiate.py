"""Differentiate expressions: an expression and a symbol in, the derivative out.

`RULES` has one line per operation: the partial derivative with respect to each argument, written
in the form that computes well (`sech2(a)`, never `1 - tanh(a)**2`). Kinks get the value of the
branch their condition selects; what a spec declares there is laid over it by `at_kinks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import (
    HALF,
    ONE,
    PI,
    ZERO,
    Apply,
    Expr,
    Symbol,
    apply,
    const_value,
    cos,
    cosh,
    exp,
    sech2,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    tanh,
    walk,
    where,
)
from actgen.codegen.ops import OPS
from actgen.codegen.points import with_value_at
from actgen.codegen.simplify import simplify

CONDITIONS = ("compare", "logic")
Partial = Callable[..., tuple[Expr, ...]]
RULES: dict[str, Partial] = {
    "add": lambda a, b: (ONE, ONE),
    "sub": lambda a, b: (ONE, -ONE),
    "mul": lambda a, b: (b, a),
    "div": lambda a, b: (1 / b, -a / b**2),
    "neg": lambda a: (-ONE,),
    "pow": lambda a, b: (b * a ** (b - 1), a**b * apply("log", a)),
    "abs": lambda a: (sign(a),),
    "sign": lambda a: (ZERO,),
    "floor": lambda a: (ZERO,),
    "ceil": lambda a: (ZERO,),
    "round": lambda a: (ZERO,),
    "min": lambda a, b: (where(apply("lt", a, b), 1, 0), where(apply("lt", a, b), 0, 1)),
    "max": lambda a, b: (where(apply("gt", a, b), 1, 0), where(apply("gt", a, b), 0, 1)),
    "sqrt": lambda a: (HALF / sqrt(a),),
    "exp": lambda a: (exp(a),),
    "expm1": lambda a: (exp(a),),
    "log": lambda a: (1 / a,),
    "log1p": lambda a: (1 / (1 + a),),
    "sin": lambda a: (cos(a),),
    "cos": lambda a: (-sin(a),),
    "tan": lambda a: (1 / cos(a) ** 2,),
    "asin": lambda a: (1 / sqrt(1 - a**2),),
    "acos": lambda a: (-1 / sqrt(1 - a**2),),
    "atan": lambda a: (1 / (1 + a**2),),
    "sinh": lambda a: (cosh(a),),
    "cosh": lambda a: (sinh(a),),
    "tanh": lambda a: (sech2(a),),
    "asinh": lambda a: (1 / apply("hypot", a, 1),),
    "acosh": lambda a: (1 / sqrt((a - 1) * (a + 1)),),
    "atanh": lambda a: (1 / ((1 - a) * (1 + a)),),
    "erf": lambda a: (2 / sqrt(PI) * exp(-(a**2)),),
    "erfc": lambda a: (-2 / sqrt(PI) * exp(-(a**2)),),
    "sigmoid": lambda a: (sigmoid(a) * sigmoid(-a),),
    "softplus": lambda a: (sigmoid(a),),
    "hypot": lambda a, b: (a / apply("hypot", a, b), b / apply("hypot", a, b)),
    "sech2": lambda a: (-2 * tanh(a) * sech2(a),),
    "normcdf": lambda a: (exp(-(a**2) / 2) / sqrt(2 * PI),),
    "acot": lambda a: (-1 / (1 + a**2),),
    "rootsum": lambda a, b, c: (HALF / sqrt(a), ONE, ZERO),
    "rootratio": lambda a, b, c: (-b / (2 * a * sqrt(a)), 1 / sqrt(a), ZERO),
    "logcosh": lambda a: (tanh(a),),
    "log1mexp": lambda a: (1 / -apply("expm1", -a),),  # -e/(1-e) = -1/(1/e - 1)
    "product": lambda a, b: (b, a),
    "stop_gradient": lambda a: (ZERO,),
    "straight_through": lambda a, b: (ZERO, ONE),
}


def partial(node: Apply, position: int) -> Expr:
    """Return the derivative of one node with respect to its argument at `position`."""
    if node.op == "pow" and position == 0:
        exponent = const_value(node.args[1])
        if exponent == 1:
            return ONE
    if node.op not in RULES:
        raise CompilerError(f"operation '{node.op}' has no derivative rule")
    return RULES[node.op](*node.args)[position]


def differentiate(expr: Expr, symbol: Symbol, order: int = 1) -> Expr:
    """Return the derivative of `expr`, of any `order`, with respect to `symbol`, simplified.

    Reductions over an axis are the business of `reverse`; here they raise `CompilerError`.
    """
    for _ in range(order):
        expr = _forward(expr, symbol)
    return expr


def _forward(expr: Expr, symbol: Symbol) -> Expr:
    done: dict[Expr, Expr] = {}
    for node in walk(expr):
        done[node] = _of_node(node, symbol, done)
    return simplify(done[expr])


def _of_node(node: Expr, symbol: Symbol, done: dict[Expr, Expr]) -> Expr:
    if node == symbol:
        return ONE
    if not isinstance(node, Apply) or not node.args or OPS[node.op].category in CONDITIONS:
        return ZERO
    if node.op == "where":
        condition, a, b = node.args
        if done[a] == ZERO and done[b] == ZERO:
            return ZERO
        return where(condition, done[a], done[b])
    if node.op in ("min", "max") and any(done[arg] != ZERO for arg in node.args):
        a, b = node.args
        condition = apply("lt" if node.op == "min" else "gt", a, b)
        return where(condition, done[a], done[b])
    total: Expr = ZERO
    for position, arg in enumerate(node.args):
        if done[arg] != ZERO:
            total = total + partial(node, position) * done[arg]
    return simplify(total)


def at_kinks(derivative: Expr, symbol: Symbol, kinks: Iterable[tuple[Expr, Expr | None]]) -> Expr:
    """Lay the declared (place, value) pairs over a derivative; a value of None declares nothing."""
    for place, value in kinks:
        if value is not None:
            derivative = with_value_at(derivative, symbol, place, value)
    return simplify(derivative)
