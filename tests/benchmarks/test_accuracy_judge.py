"""Hold the judges of `make accuracy` to the oracle's own measure of errors."""

import math

import numpy as np
import pytest
from mpmath import mpf

from benchmarks.accuracy_cases import DTYPES, Case
from benchmarks.accuracy_judge import (
    Worst,
    exact_error,
    extended_errors,
    figure,
    narrow_errors,
    written,
)
from tests.oracle import errors


def results(dtype):
    """Return float64 values over the whole range of a dtype, and results somewhat off."""
    rng = np.random.default_rng(3)
    exact = rng.normal(size=400) * np.exp2(rng.uniform(-150, 127, 400))
    with np.errstate(over="ignore"):
        computed = (exact * (1 + rng.normal(size=400) * 2.0**-8)).astype(dtype)
    specials = [(np.nan, np.nan), (np.nan, 1.0), (1.0, np.nan), (np.inf, np.inf), (-np.inf, np.inf),
                (np.inf, 1e39), (np.inf, 1.0), (1.0, np.inf), (0.0, 0.0), (0.0, 1e-45)]  # fmt: skip
    found, wanted = zip(*specials, strict=True)
    return np.concatenate([computed, np.array(found).astype(dtype)]), np.concatenate(
        [exact, wanted]
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_errors_are_those_of_the_oracle(dtype):
    computed, exact = results(DTYPES[dtype])
    expected = errors(computed, map(mpf, exact.tolist()))
    np.testing.assert_allclose(narrow_errors(computed, exact, dtype), expected)


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_extended_errors_are_those_of_the_oracle(dtype):
    computed, exact = results(DTYPES[dtype])
    wide = exact.astype(np.longdouble)
    expected = errors(computed, map(mpf, exact.tolist()))
    np.testing.assert_allclose(extended_errors(computed, wide, np.abs(wide)), expected)


def test_float64_counts_in_the_unit_of_the_largest_term():
    computed = np.array([1.0])
    exact = np.array([1 + 2.0**-52], np.longdouble)
    assert extended_errors(computed, exact, exact) == [1.0]
    assert extended_errors(computed, exact, 4 * exact) == [0.25]


def test_the_worst_is_judged_by_the_oracle():
    x = np.linspace(-3, 3, 1001).astype(np.float32)
    computed = (1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)
    computed[700] = np.nextafter(computed[700], np.float32(2), dtype=np.float32)
    case, worst = Case("sigmoid"), Worst(Case("sigmoid"), 0, "float32")
    guessed = np.full(x.size, 0.3)
    guessed[[10, 700]] = 5.0, 4.0  # a fast reference that is wrong at one of them
    worst.see(x, computed, guessed)
    assert worst.at == x[700]
    assert worst.ulp == exact_error(case, 0, "float32", float(x[700]), float(computed[700]))
    assert 0.5 < worst.ulp < 1.6
    assert worst.inputs == 1001


def test_figures_are_short_and_tell_inputs_apart():
    assert figure(math.inf, "1", 3) == {"ulp": "inf", "at": "1", "inputs": 3}
    assert figure(0.123456, "1", 3)["ulp"] == 0.1235
    for dtype in ("float32", "float64"):
        place = np.nextafter(np.ones(1, dtype), np.array(2, dtype))[0]
        assert np.array(written(float(place), dtype), dtype) == place
