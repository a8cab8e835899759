"""Compute with truncated power series: series in, series out.

A `Jet` is t**order * (c_0 + c_1 t + …) with c_0 ≠ 0, in high precision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp

LENGTH = 14
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


def from_coefficients(values: list[Any], shift: int = 0) -> Jet:
    scale = max((abs(v) for v in values), default=0)
    cleaned = [v if abs(v) > _NOISE * (1 + scale) else mp.mpf(0) for v in values]
    lead = next((i for i, v in enumerate(cleaned) if v != 0), None)
    if lead is None:
        return Jet(None, ())
    return Jet(lead + shift, tuple(cleaned[lead:]))


def constant(value: Any) -> Jet:
    return from_coefficients([value] + [mp.mpf(0)] * (LENGTH - 1))


def scaled(a: Jet, factor: Any) -> Jet:
    return Jet(a.order, tuple(factor * c for c in a.coefficients)) if factor else Jet(None, ())


def add(a: Jet, b: Jet, sign: int = 1) -> Jet:
    if b.order is None:
        return a
    if a.order is None:
        return Jet(b.order, tuple(sign * c for c in b.coefficients))
    low = min(a.order, b.order)
    left = [mp.mpf(0)] * (a.order - low) + list(a.coefficients)
    right = [mp.mpf(0)] * (b.order - low) + list(b.coefficients)
    size = min(len(left), len(right))
    return from_coefficients([left[i] + sign * right[i] for i in range(size)], low)


def multiply(a: Jet, b: Jet) -> Jet:
    if a.order is None or b.order is None:
        return Jet(None, ())
    return from_coefficients(times(list(a.coefficients), list(b.coefficients)), a.order + b.order)


def times(a: list[Any], b: list[Any]) -> list[Any]:
    size = min(len(a), len(b))
    return [sum((a[i] * b[n - i] for i in range(n + 1)), mp.mpf(0)) for n in range(size)]


def inverse(a: Jet) -> Jet | None:
    if a.order is None:
        return None
    out = [1 / a.coefficients[0]]
    for n in range(1, len(a.coefficients)):
        total = sum((a.coefficients[i] * out[n - i] for i in range(1, n + 1)), mp.mpf(0))
        out.append(-total / a.coefficients[0])
    return from_coefficients(out, -a.order)


def power(a: Jet, exponent: Any) -> Jet | None:
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
    return from_coefficients(out, int(order))


def quotient(a: Jet, b: Jet) -> Jet | None:
    found = inverse(b)
    return None if found is None else multiply(a, found)


def _root(a: Jet) -> Jet | None:
    return power(a, mp.mpf("0.5"))


def _hypot(a: Jet, b: Jet) -> Jet | None:
    return _root(add(multiply(a, a), multiply(b, b)))


def _rootsum(a: Jet, b: Jet, _: Jet) -> Jet | None:
    root = _root(a)
    return None if root is None else add(root, b)


def _rootratio(a: Jet, b: Jet, _: Jet) -> Jet | None:
    root = power(a, mp.mpf("-0.5"))
    return None if root is None else add(multiply(b, root), constant(mp.mpf(1)))


def _fma(a: Jet, b: Jet, c: Jet) -> Jet:
    return add(multiply(a, b), c)


def first(a: Jet, *_: Jet) -> Jet:
    return a


ARITHMETIC: dict[str, Callable[..., Jet | None]] = {
    "add": add,
    "sub": lambda a, b: add(a, b, -1),
    "neg": lambda a: scaled(a, -1),
    "mul": multiply,
    "product": multiply,
    "div": quotient,
    "sqrt": _root,
    "hypot": _hypot,
    "fma": _fma,
    "rootsum": _rootsum,
    "rootratio": _rootratio,
    "stop_gradient": first,
    "straight_through": first,
}
