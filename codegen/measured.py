"""Read the table of measured errors: a file in, figures out, and those over their budgets.

`make accuracy` writes the table, which is committed. Nothing is measured here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from actgen.codegen.activation import ActivationSpec
from actgen.codegen.budgets import PARAMETERS, budgets

Figure: TypeAlias = Mapping[str, Any]
"""One measurement: the largest error `ulp`, the input it is `at`, and the number of `inputs`."""
Figures: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Figure]]]
"""By quantity ("forward", "derivative with approximate=True"), dtype, and tier or library."""

DRAWN = "random parameters"
"""What the name of a quantity ends with where parameters were drawn."""
ROWS = "rows of"
"""What the name of a quantity begins with where results share a sum of so many terms."""


def read(path: Path) -> dict[str, Figures]:
    """Return the figures of each activation, none where there is no table."""
    table = json.loads(path.read_bytes()) if path.exists() else {}
    return {name: entry["figures"] for name, entry in table.items()}


def budget(spec: ActivationSpec, quantity: str, dtype: str, tier: str) -> float:
    """Return the budget of a quantity in ULP."""
    limit = budgets(spec, tier)[dtype]
    if quantity.endswith(DRAWN) and tier == "accurate":
        limit = max(limit, PARAMETERS[dtype])
    if quantity.startswith(ROWS) and dtype == "float64":
        limit += int(quantity.split()[-1].replace(",", "")) / 2  # the sum may round at each term
    return limit


def failures(spec: ActivationSpec, figures: Figures) -> Iterator[str]:
    """Yield a line for each figure that is over its budget."""
    for quantity, dtypes in figures.items():
        for dtype, tiers in dtypes.items():
            for tier in ("accurate", "fast"):
                if tier in tiers:
                    ulp, limit = float(tiers[tier]["ulp"]), budget(spec, quantity, dtype, tier)
                    if ulp > limit or (ulp == limit and dtype == "float32"):
                        yield (
                            f"{spec.name}: {quantity} in {dtype}, {tier} tier, is {ulp:g} ULP off"
                            f" at x = {tiers[tier]['at']}; the budget is {limit:g}"
                        )
