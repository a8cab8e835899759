"""Expand functions of power series: the coefficients of the argument in, those of f out.

Functions go through the differential equation they solve (Griewank and Walther, *Evaluating
Derivatives*, ch. 13). `FUNCTIONS` holds them for arguments with a value, `AT_POLE` for arguments
that go to infinity, where what is exponentially small counts as zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp

from actgen.codegen.evaluate import MEANING
from actgen.codegen.power_series import (
    Jet,
    add,
    constant,
    first,
    from_coefficients,
    inverse,
    power,
    scaled,
    times,
)


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
            y = _integrate(y[0], times(rate(y), slope[: len(y)]))
        return y

    return series


def _by_slope(
    name: str, rate: Callable[[list[Any]], list[Any]]
) -> Callable[[list[Any]], list[Any]]:
    """Integrate y' = rate(u) * u'."""

    def series(u: list[Any]) -> list[Any]:
        return _integrate(MEANING[name](u[0]), times(rate(u), _slope(u)))

    return series


def _plus(a: list[Any], constant: Any, scale: Any = 1) -> list[Any]:
    return [scale * v + (constant if n == 0 else 0) for n, v in enumerate(a)]


def _reciprocal(a: list[Any]) -> list[Any]:
    if a[0] == 0:
        raise ZeroDivisionError
    found = inverse(Jet(0, tuple(a)))
    assert found is not None and found.regular is not None
    return (found.regular + [mp.mpf(0)] * len(a))[: len(a)]


def _root_reciprocal(a: list[Any]) -> list[Any]:
    found = power(Jet(0, tuple(a)), mp.mpf("-0.5"))
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
                _integrate(s[0], times(c, part)),
                _integrate(c[0], [sign * v for v in times(s, part)]),
            )
        return s if name == odd else c

    return series


def _square(u: list[Any]) -> list[Any]:
    return times(u, u)


_exp = _solve("exp", lambda y: y)
_tanh = _solve("tanh", lambda y: _plus(_square(y), 1, -1))
_sigmoid = _solve("sigmoid", lambda y: times(y, _plus(y, 1, -1)))


def _bell(scale: Callable[[], Any], width: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda u: [scale() * v for v in _exp([width * w for w in _square(u)])]


FUNCTIONS: dict[str, Callable[[list[Any]], list[Any]]] = {
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
    return lambda a: constant(mp.mpf(value))


def _atan_at_pole(a: Jet, sign: int) -> Jet | None:
    """atan u = ±π/2 - atan(1/u)"""
    found = inverse(a)
    if found is None or found.regular is None:
        return None
    return add(constant(sign * mp.pi / 2), from_coefficients(FUNCTIONS["atan"](found.regular)), -1)


_ONE, _MINUS, _TWO = _to(1), _to(-1), _to(2)
# where the argument goes to +∞ and to -∞
AT_POLE: dict[str, tuple[Callable[[Jet], Jet | None], Callable[[Jet], Jet | None]]] = {
    "exp": (_none, _zero),
    "expm1": (_none, _MINUS),
    "tanh": (_ONE, _MINUS),
    "erf": (_ONE, _MINUS),
    "erfc": (_zero, _TWO),
    "normcdf": (_ONE, _zero),
    "sigmoid": (_ONE, _zero),
    "softplus": (first, _zero),
    "sech2": (_zero, _zero),
    "logcosh": (
        lambda a: add(a, constant(mp.log(2)), -1),
        lambda a: add(scaled(a, -1), constant(mp.log(2)), -1),
    ),
    "atan": (lambda a: _atan_at_pole(a, 1), lambda a: _atan_at_pole(a, -1)),
    "acot": (
        lambda a: _quotient_atan(a, 0),
        lambda a: _quotient_atan(a, 1),
    ),
}


def _quotient_atan(a: Jet, turns: int) -> Jet | None:
    """acot u = atan(1/u), + π for u < 0"""
    found = inverse(a)
    if found is None or found.regular is None:
        return None
    return add(constant(turns * mp.pi), from_coefficients(FUNCTIONS["atan"](found.regular)))
