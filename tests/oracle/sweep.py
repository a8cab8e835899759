"""Give fast references for sweeps: a name in, functions of many inputs out.

Each activation is written down once, over primitives that come in two kinds. `extended` computes
arrays in `numpy.longdouble`, exactly enough to judge float64; `compiled` gives scalar functions in
float64 for loops over all float32. Suspects go on to the mpmath reference. Default parameters only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from tests.oracle import extended, lines, smooth
from tests.oracle.table import Formula, reference

Array = np.ndarray
Judged = tuple[Array, Array]  # results, and the largest term of each


def sweep_reference(name: str, **params: bool) -> tuple[Callable[[Array], Array], ...]:
    """Return (forward, derivative) of an elementwise activation as functions of float64 arrays.

    `params` may only be `approximate=True` for gelu. Limits hold at ±inf, NaN gives NaN.
    """

    def function(order: int) -> Callable[[Array], Array]:
        return lambda x: extended_reference(name, x, **params)[order][0].astype(np.float64)

    return function(0), function(1)


def extended_reference(name: str, x: Array, **params: bool) -> tuple[Judged, Judged]:
    """Return value and derivative at an array in extended precision, each with its largest term."""
    wide = np.asarray(x).astype(np.longdouble)
    limits = ends(name, **params)
    finite = np.where(np.isfinite(wide), wide, np.longdouble(1))
    with np.errstate(all="ignore"):
        results = _formula(name, params, extended)(finite)
        return tuple(_at(wide, *_summed(results[k]), limits[k]) for k in (0, 1))  # type: ignore


def _summed(result: Any) -> Judged:
    if not isinstance(result, extended.Terms):
        return result, np.abs(result)
    a, b = result
    return a + b, np.maximum(np.abs(a), np.abs(b))


def _at(x: Array, value: Array, largest: Array, limits: tuple[float, float]) -> Judged:
    for place, limit in zip((-np.inf, np.inf), limits, strict=True):
        value = np.where(x == place, np.longdouble(limit), value)
    return np.where(np.isnan(x), x, value), np.maximum(largest, np.abs(value))


def ends(name: str, **params: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the limits of value and derivative at -inf and inf; NaN where there is none."""
    exact = reference(name, params)
    forward, derivative = (tuple(float(exact(s * np.inf, k)) for s in (-1, 1)) for k in (0, 1))
    return forward, derivative  # type: ignore[return-value]


@cache
def compiled_formula(name: str, approximate: bool = False) -> Any:
    """Return a Numba function of one finite float64 that gives value and derivative."""
    from numba import njit

    from tests.oracle import compiled

    formula = _formula(name, {"approximate": approximate}, compiled)
    return njit(error_model="numpy", fastmath={"contract"}, forceinline=True)(formula)


def _formula(name: str, params: Any, primitives: ModuleType) -> Formula:
    return _table(primitives)["gelu_tanh" if params.get("approximate") else name]


@cache
def _table(primitives: ModuleType) -> dict[str, Formula]:
    return {**lines.build(primitives), **smooth.build(primitives)}
