"""Functions of one argument that are merged, for results rounded to float32."""

from fractions import Fraction

import pytest

from actgen.codegen.evaluate import evaluate
from actgen.codegen.ir import HALF, Apply, Const, Symbol, X, apply, is_op, walk
from actgen.codegen.merge import merge

BETA = Symbol("beta")


def sigmoid(a, kind="plain"):
    return apply(f"sigmoid_{kind}", a)


def guarded(a, b):
    return Apply("product_rough", (a, b))


BELL = apply("exp_plain", -(HALF * (X * X)))
SHIFTED = apply("exp_plain", -(HALF * (X * X)) + Const(Fraction(-0.9189385332046728)))


@pytest.mark.parametrize(
    ("expr", "operation"),
    [
        (sigmoid(X) * sigmoid(-X), "sigmoidslope_plain"),
        (sigmoid(-X) * sigmoid(X), "sigmoidslope_plain"),
        (guarded(sigmoid(-X), guarded(sigmoid(X), X)), "sigmoidslope_plain"),
        (guarded(apply("sech2softplus_plain", X), guarded(sigmoid(X), X)), "mishbump_plain"),
        (BELL, "bell_plain"),
        (guarded(SHIFTED, X), "bell_plain"),
        (apply("normcdf_plain", X) + guarded(SHIFTED, X), "normcdfslope_short"),
        (BETA * (apply("normcdf_plain", X) + SHIFTED * X), "normcdfslope_short"),
    ],
)
def test_functions_become_one(expr, operation):
    merged = merge(expr, "plain")
    assert any(is_op(node, operation) for node in walk(merged))
    for x in (-3.5, -0.25, 2.0):
        values = {"x": x, "beta": 1.5}
        assert abs(evaluate(merged, values) - evaluate(expr, values)) < 1e-15


@pytest.mark.parametrize(
    "expr",
    [
        sigmoid(X) * sigmoid(X),
        sigmoid(X) * sigmoid(-BETA),
        sigmoid(X) * sigmoid(-X, "short"),
        apply("exp_plain", HALF * (X * X)),
        apply("exp_plain", -(X * X)),
        apply("normcdf_plain", X) + sigmoid(X) * X,
    ],
)
def test_others_stay(expr):
    assert merge(expr, "plain") == expr


def test_arguments_are_written_alike():
    """A product that is guarded somewhere is guarded everywhere, signs outside."""
    opposite = sigmoid(guarded(BETA, -X))
    whole = sigmoid(BETA * X) + guarded(opposite, guarded(sigmoid(BETA * X), guarded(BETA, X)))
    u = guarded(BETA, X)
    assert merge(whole, "plain") == sigmoid(u) + guarded(apply("sigmoidslope_plain", u), u)


def test_what_is_too_small_to_count_is_dropped():
    high, low = Const(Fraction(1.702)), Const(Fraction(4e-17))
    assert merge(apply("fma", X, high, X * low), "short") == X * high
    large = Const(Fraction(0.125))
    kept = apply("fma", X, high, X * large)
    assert merge(kept, "short") == kept


def test_divisions_by_constants_are_products():
    merged = merge(Const(Fraction(851)) * X / 500, "short")
    assert merged == X * Const(Fraction(1.702))
