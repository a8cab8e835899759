"""Power series at 0 and far out: coefficients against values in high precision."""

import pytest
from mpmath import mp

from actgen.codegen.evaluate import evaluate
from actgen.codegen.ir import Symbol, X, exp, substitute
from actgen.codegen.jets import analytic, jet
from actgen.codegen.power_series import LENGTH
from actgen.codegen.simplify import simplify
from tests.codegen.algebraic import formula


@pytest.mark.parametrize(
    "given_",
    [
        *("exp(x)", "expm1(x)", "log(2 + x)", "log1p(x)", "sin(x)", "cos(1 + x)", "sinh(x)"),
        *("cosh(x)", "tan(x)", "tanh(x)", "sech2(x)", "atan(x)", "acot(x)", "asin(x)"),
        *("asinh(x)", "atanh(x)", "erf(x)", "erfc(x)", "normcdf(x)", "sigmoid(x)"),
        *("softplus(x)", "logcosh(1 + x)", "sqrt(1 + x)", "(2 + x)**(1 / 3)", "1 / (3 - x)"),
        *("x**3 * exp(-x**2)", "rootsum(x**2 + 1, x, 1)", "rootratio(x**2 + 1, x, 1)"),
    ],
)
def test_taylor_series(given_):
    expr = simplify(formula(given_))
    found = analytic(expr).regular
    assert len(found) == LENGTH
    for x in (mp.mpf("1e-4"), mp.mpf("-1e-4")):
        with mp.workdps(60):
            assert abs(mp.polyval(found[::-1], x) - evaluate(expr, {"x": x}, 80)) < 1e-48


@pytest.mark.parametrize(
    ("given_", "order", "lead"),
    [
        ("x - tanh(x)", 3, "0.333333333333333333"),
        ("sin(x) / x", 0, "1"),
        ("1 / x**2", -2, "1"),
        ("(exp(x) - 1 - x) / x**2", 0, "0.5"),
        ("x - x", None, None),
    ],
)
def test_leading_term_at_0(given_, order, lead):
    found = analytic(formula(given_))
    assert found.order == order
    assert lead is None or abs(found.coefficients[0] - mp.mpf(lead)) < 1e-15


@pytest.mark.parametrize(
    ("given_", "side", "lead"),
    [
        ("abs(x)", 1, 1),
        ("abs(x)", -1, -1),
        ("sign(x)", -1, -1),
        ("max(x, 2 * x)", 1, 2),
        ("max(x, 2 * x)", -1, 1),
        ("min(x, 2 * x)", -1, 2),
        ("where(x > 0, x, 3 * x)", 1, 1),
        ("where(x >= 0 and not x == 0, x, 3 * x)", -1, 3),
        ("exp(-abs(x)) - exp(-2 * abs(x))", -1, -1),
    ],
)
def test_one_side_of_0(given_, side, lead):
    found = jet(formula(given_), side)
    assert abs(found.coefficients[0] - lead) < 1e-40
    assert analytic(formula(given_)) is None


@pytest.mark.parametrize(
    ("given_", "side", "order", "lead"),
    [
        ("x / (1 + x)", 1, 0, "1"),
        ("sqrt(1 + x**2) - x", 1, 1, "0.5"),  # 1/(2x)
        ("x - atan(x) - x", -1, 0, "1.5707963267948966192"),
        ("1 / (1 + sqrt(1 + x**2)) - x**2 / (sqrt(1 + x**2) * (1 + sqrt(1 + x**2))**2)", 1, 2, "1"),
        ("tanh(x) + exp(-x)", 1, 0, "1"),
        ("softplus(x) / x", 1, 0, "1"),
        ("softplus(x)", -1, None, None),
        ("logcosh(x) - abs(x)", -1, 0, "-0.69314718055994530942"),
        ("acot(x)", 1, 1, "1"),
        ("erfc(x)", -1, 0, "2"),
        ("where(x > 3, x, 0)", 1, -1, "1"),
    ],
)
def test_far_out(given_, side, order, lead):
    found = jet(formula(given_), side, far=True)
    assert found.order == order
    assert lead is None or abs(found.coefficients[0] - mp.mpf(lead)) < 1e-15


@pytest.mark.parametrize("given_", ["log(x)", "sqrt(x)", "exp(1 / x)", "a * x", "floor(x)"])
def test_what_has_no_series_at_0(given_):
    assert jet(formula(given_)) is None


@pytest.mark.parametrize("given_", ["exp(x)", "log(x)", "sin(x)"])
def test_what_has_no_series_far_out(given_):
    assert jet(formula(given_), 1, far=True) is None


def test_reductions_have_no_series():
    assert jet(substitute(exp(X), {X: Symbol("dy")})) is None
