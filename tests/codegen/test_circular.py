"""Sine and cosine: errors for arguments of any size, beside multiples of π/2, special values."""

import numpy as np
import pytest
from mpmath import mp, mpf

from tests.codegen.printed import compiled
from tests.codegen.test_functions import call
from tests.oracle import format_of
from tests.oracle.ulp import error

SIGNS = np.array([1.0, -1.0])


def anywhere():
    rng = np.random.default_rng(4)
    sign = rng.choice([-1.0, 1.0], 4000)
    sizes = np.exp(rng.uniform(np.log(5e-324), np.log(1.79e308), 4000))
    return np.concatenate([sign * sizes, rng.uniform(-10, 10, 1500), 1e6 * rng.normal(size=500)])


def beside_multiples():
    """Return floats next to multiples of π/2 of all sizes, and the nearest one of all."""
    found = [6381956970095103.0 * 2.0**797, 5.319372648326541e255]
    with mp.workprec(1200):
        for k in range(0, 1021, 7):
            n = mp.nint(mpf(2) ** k * mpf("1.37"))
            found += [float(n * mp.pi / 2), float((n + 1) * mp.pi / 2)]
    found += [2.0**40, np.nextafter(2.0**40, 0), np.nextafter(2.0**40, np.inf), 2.0**107]
    return np.outer(SIGNS, found).ravel()


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("points", [anywhere, beside_multiples])
def test_error(name, points, tmp_path):
    x = points()
    computed = call(compiled([name], tmp_path), name, x)
    with mp.workprec(1300):
        worst = [
            error(c, +getattr(mp, name)(mpf(v)), format_of("float64"))
            for c, v in zip(computed.tolist(), x.tolist(), strict=True)
        ]
    assert max(worst) < 0.7, (max(worst), x[int(np.argmax(worst))])


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("points", [anywhere, beside_multiples])
def test_error_without_compensation(name, points, tmp_path):
    x = points()[::4]
    module = compiled([f"{name}_plain", f"{name}_near_plain"], tmp_path)
    computed = call(module, f"{name}_plain", x)
    with mp.workprec(1300):
        worst = [
            error(c, +getattr(mp, name)(mpf(v)), format_of("float64"))
            for c, v in zip(computed.tolist(), x.tolist(), strict=True)
        ]
    assert max(worst) < 3, (max(worst), x[int(np.argmax(worst))])
    near = x[abs(x) <= 2.0**40]
    np.testing.assert_array_equal(
        call(module, f"{name}_near_plain", near), computed[abs(x) <= 2.0**40]
    )


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_error_of_a_sum(name, tmp_path):
    x = np.random.default_rng(5).normal(size=2000) * 40
    low = x * np.random.default_rng(6).uniform(-(2.0**-53), 2.0**-53, x.size)
    module = compiled([f"{name}_twofold", f"{name}_twofold_rest"], tmp_path)
    computed = call(module, f"{name}_twofold", x, low)
    rest = call(module, f"{name}_twofold_rest", x, low)
    with mp.workprec(200):
        for c, r, v, w in zip(*(a.tolist() for a in (computed, rest, x, low)), strict=True):
            exact = getattr(mp, name)(mpf(v) + mpf(w))
            assert error(c, exact, format_of("float64")) < 0.7
            assert abs(mpf(c) + mpf(r) - exact) < 2.0**-54 * abs(exact)


def test_special_values(tmp_path):
    module = compiled(["sin", "cos"], tmp_path)
    x = np.array([0.0, -0.0, 5e-324, -5e-324, np.inf, -np.inf, np.nan])
    sine, cosine = (call(module, name, x) for name in ("sin", "cos"))
    np.testing.assert_array_equal(sine, [0.0, -0.0, 5e-324, -5e-324, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(np.signbit(sine[:2]), [False, True])
    np.testing.assert_array_equal(cosine, [1, 1, 1, 1, np.nan, np.nan, np.nan])
