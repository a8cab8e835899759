"""Judge results: arrays of results and of references in, errors in ULP and the worst one out.

References good to many digits judge all results; the worst are judged again by the oracle, in
exact arithmetic, and only those count. float64 is held to the unit of its largest term near a zero,
where the terms of a result cancel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf
from numba import njit

from actgen.codegen.budgets import NEAR_ZERO
from benchmarks.accuracy_cases import Case
from tests.oracle import Format, format_of, reference
from tests.oracle.ulp import error

Array = np.ndarray
_CLOSE = 1e-5  # ULP, to which the fast references are good: an error is looked into from so much on
_RETRIALS = 2**14  # results of one chunk that the oracle judges at most


def narrow_errors(computed: Array, exact: Array, dtype: Any) -> Array:
    """Return the errors of results of a narrow dtype against float64 references."""
    fmt = format_of(dtype)
    wide = computed if computed.dtype == np.float32 else computed.astype(np.float32)
    errors = np.empty(exact.shape)
    limits = (fmt.e_min, fmt.e_max, fmt.p - 1, float(fmt.overflow))
    _narrow(wide, exact, exact.view(np.int64), *limits, errors)
    return errors


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _narrow(computed, exact, bits, least, most, fraction, overflow, errors):  # type: ignore[no-untyped-def]
    for i in range(exact.size):
        value, number = exact[i], np.float64(computed[i])
        exponent = min(max(((bits[i] >> 52) & 2047) - 1023, least), most)
        unit = np.int64((1023 + fraction - exponent) << 52).view(np.float64)
        size = abs(number - value) * unit
        both_nan = (number != number) & (value != value)
        finite = (abs(number) < np.inf) & (abs(value) < np.inf)
        vast = (abs(number) == np.inf) & (abs(value) >= overflow) & (number * value > 0)
        errors[i] = 0.0 if both_nan | vast else (size if finite else np.inf)


def extended_errors(computed: Array, exact: Array, largest: Array) -> Array:
    """Return the errors of results against references in extended precision.

    `largest` are the numbers whose unit counts.
    """
    fmt = format_of(computed.dtype)
    computed = computed.astype(np.float64)
    finite = np.isfinite(computed) & np.isfinite(exact)
    with np.errstate(all="ignore"):
        scale = np.where(np.isfinite(largest), largest, 1)
        exponent = np.clip(np.frexp(scale)[1] - 1, fmt.e_min, fmt.e_max)
        exponent = np.where(scale == 0, fmt.e_min, exponent)
        size = np.ldexp(np.abs(computed - exact), fmt.p - 1 - exponent).astype(np.float64)
        vast = np.isinf(computed) & (np.abs(exact) >= _overflow(fmt)) & (computed * exact > 0)
    right = vast | (np.isnan(computed) & np.isnan(exact))
    return np.where(right, 0.0, np.where(finite, size, np.inf))


def unit_of(exact: Array, largest: Array) -> Array:
    """Return whose unit counts: results themselves, but their largest term near a zero."""
    return np.where(np.abs(exact) < NEAR_ZERO * largest, largest, np.abs(exact))


def _overflow(fmt: Format) -> Any:
    """Return the smallest magnitude that rounds to infinity; no float64 holds that of float64."""
    return np.ldexp(np.longdouble(2) - np.longdouble(2.0**-fmt.p), fmt.e_max)


def exact_error(case: Case, order: int, dtype: str, x: float, computed: float) -> float:
    """Return the error of one result as the oracle sees it."""
    fmt = format_of(dtype)
    parts = reference(case.name, dict(case.params)).terms(x, order)
    with mp.workprec(160):
        exact = sum(parts, mpf(0))
        size = error(computed, exact, fmt)
        largest = max(map(abs, parts))
        if dtype == "float64" and 0 < size < math.inf and abs(exact) < NEAR_ZERO * largest:
            size *= float(fmt.ulp(exact) / fmt.ulp(largest))
    return size


@dataclass
class Worst:
    """The largest error of one quantity, dtype and tier, and where it is."""

    case: Case
    order: int
    dtype: str
    ulp: float = 0.0
    at: float = math.nan
    inputs: int = 0

    def see(self, x: Array, computed: Array, errors: Array) -> None:
        """Take in the results for an array of inputs, with their errors by a fast reference."""
        self.inputs += x.size
        suspects = np.flatnonzero(errors > self.ulp + _CLOSE)
        suspects = suspects[np.argsort(-errors[suspects], kind="stable")]
        for count, index in enumerate(suspects):
            size = float(errors[index])
            if size <= self.ulp + _CLOSE:
                break
            if count < _RETRIALS:  # after so many there is no doubt that something is wrong
                size = self._exact(x[index], computed[index])
            self._take(x[index], size)

    def see_exactly(self, x: Array, computed: Array) -> None:
        """Take in the results for a few inputs, all judged by the oracle."""
        self.inputs += x.size
        for place, result in zip(x, computed, strict=True):
            self._take(place, self._exact(place, result))

    def _exact(self, x: Any, computed: Any) -> float:
        return exact_error(self.case, self.order, self.dtype, float(x), float(computed))

    def _take(self, x: Any, size: float) -> None:
        if size > self.ulp:
            self.ulp, self.at = size, float(x)

    @property
    def figure(self) -> dict[str, Any]:
        return figure(self.ulp, written(self.at, self.dtype), self.inputs)


def figure(ulp: float, at: str, inputs: int) -> dict[str, Any]:
    """Return what the table says of a measurement; JSON has no infinity but as text."""
    shown = round(ulp, 4) if ulp < 100 else float(f"{ulp:.4g}")
    return {"ulp": shown if ulp < math.inf else "inf", "at": at, "inputs": inputs}


def written(x: float, dtype: str) -> str:
    """Return a number of a dtype so that its digits tell it from its neighbours."""
    digits = {"float64": 17, "float32": 9, "float16": 5, "bfloat16": 4}[dtype]
    return "" if math.isnan(x) else f"{x:.{digits}g}"
