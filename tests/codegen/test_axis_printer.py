"""Kernels along an axis: run as plain Python, against sums written out by hand."""

import numpy as np
import pytest

from actgen.codegen.inline import resolve
from actgen.codegen.model import read_text
from actgen.codegen.module import module_text
from actgen.codegen.pipeline import compile_definition

from . import plain

SOFTMAX = """
kind: normalization
masked: "0"
params: {tau: {default: 1.0}}
formula: {weights: exp(tau * (x - stop_gradient(amax(x)))), result: weights / sum(weights)}
"""
SPECS = {
    "softmax": SOFTMAX,
    "hardmax": "kind: normalization\nformula: one_hot(argmax(x))",
    "sparsemax": "kind: normalization\nformula: max(x - sparsemax_threshold(x), 0)",
    "centred": "kind: normalization\nformula: (x - mean(x)) / sqrt(mean(x**2))",
    "levelled": "kind: normalization\nformula: mean(x)",
    "ranged": "kind: normalization\nformula: (x - amin(x)) / (amax(x) - amin(x))",
    "maxout": """
kind: reshaping
groups: groups
params: {groups: {type: int, constraint: ">= 1"}}
formula: amax(x)
""",
}


def kernels(name):
    spec = read_text(f"name: probe\n{SPECS[name]}\n", "probe.yaml")
    (definition,) = resolve([spec], {})
    return plain.module(module_text(compile_definition(definition)))


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(3).normal(0, 3, (4, 9))


def run(kernel, *arrays, params=(), out=None):
    out = np.full(arrays[0].shape, np.nan) if out is None else out
    with np.errstate(all="ignore"):
        kernel(*arrays, out, *params)
    return out


def as_columns(rows):
    """Return the same slices along the middle of three axes."""
    return np.ascontiguousarray(rows.T)[None]


def test_rows_are_what_the_formula_says(x):
    expected = {
        "softmax": np.exp(x) / np.exp(x).sum(1, keepdims=True),
        "hardmax": (x == x.max(1, keepdims=True)).astype(float),
        "centred": (x - x.mean(1, keepdims=True)) / np.sqrt((x**2).mean(1, keepdims=True)),
        "levelled": np.broadcast_to(x.mean(1, keepdims=True), x.shape),
        "ranged": (x - x.min(1, keepdims=True)) / np.ptp(x, axis=1, keepdims=True),
    }
    for name, want in expected.items():
        params = (1.0,) if name == "softmax" else ()
        got = run(kernels(name)["forward_rows"], x, params=params)
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15, err_msg=name)


def test_sparsemax_projects_on_the_simplex(x):
    got = run(kernels("sparsemax")["forward_rows"], x)
    np.testing.assert_allclose(got.sum(1), 1, rtol=1e-14)
    for row, result in zip(x, got, strict=True):
        kept = result > 0
        threshold = (row[kept].sum() - 1) / kept.sum()
        np.testing.assert_allclose(result[kept], row[kept] - threshold, rtol=1e-13)
        assert (row[~kept] <= threshold).all()


@pytest.mark.parametrize("name", [name for name in SPECS if name != "maxout"])
def test_rows_and_columns_give_the_same_bits(name, x):
    module = kernels(name)
    params = (0.7,) if name == "softmax" else ()
    dy = np.cos(x)
    wide = as_columns(x), as_columns(dy)
    for quantity, arrays, turned in (("forward", (x,), wide[:1]), ("vjp", (x, dy), wide)):
        rows = run(module[f"{quantity}_rows"], *arrays, params=params)
        columns = run(module[f"{quantity}_columns"], *turned, params=params)
        np.testing.assert_array_equal(columns[0].T, rows)


def test_more_columns_than_a_block_holds():
    module = kernels("softmax")
    x = np.random.default_rng(5).normal(size=(130, 3))
    rows = run(module["forward_rows"], x, params=(1.0,))
    columns = run(module["forward_columns"], as_columns(x), params=(1.0,))
    np.testing.assert_array_equal(columns[0].T, rows)


@pytest.mark.parametrize("shape", ["rows", "columns"])
def test_masks_leave_entries_out(shape, x):
    mask = np.random.default_rng(7).random(x.shape) < 0.6
    mask[1], mask[2] = True, False
    module = kernels("softmax")
    forward = module["forward_rows"]
    turn = (lambda a: a) if shape == "rows" else as_columns
    back = (lambda a: a) if shape == "rows" else lambda a: a[0].T
    got = back(run(module[f"forward_{shape}_masked"], turn(x), turn(mask), params=(1.0,)))
    for row, kept, result in zip(x, mask, got, strict=True):
        assert not result[~kept].any()
        if kept.any():
            want = run(forward, row[None, kept], params=(1.0,))
            np.testing.assert_array_equal(result[kept], want[0])
    dy = np.cos(x)
    slope = run(module[f"vjp_{shape}_masked"], turn(x), turn(mask), turn(dy), params=(1.0,))
    assert not back(slope)[~mask].any()


@pytest.mark.parametrize("name", [name for name in SPECS if name != "maxout"])
def test_the_result_may_lie_over_the_input(name, x):
    module = kernels(name)
    params = (0.7,) if name == "softmax" else ()
    for shape, given in (("rows", x), ("columns", as_columns(x))):
        want = run(module[f"forward_{shape}"], given, params=params)
        out = given.copy()
        np.testing.assert_array_equal(
            run(module[f"forward_{shape}"], out, params=params, out=out), want
        )
        for overwritten in (0, 1):
            arrays = [given.copy(), np.cos(given)]
            want = run(module[f"vjp_{shape}"], *arrays, params=params)
            got = run(module[f"vjp_{shape}"], *arrays, params=params, out=arrays[overwritten])
            np.testing.assert_array_equal(got, want)


def test_groups_become_one_number(x):
    module = kernels("maxout")
    np.testing.assert_array_equal(run(module["forward_rows"], x, out=np.empty(4)), x.max(1))
    turned = as_columns(x)
    largest = run(module["forward_columns"], turned, out=np.empty((1, 4)))
    np.testing.assert_array_equal(largest[0], x.max(1))
    dy = np.arange(1.0, 5.0)
    dx = run(module["vjp_rows"], x, dy)
    np.testing.assert_array_equal(dx, dy[:, None] * (x == x.max(1, keepdims=True)))
    columns = run(module["vjp_columns"], turned, dy[None])
    np.testing.assert_array_equal(columns[0].T, dx)


def test_a_nan_reaches_the_whole_slice(x):
    spoiled = x.copy()
    spoiled[1, 4] = np.nan
    for name in ("softmax", "hardmax", "centred", "ranged"):
        params = (1.0,) if name == "softmax" else ()
        got = run(kernels(name)["forward_rows"], spoiled, params=params)
        assert np.isnan(got[1]).all(), name
        assert not np.isnan(got[[0, 2, 3]]).any(), name


def test_ties_go_to_the_first():
    tied = np.array([[1.0, 3.0, 3.0, 2.0]])
    np.testing.assert_array_equal(run(kernels("hardmax")["forward_rows"], tied), [[0, 1, 0, 0]])


def test_the_gradient_of_a_parameter_is_that_of_a_difference(x):
    module = kernels("softmax")
    dy, step = np.cos(x), 1e-6
    up, down = (run(module["forward_rows"], x, params=(1.3 + sign * step,)) for sign in (1, -1))
    got = run(module["partial_tau_rows"], x, dy, params=(1.3,))
    np.testing.assert_allclose(got, dy * (up - down) / (2 * step), rtol=1e-7, atol=1e-9)
