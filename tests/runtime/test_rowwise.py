"""The short way along the last axis: the same bits as the general way, and the same errors."""

import numpy as np
import pytest

import actgen

DTYPES = (np.float64, np.float32, np.float16)


def data(dtype, shape=(3, 5, 8), seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def general(f, x, **more):
    """Evaluate without the short way, which takes contiguous arrays alone."""
    spread = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)[..., ::2]
    spread[...] = x
    return f(spread, **more)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "swiglu", "glu"])
@pytest.mark.parametrize("tier", ["accurate", "fast"])
def test_both_ways_give_the_same_bits(name, dtype, tier):
    f = getattr(actgen, name)
    f = f.fast if tier == "fast" else f
    x = data(dtype)
    for _ in range(2):
        assert f(x).tobytes() == general(f, x).tobytes()
    dy = data(dtype, f(x).shape, seed=1)
    assert f.vjp(x, dy).tobytes() == general(f.vjp, x, dy=dy).tobytes()


def test_parameters_are_passed_on():
    x = data(np.float32)
    assert np.array_equal(actgen.swiglu(x, alpha=2.0), general(actgen.swiglu, x, alpha=2.0))
    assert not np.array_equal(actgen.swiglu(x, alpha=2.0), actgen.swiglu(x))


def test_out_may_be_the_input_of_a_normalization():
    x = data(np.float32)
    wanted = actgen.softmax(x)
    assert actgen.softmax(x, out=x) is x
    assert np.array_equal(x, wanted)


def test_out_that_overlaps_is_written_last():
    memory = data(np.float32, (64,))
    x, out = memory[:32].reshape(4, 8), memory[2:18].reshape(4, 4)
    wanted = actgen.glu(x)
    assert np.array_equal(actgen.glu(x, out=out), wanted)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: actgen.glu(np.ones((2, 3), np.float32)), "odd"),
        (lambda: actgen.softmax(np.ones((2, 3)), out=np.ones((3, 2))), "shape"),
        (lambda: actgen.softmax(np.float32(1)), "axis"),
    ],
)
def test_what_does_not_fit_is_an_error(make, error):
    with pytest.raises(ValueError, match=error):
        make()


def test_a_read_only_out_stays_as_it_is():
    out = np.zeros((2, 3))
    out.flags.writeable = False
    with pytest.raises(ValueError, match=r"read-only|writ"):
        actgen.softmax(np.ones((2, 3)), out=out)
    assert not out.any()


def test_empty_arrays_give_empty_results():
    assert actgen.softmax(np.empty((0, 4))).shape == (0, 4)
    assert actgen.glu(np.empty((3, 0))).shape == (3, 0)
