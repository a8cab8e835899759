"""Expand expressions in power series at 0 and at ±∞: an expression in, first coefficients out.

A `Jet` is t**order * (c_0 + c_1 t + …) with c_0 ≠ 0, in high precision; t is x near 0 and 1/x far
out. Functions go through the differential equation they solve (Griewank and Walther, *Evaluating
Derivatives*, ch. 13). A series holds on one side, so that `abs` and choices have one, too. What
has no such series there, or has a parameter, has no jet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mpmath import mp

from actgen.codegen.evaluate import MEANING, number
from actgen.codegen.ir import Apply, Const, Expr, X, const_value

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


@lru_cache(maxsize=8192)
def jet(expr: Expr, side: int = 1, far: bool = False) -> Jet | None:
    """Return the series of `expr` for x → 0, or with `far` for x → ±∞, None where it has none.

    `side` is the sign of x. Far out, what is exponentially small counts as zero.
    """
    with mp.workdps(_DIGITS):
        return _Expansion(side, far).of(expr)


def analytic(expr: Expr) -> Jet | None:
    """Return the series of `expr` at x = 0 if it is the same from both sides."""
    right, left = jet(expr, 1), jet(expr, -1)
    return right if right == left else None


@dataclass(frozen=True)
class _Expansion:
    """Where an expansion is made: the side, and whether it is far out."""

    side: int
    far: bool

    def of(self, expr: Expr) -> Jet | None:
        if isinstance(expr, Const):
            return _constant(number(expr.value))
        if expr == X:
            return Jet(-1 if self.far else 1, (mp.mpf(1), *[mp.mpf(0)] * (LENGTH - 1)))
        if not isinstance(expr, Apply):
            return None
        if not expr.args:
            return None if expr.op == "inf" else _constant(MEANING[expr.op]())
        if expr.op == "where":
            chosen = self.decide(expr.args[0])
            return None if chosen is None else self.at(expr.args[1 if chosen else 2])
        found = []
        for arg in expr.args:
            inner = self.at(arg)
            if inner is None:
                return None
            found.append(inner)
        if expr.op == "pow":
            exponent = const_value(expr.args[1])
            return None if exponent is None else _pow(found[0], number(exponent))
        if expr.op in _ARITHMETIC:
            return _ARITHMETIC[expr.op](*found)
        if expr.op in ("abs", "sign", "min", "max"):
            return self.choice(expr.op, found)
        if expr.op not in _FUNCTIONS or len(found) != 1:
            return None
        return self.function(expr.op, found[0])

    def at(self, expr: Expr) -> Jet | None:
        return jet(expr, self.side, self.far)

    def sign(self, a: Jet) -> int:
        """Return the sign of a series close to the point, 0 for the zero function."""
        if a.order is None:
            return 0
        flips = self.side < 0 and a.order % 2 == 1
        return (-1 if flips else 1) * (1 if a.coefficients[0] > 0 else -1)

    def choice(self, op: str, found: list[Jet]) -> Jet | None:
        if op in ("abs", "sign"):
            sign = self.sign(found[0])
            if not sign and self.far:
                return None
            return _constant(mp.mpf(sign)) if op == "sign" else _scaled(found[0], sign)
        sign = self.sign(_add(found[0], found[1], -1))
        if not sign and self.far:
            return None
        return found[0] if (sign > 0) == (op == "max") else found[1]

    def decide(self, condition: Expr) -> bool | None:
        if not isinstance(condition, Apply):
            return None
        if condition.op in ("and", "or", "not"):
            parts = [self.decide(arg) for arg in condition.args]
            if condition.op == "not":
                return None if parts[0] is None else not parts[0]
            stop = condition.op == "or"
            return stop if stop in parts else None if None in parts else not stop
        if condition.op not in _HOLDS:
            return None
        a, b = (self.at(arg) for arg in condition.args)
        if a is None or b is None:
            return None
        sign = self.sign(_add(a, b, -1))
        return None if self.far and not sign else sign in _HOLDS[condition.op]

    def function(self, op: str, a: Jet) -> Jet | None:
        regular = a.regular
        try:
            if regular is not None:
                return _jet(_FUNCTIONS[op](regular))
            ends = _AT_POLE.get(op)
            return None if ends is None else ends[0 if self.sign(a) > 0 else 1](a)
        except (ZeroDivisionError, ValueError, TypeError):
            return None


def _constant(value: Any) -> Jet:
    return _jet([value] + [mp.mpf(0)] * (LENGTH - 1))


def _scaled(a: Jet, factor: Any) -> Jet:
    return Jet(a.order, tuple(factor * c for c in a.coefficients)) if factor else Jet(None, ())


def _add(a: Jet, b: Jet, sign: int = 1) -> Jet:
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
        total = sum(
            ((exponent * i - (n - i)) * c[i] * out[n - i] for i in range(1, n + 1)), mp.mpf(0)
        )
        out.append(total / (n * c[0]))
    return _jet(out, int(order))


def _quotient(a: Jet, b: Jet) -> Jet | None:
    inverse = _inverse(b)
    return None if inverse is None else _mul(a, inverse)


def _root(a: Jet) -> Jet | None:
    return _pow(a, mp.mpf("0.5"))


def _hypot(a: Jet, b: Jet) -> Jet | None:
    return _root(_add(_mul(a, a), _mul(b, b)))


def _rootsum(a: Jet, b: Jet, _: Jet) -> Jet | None:
    root = _root(a)
    return None if root is None else _add(root, b)


def _rootratio(a: Jet, b: Jet, _: Jet) -> Jet | None:
    root = _pow(a, mp.mpf("-0.5"))
    return None if root is None else _add(_mul(b, root), _constant(mp.mpf(1)))


def _fma(a: Jet, b: Jet, c: Jet) -> Jet:
    return _add(_mul(a, b), c)


def _first(a: Jet, *_: Jet) -> Jet:
    return a


_HOLDS: dict[str, tuple[int, ...]] = {
    "lt": (-1,),
    "le": (-1, 0),
    "gt": (1,),
    "ge": (1, 0),
    "eq": (0,),
    "ne": (-1, 1),
}
_ARITHMETIC: dict[str, Callable[..., Jet | None]] = {
    "add": _add,
    "sub": lambda a, b: _add(a, b, -1),
    "neg": lambda a: _scaled(a, -1),
    "mul": _mul,
    "product": _mul,
    "div": _quotient,
    "sqrt": _root,
    "hypot": _hypot,
    "fma": _fma,
    "rootsum": _rootsum,
    "rootratio": _rootratio,
    "stop_gradient": _first,
    "straight_through": _first,
}


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


def _by_slope(
    name: str, rate: Callable[[list[Any]], list[Any]]
) -> Callable[[list[Any]], list[Any]]:
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


def _none(a: Jet) -> Jet | None:
    return None


def _zero(a: Jet) -> Jet:
    return Jet(None, ())


def _to(value: int) -> Callable[[Jet], Jet | None]:
    return lambda a: _constant(mp.mpf(value))


def _atan_at_pole(a: Jet, sign: int) -> Jet | None:
    """atan u = ±π/2 - atan(1/u)"""
    inverse = _inverse(a)
    if inverse is None or inverse.regular is None:
        return None
    return _add(_constant(sign * mp.pi / 2), _jet(_FUNCTIONS["atan"](inverse.regular)), -1)


_ONE, _MINUS, _TWO = _to(1), _to(-1), _to(2)
# where the argument goes to +∞ and to -∞
_AT_POLE: dict[str, tuple[Callable[[Jet], Jet | None], Callable[[Jet], Jet | None]]] = {
    "exp": (_none, _zero),
    "expm1": (_none, _MINUS),
    "tanh": (_ONE, _MINUS),
    "erf": (_ONE, _MINUS),
    "erfc": (_zero, _TWO),
    "normcdf": (_ONE, _zero),
    "sigmoid": (_ONE, _zero),
    "softplus": (_first, _zero),
    "sech2": (_zero, _zero),
    "logcosh": (
        lambda a: _add(a, _constant(mp.log(2)), -1),
        lambda a: _add(_scaled(a, -1), _constant(mp.log(2)), -1),
    ),
    "atan": (lambda a: _atan_at_pole(a, 1), lambda a: _atan_at_pole(a, -1)),
    "acot": (
        lambda a: _quotient_atan(a, 0),
        lambda a: _quotient_atan(a, 1),
    ),
}


def _quotient_atan(a: Jet, turns: int) -> Jet | None:
    """acot u = atan(1/u), + π for u < 0"""
    inverse = _inverse(a)
    if inverse is None or inverse.regular is None:
        return None
    return _add(_constant(turns * mp.pi), _jet(_FUNCTIONS["atan"](inverse.regular)))
