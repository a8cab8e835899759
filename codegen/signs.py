"""Tell the sign that an expression has, everywhere or as another one, as its form shows it."""

from __future__ import annotations

from actgen.codegen.ir import Apply, Const, Expr

_POSITIVE = frozenset(("exp", "sigmoid", "softplus", "sech2", "normcdf", "erfc", "abs", "sqrt"))


def sign_of(node: Expr) -> int:
    """Return 1 for an expression that is nowhere negative, -1 for the opposite, 0 if unknown."""
    if isinstance(node, Const):
        return (node.value > 0) - (node.value < 0)
    if not isinstance(node, Apply):
        return 0
    if node.op in _POSITIVE or node.op in ("pi", "e"):
        return 1
    if node.op == "neg":
        return -sign_of(node.args[0])
    if node.op in ("mul", "div", "product"):
        return _of_product(*node.args)
    if node.op in ("add", "fma"):
        *factors, last = node.args
        sign = _of_product(*factors) if len(factors) == 2 else sign_of(factors[0])
        return sign if sign == sign_of(last) else 0
    if node.op == "pow" and isinstance(node.args[1], Const) and node.args[1].value % 2 == 0:
        return 1
    return 0


def _of_product(a: Expr, b: Expr) -> int:
    return 1 if a == b else sign_of(a) * sign_of(b)


def follows(expr: Expr, other: Expr) -> bool:
    """Tell whether an expression surely has the sign of another one wherever both are numbers."""
    if expr == other:
        return True
    if not isinstance(expr, Apply):
        return False
    if expr.op == "add":
        return all(follows(arg, other) for arg in expr.args)
    if expr.op == "mul":
        a, b = expr.args
        return (sign_of(a) > 0 and follows(b, other)) or (sign_of(b) > 0 and follows(a, other))
    if expr.op == "pow" and isinstance(expr.args[1], Const) and expr.args[1].value % 2 == 1:
        return follows(expr.args[0], other)
    return False
