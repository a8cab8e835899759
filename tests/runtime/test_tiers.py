"""Check which kernels the fast tier takes: its own where the module has some, else the others."""

from __future__ import annotations

import pickle
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from actgen.activation import Activation
from actgen.loading import from_source

from .conftest import HERE, sample

# On the fast tier these answer 7 where the accurate kernels do not.
FAST = {
    "silu": """
@ufunc
def forward_fast_ufunc(x, beta):
    return narrow(7.0, x)


@kernel
def forward_fast_contiguous(x, out, beta):
    for i in range(out.size):
        out[i] = narrow(7.0, out)


@ufunc
def vjp_fast_ufunc(x, dy, beta):
    return narrow(7.0, x)


@kernel
def vjp_fast_contiguous(x, dy, out, beta):
    for i in range(out.size):
        out[i] = narrow(7.0, out)


@device
def scalar_fast(x, beta=1.0):
    return narrow(7.0, x)
""",
    "softmax": """
@kernel
def forward_fast_rows(x, out, tau):
    out[:] = narrow(7.0, out)


@kernel
def forward_fast_columns_masked(x, mask, out, tau):
    out[:] = narrow(7.0, out)
""",
    "swiglu": """
@kernel
def forward_fast_rows(gate, value, out, beta):
    out[:] = narrow(7.0, out)
""",
}


def two_tiers(name: str) -> tuple[Activation, Activation]:
    """A sample with some kernels of the fast tier, on both tiers."""
    text = (HERE / "samples" / f"{name}.py").read_text() + FAST[name]
    activation = from_source(sample(name)._record, text)
    return activation, activation.fast


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_elementwise_kernels_of_the_fast_tier_come_first(dtype: Any) -> None:
    accurate, fast = two_tiers("silu")
    x = np.linspace(-1, 1, 12).reshape(3, 4).astype(dtype)
    before = accurate(x)
    for each in (x, x[:, ::2], x.T, x[0, 0], list(x[0])):
        assert (fast(each) == 7).all() and not (accurate(each) == 7).any()
        assert (fast(each, np.ones(1)) == 7).all()
    for _ in range(3):  # the second call of a plain array takes a shorter way
        assert (fast(x[0]) == 7).all() and not (accurate(x[0]) == 7).any()
    assert (fast.vjp(x, x) == 7).all() and (fast.vjp(x, 1.0) == 7).all()
    assert (fast.vjp(x, x, beta=np.ones(1)) == 7).all()
    assert (fast(x, out=np.empty_like(x), where=x > 0)[x > 0] == 7).all()
    np.testing.assert_array_equal(accurate(x), before)
    assert fast.scalar.py_func.__name__ == "scalar_fast"
    assert accurate.scalar.py_func.__name__ == "scalar"


def test_quantities_without_a_fast_kernel_take_the_accurate_one() -> None:
    accurate, fast = two_tiers("silu")
    x = np.linspace(-1, 1, 12)
    for quantity in (
        lambda f: f.derivative(x),
        lambda f: f.derivative(x, 2),
        lambda f: f.vjp(x, 1.0, "beta"),
        lambda f: f.derivative(x[::2]),
    ):
        np.testing.assert_array_equal(quantity(fast), quantity(accurate))


def test_kernels_along_an_axis_have_tiers_too() -> None:
    accurate, fast = two_tiers("softmax")
    x = np.linspace(-1, 1, 24).reshape(2, 3, 4)
    mask = np.ones(x.shape, bool)
    assert (fast(x) == 7).all() and not (accurate(x) == 7).any()
    assert (fast(x, axis=1, where=mask) == 7).all()
    np.testing.assert_array_equal(fast(x, axis=1), accurate(x, axis=1))
    np.testing.assert_array_equal(fast(x, where=mask), accurate(x, where=mask))
    accurate, fast = two_tiers("swiglu")
    assert (fast(x) == 7).all() and not (accurate(x) == 7).any()
    np.testing.assert_array_equal(fast.vjp(x, 1.0), accurate.vjp(x, 1.0))


def test_the_tier_survives_what_makes_another_activation() -> None:
    accurate, fast = two_tiers("silu")
    x = np.linspace(0.5, 1, 5)
    for other in (
        fast.fast,
        fast.with_params(beta=2.0),
        accurate.with_params(beta=2.0).fast,
        pickle.loads(pickle.dumps(fast)),
    ):
        assert other.is_fast and (other(x) == 7).all() and (other(x) == 7).all()
    assert accurate.fast == fast and hash(accurate.fast) == hash(fast)
    assert accurate != fast


# Narrow kernels that are off by 1 show where the float64 one is used instead.
OFF = """
@device
def forward_off(like, x, beta):
    return forward(x, beta) if is_double(like) else forward(x, beta) + 1.0


@ufunc
def forward_ufunc(x, beta):
    return narrow(forward_off(x, load(x), beta), x)


@kernel
def forward_contiguous(x, out, beta):
    for i in range(out.size):
        out[i] = narrow(forward_off(out, load(x[i]), at(beta, i)), out)
"""


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_parameters_that_float32_cannot_hold_are_computed_with_in_float64(dtype: Any) -> None:
    text = (HERE / "samples" / "silu.py").read_text().replace("    at,", "    at,\n    is_double,")
    off = from_source(sample("silu")._record, text + OFF)
    x = np.linspace(-3, 3, 40).astype(dtype).reshape(5, 8)
    wide = x.astype(np.float64)
    for beta, offset in ((1.0, 1), (2.0**-60, 1), (1e-19, 0), (2.0**60, 1), (1e19, 0)):
        expected = sample("silu")(wide, beta) + offset
        for _ in range(2):
            for each, value in ((x, expected), (x[:, ::2], expected[:, ::2]), (x[0], expected[0])):
                result = off(each, beta)
                assert result.dtype == dtype
                np.testing.assert_array_equal(result, value.astype(dtype))
                np.testing.assert_array_equal(off(each, np.full(1, beta)), value.astype(dtype))
    betas = np.where(np.arange(40) % 3, 1.5, 1e-30).reshape(x.shape)
    expected = sample("silu")(wide, betas) + (betas == 1.5)
    np.testing.assert_array_equal(off(x, betas), expected.astype(dtype))
    np.testing.assert_array_equal(off(wide, 1e-30), sample("silu")(wide, 1e-30))
