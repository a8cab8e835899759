"""Give fast float64 references for sweeps: a name in, array functions for two orders out.

The forms are chosen by hand so that each result is good to about 1e-15 relative, or 1e-16 of its
largest term near an irrational zero: enough to judge float32 and narrower results, whose suspects
a test hands on to the mpmath reference. Default parameters only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.oracle.sweep_lines import LINES
from tests.oracle.sweep_smooth import SMOOTH

Array = np.ndarray
_TABLE = {**LINES, **SMOOTH}


def sweep_reference(name: str, **params: bool) -> tuple[Callable[[Array], Array], ...]:
    """Return (forward, derivative) of an elementwise activation as functions of float64 arrays.

    `params` may only be `approximate=True` for gelu. Limits hold at ±inf, NaN gives NaN.
    """
    functions = _TABLE["gelu_tanh" if params.get("approximate") else name]
    return tuple(_quiet(function) for function in functions)


def _quiet(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    def call(x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            return np.where(np.isnan(x), np.nan, function(x))

    return call
