"""Judge computed values against the oracle: an array of results in, the worst error out."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp, mpf

from tests.oracle import errors, errors_wide, format_of, reference, sweep_reference

BOUNDS = {"float16": 0.51, "bfloat16": 0.51, "float32": 1.0, "float64": 3.0}
NEAR_ZERO = 0.25
"""Where a sum is smaller than this part of its largest term, float64 counts in ULP of that."""


def report(name: str, order: int, x: np.ndarray, computed: np.ndarray, error: np.ndarray) -> str:
    """Describe the worst of some errors."""
    worst = int(np.argmax(error))
    place, value = float(x.ravel()[worst]), float(computed.ravel()[worst])
    count = int((error > BOUNDS[str(x.dtype)]).sum())
    return (
        f"{name} order {order} {x.dtype}: {error[worst]:.4g} ULP at x = {place!r} "
        f"({place.hex()}), where it gives {value!r}; {count} of {x.size} over the bound"
    )


def exact_errors(
    name: str,
    params: dict[str, Any],
    order: int,
    x: np.ndarray,
    computed: np.ndarray,
    near: float = NEAR_ZERO,
) -> np.ndarray:
    """Return the errors in ULP; in float64 near an irrational zero in ULP of the largest term."""
    function, fmt = reference(name, params), format_of(x.dtype)
    with np.errstate(invalid="ignore"):
        terms = [function.terms(v, order) for v in x.astype(np.float64).tolist()]
    with mp.workprec(160):
        exact = [sum(parts, mpf(0)) for parts in terms]
    result = errors(computed, exact)
    if x.dtype == np.float64:
        for i, (parts, value) in enumerate(zip(terms, exact, strict=True)):
            largest = max(map(abs, parts))
            if result[i] > BOUNDS["float64"] and abs(value) < near * largest:
                result[i] *= float(fmt.ulp(value) / fmt.ulp(largest))
    return result


def sweep_errors(
    name: str, params: dict[str, Any], order: int, x: np.ndarray, computed: np.ndarray
) -> np.ndarray:
    """Return errors of narrow results against float64, the suspects judged again exactly."""
    assert computed.dtype == x.dtype
    with np.errstate(invalid="ignore"):
        exact = sweep_reference(name, **params)[order](x.astype(np.float64))
    result = errors_wide(computed, exact)
    suspects = np.argsort(result)[::-1][:100]
    suspects = suspects[result[suspects] > 0.98 * BOUNDS[str(x.dtype)]]
    result[suspects] = exact_errors(name, params, order, x[suspects], computed[suspects])
    return result
