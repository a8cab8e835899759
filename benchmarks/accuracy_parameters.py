"""Measure activations with parameters drawn at random from the ranges that their specs allow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from actgen.codegen.measured import DRAWN
from benchmarks import accuracy_inputs as inputs
from benchmarks.accuracy_cases import DTYPES, QUANTITIES, Case
from benchmarks.accuracy_judge import Worst, figure, written
from benchmarks.accuracy_sweep import Figures

RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "relu": {"negative_slope": (0, 1), "max_value": (1, 20), "threshold": (0, 1)},
    "leaky_relu": {"negative_slope": (-1, 2)},
    "prelu": {"weight": (-1, 2)},
    "elu": {"alpha": (0.01, 5)},
    "celu": {"alpha": (0.01, 5)},
    "silu": {"beta": (-3, 3)},
    "clipped_gelu": {"min_val": (-1, 0), "max_val": (0.5, 20)},
    "hard_tanh": {"min_val": (-5, -0.5), "max_val": (0, 5)},
    "scaled_tanh": {"scale_a": (0.1, 3), "scale_b": (0.1, 3)},
    "softcap": {"cap": (0.5, 100)},
    "hard_shrink": {"lambd": (0, 3)},
    "soft_shrink": {"lambd": (0, 3)},
    "shrink": {"lambd": (0, 3), "bias": (-1, 1)},
    "threshold": {"threshold": (-2, 2), "value": (-5, 5)},
    "thresholded_relu": {"alpha": (-1, 3)},
    "softplus": {"beta": (0.1, 10)},
    "squareplus": {"b": (0.01, 50)},
    "snake": {"frequency": (0.1, 10)},
    "laplace": {"mu": (-2, 2), "sigma": (0.1, 3)},
    "step": {"threshold": (-2, 2)},
    "hard_sigmoid": {"slope": (0.05, 2), "offset": (-0.5, 1.5)},
    "rrelu": {"lower": (0, 0.25), "upper": (0.25, 1)},
}
_CANCELLING = {"snake": 1e6, "hard_sigmoid": 1e6}
"""Sums with zeros that no parameter makes exact: inputs up to here are asked."""


def measure(name: str, dtype: str, draws: int = 24) -> Figures:
    """Return the worst errors over random parameters, each with some fifty inputs."""
    rng = np.random.default_rng(list(name.encode()))
    worst: dict[tuple[int, str], tuple[float, str]] = {}
    count = 0
    for _ in range(draws):
        drawn = {p: float(rng.uniform(*limits)) for p, limits in RANGES[name].items()}
        case = Case(name, tuple(drawn.items()))
        x = _points(rng, name, list(drawn.values()), dtype)
        count += x.size
        for order in (0, 1):
            for tier in case.tiers(order):
                record = Worst(case, order, dtype)
                record.see_exactly(x, case.evaluate(order, tier, x))
                known = worst.get((order, tier), (0.0, ""))
                worst[order, tier] = max(known, (record.ulp, _place(record)))
    found: Figures = {}
    for (order, tier), (ulp, at) in worst.items():
        by_dtype = found.setdefault(f"{QUANTITIES[order]} with {DRAWN}", {})
        by_dtype.setdefault(dtype, {})[tier] = figure(ulp, at, count)
    return found


def _place(record: Worst) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in record.case.params)
    return "" if math.isnan(record.at) else f"{written(record.at, record.dtype)}, {given}"


def _points(rng: np.random.Generator, name: str, near: list[float], dtype: str) -> Any:
    info = np.finfo(dtype)
    scattered = [
        3 * rng.normal(size=16),
        rng.uniform(-90, 90, 12),
        rng.choice([-1, 1], 12) * np.exp(rng.uniform(-40, 40, 12)),
        [0.0, -0.0, 1e-30, -1e-30, float(info.max), -float(info.max)],
        list(inputs.neighbours(near, DTYPES[dtype], 1)),
    ]
    x = np.concatenate(scattered).astype(DTYPES[dtype])
    return x[np.abs(x) <= _CANCELLING.get(name, np.inf)]
