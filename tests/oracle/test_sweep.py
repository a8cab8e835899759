"""Hold the fast float64 references against the mpmath ones."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import errors, names, reference, sweep_reference

CASES = [(name, {}) for name in names() if name != "prelu"] + [("gelu", {"approximate": True})]


def _points():
    rng = np.random.default_rng(7)
    places = [0, 0.5, 1, 3, 6, 10, np.inf, 3e38, 1e-45]
    special = [np.nan, *places, *(-place for place in places)]
    scaled = np.exp(rng.uniform(-100, 88, 25)) * rng.choice([-1, 1], 25)
    points = np.concatenate([special, scaled, 3 * rng.normal(size=20), rng.uniform(-110, 110, 30)])
    return points.astype(np.float32).astype(np.float64)


@pytest.mark.parametrize(("name", "params"), CASES)
def test_sweep_references_are_good_for_float32(name, params):
    points = _points()
    for order, function in enumerate(sweep_reference(name, **params)):
        with np.errstate(over="ignore"):
            computed = function(points).astype(np.float32)
        exact = [reference(name, params)(x, order) for x in points.tolist()]
        assert errors(computed, exact).max() < 0.5001
