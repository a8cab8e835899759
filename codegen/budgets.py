"""Say how large errors may be: a spec, dtype and tier in, a budget in ULP out.

The float32 budget of the accurate tier is for errors below it, all others include it.
"""

from __future__ import annotations

from actgen.codegen.activation import ActivationSpec

ACCURATE = {"float16": 0.51, "bfloat16": 0.51, "float32": 1.0, "float64": 3.0}
FAST = {"float16": 0.51, "bfloat16": 0.51, "float32": 4.0, "float64": 8.0}
# beside the rounding of the sum
NORMALIZED = dict.fromkeys(ACCURATE, 2.0)
NORMALIZED_FAST = dict.fromkeys(ACCURATE, 4.0) | {"float64": 8.0}
NEAR_ZERO = 0.25
"""Where a sum is smaller than this part of its largest term, float64 counts in ULP of that."""
PARAMETERS = ACCURATE | {"float32": 2.0}
"""The budgets for parameters other than the defaults."""


def budgets(spec: ActivationSpec, tier: str = "accurate") -> dict[str, float]:
    """Return the budget of each dtype, for defaults; a spec's own ones are of the accurate tier."""
    summed = spec.kind == "normalization"
    if tier == "fast":
        usual, own = (NORMALIZED_FAST if summed else FAST), dict(spec.accuracy)
        return {dtype: max(limit, own.get(dtype, 0.0)) for dtype, limit in usual.items()}
    return (NORMALIZED if summed else ACCURATE) | dict(spec.accuracy)
