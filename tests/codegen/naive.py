"""Evaluate formula text exactly: a formula and x in, value and derivative in high precision out.

Written apart from the compiler: Python's own parser reads the text, dual numbers over mpmath carry
the derivative, and the precision grows until both are settled.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mpmath import mp, mpc, mpf

_CAP = mpf(10) ** 700  # e^a beyond is 0 or infinite for our purposes
_FAR = (mpf(10) ** 320, mpf(10) ** 324)
_NEAR = mpf(10) ** -400


class Undefined(Exception):  # noqa: N818
    """The formula has no value there, or no derivative."""


class Dual(NamedTuple):
    value: Any
    slope: Any


def _times(a: Any, b: Any) -> Any:
    return mpf(0) if a == 0 or b == 0 else a * b


def _exp(a: Any) -> Any:
    if abs(a) > _CAP:
        return mp.inf if a > 0 else mpf(0)
    return mp.exp(a)


def _cosh(a: Any) -> Any:
    return (_exp(a) + _exp(-a)) / 2


def _sinh(a: Any) -> Any:
    return mp.sinh(a) if abs(a) < 1 else mp.sign(a) * (_exp(abs(a)) - _exp(-abs(a))) / 2


def _tanh(a: Any) -> Any:
    return mp.tanh(a) if abs(a) < 1e5 else mp.sign(a)


def _erf(a: Any) -> Any:
    if abs(a) > 1e5:
        return mp.sign(a)
    return mp.erf(a) if abs(a) < 60 else mp.sign(a) * (1 - mp.erfc(abs(a)))


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + _exp(-a)) if a >= 0 else _exp(a) / (1 + _exp(a))


# name → function and derivative
_FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (_exp, _exp),
    "log": (mp.log, lambda a: 1 / a),
    "sqrt": (mp.sqrt, lambda a: 1 / (2 * mp.sqrt(a))),
    "sin": (mp.sin, mp.cos),
    "cos": (mp.cos, lambda a: -mp.sin(a)),
    "atan": (mp.atan, lambda a: 1 / (1 + a * a)),
    "sinh": (_sinh, _cosh),
    "cosh": (_cosh, _sinh),
    "tanh": (_tanh, lambda a: 1 / _cosh(a) ** 2),
    "atanh": (mp.atanh, lambda a: 1 / (1 - a * a)),
    "erf": (_erf, lambda a: 2 / mp.sqrt(mp.pi) * _exp(-a * a)),
    "sigmoid": (_sigmoid, lambda a: _sigmoid(a) * _sigmoid(-a)),
    "abs": (abs, mp.sign),
    "sign": (mp.sign, lambda a: mpf(0)),
}


def _call(name: str, args: list[Dual]) -> Dual:
    if name in ("min", "max"):
        a, b = args
        if a.value == b.value and a.slope != b.slope:
            raise Undefined
        return a if (a.value < b.value) == (name == "min") else b
    function, derivative = _FUNCTIONS[name]
    (a,) = args
    if name in ("abs", "sign") and a.value == 0 and a.slope != 0:
        raise Undefined
    value = function(a.value)
    if isinstance(value, mpc) or mp.isnan(value):
        raise Undefined
    return Dual(value, _times(derivative(a.value), a.slope) if a.slope != 0 else mpf(0))


def _power(a: Dual, b: Dual) -> Dual:
    whole = b.slope == 0 and b.value == int(b.value)
    if whole and a.value != 0:
        n = int(b.value)
        return Dual(a.value**n, _times(n * a.value ** (n - 1), a.slope))
    if a.value <= 0:
        if a.value == 0 and b.value > 1:
            return Dual(mpf(0), mpf(0))
        raise Undefined
    logarithm = mp.log(a.value)
    value = _exp(_times(b.value, logarithm))
    slope = _times(b.slope, logarithm) + _times(b.value, a.slope) / a.value
    return Dual(value, _times(value, slope))


def _operate(op: ast.operator, a: Dual, b: Dual) -> Dual:
    if isinstance(op, ast.Add):
        return Dual(a.value + b.value, a.slope + b.slope)
    if isinstance(op, ast.Sub):
        return Dual(a.value - b.value, a.slope - b.slope)
    if isinstance(op, ast.Mult):
        return Dual(_times(a.value, b.value), _times(a.slope, b.value) + _times(a.value, b.slope))
    if isinstance(op, ast.Div):
        quotient = a.value / b.value
        return Dual(quotient, (a.slope - _times(quotient, b.slope)) / b.value)
    return _power(a, b)


def _visit(node: ast.expr, names: Mapping[str, Dual], text: str) -> Dual:
    if isinstance(node, ast.Constant):
        return Dual(mpf(ast.get_source_segment(text, node)), mpf(0))
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.UnaryOp):
        inner = _visit(node.operand, names, text)
        return Dual(-inner.value, -inner.slope)
    if isinstance(node, ast.BinOp):
        left, right = (_visit(side, names, text) for side in (node.left, node.right))
        return _operate(node.op, left, right)
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    if node.func.id == "where":
        condition, then, otherwise = node.args
        assert isinstance(condition, ast.Compare)
        a, b = (_visit(side, names, text) for side in (condition.left, condition.comparators[0]))
        if a.value == b.value:
            raise Undefined  # an edge
        greater = isinstance(condition.ops[0], ast.Gt | ast.GtE)
        return _visit(then if (a.value > b.value) == greater else otherwise, names, text)
    return _call(node.func.id, [_visit(arg, names, text) for arg in node.args])


def _at(text: str, x: Any, params: Mapping[str, float], bits: int) -> Dual:
    with mp.workprec(bits):
        names = {name: Dual(mpf(value), mpf(0)) for name, value in params.items()}
        names |= {"x": Dual(mpf(x), mpf(1)), "pi": Dual(+mp.pi, mpf(0)), "e": Dual(+mp.e, mpf(0))}
        return _visit(ast.parse(text, mode="eval").body, names, text)


def _settled(one: Any, other: Any) -> bool:
    if abs(one) > mpf(2) ** 1200 and abs(other) > mpf(2) ** 1200:
        return bool((one > 0) == (other > 0))
    tiny = mpf(2) ** -1150
    return bool(one == other or abs(one - other) <= max(abs(other) * mpf(2) ** -80, tiny))


def _finite(text: str, x: Any, params: Mapping[str, float]) -> Dual:
    size = abs(mpf(x)) or mpf(1)
    bits = 250 + int(3 * min(size, 780) + (3 * size**2 if size < 40 else 0) + 3 * abs(mp.mag(size)))
    last = _at(text, x, params, bits)
    for more in (300, 3000, 12000):
        now = _at(text, x, params, bits + more)
        if more > 300 or all(a != 0 for a in now):
            with mp.workprec(300):
                if all(_settled(a, b) for a, b in zip(last, now, strict=True)):
                    return now
        last = now
    raise Undefined


def _limit(points: tuple[Any, Any], text: str, params: Mapping[str, float]) -> list[Any]:
    found: list[Any] = []
    for a, b in zip(*(_finite(text, x, params) for x in points), strict=True):
        if abs(a) < mpf(10) ** -100 and abs(b) < mpf(10) ** -100:
            found.append(mpf(0))
        elif abs(a) > 100 and abs(b) > abs(a) * 1.001:
            found.append(mp.inf * mp.sign(b))
        else:
            found.append(b if abs(a - b) <= abs(b) * mpf(10) ** -14 else None)
    return found


def exact(text: str, x: float, params: Mapping[str, float]) -> list[Any]:
    """Return value and derivative at x, limits at ±∞ and at removable singularities.

    None stands for what is not known: there is no such limit, or x is an edge of the formula.
    """
    try:
        if abs(x) == mp.inf:
            sign = 1 if x > 0 else -1
            return _limit((sign * _FAR[0], sign * _FAR[1]), text, params)
        return list(_finite(text, x, params))
    except (Undefined, ZeroDivisionError, ValueError):
        if x != 0:
            return [None, None]
    try:
        right, left = (_limit((s * _NEAR, s * _NEAR**2), text, params) for s in (1, -1))
    except (Undefined, ZeroDivisionError, ValueError):
        return [None, None]
    return [a if a is not None and a == b else None for a, b in zip(right, left, strict=True)]
