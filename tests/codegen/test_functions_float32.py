"""The float32 functions against float64 ones over strides of all inputs: errors, ends, bits."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from actgen.codegen.library import LIBRARY
from actgen.codegen.ops import NARROW
from tests.codegen.printed import compiled

ROOT = Path(__file__).resolve().parents[2]
STRIDE = 9973  # of the bit patterns that are looked at
LARGEST = float(np.finfo(np.float32).max)
EXP_ENDS = 88.8  # exp is infinite from here on, also before a factor
NAMES = [
    name
    for name, function in LIBRARY.items()
    if function.dtype == "float32" and not name.endswith("_approx")  # those are of GPUs
]
BASES = sorted({name.split("_")[0] for name in NARROW})
VERSIONS = {
    base: [f"{name}{tier}" for name in NARROW if name.split("_")[0] == base for tier in TIERS]
    for TIERS in [("_f32", "_f32_fast")]
    for base in BASES
}
DECAYING = {
    **dict.fromkeys(("exp", "sigmoid", "tanhsoftplus", "normcdf"), -np.inf),
    **dict.fromkeys(("sech2", "sech2softplus", "erfc"), np.inf),
}


def _sigmoid(x):
    z = np.exp(-abs(x))
    return np.where(x >= 0, 1, z) / (1 + z)


def _sech2(x):
    z = np.exp(-2 * abs(x))
    return 4 * z / (1 + z) ** 2


def _tanh_softplus(x):
    z = np.exp(-abs(x))
    top = np.where(x >= 0, 1 + 2 * z, z * (z + 2))
    return top / (top + np.where(x >= 0, 2 * z * z, 2))


def _sech2_softplus(x):
    z = np.exp(-abs(x))
    return (
        np.where(
            x >= 0, 2 * (z + z * z) / (1 + 2 * z + 2 * z * z), 2 * (1 + z) / (2 + 2 * z + z * z)
        )
        ** 2
    )


def _erfc(x):
    # scipy's own loses digits in the tail
    return np.where(x >= 0, np.exp(-x * x) * special.erfcx(np.maximum(x, 0)), special.erfc(x))


def _normcdf(x):
    tail = np.exp(-x * x / 2) * special.erfcx(abs(x) * np.sqrt(0.5)) / 2
    return np.where(x <= 0, tail, 1 - tail)


EXACT = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "sech2": _sech2,
    "softplus": lambda x: np.logaddexp(0, x),
    "tanhsoftplus": _tanh_softplus,
    "sech2softplus": _sech2_softplus,
    "erf": special.erf,
    "erfc": _erfc,
    "normcdf": _normcdf,
}


def points(stride=STRIDE, start=0):
    edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, LARGEST, -LARGEST, 1.1754944e-38]
    bits = np.arange(start, 2**32, stride, dtype=np.uint64).astype(np.uint32)
    return np.concatenate([bits.view(np.float32), np.array(edges, np.float32)])


def inputs(name, x, seed=3):
    """Return the arguments of a function, x among them, and what it should give, in float64."""
    rng = np.random.default_rng(seed)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        args, at = [x], x.astype(np.float64)
    base, needed = name.split("_")[0], LIBRARY[name].args
    with np.errstate(all="ignore"):
        if "low" in needed:
            low = np.float32(x * rng.uniform(-(2.0**-24), 2.0**-24, x.size))
            args.append(np.where(np.isfinite(x), low, np.float32(0)))
            at = at + args[-1]
        wanted = EXACT[base](at)
        if "b" in needed:
            size = np.exp(abs(rng.normal(0, 3, x.size)) - 4) * rng.choice([-1, 1], x.size)
            # a product that is subnormal for a tiny factor may round once more
            own = (rng.random(x.size) < 0.5) & (abs(x) > 2.0**-40)
            args.append(np.where(own, x, np.float32(size)))
            if base in ("exp", "expm1"):
                wanted = np.where(at > EXP_ENDS, np.inf, wanted)
            vanished = (wanted == 0) & np.isinf(args[-1])
            wanted = np.where(vanished, 0 * np.sign(args[-1]), wanted * args[-1].astype(np.float64))
    return args, wanted


def errors(computed, exact):
    """Return the errors in ULP of float32; infinite where only one of two is not a number."""
    with np.errstate(all="ignore"):
        _, exponent = np.frexp(exact)
        error = abs(computed - exact) / np.ldexp(1.0, np.maximum(exponent - 1, -126) - 23)
        overflows = abs(exact) >= LARGEST * (1 + 2.0**-25)
        same = (computed == exact) | (np.isnan(computed) & np.isnan(exact))
        same |= overflows & np.isinf(computed) & (np.sign(computed) == np.sign(exact))
        return np.where(same, 0, np.where(np.isnan(error), np.inf, error))


def call(module, name, args):
    out = np.empty_like(args[0])
    getattr(module, f"{name}_loop")(*args, out)
    return out


@pytest.fixture(scope="module", params=BASES)
def versions(request, tmp_path_factory):
    names = VERSIONS[request.param]
    return names, compiled(names, tmp_path_factory.mktemp(request.param))


def test_every_name_has_its_function():
    assert NAMES and set(NAMES) >= {f"{name}{t}" for name in NARROW for t in ("_f32", "_f32_fast")}
    for name, arity in NARROW.items():
        for tier in ("_f32", "_f32_fast"):
            assert len(LIBRARY[f"{name}{tier}"].args) == arity


@pytest.mark.parametrize(
    "name", [f"{name}{tier}" for name in NARROW for tier in ("_f32", "_f32_fast")]
)
def test_errors_are_stated(name):
    function = LIBRARY[name]
    assert 0.5 < function.error < (4 if name.endswith("fast") else 1)
    assert f"error below {function.error} ULP" in function.doc


def test_errors_are_as_stated(versions):
    names, module = versions
    for name in names:
        args, exact = inputs(name, points())
        found = errors(call(module, name, args), exact)
        at = int(found.argmax())
        where = [float(arg[at]) for arg in args]
        assert found[at] <= LIBRARY[name].error, f"{name}: {found[at]:.3f} ULP at {where}"


def test_zeros_keep_their_sign(versions):
    names, module = versions
    for name in names:
        if name.split("_")[0] in ("expm1", "log1p", "tanh", "erf"):
            x = np.array([0.0, -0.0], np.float32)
            rest = [np.array([0.0, -0.0], np.float32)] if "low" in LIBRARY[name].args else []
            factor = [np.ones(2, np.float32)] if "b" in LIBRARY[name].args else []
            result = call(module, name, [x, *rest, *factor])
            assert (result == 0).all(), name
            assert (np.signbit(result) == [False, True]).all(), name


def test_zero_wins_over_infinity(versions):
    names, module = versions
    for name in names:
        base = name.split("_")[0]
        if base in DECAYING and "b" in LIBRARY[name].args:
            x = np.full(2, DECAYING[base], np.float32)
            rest = [np.full(2, np.nan, np.float32)] if "low" in LIBRARY[name].args else []
            factor = np.array([np.inf, -np.inf], np.float32)
            result = call(module, name, [x, *rest, factor])
            np.testing.assert_array_equal(result, [0.0, -0.0], name)
            assert (np.signbit(result) == [False, True]).all(), name


def test_an_infinite_factor_wins_elsewhere(versions):
    names, module = versions
    for name in names:
        if "b" in LIBRARY[name].args:
            x = np.array([0.5, -0.5], np.float32)
            rest = [np.float32(x * 2.0**-26)] if "low" in LIBRARY[name].args else []
            factor = np.array([np.inf, np.inf], np.float32)
            sign = -1 if name.split("_")[0] in ("expm1", "tanh") else 1
            np.testing.assert_array_equal(
                call(module, name, [x, *rest, factor]), [np.inf, sign * np.inf], name
            )


def test_loops_are_vector_code(versions):
    names, module = versions
    for name in names:
        call(module, name, [np.ones(4, np.float32)] * len(LIBRARY[name].args))
        (code,) = getattr(module, f"{name}_loop").inspect_asm().values()
        assert any(sign in code for sign in ("ymm", "zmm", ".4s")), name
        # no element is computed in float64
        assert not any(sign in code for sign in ("vcvtps2pd", "vcvtss2sd")), name


def digest(folder):
    """Return a fingerprint of the bits of functions of one number, or one and a factor."""
    found = hashlib.sha256()
    for versions in VERSIONS.values():
        names = [name for name in versions if "_twofold" not in name]
        module = compiled(names, folder)
        for name in names:
            args, _ = inputs(name, points(stride=999983))
            found.update(np.nan_to_num(call(module, name, args), nan=7).tobytes())
    return found.hexdigest()


def test_bits_do_not_depend_on_the_processor(tmp_path):
    program = (
        "import pathlib, sys\n"
        "from tests.codegen.test_functions_float32 import digest\n"
        "print(digest(pathlib.Path(sys.argv[1])))\n"
    )
    if os.uname().machine != "x86_64":
        pytest.skip("haswell is an x86 processor")
    environment = {
        **os.environ,
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+f16c",
    }
    other = tmp_path / "haswell"
    other.mkdir()
    run = subprocess.run(
        [sys.executable, "-c", program, str(other)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == digest(tmp_path)


def test_a_rest_may_be_all_there_is(versions):
    """A difference may cancel to 0, and leave the argument to its rest."""
    names, module = versions
    low = np.float32([1, -1, 0.37, -0.37]) * np.float32(2.0**-22)
    x = np.zeros_like(low)
    for name in names:
        if "_twofold" not in name or "_times" in name:
            continue
        function, base = LIBRARY[name], name.split("_")[0]
        computed = call(module, name, [x, low]).astype(np.float64)
        assert errors(computed, EXACT[base](low.astype(np.float64))).max() <= function.error, name
