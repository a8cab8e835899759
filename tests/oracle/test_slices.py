"""Hold the references of the axis kinds against numerical differentiation and known values."""

from __future__ import annotations

import random

import pytest
from mpmath import almosteq, inf, isnan, log, mp, mpf, nan

from tests.oracle.gated import GATES, gated
from tests.oracle.normalization import (
    MASKED_VALUE,
    NORMALIZATIONS,
    hardmax,
    log_softmax,
    softmax,
    sparsemax,
    under_mask,
)
from tests.oracle.reshaping import crelu, crelu_vjp, maxout, maxout_vjp

RANDOM = random.Random(5)
X = [RANDOM.gauss(0, 1) for _ in range(6)]
DY = [RANDOM.gauss(0, 1) for _ in range(6)]
U = [RANDOM.random() for _ in range(6)]
STEP = mpf(2) ** -60


@pytest.mark.parametrize("name", sorted(NORMALIZATIONS))
def test_vjp_is_the_gradient_of_the_weighted_sum(name):
    forward, vjp = NORMALIZATIONS[name]
    random_numbers = [U] if name == "gumbel_softmax" else []
    gradient = vjp(X, *random_numbers, DY)
    with mp.workprec(160):
        for i in range(len(X)):
            ends = []
            for sign in (-1, 1):
                moved = [mpf(v) + (sign * STEP if j == i else 0) for j, v in enumerate(X)]
                results = forward(moved, *random_numbers)
                ends.append(sum(a * b for a, b in zip(results, DY, strict=True)))
            assert almosteq((ends[1] - ends[0]) / (2 * STEP), gradient[i], abs_eps=1e-16)


def test_known_slices():
    with mp.workprec(160):
        assert almosteq(softmax([0, log(3)])[1], mpf(3) / 4)
        assert almosteq(sum(softmax(X)), 1)
        assert almosteq(log_softmax([1000, 0])[1], -1000)
        assert 0 > log_softmax([1000, 0])[0] > -(mpf(10) ** -400)
    assert sparsemax([0.5, 0.25, -1]) == [0.625, 0.375, 0]
    assert sparsemax([3, 1]) == [1, 0]
    assert hardmax([1, 3, 3]) == [0, 1, 0]


def test_special_slices():
    assert softmax([]) == []
    assert all(isnan(v) for v in softmax([0, nan]))
    assert all(isnan(v) for v in softmax([-inf, -inf]))
    assert softmax([-inf, 0]) == [0, 1]
    assert log_softmax([-inf, 0]) == [-inf, 0]


def test_masks():
    for name, value in MASKED_VALUE.items():
        function = under_mask(NORMALIZATIONS[name][0], value)
        assert function([1.0, 5.0], mask=[False, False]) == [value, value]
        assert function([1.0, 5.0, 1.0], mask=[True, False, True])[1] == value
        assert function([1.0], mask=[True]) == NORMALIZATIONS[name][0]([1.0])


@pytest.mark.parametrize("name", sorted(GATES))
def test_slopes_of_the_gated(name):
    with mp.workprec(160):
        for gate, value in ((0.7, -1.3), (-2.1, 0.4)):
            _, along_gate, along_value = gated(name, gate, value)
            by_gate = [gated(name, mpf(gate) + s * STEP, value)[0] for s in (-1, 1)]
            by_value = [gated(name, gate, mpf(value) + s * STEP)[0] for s in (-1, 1)]
            assert almosteq((by_gate[1] - by_gate[0]) / (2 * STEP), along_gate, abs_eps=1e-16)
            assert almosteq((by_value[1] - by_value[0]) / (2 * STEP), along_value, abs_eps=1e-16)


def test_reshaping():
    assert crelu([1, -2, 0]) == [1, 0, 0, 0, 2, 0]
    assert crelu_vjp([1, -2, 0], [10, 20, 30, 40, 50, 60]) == [10, -50, 0]
    assert maxout([1, 5, 4, 2], 2) == [5, 4]
    assert maxout_vjp([1, 5, 4, 4], [10, 20], 2) == [0, 10, 20, 0]
