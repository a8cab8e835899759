"""Values in arbitrary precision: the meaning of every operation."""

import math
import time

import pytest
from mpmath import mp

from actgen.codegen.errors import CompilerError
from actgen.codegen.evaluate import MEANING, constant, evaluate
from actgen.codegen.ir import INF, PI, Symbol, X, apply, exp, log, sqrt, where
from actgen.codegen.ops import OPS

UNARY = [name for name in MEANING if OPS[name].arity == 1 and OPS[name].category != "logic"]


@pytest.mark.parametrize(
    "name",
    [
        *("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh"),
        *("cosh", "tanh", "asinh", "atanh", "erf", "erfc", "sqrt", "floor", "ceil"),
    ],
)
@pytest.mark.parametrize("x", [0.3, 0.8])
def test_functions_are_those_of_math(name, x):
    want = getattr(math, name)(x)
    assert float(evaluate(apply(name, X), {"x": x})) == pytest.approx(want, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "args", "want"),
    [
        ("sigmoid", (0.8,), 1 / (1 + math.exp(-0.8))),
        ("sigmoid", (-0.8,), 1 / (1 + math.exp(0.8))),
        ("softplus", (0.8,), math.log1p(math.exp(0.8))),
        ("softplus", (-0.8,), math.log1p(math.exp(-0.8))),
        ("sech2", (0.8,), 1 / math.cosh(0.8) ** 2),
        ("normcdf", (0.8,), (1 + math.erf(0.8 / math.sqrt(2))) / 2),
        ("tanhsoftplus", (0.8,), math.tanh(math.log1p(math.exp(0.8)))),
        ("logcosh", (0.8,), math.log(math.cosh(0.8))),
        ("logcosh", (-3,), math.log(math.cosh(3))),
        ("acot", (0.8,), math.pi / 2 - math.atan(0.8)),
        ("acot", (-0.8,), math.pi / 2 + math.atan(0.8)),
        ("rootsum", (5.0, 2.0, 1.0), math.sqrt(5) + 2),
        ("rootsum", (5.0, -2.0, 1.0), math.sqrt(5) - 2),
        ("rootratio", (5.0, 2.0, 1.0), 1 + 2 / math.sqrt(5)),
        ("rootratio", (5.0, -2.0, 1.0), 1 - 2 / math.sqrt(5)),
        ("log1mexp", (-0.8,), math.log(1 - math.exp(-0.8))),
        ("acosh", (1.5,), math.acosh(1.5)),
        ("hypot", (3.0, 4.0), 5.0),
        ("fma", (2.0, 3.0, 4.0), 10.0),
        ("copysign", (2.0, -3.0), -2.0),
        ("power2", (-3.0,), 0.125),
        ("exponent", (10.0,), 3.0),
        ("exponent", (0.3,), -2.0),
        ("mantissa", (-10.0,), 1.25),
        ("round", (2.5,), 2.0),
        ("round", (3.5,), 4.0),
        ("sign", (-7.0,), -1.0),
        ("sign", (0,), 0.0),
        ("min", (2.0, -3.0), -3.0),
        ("product", (0, 5.0), 0.0),
        ("straight_through", (2.0, 3.0), 2.0),
        ("exp_twofold", (1.0, 1e-17), math.e),
        ("sigmoid_times", (0, 8.0), 4.0),
        ("normcdf_twofold_times", (0, 0, 8.0), 4.0),
    ],
)
def test_other_meanings(name, args, want):
    symbols = [Symbol(letter) for letter in "abc"[: len(args)]]
    values = dict(zip("abc", args, strict=False))
    assert float(evaluate(apply(name, *symbols), values)) == pytest.approx(want, rel=1e-15)


def test_digits_are_those_asked_for():
    third = evaluate(1 / (X + 2), {"x": 1}, digits=50)
    with mp.workdps(50):
        assert abs(third - mp.mpf(1) / 3) < mp.mpf(10) ** -49
    assert constant(sqrt(PI) * exp(apply("e"))) is not None
    with mp.workdps(60):
        assert abs(constant(log(apply("e"))) - 1) < mp.mpf(10) ** -58


def test_an_expression_with_symbols_is_no_constant():
    assert constant(X - X) is None
    assert constant(INF) == mp.inf


@pytest.mark.parametrize(
    ("name", "x"),
    [
        *(("log", -1), ("log1p", -2), ("sqrt", -1), ("asin", 2), ("acos", -2), ("acosh", 0.5)),
        *(("atanh", 2), ("log1mexp", 1)),
    ],
)
def test_outside_the_domain_the_value_is_nan(name, x):
    assert mp.isnan(evaluate(apply(name, X), {"x": x}))


def test_there_is_no_division_by_zero_and_no_complex_power():
    assert mp.isnan(evaluate(1 / X, {"x": 0}))
    assert mp.isnan(evaluate(X ** (X / 4), {"x": -2}))
    assert mp.isnan(evaluate(INF - INF * X, {"x": 1}))


def test_ends_of_domains():
    assert evaluate(log(X), {"x": 0}) == -mp.inf
    assert evaluate(apply("log1p", X), {"x": -1}) == -mp.inf
    assert evaluate(apply("tanh", INF), {}) == 1
    assert evaluate(exp(-INF), {}) == 0
    assert mp.isnan(evaluate(apply("max", X, 1), {"x": mp.nan}))
    assert mp.isnan(evaluate(apply("sign", X), {"x": mp.nan}))


def test_the_branch_that_is_not_taken_is_not_computed():
    expr = where(apply("lt", X, 0), apply("sum", X), X)
    assert evaluate(expr, {"x": 2}) == 2
    with pytest.raises(CompilerError, match="'sum' has no value at a point"):
        evaluate(expr, {"x": -2})


def test_conditions_are_bools():
    below = apply("lt", X, 1)
    assert evaluate(below, {"x": 0}) is True
    assert evaluate(apply("and", below, apply("not", below)), {"x": 0}) is False
    assert evaluate(apply("or", below, apply("ne", X, X)), {"x": 0}) is True


def test_symbols_need_values():
    with pytest.raises(CompilerError, match="'x'"):
        evaluate(exp(X), {})


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("x", [1e300, -1e300, 1e-300, -1e-300])
def test_no_float64_takes_long(name, x):
    start = time.perf_counter()
    evaluate(apply(name, X), {"x": 1024.0 if name == "power2" else x})
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "expr",
    [
        exp(exp(exp(X))),
        exp(-exp(exp(X))),
        X**X,
        apply("sinh", X * X) * apply("cosh", X * X),
        apply("sigmoid", exp(X)) - apply("softplus", exp(X)),
        apply("normcdf", -(X**3)) + apply("erfc", X**3) + apply("erf", X**3),
        apply("sin", exp(X)) + apply("cos", exp(X)) + apply("tan", exp(X)),
        apply("logcosh", exp(X)) + apply("tanhsoftplus", exp(X)),
        apply("floor", exp(X)) + apply("round", exp(X)),
        apply("log1mexp", -exp(X)) + apply("expm1", exp(X)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("x", [1e300, -1e300, 1e4])
def test_nor_does_what_is_beyond_float64(expr, x):
    start = time.perf_counter()
    evaluate(expr, {"x": x})
    assert time.perf_counter() - start < 1
