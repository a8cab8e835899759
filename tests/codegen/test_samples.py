"""Sample inputs: every size of both signs, bends, and the neighbours of kinks and zeros."""

import math

import numpy as np
import pytest

from actgen.codegen.samples import around, spread, zeros

NEXT = np.nextafter


def test_the_spread_is_finite_float32_in_order():
    x = spread()
    assert x.dtype == np.float32
    assert np.isfinite(x).all() and (np.diff(x) > 0).all()


def test_the_spread_has_every_size_of_both_signs():
    x = spread()
    for sign in (1, -1):
        _, exponents = np.frexp(sign * x[sign * x > 0])
        assert set(range(-125, 129)) <= set(exponents.tolist())
        subnormal = x[(sign * x > 0) & (np.abs(x) < 2.0**-126)]
        assert subnormal.size > 20


def test_the_spread_is_dense_where_activations_bend():
    x = spread()
    for low, high, step in ((-6, 6, 0.004), (-20, 20, 0.03), (-110, 100, 0.2)):
        inside = x[(x >= low) & (x <= high)]
        assert np.diff(inside.astype(np.float64)).max() < step


def test_places_come_with_their_neighbours():
    one = np.float32(1)
    assert set(around([1.0]).tolist()) == {1.0, float(NEXT(one, 2)), float(NEXT(one, 0))}
    zero = set(around([0.0]).tolist())
    assert zero == {0.0, 2.0**-149, -(2.0**-149)}
    assert around([0.1]).dtype == np.float32


@pytest.mark.parametrize("place", [math.inf, -math.inf, math.nan, 1e39])
def test_places_beyond_the_format_are_left_out(place):
    assert around([place]).size == 0


def bracket(root):
    """Return the float32 numbers on either side of a number."""
    nearest = np.float32(root)
    if float(nearest) > root:
        return float(NEXT(nearest, np.float32(-np.inf))), float(nearest)
    return float(nearest), float(NEXT(nearest, np.float32(np.inf)))


def test_zeros_are_found_to_the_last_bit():
    def function(x):
        wide = x.astype(np.float64)
        return wide * wide - 2

    found = set(zeros(function, spread()).tolist())
    for root in (math.sqrt(2), -math.sqrt(2)):
        assert found >= set(bracket(root))


def test_zeros_are_found_among_subnormal_numbers_and_large_ones():
    for root in (2.5 * 2.0**-149, 1.7e38, -3.1e-30):
        found = zeros(lambda x, root=root: x.astype(np.float64) - root, spread())
        assert set(found.tolist()) >= set(bracket(root))


def test_without_a_change_of_sign_there_is_nothing_to_find():
    assert zeros(lambda x: x.astype(np.float64) ** 2 + 1, spread()).size == 0
    assert zeros(lambda x: np.full(x.shape, np.nan), spread()).size == 0
