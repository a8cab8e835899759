"""List what the tests of all activations run over: activations, dtypes, kinks and input points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np

import actgen
from tests.oracle import Reference, names, reference

DTYPES = {
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
}
NARROW = ("float16", "bfloat16")

CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in names() if name != "prelu"),
    ("gelu", {"approximate": True}),
]
"""Every elementwise activation with defaults; prelu, which has none, is tested on its own."""

KINKS: dict[str, Sequence[float]] = {
    **dict.fromkeys(("relu", "relu2", "leaky_relu", "rrelu", "elu", "celu", "selu"), (0.0,)),
    **dict.fromkeys(("threshold", "softsign", "step"), (0.0,)),
    **dict.fromkeys(("hard_silu", "hard_sigmoid"), (-3.0, 3.0)),
    **dict.fromkeys(("hard_tanh", "sparse_plus", "sparse_sigmoid"), (-1.0, 1.0)),
    **dict.fromkeys(("hard_shrink", "soft_shrink", "shrink"), (-0.5, 0.5)),
    "relu6": (0.0, 6.0),
    "thresholded_relu": (1.0,),
    "clipped_gelu": (10.0,),
}


def case_id(value: Any) -> str:
    """Name a case for pytest: `gelu`, `{}` and `{'approximate': True}` read well."""
    if isinstance(value, dict):
        return ",".join(f"{name}={v}" for name, v in value.items()) or "defaults"
    return str(value)


def bound(name: str, params: dict[str, Any]) -> Any:
    """Return the activation with parameters bound."""
    activation = actgen.get(name)
    return activation.with_params(**params) if params else activation


def evaluate(name: str, params: dict[str, Any], x: np.ndarray, order: int) -> np.ndarray:
    """Return the derivative of the given order at `x`; order 0 is the function."""
    activation = bound(name, params)
    return activation(x) if order == 0 else activation.derivative(x, order=order)


def neighbours(places: Sequence[float], dtype: np.dtype, count: int = 4) -> Iterator[float]:
    """Yield each place, rounded to the dtype, and its nearest values on both sides."""
    for place in places:
        for direction in (-np.inf, np.inf):
            value = np.asarray(place).astype(dtype)
            for _ in range(count + 1):
                yield float(value)
                value = np.nextafter(value, np.asarray(direction).astype(dtype))


@cache
def zeros(name: str, approximate: bool, order: int) -> tuple[float, ...]:
    """Return places where the derivative of this order changes its sign, to float64 precision."""
    function = reference(name, {"approximate": True} if approximate else {})
    found = []
    grid = np.arange(-9.96, 10, 0.25)
    values = [function(x, order) for x in grid.tolist()]
    for low, high, a, b in zip(grid[:-1], grid[1:], values[:-1], values[1:], strict=True):
        if a * b < 0:
            found.append(_bisect(function, order, float(low), float(high), a))
    return tuple(found)


def _bisect(function: Reference, order: int, low: float, high: float, at_low: Any) -> float:
    while low < (middle := (low + high) / 2) < high:
        if function(middle, order) * at_low > 0:
            low = middle
        else:
            high = middle
    return low


def points(name: str, params: dict[str, Any], dtype: np.dtype, order: int) -> np.ndarray:
    """Return finite inputs where errors hide, a few hundred, as an array of the dtype."""
    rng = np.random.default_rng(11)
    info = ml_dtypes.finfo(dtype)
    tiny, huge = np.log(float(info.smallest_subnormal)), np.log(float(info.max))
    signs = rng.choice([-1.0, 1.0], 160)
    scattered = np.concatenate(
        [
            signs * np.exp(rng.uniform(tiny, huge, 160)),
            signs * np.exp(rng.uniform(-20, 7, 160)),
            3 * rng.normal(size=120),
            rng.uniform(-1, 1, 60),
            rng.uniform(-760, -80, 40) if dtype == np.float64 else rng.uniform(-110, -5, 40),
        ]
    )
    edges = [0.0, -0.0, *(s * float(v) for s in (-1, 1) for v in (info.max, info.tiny))]
    edges += [s * float(v) for s in (-1, 1) for v in (info.smallest_subnormal, 3e38, 1e-40)]
    with np.errstate(over="ignore"):
        near = neighbours(KINKS.get(name, ()), dtype)
        around = neighbours(zeros(name, "approximate" in params, order), dtype)
        x = np.concatenate([scattered, edges, list(near), list(around)]).astype(dtype)
    return x[np.isfinite(x)]


def away_from_kinks(name: str, x: np.ndarray) -> np.ndarray:
    """Drop the kinks, where a second derivative has no meaning."""
    return x[~np.isin(x.astype(np.float64), KINKS.get(name, ()))]


def every_value(dtype: np.dtype) -> np.ndarray:
    """Return all 65,536 values of a 16-bit dtype."""
    return np.arange(2**16, dtype=np.uint16).view(dtype)


def strided_float32(stride: int = 65_537) -> np.ndarray:
    """Return every `stride`-th float32 by bit pattern, without NaN."""
    x = np.arange(0, 2**32, stride, dtype=np.uint64).astype(np.uint32).view(np.float32)
    return x[~np.isnan(x)]
