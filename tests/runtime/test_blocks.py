"""Arrays of any strides and array parameters give the bits of plain calls."""

import itertools
import sys

import numpy as np
import pytest

import actgen
from actgen import blocks

DTYPES = ("float16", "float32", "float64")


def normal(shape, dtype, seed=0):
    return (3 * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def views(dtype):
    """Yield arrays with gaps, backwards, turned, repeated, and of many axes."""
    line = normal(40_000, dtype)
    for step in (2, 3, -1, -2, 17):
        yield line[::step]
    plane = normal((130, 70), dtype)
    yield from (plane.T, plane[:, ::2], plane[::3, 5:60], plane[::-1, ::-1], plane[:1], plane[:, 3])
    yield np.broadcast_to(line[:70], (30, 70))
    yield np.broadcast_to(line[:30, None], (30, 70))
    cube = normal((3, 4, 5, 6, 7, 8), dtype)
    for order in itertools.islice(itertools.permutations(range(6)), 0, 720, 83):
        yield cube.transpose(order)[..., ::2]
    yield normal((2, 2500, 3), dtype).transpose(1, 0, 2)[:, :, :2]
    yield plane[:0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_strides_change_no_bit(dtype):
    for x in views(dtype):
        plain = np.ascontiguousarray(x)
        dy = normal(x.shape, dtype, 1)
        for f in (actgen.silu, actgen.relu.fast):
            expected = f(plain.reshape(-1)).reshape(x.shape)
            np.testing.assert_array_equal(f(x), expected)
            slope = f.vjp(plain, dy)
            np.testing.assert_array_equal(f.vjp(x, dy), slope)
            np.testing.assert_array_equal(f.vjp(x, np.broadcast_to(dy, x.shape)), slope)
            out = np.zeros((*x.shape[:-1], 2 * x.shape[-1] + 1), dtype)
            assert f(x, out=out[..., ::2][..., :-1]) is not None
            np.testing.assert_array_equal(out[..., :-1:2], expected)
            assert not out[..., 1::2].any()
            turned = np.zeros(x.shape[::-1], dtype).T
            np.testing.assert_array_equal(f(x, out=turned), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_second_element_of_any_length(dtype):
    line = normal(700, dtype)
    expected = actgen.relu(line)
    for length in (*range(1, 50), *range(60, 85), *range(125, 131), 255, 256, 257, 320, 336, 350):
        last = line[::-1][: 2 * length - 1 : 2][::-1]  # nothing behind it is its own
        np.testing.assert_array_equal(
            actgen.relu(line[: 2 * length : 2]), expected[: 2 * length : 2]
        )
        np.testing.assert_array_equal(actgen.relu(last), expected[-2 * length + 1 :: 2])


def test_read_only_arrays_compile_nothing_anew():
    x = normal((40, 60), "float32")
    expected = actgen.silu(x[:, ::2])
    kernel = sys.modules["actgen.generated.cpu.silu"].forward_default_contiguous
    walk = blocks._walker(kernel, 1)
    known = len(walk.signatures)
    x.flags.writeable = False
    np.testing.assert_array_equal(actgen.silu(x[:, ::2]), expected)
    assert len(walk.signatures) == known


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("held", ["float32", "float64"])
def test_array_parameters_change_no_bit(dtype, held):
    x = normal((60, 300), dtype)
    for shape in ((300,), (60, 1), (1, 1), (60, 300), (1, 300)):
        values = np.random.default_rng(2).uniform(0.5, 2, shape).astype(held)
        each = np.broadcast_to(values, x.shape)
        for f in (actgen.silu, actgen.elu, actgen.elu.fast):
            expected = [f(x[i, j : j + 1], float(each[i, j]))[0] for i, j in ((0, 0), (17, 299))]
            for _ in range(2):  # the second call takes the short way
                result = f(x, values)
                assert result.dtype == x.dtype
                assert [result[0, 0], result[17, 299]] == expected
            np.testing.assert_array_equal(f(x, np.asfortranarray(each)), result)
            np.testing.assert_array_equal(f(x.T, each.T), result.T)


def test_short_ways_check_their_parameters():
    x = normal((8, 8), "float32")
    good, bad = np.full(8, 0.5, np.float32), np.full(8, -1.0, np.float32)
    f = actgen.get("softplus")
    f(x, beta=good)
    f(x, beta=good)
    for wrong in (bad, np.zeros(8, np.float32), np.full(8, np.nan, np.float32)):
        with pytest.raises(ValueError, match="beta"):
            f(x, beta=wrong)
    with pytest.raises(ValueError, match="broadcast"):
        f(x, beta=np.full(7, 0.5, np.float32))


def test_extreme_entries_are_computed_in_float64():
    x = normal((4, 64), "float32")
    values = np.full(64, 0.75)
    for _ in range(2):
        actgen.silu(x, values)
        values[3] = 1e-30
        result = actgen.silu(x, values)
        np.testing.assert_array_equal(result[:, 3], actgen.silu(x[:, 3], 1e-30))
        values[3] = 0.75


def test_a_short_way_may_widen_the_shape_or_overlap():
    x = normal((64,), "float32")
    values = np.linspace(0.5, 2, 3 * 64, dtype=np.float32).reshape(3, 64)
    actgen.silu(x, values[0])
    assert actgen.silu(x, values).shape == (3, 64)
    own = x.copy()
    np.testing.assert_array_equal(actgen.silu(own, own, out=own), actgen.silu(x, x))


def test_tables_of_too_many_axes_are_left_to_others():
    x = np.zeros((40, 2, 40, 2, 2, 2, 2), np.float32)[:, :1, :, :1, :1, ::2, :1]
    wide = np.zeros((40, 3, 40, 3, 40, 3), np.float32)[:, ::2, :, ::2, :, ::2]
    assert blocks._tables(((x.shape, x.strides),), 1) is not None
    assert blocks._tables(((wide.shape, wide.strides),), 1) is None
    np.testing.assert_array_equal(actgen.relu(wide), wide)


def test_threads_share_strided_arrays():
    x = normal(2**20, "float32")[::2]
    expected = actgen.silu(np.ascontiguousarray(x))
    with actgen.num_threads(3):
        np.testing.assert_array_equal(actgen.silu(x), expected)
        square = normal((700, 700), "float32")
        values = np.linspace(0.5, 2, 700, dtype=np.float32)
        whole = actgen.silu(square, values)
    with actgen.num_threads(1):
        np.testing.assert_array_equal(actgen.silu(square, values), whole)
