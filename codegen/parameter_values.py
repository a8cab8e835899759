"""Give parameters the values that the compiler measures with, and their two float32 parts.

In: parameters as a spec declares them. Out: the defaults, and other numbers that their constraints
allow; for each the float32 nearest to it and what that leaves over, as kernels take them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from actgen.codegen.activation import Param
from actgen.codegen.constraints import violated
from actgen.codegen.ir import Symbol


def in_parts(param: Param) -> tuple[Symbol, Symbol]:
    """Return the names of the float32 nearest to a parameter, and of what that leaves over."""
    return Symbol(f"{param.name}_"), Symbol(f"{param.name}_rest_")


def sampled_values(params: Sequence[Param]) -> Iterator[dict[str, float]]:
    """Yield values for the parameters: the defaults, and others that their constraints allow."""
    yield {p.name: _default(p) for p in params}
    if params:
        yield {p.name: _other(p) for p in params}
        # small and large in turn: what is harmless beside large ones may cancel beside small ones
        yield {p.name: _other(p, 0.25 if k % 2 == 0 else 1.37) for k, p in enumerate(params)}


def _default(param: Param) -> float:
    value = param.default_value
    return 0.25 if value is None else float(value)


def _other(param: Param, factor: float = 1.37) -> float:
    default = _default(param)
    for value in (default * factor + 0.21 * factor, default * 0.83):
        if np.isfinite(value) and violated(param, value, {}) is None:
            return value
    return default


def float32_parts(values: dict[str, float], params: Sequence[Param]) -> dict[str, float]:
    """Return what float32 makes of parameters, under the names of their parts."""
    parts = {}
    for p in params:
        high, rest = in_parts(p)
        parts[high.name] = float(np.float32(values[p.name]))
        left = values[p.name] - parts[high.name]
        parts[rest.name] = left if np.isfinite(left) else 0.0
    return parts
