"""Make the scalar function of an activation fit its bound parameters.

In: the kernels, and the values bound. Out: a Numba function: the generated one, or one that passes
the bound values on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numba
import numpy as np

from actgen.binding import Binder
from actgen.kernels import Kernels, signature


def bind_scalar(kernels: Kernels, binder: Binder, bound: Mapping[str, Any]) -> Any:
    """Return the Numba function of one element with the bound values in place.

    Raises TypeError where an array is bound.
    """
    values = binder.settle({}, bound, partial=True)
    scalar = kernels.find(f"scalar{kernels.suffix(values)}")
    if scalar is None:
        raise TypeError(f"{binder.owner} has no scalar function")
    wrap = numba.njit(error_model="numpy")
    return with_bound(scalar.whole, binder, bound, values, wrap)


def with_bound(
    scalar: Any,
    binder: Binder,
    bound: Mapping[str, Any],
    values: Mapping[str, Any],
    wrap: Callable[[Callable[..., Any]], Any],
) -> Any:
    """Return a compiled function of one element, or one that passes the bound values on to it.

    `wrap` compiles that one for the target of `scalar`. Raises TypeError where an array is bound.
    """
    named = [p for p in binder.parameters if p.kind != "bool"]
    if not any(p.name in bound for p in named):
        return scalar
    numbers = tuple(p.number(values[p.name]) for p in named)
    if any(isinstance(number, np.ndarray) for number in numbers):
        raise TypeError(f"{binder.owner}: the scalar function takes no arrays as parameters")
    numbers = tuple(float(number) for number in numbers)

    def bound_scalar(x):  # type: ignore[no-untyped-def]
        return scalar(x, *numbers)

    def bound_gate(gate, value):  # type: ignore[no-untyped-def]
        return scalar(gate, value, *numbers)

    return wrap(bound_gate if len(signature(scalar)) == len(numbers) + 2 else bound_scalar)
