"""Hold every elementwise activation to one treatment of NaN, infinities, zeros and subnormals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from mpmath import isnan

import actgen
from tests.activations.cases import CASES, DTYPES, bound, case_id, evaluate, neighbours
from tests.activations.judge import BOUNDS
from tests.oracle import errors, reference

every_case = pytest.mark.parametrize(("name", "params"), CASES, ids=case_id)
every_dtype = pytest.mark.parametrize("dtype", list(DTYPES))

ODD = (
    *("linear", "tanh", "scaled_tanh", "softcap", "softsign", "hard_tanh"),
    *("tanh_shrink", "soft_shrink", "hard_shrink", "shrink"),
)


# the second derivatives of both 16-bit types are computed alike
every_order = pytest.mark.parametrize(
    ("dtype", "order"),
    [(dtype, order) for dtype in DTYPES for order in (0, 1, 2) if (dtype, order) != ("float16", 2)],
)


@every_case
@every_order
def test_nan_in_nan_out(name, params, dtype, order):
    x = np.array([np.nan, -np.nan, 1.0]).astype(DTYPES[dtype])
    result = evaluate(name, params, x, order)
    assert np.isnan(result[:2]).all()
    assert not np.isnan(result[2])


@every_case
@every_order
def test_limits_at_infinity(name, params, dtype, order):
    x = np.array([-np.inf, np.inf]).astype(DTYPES[dtype])
    exact = [reference(name, params)(v, order) for v in (-np.inf, np.inf)]
    result = evaluate(name, params, x, order)
    for value, limit in zip(result, exact, strict=True):
        if not isnan(limit):
            assert errors(np.array([value]), [limit])[0] <= BOUNDS[dtype]


@every_case
def test_bits_do_not_depend_on_length_or_strides(name, params):
    rng = np.random.default_rng(3)
    for k, dtype in enumerate(DTYPES.values()):
        x = (4 * rng.normal(size=129)).astype(dtype)
        x[:6] = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -30.0]).astype(dtype)
        for order in (0, 1):
            whole = evaluate(name, params, x, order)
            single = [evaluate(name, params, x[i : i + 1], order) for i in range(0, 129, 16)]
            assert whole[::16].tobytes() == np.concatenate(single).tobytes()
            if k == 2 * (len(name) % 2) + order:  # kernels for strides compile long
                backwards = evaluate(name, params, x[::-1], order)
                assert backwards[::-1].tobytes() == whole.tobytes()


@pytest.mark.parametrize("name", ODD)
@every_dtype
def test_odd_functions_keep_the_sign_of_zero(name, dtype):
    result = actgen.get(name)(np.array([0.0, -0.0]).astype(DTYPES[dtype]))
    assert np.signbit(result).tolist() == [False, True]
    assert (result == 0).all()


@pytest.mark.parametrize("name", ["leaky_relu", "silu", "gelu", "mish", "elu", "softsign"])
@every_dtype
def test_subnormals_are_kept(name, dtype):
    x = np.array(list(neighbours([0.0], DTYPES[dtype], 20))).astype(DTYPES[dtype])
    exact = [reference(name).forward(v) for v in x.astype(float)]
    assert errors(actgen.get(name)(x), exact).max() <= 0.51


@every_case
def test_no_warnings_where_results_are_finite(name, params):
    x = np.array([0.0, -0.0, 1e-310, -1e-310, 1.0, -1.0, 700.0, -700.0, 1e4, -1e4, -1e300])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for dtype in DTYPES.values():
            with np.errstate(all="ignore"):
                y = x.astype(dtype)
            for order in (0, 1, 2):
                evaluate(name, params, y[np.isfinite(y)], order)


@every_case
def test_scalars_and_sequences(name, params):
    activation = bound(name, params)
    array = activation(np.array([-1.5, 0.25, 2.0]))
    assert np.array_equal(activation([-1.5, 0.25, 2.0]), array)
    assert float(activation(0.25)) == array[1]
    assert np.ndim(activation(0.25)) == 0
