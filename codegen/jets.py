"""Expand expressions in power series at x = 0: an expression in, its first coefficients out.

A `Jet` is x**order * (c_0 + c_1 x + …) with c_0 ≠ 0, in high precision. Functions go through the
differential equation they solve (Griewank and Walther, *Evaluating Derivatives*, ch. 13). What is
not analytic at 0, or has a parameter, has no jet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mpmath import mp

from actgen.codegen.evaluate import MEANING, number
from actgen.codegen.ir import X, Apply, Const, Expr, const_value

LENGTH = 14
_DIGITS = 60
_NOISE = mp.mpf(10) ** -45


@dataclass(frozen=True)
class Jet:
    """x**order times a series; `order` None is the zero function."""

    order: int | None
    coefficients: tuple[Any, ...]

    @property
    def sparse(self) -> bool:
        """Whether every second coefficient is zero, so the function is even or odd."""
        return all(c == 0 for c in self.coefficients[1::2])

    @property
    def regular(self) -> list[Any] | None:
        """The coefficients from x**0 on, or None at a pole."""
        if self.order is None:
            return [mp.mpf(0)] * LENGTH
        if self.order < 0:
            return None
        return ([mp.mpf(0)] * self.order + list(self.coefficients))[:LENGTH]


def _jet(values: list[Any], shift: int = 0) -> Jet:
    scale = max((abs(v) for v in values), default=0)
    cleaned = [v if abs(v) > _NOISE * (1 + scale) else mp.mpf(0) for v in values]
    lead = next((i for i, v in enumerate(cleaned) if v != 0), None)
    if lead is None:
        return Jet(None, ())
    return Jet(lead + shift, tuple(cleaned[lead:]))


@lru_cache(maxsize=4096)
def jet(expr: Expr) -> Jet | None:
    """Return the series of `expr` at x = 0, or None where it has none."""
    with mp.workdps(_DIGITS):
        return _of(expr)


def _of(expr: Expr) -> Jet | None:
    if isinstance(expr, Const):
        return _jet([number(expr.value)] + [mp.mpf(0)] * (LENGTH - 1))
    if expr == X:
        return _jet([mp.mpf(0), mp.mpf(1)] + [mp.mpf(0)] * (LENGTH - 2))
    if not isinstance(expr, Apply):
        return None
    if not expr.args:
        return None if expr.op == "inf" else _jet([MEANING[expr.op]()] + [mp.mpf(0)] * (LENGTH - 1))
    args = [jet(arg) for arg in expr.args]
    if any(arg is None for arg in args):
        return None
    found = [arg for arg in args if arg is not None]
    if expr.op in ("add", "sub"):
        return _add(found[0], found[1], 1 if expr.op == "add" else -1)
    if expr.op == "neg":
        return Jet(found[0].order, tuple(-c for c in found[0].coefficients))
    if expr.op == "mul":
        return _mul(found[0], found[1])
    if expr.op == "div":
        inverse = _inverse(found[1])
        return None if inverse is None else _mul(found[0], inverse)
    if expr.op in ("pow", "sqrt"):
        exponent = const_value(expr.args[1]) if expr.op == "pow" else None
        if expr.op == "pow" and exponent is None:
            return None
        return _pow(found[0], mp.mpf("0.5") if exponent is None else number(exponent))
    if expr.op in ("rootsum", "rootratio"):
        root = _pow(found[0], mp.mpf("0.5" if expr.op == "rootsum" else "-0.5"))
        if root is None:
            return None
        if expr.op == "rootsum":
            return _add(root, found[1], 1)
        return _add(_mul(found[1], root), _jet([mp.mpf(1)] + [mp.mpf(0)] * (LENGTH - 1)), 1)
    regular = found[0].regular
    if expr.op not in _FUNCTIONS or regular is None or len(found) != 1:
        return None
    try:
        return _jet(_FUNCTIONS[expr.op](regular))
    except (ZeroDivisionError, ValueError, TypeError):
        return None


def _add(a: Jet, b: Jet, sign: int) -> Jet:
    if b.order is None:
        return a
    if a.order is None:
        return Jet(b.order, tuple(sign * c for c in b.coefficients))
    low = min(a.order, b.order)
    left = [mp.mpf(0)] * (a.order - low) + list(a.coefficients)
    right = [mp.mpf(0)] * (b.order - low) + list(b.coefficients)
    size = min(len(left), len(right))
    return _jet([left[i] + sign * right[i] for i in range(size)], low)


def _mul(a: Jet, b: Jet) -> Jet:
    if a.order is None or b.order is None:
        return Jet(None, ())
    return _jet(_times(list(a.coefficients), list(b.coefficients)), a.order + b.order)


def _times(a: list[Any], b: list[Any]) -> list[Any]:
    size = min(len(a), len(b))
    return [sum((a[i] * b[n - i] for i in range(n + 1)), mp.mpf(0)) for n in range(size)]


def _inverse(a: Jet) -> Jet | None:
    if a.order is None:
        return None
    out = [1 / a.coefficients[0]]
    for n in range(1, len(a.coefficients)):
        total = sum((a.coefficients[i] * out[n - i] for i in range(1, n + 1)), mp.mpf(0))
        out.append(-total / a.coefficients[0])
    return _jet(out, -a.order)


def _pow(a: Jet, exponent: Any) -> Jet | None:
    if a.order is None:
        return a if exponent > 0 else None
    order = a.order * exponent
    if order != int(order) or (a.coefficients[0] < 0 and exponent != int(exponent)):
        return None
    c = a.coefficients
    out = [mp.power(c[0], exponent)]
    for n in range(1, len(c)):
        total = sum(((exponent * i - (n - i)) * c[i] * out[n - i] for i in range(1, n + 1)), mp.mpf(0))
        out.append(total / (n * c[0]))
    return _jet(out, int(order))


def _slope(u: list[Any]) -> list[Any]:
    return [(n + 1) * u[n + 1] for n in range(len(u) - 1)]


def _integrate(start: Any, slope: list[Any]) -> list[Any]:
    return [start] + [slope[n] / (n + 1) for n in range(len(slope))]


def _solve(name: str, rate: Callable[[list[Any]], list[Any]]) -> Callable[[list[Any]], list[Any]]:
    """Solve y' = rate(y) * u', y(0) = name(u(0)), one coefficient at a time."""

    def series(u: list[Any]) -> list[Any]:
        slope = _slope(u)
        y = [MEANING[name](u[0])]
        while len(y) < len(u):
            y = _integrate(y[0], _times(rate(y), slope[: len(y)]))
        return y

    return series


def _by_slope(name: str, rate: Callable[[list[Any]], list[Any]]) -> Callable[[list[Any]], list[Any]]:
    """Integrate y' = rate(u) * u'."""

    def series(u: list[Any]) -> list[Any]:
        return _integrate(MEANING[name](u[0]), _times(rate(u), _slope(u)))

    return series


def _plus(a: list[Any], constant: Any, scale: Any = 1) -> list[Any]:
    return [scale * v + (constant if n == 0 else 0) for n, v in enumerate(a)]


def _reciprocal(a: list[Any]) -> list[Any]:
    if a[0] == 0:
        raise ZeroDivisionError
    found = _inverse(Jet(0, tuple(a)))
    assert found is not None and found.regular is not None
    return (found.regular + [mp.mpf(0)] * len(a))[: len(a)]


def _root_reciprocal(a: list[Any]) -> list[Any]:
    found = _pow(Jet(0, tuple(a)), mp.mpf("-0.5"))
    if found is None or found.regular is None:
        raise ValueError
    return (found.regular + [mp.mpf(0)] * len(a))[: len(a)]


def _circular(name: str) -> Callable[[list[Any]], list[Any]]:
    sign = -1 if name in ("sin", "cos") else 1
    odd, even = ("sin", "cos") if sign < 0 else ("sinh", "cosh")

    def series(u: list[Any]) -> list[Any]:
        slope = _slope(u)
        s, c = [MEANING[odd](u[0])], [MEANING[even](u[0])]
        while len(s) < len(u):
            part = slope[: len(s)]
            s, c = (
                _integrate(s[0], _times(c, part)),
                _integrate(c[0], [sign * v for v in _times(s, part)]),
            )
        return s if name == odd else c

    return series


def _square(u: list[Any]) -> list[Any]:
    return _times(u, u)


_exp = _solve("exp", lambda y: y)
_tanh = _solve("tanh", lambda y: _plus(_square(y), 1, -1))
_sigmoid = _solve("sigmoid", lambda y: _times(y, _plus(y, 1, -1)))


def _bell(scale: Callable[[], Any], width: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda u: [scale() * v for v in _exp([width * w for w in _square(u)])]


_FUNCTIONS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "exp": _exp,
    "expm1": lambda u: [mp.expm1(u[0]), *_exp(u)[1:]],
    "log": _by_slope("log", _reciprocal),
    "log1p": _by_slope("log1p", lambda u: _reciprocal(_plus(u, 1))),
    "sin": _circular("sin"),
    "cos": _circular("cos"),
    "sinh": _circular("sinh"),
    "cosh": _circular("cosh"),
    "tan": _solve("tan", lambda y: _plus(_square(y), 1)),
    "tanh": _tanh,
    "sech2": lambda u: _plus(_square(_tanh(u)), 1, -1),
    "atan": _by_slope("atan", lambda u: _reciprocal(_plus(_square(u), 1))),
    "acot": _by_slope("acot", lambda u: [-v for v in _reciprocal(_plus(_square(u), 1))]),
    "asin": _by_slope("asin", lambda u: _root_reciprocal(_plus(_square(u), 1, -1))),
    "asinh": _by_slope("asinh", lambda u: _root_reciprocal(_plus(_square(u), 1))),
    "atanh": _by_slope("atanh", lambda u: _reciprocal(_plus(_square(u), 1, -1))),
    "erf": _by_slope("erf", _bell(lambda: 2 / mp.sqrt(mp.pi), -1)),
    "erfc": _by_slope("erfc", _bell(lambda: -2 / mp.sqrt(mp.pi), -1)),
    "normcdf": _by_slope("normcdf", _bell(lambda: 1 / mp.sqrt(2 * mp.pi), mp.mpf("-0.5"))),
    "sigmoid": _sigmoid,
    "softplus": _by_slope("softplus", _sigmoid),
    "logcosh": _by_slope("logcosh", _tanh),
}
