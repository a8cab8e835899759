"""Measure elementwise activations: a case in, the worst error of each dtype and tier out.

float16, bfloat16 and float32 are swept by bit patterns against compiled float64 references,
float64 at many points against references in extended precision. Each input is evaluated once for
value and derivative and all tiers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba import njit

from benchmarks import accuracy_inputs as inputs
from benchmarks.accuracy_cases import Case
from benchmarks.accuracy_judge import Worst, extended_errors, narrow_errors, unit_of
from tests.oracle.compiled import where
from tests.oracle.sweep import compiled_formula, ends, extended_reference

Array = np.ndarray
Progress = Callable[[float], None]
Figures = dict[str, dict[str, dict[str, dict[str, Any]]]]  # quantity, dtype, tier


def narrow(case: Case, dtype: str, stride: int, progress: Progress = lambda share: None) -> Figures:
    """Return the worst errors over all values of a narrow dtype, or every `stride`-th."""
    worst = _all(case, dtype)
    reference = compiled_reference(case)
    limits = np.array(ends(case.name, **dict(case.params)))
    total = inputs.chunks(dtype, stride)
    for number, x in enumerate(inputs.every(dtype, stride)):
        exact = np.empty((2, x.size))
        reference(x if dtype == "float32" else x.astype(np.float32), limits, *exact)
        for (order, tier), record in worst.items():
            computed = case.evaluate(order, tier, x)
            errors = narrow_errors(computed, exact[order], dtype)
            if np.isnan(limits[order]).any():  # nothing is asked of a value without a limit
                errors[np.abs(exact[0]) == np.inf] = 0.0
            record.see(x, computed, errors)
        progress((number + 1) / total)
    return _figures(case, dtype, worst)


def wide(case: Case, count: int, progress: Progress = lambda share: None) -> Figures:
    """Return the worst errors of float64 over so many points."""
    worst = _all(case, "float64")
    done = 0
    for x in inputs.scattered(case, count):
        exact = extended_reference(case.name, x, **dict(case.params))
        for (order, tier), record in worst.items():
            computed = case.evaluate(order, tier, x)
            value, largest = exact[order]
            record.see(x, computed, extended_errors(computed, value, unit_of(value, largest)))
        done += x.size
        progress(done / count)
    return _figures(case, "float64", worst)


def compiled_reference(case: Case) -> Any:
    """Return a Numba function that fills float64 arrays with value and derivative.

    It takes the inputs, and the limits at -inf and inf of both.
    """
    formula = compiled_formula(case.name, **dict(case.params))

    @njit(error_model="numpy", fastmath={"contract"})  # type: ignore[untyped-decorator]
    def fill(x, limits, values, slopes):  # type: ignore[no-untyped-def]
        for i in range(x.size):
            at = np.float64(x[i])
            value, slope = formula(at)
            low, high, nan = at == -np.inf, at == np.inf, at != at
            value = where(low, limits[0, 0], where(high, limits[0, 1], value))
            slope = where(low, limits[1, 0], where(high, limits[1, 1], slope))
            values[i] = where(nan, at, value)
            slopes[i] = where(nan, at, slope)

    return fill


def _all(case: Case, dtype: str) -> dict[tuple[int, str], Worst]:
    """Return a record for each order and tier, with the hard inputs seen."""
    worst = {key: Worst(case, key[0], dtype) for key in _keys(case)}
    x = inputs.hard(case, dtype)
    for (order, tier), record in worst.items():
        record.see_exactly(x, case.evaluate(order, tier, x))
    return worst


def _keys(case: Case) -> Iterator[tuple[int, str]]:
    for order in (0, 1):
        for tier in case.tiers(order):
            yield order, tier


def _figures(case: Case, dtype: str, worst: dict[tuple[int, str], Worst]) -> Figures:
    found: Figures = {}
    for (order, tier), record in worst.items():
        by_dtype = found.setdefault(case.quantity(order), {}).setdefault(dtype, {})
        by_dtype[tier] = record.figure
    return found
