"""Make the arrays of a case: the same numbers for everyone who is measured with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from benchmarks.cases import AXES, Case, parameter

_COLUMNS = 256
_DRAWN = 2**20  # so many numbers are drawn, then they repeat
_NUMBER = 0.7  # the value of parameters; no default of any function
_SPREAD = 3.0  # of the inputs: both tails, nothing that overflows


@dataclass(frozen=True)
class Data:
    """Inputs of a case: `x` of any strides, `dy` shaped as the result, what else a call takes.

    Where no call takes `dy`, its elements are all the same zero.
    """

    x: Any
    dy: Any
    axis: int = -1
    mask: Any = None
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def empty(self) -> Any:
        """A new array for the result, without holes and with all pages touched."""
        return np.zeros(self.dy.shape, self.x.dtype)


def numpy_dtype(name: str) -> np.dtype[Any]:
    """Return the dtype of that name. Raises ModuleNotFoundError for bfloat16 without ml_dtypes."""
    if name == "bfloat16":
        import ml_dtypes

        dtype: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return dtype
    return np.dtype(name)


def make(case: Case) -> Data:
    """Return the arrays of a case."""
    random = np.random.default_rng(case.size)
    dtype = numpy_dtype(case.dtype)

    def normal(*shape: int) -> Any:
        block = _SPREAD * random.standard_normal(min(prod(shape), _DRAWN), np.float32)
        return np.resize(block.astype(dtype), shape)

    def upstream(*shape: int) -> Any:
        needed = case.shape == "vjp"
        return normal(*shape) if needed else np.broadcast_to(np.zeros((), dtype), shape)

    if case.kind == "gated":
        rows = max(1, case.size // 1024)
        x = normal(rows, 2 * (case.size // (2 * rows)))
        return Data(x, upstream(rows, x.shape[1] // 2))
    if case.kind == "normalization":
        length = AXES.get(case.shape, 1024) or case.size // 1024 or case.size
        length = min(length, case.size)
        first = case.shape == "axis-0"
        x = normal(length, case.size // length) if first else normal(case.size // length, length)
        mask = random.random(x.shape) < 0.9 if case.shape == "masked" else None
        return Data(x, upstream(*x.shape), 0 if first else -1, mask)
    columns = min(_COLUMNS, case.size)
    if case.shape == "strided":
        return Data(normal(2 * case.size)[::2], upstream(case.size))
    if case.shape == "transposed":
        x = normal(case.size // columns, columns).T
        return Data(x, upstream(*x.shape))
    if case.shape == "array-parameter":
        x = normal(case.size // columns, columns)
        values = random.uniform(0.5, 2.0, columns).astype(dtype)
        return Data(x, upstream(*x.shape), params={str(parameter(case.function)): values})
    x = normal(case.size)
    mask = random.random(case.size) < 0.5 if case.shape == "masked" else None
    known = case.shape == "scalar-parameter"
    return Data(
        x, upstream(case.size), -1, mask, {str(parameter(case.function)): _NUMBER} if known else {}
    )
