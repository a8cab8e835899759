"""Functions for 16-bit results on GPUs: errors with the hardware's own, ends, what may vanish."""

import numpy as np
import pytest
from mpmath import mp, mpf

from actgen.codegen.evaluate import MEANING
from actgen.codegen.ir import Symbol, X, apply
from actgen.codegen.library import LIBRARY
from actgen.codegen.ops import APPROX
from actgen.codegen.precision import FLOAT32
from actgen.codegen.samples import short_inputs
from actgen.codegen.simulate import APPROXIMATED, simulate
from tests.codegen.test_functions_float32 import EXACT, LARGEST

NUDGES = [
    dict(zip(APPROXIMATED, signs, strict=True)) for signs in ((0, 0, 0), (2, -2, 2), (-2, 2, 2))
]
BASES = [name for name in APPROX if name in EXACT]
PRODUCTS = [name for name in APPROX if name.endswith("_times")]
ENDS = np.array([-np.inf, np.inf, np.nan, 0.0, -0.0], np.float32)


def call(name, nudges=None, **given):
    return simulate(LIBRARY[f"{name}_approx"].body, given, FLOAT32, nudges=nudges)


def relative(computed, exact, least):
    """Return errors relative to the exact value, or to the smallest normal number of a type."""
    with np.errstate(all="ignore"):
        error = abs(np.float64(computed) - exact) / np.maximum(abs(exact), least)
        same = (computed == np.float32(exact)) | (np.isnan(computed) & np.isnan(exact))
    return np.where(same, 0, error)


@pytest.mark.parametrize("nudges", NUDGES, ids=["exact", "above and below", "below and above"])
@pytest.mark.parametrize("name", BASES)
def test_errors_at_all_inputs_of_16_bits(name, nudges):
    x = short_inputs()
    with np.errstate(all="ignore"):
        exact = EXACT[name](x.astype(np.float64))
        exact = np.where(abs(exact) > LARGEST, np.inf * exact, exact)
    computed = call(name, nudges, x=x)
    within = abs(exact) > 2.0**-30  # of float16, the slopes of small gradients included
    assert relative(computed, exact, 2.0**-126)[within].max() < 2**-17.6
    assert relative(computed, exact, 2.0**-126).max() < 2**-14.6


@pytest.mark.parametrize("name", PRODUCTS)
def test_what_vanishes_comes_back_times_a_large_factor(name):
    base = name.removesuffix("_times")
    x = np.linspace(-90, 90, 20001, dtype=np.float32)
    b = np.float32(2.0**60) * np.where(x < 0, np.float32(-1), np.float32(1))
    with np.errstate(all="ignore"):
        exact = EXACT[base](x.astype(np.float64)) * b
    inside = abs(exact) < 3e38
    assert relative(call(name, x=x, b=b), exact, 2.0**-126)[inside].max() < 2**-14.6


@pytest.mark.parametrize(
    ("name", "x", "b", "product"),
    [
        ("exp", -np.inf, np.inf, 0.0),
        ("sigmoid", -np.inf, -np.inf, -0.0),
        ("sigmoid", np.inf, np.inf, np.inf),
        ("normcdf", -np.inf, -np.inf, -0.0),
        ("normcdf", np.inf, np.inf, np.inf),
        ("tanhsoftplus", -np.inf, -np.inf, -0.0),
        ("tanhsoftplus", np.inf, np.inf, np.inf),
        ("sech2", np.inf, np.inf, 0.0),
        ("sech2softplus", np.inf, np.inf, 0.0),
        ("erfc", np.inf, np.inf, 0.0),
        ("sigmoid", np.nan, 1.0, np.nan),
        ("normcdf", np.nan, 1.0, np.nan),
    ],
)
def test_products_at_infinity(name, x, b, product):
    computed = call(f"{name}_times", x=np.float32(x), b=np.float32(b))
    np.testing.assert_array_equal(computed, product)
    if product == 0:
        assert np.signbit(computed) == np.signbit(product)


@pytest.mark.parametrize("name", BASES)
def test_ends_and_zeros(name):
    with np.errstate(all="ignore"):
        wanted = EXACT[name](ENDS.astype(np.float64))
    computed = call(name, x=ENDS)
    np.testing.assert_allclose(computed, wanted, rtol=2.0**-17)
    np.testing.assert_array_equal(np.signbit(computed[3:]), np.signbit(wanted[3:]))


@pytest.mark.parametrize(
    ("name", "zero"), [("siluslope", -1.2784645427610738), ("normcdfslope", -0.7517915246935645)]
)
@pytest.mark.parametrize("nudges", NUDGES, ids=["exact", "above and below", "below and above"])
def test_slopes_beside_their_zeros(name, zero, nudges):
    x = np.concatenate([np.linspace(-6.4, 14, 801), zero + np.arange(-50, 50) * 2.0**-12])
    x = x.astype(np.float32)
    with mp.workdps(30):
        exact = np.array([float(MEANING[name](mpf(float(v)))) for v in x])
    assert relative(call(name, nudges, x=x), exact, 2.0**-126).max() < 2**-17.6


def test_the_rest_of_an_argument_tells_beside_a_zero():
    x = np.float32(-1.2784645)
    low = np.float32(3e-8)
    with mp.workdps(30):
        exact = float(MEANING["siluslope"](mpf(float(x)) + mpf(float(low))))
    computed = call("siluslope_twofold", x=x, low=low)
    assert abs(computed - exact) < 2**-17 * abs(exact)


def test_the_hardware_flushes_what_is_subnormal():
    a = np.array([-127.0, -126.0, 128.0, 0.0, np.nan], np.float32)
    powers = simulate(apply("exp2_approx", X), {"x": a}, FLOAT32)
    np.testing.assert_array_equal(powers, [0, 2.0**-126, np.inf, 1, np.nan])
    b = np.array([2.0**127, -(2.0**126), 1e-39, -np.inf], np.float32)
    inverses = simulate(apply("reciprocal_approx", X), {"x": b}, FLOAT32)
    np.testing.assert_array_equal(inverses, [0, -(2.0**-126), np.inf, -0.0])
    logarithm = simulate(apply("log2_approx", X), {"x": np.float32(2.0**-140)}, FLOAT32)
    assert logarithm == -140


def test_nudges_move_by_places():
    a = Symbol("a")
    at = {"a": np.float32(3.0)}
    plain = simulate(apply("reciprocal_approx", a), at, FLOAT32)
    above = simulate(apply("reciprocal_approx", a), at, FLOAT32, nudges={"reciprocal_approx": 2})
    assert above == plain + 2 * np.spacing(plain)
    # a logarithm near 0 is off by places of 1/2
    off = simulate(apply("log2_approx", a), {"a": np.float32(1.25)}, FLOAT32)
    on = simulate(
        apply("log2_approx", a), {"a": np.float32(1.25)}, FLOAT32, nudges={"log2_approx": 1}
    )
    assert on - off == np.float32(2.0**-24)
