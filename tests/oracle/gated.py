"""Give the exact results of the gated activations: a gate and a value in, result and slopes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

from tests.oracle.table import PRECISION, reference

GATES: dict[str, Callable[..., tuple[str, dict[str, Any]]]] = {
    "glu": lambda: ("sigmoid", {}),
    "swiglu": lambda alpha=1.0: ("silu", {"beta": alpha}),
    "geglu": lambda approximate=False: ("gelu", {"approximate": approximate}),
    "reglu": lambda: ("relu", {}),
    "bilinear_glu": lambda: ("linear", {}),
}
"""The elementwise activation that each applies to its gate."""

GATE_SECOND = {"glu"}
"""Those whose gate is the second half of the axis; all others have it in the first."""


def gated(name: str, gate: Any, value: Any, **params: Any) -> tuple[Any, Any, Any]:
    """Return (result, slope along the gate, slope along the value) at one pair of numbers."""
    with mp.workprec(PRECISION):
        function = reference(*GATES[name](**params))
        weight, value = function.forward(gate), mpf(value)
        return weight * value, function.derivative(gate) * value, weight
