"""Make the scalar function of an activation fit its bound parameters.

In: the kernels, and the values bound. Out: a Numba function: the generated one, or one that passes
the bound values on.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    named = [p for p in binder.parameters if p.kind != "bool"]
    if not any(p.name in bound for p in named):
        return scalar
    numbers = tuple(p.number(values[p.name]) for p in named)
    if any(isinstance(number, np.ndarray) for number in numbers):
        raise TypeError(f"{binder.owner}: the scalar function takes no arrays as parameters")
    numbers = tuple(float(number) for number in numbers)
    inputs = len(signature(scalar)) - len(numbers)
    if inputs == 2:

        @numba.njit(error_model="numpy")
        def bound_gate(gate, value):  # type: ignore[no-untyped-def]
            return scalar(gate, value, *numbers)

        return bound_gate

    @numba.njit(error_model="numpy")
    def bound_scalar(x):  # type: ignore[no-untyped-def]
        return scalar(x, *numbers)

    return bound_scalar
