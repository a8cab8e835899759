"""Measure errors in units in the last place: results and exact values in, errors out.

The unit is that of the dtype at the exact value, 2^(max(floor(log2|v|), e_min) - p + 1), so
subnormal results count in their own unit. A result that is NaN or infinite where it must not be,
or the other way round, has an infinite error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import isinf, isnan, ldexp, mp, mpf


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: precision `p` in bits and the range of its exponents."""

    p: int
    e_min: int
    e_max: int

    def ulp(self, value: Any) -> Any:
        """Return the unit in the last place at a finite `mpf`."""
        exponent = self.e_min if value == 0 else int(mp.mag(value)) - 1
        return ldexp(mpf(1), min(max(exponent, self.e_min), self.e_max) - self.p + 1)

    @property
    def overflow(self) -> Any:
        """The smallest exact magnitude that rounds to infinity."""
        return ldexp(mpf(2) - ldexp(mpf(1), -self.p), self.e_max)


_FORMATS = {
    "float16": Format(11, -14, 15),
    "bfloat16": Format(8, -126, 127),
    "float32": Format(24, -126, 127),
    "float64": Format(53, -1022, 1023),
}


def format_of(dtype: Any) -> Format:
    """Return the format of a NumPy dtype or its name."""
    return _FORMATS[str(np.dtype(dtype)) if str(dtype) != "bfloat16" else "bfloat16"]


def error(computed: float, exact: Any, fmt: Format) -> float:
    """Return the error of one result, an ordinary float that holds it exactly."""
    if isnan(exact) or np.isnan(computed):
        return 0.0 if isnan(exact) and np.isnan(computed) else np.inf
    if isinf(exact) or np.isinf(computed):
        same_sign = (exact > 0) == (computed > 0)
        return 0.0 if np.isinf(computed) and same_sign and abs(exact) >= fmt.overflow else np.inf
    with mp.workprec(160):
        return float(abs(mpf(computed) - exact) / fmt.ulp(exact))


def errors(computed: Any, exact: Iterable[Any]) -> np.ndarray:
    """Return the error of every element of an array against exact `mpf` values."""
    fmt = format_of(computed.dtype)
    values = np.asarray(computed, dtype=np.float64).ravel()
    return np.array([error(v, e, fmt) for v, e in zip(values.tolist(), exact, strict=True)])


def errors_wide(computed: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Return the error of a narrow array against float64 values of the same shape."""
    fmt = format_of(computed.dtype)
    wide = computed.astype(np.float64)
    with np.errstate(all="ignore"):
        _, exponent = np.frexp(exact)
        exponent = np.where(exact == 0, fmt.e_min, exponent - 1)
        unit = np.ldexp(1.0, np.clip(exponent, fmt.e_min, fmt.e_max) - fmt.p + 1)
        result = np.abs(wide - exact) / unit
    overflow = np.abs(exact) >= float(fmt.overflow)
    both_nan = np.isnan(wide) & np.isnan(exact)
    both_inf = np.isinf(wide) & overflow & (np.signbit(wide) == np.signbit(exact))
    bad = ~np.isfinite(wide) | ~np.isfinite(exact)
    return np.where(both_nan | both_inf, 0.0, np.where(bad, np.inf, result))
