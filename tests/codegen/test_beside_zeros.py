"""Pieces beside zeros, and the derivatives that GPUs have functions of their own for."""

import numpy as np
import pytest
from mpmath import mp

from actgen.codegen.beside_zeros import beside_zeros
from actgen.codegen.cuda_module import cuda_text
from actgen.codegen.evaluate import evaluate
from actgen.codegen.gpu_slopes import with_gpu_slopes
from actgen.codegen.inline import resolve
from actgen.codegen.ir import (
    Symbol,
    X,
    apply,
    exp,
    is_op,
    sech2,
    sigmoid,
    softplus,
    tanh,
    walk,
)
from actgen.codegen.lower import lower
from actgen.codegen.model import read_text
from actgen.codegen.pipeline import compile_definition
from actgen.codegen.precision import FLOAT32
from actgen.codegen.simulate import simulate

VALUE = Symbol("value")
PLACES = np.linspace(-8, 8, 4000, dtype=np.float32)


def pieces(expr):
    return beside_zeros(expr, lower(expr), lower(expr, FLOAT32), X, PLACES, 6)


def test_a_zero_out_of_reach_is_left_alone(monkeypatch):
    def findroot(*args, **options):
        raise ValueError("Could not find root within given tolerance.")

    assert pieces(exp(X) - 2) is not None
    monkeypatch.setattr(mp, "findroot", findroot)
    assert pieces(exp(X) - 2) is None


def test_quotients_that_are_flat_far_out_compile():
    body = 'name: probe\nformula: "(exp(1.01562 * x) - 1) / (exp(1.01562 * x) + 2.03125)"\n'
    spec = read_text(body, "probe.yaml")
    assert "def forward" in cuda_text(compile_definition(resolve([spec], {})[0]))


@pytest.mark.parametrize(
    ("expr", "zero"),
    [(exp(X) - 2, np.log(2)), (X * X - 2, np.sqrt(2)), (X * X - 2, -np.sqrt(2))],
)
def test_digits_are_kept_beside_zeros(expr, zero):
    made = pieces(expr)
    beside = np.float32(zero) + np.arange(-40, 40) * np.float32(2.0**-23)
    x = np.concatenate([beside, np.linspace(zero - 0.2, zero + 0.2, 40)]).astype(np.float32)
    with mp.workdps(30):
        exact = np.array([float(evaluate(expr, {"x": float(v)})) for v in x])
    assert abs(simulate(made, {"x": x}, FLOAT32) / exact - 1).max() < 2**-18
    assert abs(simulate(lower(expr, FLOAT32), {"x": x}, FLOAT32) / exact - 1).max() > 2**-10


@pytest.mark.parametrize("expr", [exp(X) - 2, X * X - 2])
def test_what_rounds_on_the_way_may_be_carried(expr):
    zero = np.log(2) if is_op(expr.args[0], "exp") else np.sqrt(2)
    made = beside_zeros(expr, lower(expr), lower(expr, FLOAT32), X, PLACES, 8, whole=True)
    beside = np.float32(zero) + np.arange(-40, 40) * np.float32(2.0**-23)
    x = np.concatenate([beside, np.linspace(zero - 0.149, zero + 0.149, 400)]).astype(np.float32)
    with mp.workdps(30):
        exact = np.array([float(evaluate(expr, {"x": float(v)})) for v in x])
    found = simulate(made, {"x": x}, FLOAT32)
    assert (abs(found - exact) / FLOAT32.ulp(exact)).max() < 0.6


def test_far_from_zeros_nothing_changes():
    x = np.float32([-3.0, 0.0, 3.0, np.inf, np.nan])
    expr = exp(X) - 2
    plain = simulate(lower(expr, FLOAT32), {"x": x}, FLOAT32)
    np.testing.assert_array_equal(simulate(pieces(expr), {"x": x}, FLOAT32), plain)


@pytest.mark.parametrize("expr", [exp(X), X * exp(X), apply("sin", 4 * X)])
def test_without_zeros_or_with_many_there_is_no_piece(expr):
    # 0 itself needs none, and a wave has many
    assert pieces(expr) is None


def test_other_elements_are_factors():
    made = pieces(VALUE * (exp(X) - 2))
    x = np.float32(np.log(2)) + np.float32(2.0**-20)
    with mp.workdps(30):
        exact = 3 * float(evaluate(exp(X) - 2, {"x": float(x)}))
    computed = simulate(made, {"x": x, "value": np.float32(3)}, FLOAT32)
    assert computed == pytest.approx(exact, rel=2**-18)


# Recognised derivatives


def test_a_sigmoid_and_its_slope_share_an_exponential():
    v, w = 3 * X, exp(X)
    whole = sigmoid(v) + apply("product", sigmoid(-v), apply("product", sigmoid(v), w))
    assert with_gpu_slopes(whole) == apply("sigmoidpart_approx", v, w)


def test_the_slope_of_mish_is_one_function():
    bump = apply("product", sech2(softplus(X)), apply("product", sigmoid(X), X))
    assert with_gpu_slopes(tanh(softplus(X)) + bump) == apply("mishslope_approx", X)


@pytest.mark.parametrize(
    "expr",
    [
        sigmoid(X) + sigmoid(X) * X,
        sigmoid(X) + sigmoid(2 * X) * sigmoid(-X) * X,
        tanh(softplus(X)) + 2 * X * sigmoid(X) * sech2(softplus(X)),
    ],
)
def test_what_differs_is_left_alone(expr):
    assert with_gpu_slopes(expr) == expr


def test_what_is_recognised_has_the_same_value():
    v = X * X - 1
    whole = 2 * (sigmoid(v) + X * sigmoid(v) * sigmoid(-v) / 3)
    found = with_gpu_slopes(whole)
    assert any(is_op(node, "sigmoidpart_approx") for node in walk(found))
    for x in (-3.0, 0.25, 4.0):
        a, b = (evaluate(e, {"x": x}) for e in (whole, found))
        assert abs(a - b) < 1e-25
