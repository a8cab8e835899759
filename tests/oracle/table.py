"""Collect the references of the elementwise activations: names and parameters in, functions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mpmath import inf, isinf, isnan, mp, mpf, nan

PRECISION = 160
"""Bits carried by the references; those that cancel more raise it themselves."""

Number = Any
Terms = tuple[Number, ...]
Triple = tuple[Number | Terms, Number | Terms, Number | Terms]
Formula = Callable[[Any], tuple[Any, Any]]
"""What a sweep evaluates: an input (or an array of them) in, value and derivative out."""
_TABLE: dict[str, tuple[Callable[..., Triple], Callable[..., tuple[Triple, Triple]]]] = {}


@dataclass(frozen=True)
class Reference:
    """One activation with its parameters bound.

    `forward`, `derivative` and `second_derivative` map a number (anything `mpf` takes, NaN and
    infinities included) to an `mpf`. At ±inf they return the limit, NaN where there is none; at a
    kink the value declared for it.
    """

    name: str
    params: Mapping[str, Any]

    def __call__(self, x: Any, order: int = 0) -> Number:
        """Return the derivative of the given order at `x`."""
        with mp.workprec(PRECISION):
            return sum(self.terms(x, order), mpf(0))

    def forward(self, x: Any) -> Number:
        return self(x, 0)

    def derivative(self, x: Any) -> Number:
        return self(x, 1)

    def second_derivative(self, x: Any) -> Number:
        return self(x, 2)

    def terms(self, x: Any, order: int) -> Terms:
        """Return the terms whose sum is the result; what cancels near a zero stands apart."""
        with mp.workprec(PRECISION):
            x = mpf(x)
            return (nan,) if isnan(x) else _orders(self.name, tuple(self.params.items()), x)[order]


@lru_cache(maxsize=2**16)
def _orders(name: str, params: tuple[tuple[str, Any], ...], x: Number) -> tuple[Terms, ...]:
    """Return the terms of the value and of both derivatives, which tests ask for one by one."""
    function, ends = _TABLE[name]
    values = ends(**dict(params))[x > 0] if isinf(x) else function(x, **dict(params))
    parts = (value if isinstance(value, tuple) else (value,) for value in values)
    return tuple(tuple(mpf(v) for v in terms) for terms in parts)


def activation(
    name: str, ends: Callable[..., tuple[Triple, Triple]]
) -> Callable[[Callable[..., Triple]], Callable[..., Triple]]:
    """Register a function `x, **params -> (value, derivative, second derivative)`.

    Each of the three is a number or a tuple of terms to be summed. `ends` takes the parameters and
    returns the same triple for -inf and for inf.
    """

    def register(function: Callable[..., Triple]) -> Callable[..., Triple]:
        _TABLE[name] = (function, ends)
        return function

    return register


def reference(name: str, params: Mapping[str, Any] | None = None) -> Reference:
    """Return the reference of an elementwise activation; parameters not given have defaults."""
    if name not in _TABLE:
        raise KeyError(f"the oracle has no elementwise activation '{name}'")
    return Reference(name, dict(params or {}))


def names() -> tuple[str, ...]:
    """Return the names of all elementwise activations known here."""
    return tuple(sorted(_TABLE))


def rising(bottom: Number = 0) -> tuple[Triple, Triple]:
    """Return the ends of a function that goes from `bottom` to the identity."""
    return (bottom, 0, 0), (inf, 1, 0)


def saturating(bottom: Number, top: Number) -> tuple[Triple, Triple]:
    """Return the ends of a function that is constant at both."""
    return (bottom, 0, 0), (top, 0, 0)
