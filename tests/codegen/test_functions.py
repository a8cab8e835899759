"""The function library against mpmath: errors, special values, vector code, equal bits."""

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp, mpf

from actgen.codegen.evaluate import MEANING
from actgen.codegen.library import LIBRARY
from tests.codegen.printed import compiled
from tests.oracle import format_of

ROOT = Path(__file__).resolve().parents[2]
INF, NAN, TINY = np.inf, np.nan, 5e-324
# name: (where to test it, error bound in ULP)
PLAIN = {
    "exp": (-746, 709.7, 0.7),
    "expm1": (-40, 709.7, 1.0),
    "log": (TINY, 1.7e308, 0.6),
    "log1p": (-1 + 2**-53, 1.7e308, 0.6),
    "tanh": (-22, 22, 0.8),
    "sigmoid": (-746, 40, 0.7),
    "sech2": (-373, 373, 0.7),
    "softplus": (-746, 800, 0.7),
    "tanhsoftplus": (-746, 40, 0.7),
    "sech2softplus": (-700, 373, 0.7),
    "erf": (-6, 6, 0.8),
    "erfc": (-6, 27.3, 1.0),
    "normcdf": (-38.6, 9, 1.0),
}
DECAYING = ("exp", "sigmoid", "sech2", "tanhsoftplus", "sech2softplus", "erfc", "normcdf")
WITH_LOW = ("exp", "expm1", "sigmoid", "sech2", "softplus", "tanhsoftplus", "erfc", "normcdf")


def inputs(low, high, seed=5):
    rng = np.random.default_rng(seed)
    sign = rng.choice([-1.0, 1.0], 200)
    x = np.concatenate(
        [
            rng.uniform(max(low, -800), min(high, 800), 250),
            rng.normal(size=150),
            sign * np.exp(rng.uniform(-37, 6.6, 200)),
            sign * np.exp(rng.uniform(-744, 700, 200)),
            [0.0, -0.0, TINY, -TINY, 1e-310, -1e-310, 0.5, 1.0, -1.0],
        ]
    )
    return x[(x >= low) & (x <= high)]


def errors(computed, exact):
    fmt = format_of(np.dtype(np.float64))
    with mp.workprec(160):
        return np.array(
            [
                float(abs(mpf(float(c)) - e) / fmt.ulp(e))
                for c, e in zip(computed, exact, strict=True)
            ]
        )


def call(module, name, *arrays):
    out = np.empty_like(arrays[0])
    getattr(module, f"{name}_loop")(*arrays, out)
    return out


@pytest.mark.parametrize("name", PLAIN)
def test_error(name, tmp_path):
    low, high, bound = PLAIN[name]
    x = inputs(low, high)
    computed = call(compiled([name], tmp_path), name, x)
    with mp.workprec(160):
        exact = [MEANING[name](mpf(v)) for v in x.tolist()]
    worst = errors(computed, exact)
    at = int(worst.argmax())
    assert worst[at] <= bound, f"{worst[at]:.3f} ULP at {x[at]!r}"


@pytest.mark.parametrize("name", WITH_LOW)
def test_error_at_an_unevaluated_sum(name, tmp_path):
    low, high, bound = PLAIN[name]
    x = inputs(low, high)
    rest = x * np.random.default_rng(6).uniform(-(2.0**-53), 2.0**-53, x.size)
    computed = call(compiled([f"{name}_twofold"], tmp_path), f"{name}_twofold", x, rest)
    with mp.workprec(160):
        exact = [
            MEANING[name](mpf(v) + mpf(w)) for v, w in zip(x.tolist(), rest.tolist(), strict=True)
        ]
    assert errors(computed, exact).max() <= bound


@pytest.mark.parametrize("name", DECAYING)
def test_error_of_a_product_in_the_tail(name, tmp_path):
    """Times a large factor the function keeps digits that it has not itself."""
    x = inputs(*PLAIN[name][:2])
    factor = 1000 * np.random.default_rng(7).uniform(-1, 1, x.size)
    computed = call(compiled([f"{name}_times"], tmp_path), f"{name}_times", x, factor)
    with mp.workprec(160):
        exact = [
            MEANING[name](mpf(v)) * mpf(b) for v, b in zip(x.tolist(), factor.tolist(), strict=True)
        ]
    inside = [abs(e) < mpf(np.finfo(np.float64).max) for e in exact]
    exact = [e for e, keep in zip(exact, inside, strict=True) if keep]
    assert errors(computed[inside], exact).max() <= 1.0


def relative(computed, exact):
    pairs = zip(computed.tolist(), exact, strict=True)
    return max(float(abs(mpf(c) / e - 1)) for c, e in pairs if e != 0)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(("kind", "bound"), [("plain", 2.0**-44), ("short", 2.0**-32)])
def test_error_for_narrow_results(name, kind, bound, tmp_path):
    """Over the inputs that float32 holds and whose results it holds."""
    low, high, _ = PLAIN[name]
    low, high = max(low, -9.0 if name == "erfc" else -100.0), min(high, 88.0)
    x = inputs(low, 9.0 if name == "erfc" else high)
    x = x[(abs(x) > 1e-46) & ((x > -13) | (name != "normcdf"))]
    computed = call(compiled([f"{name}_{kind}"], tmp_path), f"{name}_{kind}", x)
    with mp.workprec(160):
        assert relative(computed, [MEANING[name](mpf(v)) for v in x.tolist()]) < bound


