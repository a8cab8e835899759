"""Every call that is measured computes what it is held to compute, in all installed libraries."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import actgen
from benchmarks import candidates, cases, data
from benchmarks.agreement import TOLERANCE, difference
from benchmarks.cases import Case
from benchmarks.measure import measure
from benchmarks.peer_numpy import NumPy

ROOT = Path(__file__).resolve().parents[2]
SHAPES = [*cases.CALLS, *cases.AXES]


def result(candidate):
    if candidate.before is not None:
        candidate.before()
    return np.array(candidate.values(candidate.call()), np.float64)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_way_to_call_gives_the_same_numbers(shape):
    name = "softmax" if shape in cases.AXES else "elu"
    case = Case(name, "float64", 65_536 if shape in cases.AXES else 512, shape)
    assert cases.possible(case)
    arrays = data.make(case)
    function = actgen.get(name)
    more = dict(arrays.params) | ({"axis": arrays.axis} if shape in cases.AXES else {})
    expected = function(arrays.x, **more)
    if shape == "masked":
        expected = np.where(arrays.mask, expected, 0)
    if shape == "derivative":
        expected = function.derivative(arrays.x)
    if shape == "vjp":
        expected = function.derivative(arrays.x) * arrays.dy
    for tier in candidates.TIERS:
        assert difference(expected, result(candidates.tier(case, arrays, tier))) <= 1e-12


def test_a_call_in_place_starts_from_its_input_each_time():
    case = Case("exponential", size=64, shape="inplace")
    candidate = candidates.tier(case, data.make(case), "accurate")
    first = result(candidate)
    measure([candidate], 0.001)
    np.testing.assert_array_equal(result(candidate), first)


def test_only_special_calls_are_compared_with_the_plain_one():
    assert candidates.plain(Case("silu"), "fast") is None
    assert candidates.plain(Case("softmax", shape="masked"), "fast") is None
    assert candidates.plain(Case("silu", "float16"), "fast").name == "fast, plain"
    assert candidates.plain(Case("silu", shape="strided"), "accurate").name == "accurate, plain"
    assert candidates.plain(Case("silu", shape="inplace"), "fast").before is not None


@pytest.mark.parametrize("name", [*cases.ELEMENTWISE, *cases.NORMALIZATIONS])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_formulas_in_numpy_agree(name, dtype):
    shape = "rows-16" if name in cases.NORMALIZATIONS else "plain"
    case = Case(name, dtype, 1024, shape)
    arrays = data.make(case)
    own = result(candidates.tier(case, arrays, "accurate"))
    with np.errstate(all="ignore"):
        for candidate in NumPy(1).prepare(case, arrays):
            assert difference(own, result(candidate)) <= TOLERANCE[dtype]


def test_installed_libraries_agree():
    """In a process of its own: jax is set up for the whole process when it is imported."""
    names = ["numpy", *(name for name in ("torch", "jax", "onnxruntime") if find_spec(name))]
    command = [sys.executable, "-m", "benchmarks.bench", "--seconds", "0.001"]
    command += ["--functions", "relu,sigmoid,gelu,softmax,swiglu", "--sizes", "4096"]
    command += ["--shapes", "plain,out,vjp,rows-1024", "--peers", ",".join(names)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "cannot do" not in run.stdout


def test_the_default_cases_cover_the_targets():
    full = cases.default()
    assert len(full) == len(set(full))
    assert set(cases.quick()) <= set(full) | {Case("relu", size=cases.LARGE, shape="out")}
    for name in cases.ELEMENTWISE:
        own = [case for case in full if case.function == name]
        assert {case.dtype for case in own} == set(cases.DTYPES)
        assert Case(name, size=cases.LARGE, shape="out", threads=2) in own
        assert {
            "plain",
            "out",
            "inplace",
            "strided",
            "transposed",
            "masked",
            "derivative",
            "vjp",
        } <= {case.shape for case in own}
    assert {case.shape for case in full if case.function == "softmax"} >= set(cases.AXES)
    assert {case.shape for case in full} == set(cases.SHAPES)


@pytest.mark.parametrize(
    ("ours", "theirs", "gap"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([100.0], [101.0], 0.01),
        ([0.001], [0.002], 0.001),
        ([np.nan, np.inf, -np.inf], [np.nan, np.inf, -np.inf], 0.0),
        ([np.nan], [1.0], np.inf),
        ([1.0], [np.nan], np.inf),
        ([np.inf], [-np.inf], np.inf),
        ([np.inf], [1e300], np.inf),
        ([1.0], [1.0, 1.0], np.inf),
        ([], [], 0.0),
    ],
)
def test_differences(ours, theirs, gap):
    assert difference(ours, theirs) == pytest.approx(gap)
