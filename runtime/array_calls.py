"""Answer calls with array parameters that are like earlier ones, as `shortcut.py` does for numbers.

In: the arrays and parameters of a call. Out: the result, or None where the general way is needed:
parameters that widen the result, break a constraint, or hold what the kernel cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import ndarray

from actgen import blocks
from actgen.arrays import Array, element_dtype, result_for
from actgen.parameters import Parameter
from actgen.wide import as_kernels_take

_FLOATS = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


@dataclass(frozen=True)
class ArrayCall:
    """A contiguous kernel, and where the numbers or arrays that it takes come from.

    `given` are the parameters of the call, in its order; `numbers` holds the values of the others.
    `axis` is the one along which parameters of one dimension lie, if they do.
    """

    kernel: Callable[..., None]
    order: tuple[str, ...]
    given: tuple[Parameter, ...]
    numbers: Mapping[str, float]
    element: np.dtype[Any]
    axis: int | None

    def take(self, x: Array, values: Sequence[Any], out: Any, dy: Any) -> Any:
        """Return the result of the kernel, None where it is not to be had this way."""
        dtype, shape = x.dtype, x.shape
        known: dict[str, Any] = dict(self.numbers)
        arrays = []
        for parameter, value in zip(self.given, values, strict=True):
            if type(value) is ndarray:
                if value.dtype not in _FLOATS or not (value.flags.aligned and value.size):
                    return None
                if parameter.along_axis and value.ndim == 1 and self.axis is not None:
                    if not 0 <= self.axis < len(shape) or value.size == 1:
                        return None
                    value = value.reshape((-1,) + (1,) * (len(shape) - self.axis - 1))
                if not _broadcasts(value.shape, shape):
                    return None
                arrays.append(value)
            elif type(value) is not float:
                return None
            if parameter.constraint and not parameter.surely_allows(value):
                return None
            taken = as_kernels_take(value, dtype)
            if taken is None:
                return None
            known[parameter.name] = taken
        inputs = [x] if dy is None else [x, dy]
        result = result_for(inputs, out, arrays)
        if result is None:
            return None
        parameters = [known[name] for name in self.order]
        done = blocks.fill(self.kernel, inputs, result, parameters, self.element)
        return result if done else None


def _broadcasts(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Tell whether an array of `shape` broadcasts to `other`."""
    if len(shape) > len(other):
        return False
    if shape == other:
        return True
    ends = other[len(other) - len(shape) :]
    return all(a in (1, b) for a, b in zip(shape, ends, strict=True))


def array_call(
    kernel: Callable[..., None],
    order: Sequence[str],
    given: Sequence[Parameter],
    numbers: Mapping[str, Any],
    dtype: np.dtype[Any],
    axis: Any,
) -> ArrayCall | None:
    """Return how to answer calls that give these parameters, None where constraints forbid it.

    `numbers` are the values of all parameters in such a call.
    """
    names = {p.name for p in given}
    others = {name: value for name, value in numbers.items() if name not in names}
    if any(isinstance(value, ndarray) for value in others.values()):
        return None
    if any(p.kind not in ("float", "array") for p in given):
        return None
    kept = {name: as_kernels_take(value, dtype) for name, value in others.items()}
    if None in kept.values():
        return None
    along = axis if type(axis) is int else None
    return ArrayCall(kernel, tuple(order), tuple(given), kept, element_dtype(dtype), along)
