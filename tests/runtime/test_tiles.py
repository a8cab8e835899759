"""Tiles: views of rows, and reductions in an order that no CPU changes."""

import numba
import numpy as np
import pytest

from actgen.intrinsics import (
    copied,
    largest_of,
    opened,
    position_of,
    quick_sum_of,
    scratch,
    single,
    sum_of,
    window,
)

LENGTHS = (0, 1, 5, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 130)


@numba.njit(error_model="numpy")
def reduced(x, row, start, count):
    part = window(x, (row,), start, count)
    largest = largest_of(part)
    found = position_of(part, largest) if count and largest == largest else -1
    return sum_of(part), largest, found


@numba.njit(error_model="numpy")
def quickly(x, count):
    return quick_sum_of(window(x, (), 0, count))


@numba.njit(error_model="numpy")
def doubled(x, place, count):
    buffer = scratch(64, single(0.0))
    part = copied(opened(x, place, 1, count, buffer), buffer)
    result = np.empty(count, np.float32)
    for j in range(count):
        result[j] = part[j] + part[j]
    return result


def in_lanes(values, pairs):
    """Add as the reductions say they do."""
    values = values.astype(np.float32 if pairs else np.float64)
    whole = len(values) // 32 * 32
    lanes = np.zeros(16 if pairs else 32)
    for j in range(0, whole, 32):
        block = values[j : j + 32]
        lanes += (block[:16] + block[16:]).astype(float) if pairs else block
    for j in range(whole, len(values)):
        lanes[(j - whole) % len(lanes)] += float(values[j])
    while len(lanes) > 1:
        lanes = lanes[: len(lanes) // 2] + lanes[len(lanes) // 2 :]
    return lanes[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", LENGTHS)
def test_reductions(dtype, count):
    x = np.random.default_rng(count).normal(size=(3, 200)).astype(dtype)
    part = x[1, 3 : 3 + count]
    total, largest, found = reduced(x, 1, 3, count)
    assert total == in_lanes(part, pairs=False)
    if count:
        assert (largest, found) == (part.max(), part.argmax())
    else:
        assert (largest, found) == (-np.inf, -1)


@pytest.mark.parametrize("count", LENGTHS)
def test_pairs_are_added_in_float32(count):
    x = np.random.default_rng(count).normal(size=200).astype(np.float32)
    assert quickly(x, count) == in_lanes(x[:count], pairs=True)


@pytest.mark.parametrize("place", [0, 31, 32, 47, 60])
def test_a_nan_is_the_largest(place):
    x = np.zeros((1, 61), np.float32)
    x[0, place] = np.nan
    assert np.isnan(reduced(x, 0, 0, 61)[1])
    assert reduced(x, 0, place + 1, 60 - place)[1] == (0 if place < 60 else -np.inf)


def test_the_first_of_equals_is_found():
    x = np.zeros((1, 100), np.float32)
    x[0, [37, 41, 99]] = 1
    assert reduced(x, 0, 0, 100)[2] == 37


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_parts_of_rows_are_opened_as_float32(dtype):
    x = np.arange(60, dtype=dtype).reshape(2, 3, 10)
    seen = x.view(np.uint16) if dtype == np.float16 else x
    result = doubled(seen, (1, 2), 7)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, 2 * x[1, 2, 1:8].astype(np.float32))
    np.testing.assert_array_equal(doubled(seen[0, 1], (), 4), 2 * x[0, 1, 1:5])
