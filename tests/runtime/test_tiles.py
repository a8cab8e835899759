"""Tiles: views of rows and reductions of them, in an order that no CPU and no layout changes."""

from fractions import Fraction

import numba
import numpy as np
import pytest

from actgen.intrinsics import (
    add_down,
    add_rests_down,
    add_weights_down,
    copied,
    fetch,
    largest_of,
    opened,
    position_of,
    quick_add_down,
    quick_add_weights_down,
    quick_sum_of,
    quick_sum_of_weights,
    room,
    scratch,
    single,
    sum_of,
    sum_of_rests,
    sum_of_weights,
    turn_back,
    turn_rows,
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


@numba.njit(error_model="numpy")
def along(x):
    return (
        *(sum_of(x), quick_sum_of(x)),
        *(sum_of_weights(x), quick_sum_of_weights(x), sum_of_rests(x)),
    )


@numba.njit(error_model="numpy")
def down(x, rows, stride, count, totals):
    add_down(x, rows, stride, count, totals[0])
    quick_add_down(x, rows, stride, count, totals[1])
    add_weights_down(x, rows, stride, count, totals[2])
    quick_add_weights_down(x, rows, stride, count, totals[3])
    add_rests_down(x, rows, stride, count, totals[4])


@numba.njit(error_model="numpy")
def to_and_fro(x, first, count, out):
    turned, buffer = np.zeros(28 * 128, np.float32), np.empty(28 * 128, np.float32)
    fetch(x, (first,), 0, x.shape[1])
    turn_rows(x, first, count, buffer, turned, 128)
    turn_back(turned, 128, out, first, count, buffer)
    return turned


@numba.njit(error_model="numpy")
def fill(direct, out, buffer):
    part = room(direct, out, (1,), 3, buffer, 7, 27)
    for j in range(27):
        part[j] = 1


def weights(count):
    """Return numbers from 0 to 2**31, of all sizes."""
    rng = np.random.default_rng(count)
    return (2.0 ** rng.uniform(-100, 31, count)).astype(np.float32)


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


@pytest.mark.parametrize("count", LENGTHS)
def test_weights_are_added_as_in_float64(count):
    x = weights(count)
    exact = sum(map(Fraction, x.astype(float).tolist()))
    assert float(along(x)[2]) == pytest.approx(float(exact), rel=2.0**-45)
    assert float(along(x)[3]) == pytest.approx(float(exact), rel=2.0**-24)
    x[count // 2 :][:1] = np.nan
    assert not count or np.isnan(along(x)[2:4]).all()


@pytest.mark.parametrize("count", LENGTHS)
def test_columns_are_added_as_rows_are(count):
    columns, stride = 20, 40
    matrix = weights(count * stride).reshape(count, stride)
    totals = np.zeros((5, 32))
    down(matrix.ravel(), count, stride, columns, totals)
    for c in range(columns):
        assert tuple(totals[:, c]) == along(np.ascontiguousarray(matrix[:, c]))


@pytest.mark.parametrize("place", [0, 31, 32, 47, 60, 64, 100, 129])
def test_a_nan_is_passed_over(place):
    x = np.zeros((1, 130), np.float32)
    x[0, place] = np.nan
    x[0, 65] = 3 if place != 65 else np.nan
    assert reduced(x, 0, 0, 130)[1] == 3
    assert reduced(x, 0, place, 1)[1] == -np.inf


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("length", [1, 5, 16, 17, 28])
@pytest.mark.parametrize("count", [1, 15, 16, 33, 128])
def test_rows_become_columns_and_rows_again(dtype, length, count):
    x = np.random.default_rng(count).normal(size=(count + 3, length + 2)).astype(dtype)
    seen = x.view(np.uint16) if dtype == np.float16 else x
    back = np.zeros_like(x)
    result = back.view(np.uint16) if dtype == np.float16 else back
    turned = to_and_fro(seen[:, 1:-1], 2, count, result[:, 1:-1])
    rows = x[2 : 2 + count, 1:-1]
    np.testing.assert_array_equal(turned.reshape(28, 128)[:length, :count], rows.T)
    np.testing.assert_array_equal(back[2 : 2 + count, 1:-1], rows)
    back[2 : 2 + count, 1:-1] = 0
    assert not back.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_room_is_in_the_row_if_that_holds_float32(dtype):
    for direct in (False, True):
        out, buffer = np.zeros((2, 40), dtype), np.zeros(50, np.float32)
        fill(direct, out.view(np.uint16) if dtype == np.float16 else out, buffer)
        row = direct and dtype == np.float32
        assert (out[1, 3:30] == row).all() and (buffer[7:34] == (not row)).all()
        assert out.sum() + buffer.sum() == 27


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
