"""Hold the measure of errors against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import inf, ldexp, mpf, nan

from tests.oracle import errors, errors_wide, format_of


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_formats_agree_with_numpy(name):
    fmt, info = format_of(name), np.finfo(name)
    assert fmt.ulp(mpf(1)) == float(info.eps)
    assert fmt.ulp(mpf(0)) == fmt.ulp(mpf(float(info.tiny))) == float(info.smallest_subnormal)
    assert fmt.ulp(mpf(float(info.max))) == ldexp(mpf(1), fmt.e_max - fmt.p + 1)


def test_bfloat16_agrees_with_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    fmt, info = format_of(ml_dtypes.bfloat16), ml_dtypes.finfo(ml_dtypes.bfloat16)
    assert fmt.ulp(mpf(1)) == float(info.eps)
    assert fmt.ulp(mpf(0)) == float(info.smallest_subnormal)


def test_errors_by_hand():
    one, above = np.float32(1), np.nextafter(np.float32(1), np.float32(2))
    assert errors(np.array([one]), [mpf(float(above))]) == [1.0]
    assert errors(np.array([above]), [mpf(1)]) == [1.0]
    below_one = mpf(1) - ldexp(mpf(1), -25)
    assert errors(np.array([one]), [below_one]) == [0.5]
    assert errors(np.array([0], np.float32), [ldexp(mpf(1), -150)]) == [0.5]


def test_special_results():
    top = float(np.finfo(np.float32).max)
    cases = [
        (np.nan, nan, 0),
        (np.nan, mpf(1), np.inf),
        (1.0, nan, np.inf),
        (np.inf, inf, 0),
        (-np.inf, inf, np.inf),
        (np.inf, mpf(1e39), 0),
        (np.inf, mpf(top), np.inf),
        (top, mpf(top), 0),
        (top, inf, np.inf),
    ]
    computed = np.array([case[0] for case in cases], np.float32)
    expected = [case[2] for case in cases]
    assert errors(computed, [case[1] for case in cases]).tolist() == expected
    wide = np.array([float(case[1]) for case in cases])
    assert errors_wide(computed, wide).tolist() == expected


def test_wide_errors_equal_the_exact_ones():
    rng = np.random.default_rng(1)
    exact = rng.normal(size=300) * 10.0 ** rng.integers(-44, 38, 300)
    for dtype in (np.float32, np.float16):
        with np.errstate(over="ignore"):
            computed = (exact * (1 + 1e-4 * rng.normal(size=300))).astype(dtype)
        expected = errors(computed, [mpf(v) for v in exact])
        np.testing.assert_allclose(errors_wide(computed, exact), expected)
