"""Hold the elementwise references against numerical differentiation and known values."""

from __future__ import annotations

import pytest
from mpmath import almosteq, diff, inf, isnan, mp, mpf, nan

from tests.oracle import names, reference

PARAMS = {
    "prelu": [{"weight": 0.25}],
    "gelu": [{}, {"approximate": True}],
    "silu": [{}, {"beta": 1.5}, {"beta": -0.5}],
    "relu": [{}, {"negative_slope": 0.25, "max_value": 6.0, "threshold": 0.5}],
    "elu": [{"alpha": 2.0}],
    "celu": [{"alpha": 2.0}],
    "softplus": [{"beta": 3.0}],
    "laplace": [{"mu": 0.5, "sigma": 2.0}],
    "snake": [{"frequency": 3.0}],
    "shrink": [{"lambd": 1.5, "bias": 0.5}],
    "hard_sigmoid": [{}, {"slope": 0.2, "offset": 0.4}],
}
CASES = [(name, params) for name in names() for params in PARAMS.get(name, [{}])]
POINTS = ("-80.25", "-7.125", "-2.7", "-0.3", "-0.001", "0.0007", "0.4", "1.3", "4.9", "33.5")


@pytest.mark.parametrize(("name", "params"), CASES)
def test_derivatives_are_those_of_the_values(name, params):
    function = reference(name, params)
    step = mpf(2) ** -60
    with mp.workprec(160):
        for x in map(mpf, POINTS):
            for order, lower in ((1, function.forward), (2, function.derivative)):
                exact = function(x, order)
                numerical = diff(lower, x, h=step, relative=False)
                assert almosteq(numerical, exact, rel_eps=1e-10, abs_eps=mpf(10) ** -25)


@pytest.mark.parametrize(("name", "params"), CASES)
def test_ends_are_the_limits(name, params):
    function = reference(name, params)
    for sign in (-1, 1):
        for order in (0, 1, 2):
            end = function(sign * inf, order)
            near, nearer = (function(sign * mpf(10) ** k, order) for k in (20, 30))
            if isnan(end):
                assert name == "snake"
            elif abs(end) == inf:
                assert abs(nearer) > abs(near) > 1e15
                assert nearer * end > 0
            else:
                assert abs(nearer - end) < mpf(10) ** -15


@pytest.mark.parametrize(("name", "params"), CASES)
def test_nan_gives_nan_and_huge_inputs_give_numbers(name, params):
    function = reference(name, params)
    for order in (0, 1, 2):
        assert isnan(function(nan, order))
        for x in (1e308, -1e308, 3e38, -3e38, 5e-324, -5e-324, 0.0):
            assert not isnan(function(x, order))


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("gelu", 1, "0.841344746068542948585232545632"),
        ("sigmoid", 1, "0.731058578630004879251159241822"),
        ("softplus", 0, "0.693147180559945309417232121458"),
        ("mish", 1, "0.865098388267310346116233449256"),
        ("tanh", 1, "0.761594155955764888119458282604"),
        ("log_sigmoid", -40, "-40.0000000000000000042483542552916"),
        ("squareplus", 0, "1"),
        ("softsign", -3, "-0.75"),
        ("selu", 1, "1.0507009873554804934193349852946"),
        ("hard_silu", 1, "0.666666666666666666666666666667"),
        ("hard_sigmoid", -3, "0"),
        ("tanh_shrink", "1e-100", "3.33333333333333333333333333333e-301"),
    ],
)
def test_known_values(name, x, expected):
    with mp.workprec(160):
        assert almosteq(reference(name).forward(x), mpf(expected), rel_eps=1e-29)


def test_values_at_kinks_are_the_declared_ones():
    declared = {
        ("relu", 0): 0,
        ("relu6", 6): 0,
        ("leaky_relu", 0): 0.01,
        ("celu", 0): 1,
        ("hard_silu", -3): 0,
        ("hard_silu", 3): 1,
        ("hard_tanh", 1): 0,
        ("hard_shrink", 0.5): 0,
        ("threshold", 0): 0,
        ("softsign", 0): 1,
        ("sparse_plus", 1): 1,
        ("sparse_sigmoid", -1): 0.25,
    }
    for (name, x), slope in declared.items():
        assert reference(name).derivative(x) == slope
    assert float(reference("selu").derivative(0)) == 1.7580993408473768
    assert reference("elu", {"alpha": 2.0}).derivative(0) == 2
