"""Values in float64: near the exact ones, and beyond the range what IEEE 754 says."""

import math

import numpy as np
import pytest

from actgen.codegen.errors import CompilerError
from actgen.codegen.evaluate import evaluate
from actgen.codegen.ieee import evaluate_float64
from actgen.codegen.ir import (
    INF,
    PI,
    Symbol,
    X,
    apply,
    erf,
    exp,
    log,
    sech2,
    sigmoid,
    softplus,
    sqrt,
    tanh,
    where,
)
from actgen.codegen.simulate import simulate

A = Symbol("a")
INFINITY, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    "expr",
    [
        X * sigmoid(A * X),
        X * tanh(softplus(X)),
        X / 2 * (1 + erf(X / sqrt(2))),
        where(apply("gt", X, 0), X, A * apply("expm1", X)),
        log(1 + X * X) - apply("log1p", X * X / 3),
        sech2(X) + apply("normcdf", X) + apply("logcosh", 5 * X),
        apply("atan", X) ** 3 + apply("acot", X) / PI,
        apply("hypot", X, A) + apply("min", X, A) * apply("max", X, A),
        apply("rootsum", X * X + A, X, A) + apply("rootratio", X * X + A, X, A),
        apply("round", 7 * X) + apply("floor", 3 * X) + apply("ceil", 5 * X) + apply("sign", X),
    ],
    ids=repr,
)
@pytest.mark.parametrize("x", [-6.25, -1.1, -0.3, 0.25, 0.9, 4.7])
@pytest.mark.parametrize("a", [0.3, 2.1])
def test_ordinary_values_agree_with_the_exact_ones(expr, x, a):
    values = {"x": x, "a": a}
    want = float(evaluate(expr, values))
    assert evaluate_float64(expr, values) == pytest.approx(want, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(
    ("expr", "x", "want"),
    [
        (exp(X), 710.0, INFINITY),
        (exp(X), -746.0, 0.0),
        (X * X, 1e200, INFINITY),
        (X * X, 1e-200, 0.0),
        (1 / X, 0.0, INFINITY),
        (1 / X, -0.0, -INFINITY),
        (X / X, 0.0, NAN),
        (X - X, INFINITY, NAN),
        (X * sigmoid(X), -INFINITY, NAN),
        (apply("product", sigmoid(X), X), -INFINITY, 0.0),
        (log(X), 0.0, -INFINITY),
        (log(X), -1.0, NAN),
        (sqrt(X), -1.0, NAN),
        (apply("max", X, 0), NAN, NAN),
        (apply("min", 0, X), NAN, NAN),
        (apply("sign", X), NAN, NAN),
        (where(apply("lt", X, 0), 1, 2), NAN, 2.0),
        (where(apply("not", apply("ge", X, 0)), 1, 2), NAN, 1.0),
        (sigmoid(X), -800.0, 0.0),
        (softplus(X), 1e308, 1e308),
        (tanh(X), INFINITY, 1.0),
        (apply("lt", X, INF), INFINITY, 0.0),
        (apply("round", X), 2.5, 2.0),
        (apply("copysign", 2, X), -0.0, -2.0),
    ],
)
def test_extremes_are_those_of_ieee(expr, x, want):
    assert evaluate_float64(expr, {"x": x}) == pytest.approx(want, rel=0, abs=0, nan_ok=True)


def test_rounding_happens_at_every_step():
    assert evaluate_float64((X + 1) - X, {"x": 1e17}) == 0
    assert evaluate((X + 1) - X, {"x": 1e17}) == 1
    assert evaluate_float64(apply("eq", X / 10 + X / 5, 3 * X / 10), {"x": 1.0}) == 0


def test_constants_are_rounded_to_nearest():
    assert evaluate_float64(X * 0 + apply("div", 1, 3), {"x": 1.0}) == 1 / 3
    assert evaluate_float64(PI, {}) == math.pi
    assert evaluate_float64(apply("neg", 10**400), {}) == -INFINITY


def test_reductions_have_no_value():
    with pytest.raises(CompilerError, match="sum"):
        evaluate_float64(apply("sum", X), {"x": 1.0})


@pytest.mark.parametrize(("name", "want"), [("rootsum", math.inf), ("rootratio", 1.0)])
def test_roots_of_what_overflows_have_a_value(name, want):
    expr = apply(name, 1 + exp(X), -1, exp(X))
    assert evaluate_float64(expr, {"x": 800.0}) == want
    assert simulate(expr, {"x": np.array([800.0])}) == want