X = [NAN, INF, -INF, 0.0, -0.0, TINY, -TINY, 1.7e308, -1.7e308]
SPECIAL = {
    "exp": [NAN, INF, 0, 1, 1, 1, 1, INF, 0],
    "expm1": [NAN, INF, -1, 0.0, -0.0, TINY, -TINY, INF, -1],
    "log": [NAN, INF, NAN, -INF, -INF, math.log(TINY), NAN, math.log(1.7e308), NAN],
    "log1p": [NAN, INF, NAN, 0.0, -0.0, TINY, -TINY, math.log(1.7e308), NAN],
    "tanh": [NAN, 1, -1, 0.0, -0.0, TINY, -TINY, 1, -1],
    "sigmoid": [NAN, 1, 0, 0.5, 0.5, 0.5, 0.5, 1, 0],
    "sech2": [NAN, 0, 0, 1, 1, 1, 1, 0, 0],
    "softplus": [NAN, INF, 0, *[np.log(2)] * 4, 1.7e308, 0],
    "tanhsoftplus": [NAN, 1, 0, 0.6, 0.6, 0.6, 0.6, 1, 0],
    "sech2softplus": [NAN, 0, 1, 0.64, 0.64, 0.64, 0.64, 0, 1],
    "erf": [NAN, 1, -1, 0.0, -0.0, TINY, -TINY, 1, -1],
    "erfc": [NAN, 0, 2, 1, 1, 1, 1, 0, 2],
    "normcdf": [NAN, 1, 0, 0.5, 0.5, 0.5, 0.5, 1, 0],
}


def test_special_values_cover_every_function():
    assert SPECIAL.keys() == PLAIN.keys()


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name, tmp_path):
    computed = call(compiled([name], tmp_path), name, np.array(X))
    wanted = np.array(SPECIAL[name])
    np.testing.assert_array_equal(computed, wanted)
    numbers = ~np.isnan(wanted)
    assert (np.signbit(computed) == np.signbit(wanted))[numbers].all()


@pytest.mark.parametrize("name", DECAYING)
def test_zero_wins_over_infinity(name, tmp_path):
    far = INF if name in ("erfc", "sech2", "sech2softplus") else -INF
    x, factor = np.array([far, far]), np.array([INF, -INF])
    computed = call(compiled([f"{name}_times"], tmp_path), f"{name}_times", x, factor)
    np.testing.assert_array_equal(computed, [0.0, -0.0])


@pytest.mark.parametrize("name", PLAIN)
def test_loops_are_vector_code(name, tmp_path):
    module = compiled([name], tmp_path)
    x = np.ones(4)
    call(module, name, x)
    (code,) = getattr(module, f"{name}_loop").inspect_asm().values()
    # registers of 256 or 512 bits on x86, of 128 elsewhere
    assert any(sign in code for sign in ("ymm", "zmm", ".2d"))
    assert not any(call_ in code for call_ in ("$exp", "$log", "$erf", "$tanh"))


def digest(folder):
    """Return a fingerprint of all functions' bits over some inputs."""
    names = [f"{name}{kind}" for name in sorted(PLAIN) for kind in ("", "_plain", "_short")]
    module = compiled(names, folder)
    found = hashlib.sha256()
    for name in names:
        found.update(call(module, name, inputs(*PLAIN[name.split("_")[0]][:2])).tobytes())
    return found.hexdigest()


def test_bits_do_not_depend_on_the_processor(tmp_path):
    program = (
        "import pathlib, sys\n"
        "from tests.codegen.test_functions import digest\n"
        "print(digest(pathlib.Path(sys.argv[1])))\n"
    )
    environment = {**os.environ, "NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}
    other = tmp_path / "haswell"
    other.mkdir()
    if os.uname().machine != "x86_64":
        pytest.skip("haswell is an x86 processor")
    run = subprocess.run(
        [sys.executable, "-c", program, str(other)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == digest(tmp_path)


def test_a_function_says_what_it_returns():
    for name, function in LIBRARY.items():
        assert function.doc.startswith("Return "), name


@pytest.mark.parametrize("name", ["exp_times", "exp_times_fast"])
def test_an_exponential_may_overflow_before_a_product_does(name, tmp_path):
    x = np.linspace(650, 1380, 400)
    factor = np.random.default_rng(8).uniform(-1, 1, x.size)
    with mp.workprec(160):
        factor *= [float(mp.exp(min(0, 700 - v))) for v in x.tolist()]
        pairs = zip(x.tolist(), factor.tolist(), strict=True)
        exact = [mp.exp(mpf(v)) * mpf(b) for v, b in pairs]
    computed = call(compiled([name], tmp_path), name, x, factor)
    assert errors(computed, exact).max() <= 2.0


@pytest.mark.parametrize("name", ["exp_times", "exp_times_fast", "exp_twofold_times"])
def test_what_overflows_at_last_is_infinite(name, tmp_path):
    x = np.array([690.0, 690.0, 1e4, 1e4, np.inf, 1e4, np.nan])
    b = np.array([1e30, -1e30, 1e-300, -5e-324, 1e-300, 0.0, 1.0])
    low = (np.zeros(7),) if "twofold" in name else ()
    computed = call(compiled([name], tmp_path), name, x, *low, b)
    expected = [np.inf, -np.inf, np.inf, -np.inf, np.inf, 0.0, np.nan]
    np.testing.assert_array_equal(computed, expected)
