"""Describe the floating-point formats that kernels compute in: rounding, and error in ULP."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np

Name: TypeAlias = Literal["float64", "float32"]


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: its name, bits of precision, smallest normal exponent."""

    name: Name
    bits: int
    least: int

    @property
    def rounder(self) -> float:
        """Return what rounds a small number that it is added to, to an integer n.

        The low bits of the sum are the exponent of 2**n: see the operation `power2_rounded`.
        """
        return 1.5 * 2.0 ** (self.bits - 1) + 1 - self.least

    def nearest(self, value: Fraction) -> float:
        """Return the number nearest to a fraction, infinite beyond the largest one."""
        try:
            number = value.numerator / value.denominator
        except OverflowError:
            number = math.inf if value > 0 else -math.inf
        if self.name == "float64":
            return number
        with np.errstate(over="ignore"):
            return float(np.float32(number))

    def holds(self, value: Fraction) -> bool:
        """Tell whether a fraction is one of the numbers of the format."""
        number = self.nearest(value)
        return math.isfinite(number) and Fraction(number) == value

    def ulp(self, exact: Any) -> Any:
        """Return the distance of neighbours at each number of a float64 array."""
        _, exponent = np.frexp(np.where(np.isfinite(exact), exact, 0.0))
        exponent = np.where(exact == 0, self.least, exponent - 1)
        return np.ldexp(1.0, np.maximum(exponent, self.least) - self.bits + 1)


FLOAT64 = Format("float64", 53, -1022)
FLOAT32 = Format("float32", 24, -126)
FORMATS: dict[Name, Format] = {f.name: f for f in (FLOAT64, FLOAT32)}
