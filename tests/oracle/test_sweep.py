"""Hold the fast float64 references against the mpmath ones."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf
from numba import njit

from tests.oracle import errors, names, reference, sweep_reference
from tests.oracle.extended import BITS
from tests.oracle.sweep import compiled_formula, extended_reference

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


@pytest.mark.skipif(BITS < 64, reason="numpy.longdouble is float64 here; float64 is not swept")
@pytest.mark.parametrize(("name", "params"), CASES)
def test_extended_references_are_good_for_float64(name, params):
    points = _points()
    points = np.concatenate([points, np.linspace(-740, 740, 101), [1e-300, -1e-200, 1e300, -1e154]])
    points = points[np.isfinite(points)]
    for order, (values, largest) in enumerate(extended_reference(name, points, **params)):
        for x, value, scale in zip(points.tolist(), values, largest, strict=True):
            exact, head = reference(name, params)(x, order), float(value)
            with mp.workprec(160):
                if 1e-300 < abs(head) < np.inf:
                    off = abs(mpf(head) + mpf(float(value - np.longdouble(head))) - exact)
                    assert off <= mpf(float(scale)) * mpf(2) ** -58, x
                elif abs(exact) < 2**1023:
                    assert abs(mpf(head) - exact) <= mpf(2) ** -1040, x


@pytest.mark.parametrize(("name", "params"), CASES)
def test_compiled_references_are_good_for_float32(name, params):
    formula = compiled_formula(name, **params)

    @njit(error_model="numpy")
    def evaluate(x, values, slopes):
        for i in range(x.size):
            values[i], slopes[i] = formula(x[i])

    bits = np.arange(0, 2**32, 524_309, dtype=np.uint64).astype(np.uint32)
    x = bits.view(np.float32)[np.isfinite(bits.view(np.float32))].astype(np.float64)
    found = np.empty((2, x.size))
    evaluate(x, *found)
    for values, (exact, largest) in zip(found, extended_reference(name, x, **params), strict=True):
        unit = np.maximum(largest * 2.0**-24, 2.0**-149)
        right = np.abs(values - exact) <= 1e-6 * unit
        assert (right | ((values > 2.0**128) & (exact > 2.0**128))).all()
