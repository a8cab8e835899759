"""Name what is measured: activations with their default parameters, tiers, dtypes and budgets.

A `Case` is an activation and the case of its formula that a bool parameter picks. It evaluates the
kernels of both tiers, and knows the oracle's value of each result.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ml_dtypes
import numpy as np

import actgen
from tests.oracle import names

Array = np.ndarray
DTYPES: dict[str, np.dtype[Any]] = {
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
}
TIERS = ("accurate", "fast")
QUANTITIES = ("forward", "derivative")
"""By order of the derivative."""


@dataclass(frozen=True)
class Case:
    """An elementwise activation with the parameters given, all others at their defaults."""

    name: str
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def label(self) -> str:
        """The name of the case for people: `gelu(approximate=True)`."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.params)
        return f"{self.name}({given})" if given else self.name

    def quantity(self, order: int) -> str:
        """Return what the table calls the derivative of this order."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.params)
        return QUANTITIES[order] + (f" with {given}" if given else "")

    @cached_property
    def _tiers(self) -> Mapping[str, actgen.Activation]:
        accurate = actgen.get(self.name)
        accurate = accurate.with_params(**dict(self.params)) if self.params else accurate
        return {"accurate": accurate, "fast": accurate.fast}

    def tiers(self, order: int) -> tuple[str, ...]:
        """Return the tiers that have kernels of their own for the derivative of this order."""
        suffix = "".join(f"_{name}" for name, value in self.params if value is True)
        fast = f"{QUANTITIES[order]}{suffix}_fast_"
        found = any(name.startswith(fast) for name in vars(module(self.name)))
        return TIERS if found else TIERS[:1]

    def evaluate(self, order: int, tier: str, x: Array, out: Array | None = None) -> Array:
        """Return the derivative of the given order at `x`, as that tier computes it."""
        activation = self._tiers[tier]
        return activation(x, out=out) if order == 0 else activation.derivative(x, out=out)


def module(name: str) -> Any:
    """Return the generated module of an activation."""
    return importlib.import_module(f"actgen.generated.cpu.{name}")


def elementwise() -> list[Case]:
    """Return every elementwise activation; prelu, which has no defaults, is measured apart."""
    cases = [Case(name) for name in names() if name != "prelu"]
    cases.append(Case("gelu", (("approximate", True),)))
    return sorted(cases, key=lambda case: case.label)
