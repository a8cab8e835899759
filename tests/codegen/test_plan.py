"""Planning: the cheapest way within the budget, by errors measured as kernels will make them."""

import math

import numpy as np
import pytest

from actgen.codegen.inline import resolve
from actgen.codegen.ir import (
    INF,
    ONE,
    ZERO,
    Symbol,
    X,
    absolute,
    apply,
    sigmoid,
    symbols,
    tanh,
    where,
)
from actgen.codegen.library import LIBRARY
from actgen.codegen.lower import lower
from actgen.codegen.model import read_text
from actgen.codegen.parameter_values import in_parts
from actgen.codegen.pipeline import compile_definition
from actgen.codegen.plan import (
    ACCURATE,
    FAST,
    FAST64,
    Plan,
    Setting,
    Way,
    _budget,
    _Trial,
    plan,
)
from actgen.codegen.precision import FLOAT32, FLOAT64
from actgen.codegen.simulate import simulate

A = Symbol("a")
CONVERSIONS = 6  # from float32 to float64 and back


def variant(text):
    spec = read_text(f"name: probe\n{text}\n", "probe.yaml")
    (only,) = compile_definition(resolve([spec], {})[0]).variants
    return only


def planned(expr, setting=None):
    return plan(expr, lower(expr), setting or Setting())


def with_param(default, constraint=""):
    """Return the setting of an expression with one parameter, a."""
    rule = f', constraint: "{constraint}"' if constraint else ""
    spec = read_text(
        f"name: p\nparams: {{a: {{default: {default}{rule}}}}}\nformula: a*x\n", "p.yaml"
    )
    return Setting(params=spec.params)


# What is chosen


def test_what_is_exact_in_float32_is_computed_in_float32():
    made = planned(apply("max", X, 0))
    assert (
        made.single
        == made.single_fast
        == made.half
        == Way("_float32", FLOAT32, apply("max", X, 0), 0.0)
    )
    assert made.double == Way("", FLOAT64, apply("max", X, 0))
    assert not made.has_fast


def test_a_function_is_compensated_on_the_accurate_tier_and_plain_on_the_fast_one():
    made = planned(sigmoid(X))
    assert (made.single.suffix, made.single_fast.suffix) == ("_float32", "_float32_fast")
    assert made.single.lowered == apply("sigmoid_f32", X)
    assert made.single_fast.lowered == apply("sigmoid_f32_fast", X)
    assert made.has_fast and made.half is made.single_fast
    assert (made.double_fast.suffix, made.double_fast.fmt) == ("_quick", FLOAT64)
    assert 0 < made.double_fast.error <= FAST64
    assert [way.suffix for way in made.ways] == ["", "_float32", "_float32_fast", "_quick"]


def test_sums_that_cancel_go_to_float64():
    # a sum with an irrational zero has no function of its own, as a rule; this one does
    made = variant("formula: x * sigmoid(x)").body("derivative").plan
    assert made.single.lowered == apply("siluslope_f32", X)
    made = planned(sigmoid(X) - tanh(X))
    assert made.single.fmt is made.single_fast.fmt is FLOAT64


def test_what_float32_does_not_hold_of_a_parameter_counts():
    made = planned(X - 3 * A, with_param("0.1"))
    assert made.single.suffix == made.single_fast.suffix == ""
    plain = made.tried[0]
    assert plain.suffix == "_float32" and plain.error > 1e6
    assert planned(X - 3 * A, with_param("0.5")).tried[0].error > 1e6  # other values are tried, too


@pytest.mark.parametrize("expr", [X - A, A - X, X + A])
def test_a_sum_with_a_parameter_takes_all_of_it(expr):
    made = planned(expr, with_param("0.1"))
    assert made.single.suffix == made.single_fast.suffix == "_float32"
    assert in_parts(with_param("0.1").params[0])[1] in symbols(made.single.lowered)


def test_functions_without_a_float32_version_stay_float64():
    for name in ("asin", "atan"):
        made = planned(apply(name, X))
        assert [way.suffix for way in made.tried] == [""]
        assert made.ways == (made.double,) or made.single.lowered == made.double.lowered
    assert planned(X ** (ONE / 3)).single.fmt is FLOAT64


def test_with_random_numbers_all_is_in_float64():
    made = planned(X * Symbol("a", "random"), Setting(random=True))
    assert made.single.fmt is made.single_fast.fmt is FLOAT64


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("formula: x / (1 + abs(x))", "forward"),
        ("formula: 0.5 * x * (1 + erf(x / sqrt(2)))", "forward"),
        ("formula: x * tanh(softplus(x))", "derivative"),
        ("params: {a: {default: 0.3}}\nformula: where(x > a, x, a * expm1(x - a))", "forward"),
    ],
)
def test_the_cheapest_way_within_each_budget_is_taken(text, quantity):
    made = variant(text).body(quantity).plan
    costs = [way.cost for way in made.tried]
    assert costs == sorted(costs)
    for limit, taken in ((ACCURATE, made.single), (FAST, made.single_fast)):
        assert taken == next(way for way in made.tried if way.error <= limit)
    assert made.tried[-1] in (made.single, made.single_fast)


def test_the_second_derivative_has_one_tier():
    made = variant("formula: 1 / (1 + exp(-x))").body("second_derivative").plan
    assert made.single == made.single_fast and made.double == made.double_fast
    assert not made.has_fast


def test_what_has_sums_along_an_axis_has_no_plan():
    spec = "kind: normalization\nformula: {w: exp(x), result: w / sum(w)}"
    assert all(body.plan is None for body in variant(spec).bodies)
    bodies = variant("params: {a: {default: 1}}\nformula: a * x").bodies
    assert [b.name for b in bodies if b.plan is None] == ["partial_a"]


def test_float64_carries_rounding_errors_along_where_they_tell():
    made = planned((X + 3) / (1 + X**2) / (2 + X**2) / (3 + X**2))
    assert "fma" in repr(made.double.lowered)
    assert planned(X / (1 + absolute(X))).double.lowered == lower(X / (1 + absolute(X)))


def test_ways_are_tried_at_infinity():
    made = planned(where(apply("lt", absolute(X), INF), X, 1))
    wrong = Way("", FLOAT64, X)
    assert made.single.error == 0
    assert _Trial(made.double.lowered, Setting()).error(wrong) == math.inf


# Costs and ways


def test_the_cost_counts_the_operations_of_the_functions_called():
    assert Way("", FLOAT32, X + A * X).cost == 2
    assert Way("", FLOAT64, X + A * X).cost == 4 + CONVERSIONS
    assert Way("", FLOAT32, -X / A).cost == 10
    assert Way("", FLOAT32, apply("exp_f32", X)).cost > 15
    assert Way("", FLOAT32, apply("exp_f32", X)).calls
    assert not Way("", FLOAT32, apply("product", X, A)).calls  # a selection, not a function


def test_ways_of_one_name_are_one():
    double, narrow = (Way(suffix, FLOAT64, X) for suffix in ("", "_narrow"))
    assert Plan(double, double, double, double).ways == (double,)
    assert Plan(double, narrow, double, double).ways == (double, narrow)


def test_what_a_function_alone_gives_is_held_to_the_error_it_states():
    value, stated = apply("exp_f32", X), LIBRARY["exp_f32"].error
    assert ACCURATE < stated < 1
    for expr in (value, where(apply("gt", X, 0), ONE, value), -value):
        assert _budget(Way("", FLOAT32, expr)) == stated
    other = apply("exp_f32", X + X)
    for expr in (value + 1, other, apply("exp_f32_fast", X), apply("exp_times_f32", X, X), X):
        assert _budget(Way("", FLOAT32, expr)) == ACCURATE


# Parameters


def test_parameters_come_in_two_float32_parts():
    (param,) = with_param("0.1").params
    assert in_parts(param) == (Symbol("a_"), Symbol("a_rest_"))
    made = planned(sigmoid(A * X), with_param("0.1"))
    assert made.single.suffix == "_float32"
    text = repr(made.single.lowered)
    assert "a_rest_" in text and "sigmoid_twofold" in text
    high, rest = np.float32(0.1), np.float32(0.1 - float(np.float32(0.1)))
    x = np.linspace(-80, 5, 1001, dtype=np.float32)
    given = {"x": x, "a_": high, "a_rest_": rest}
    exact = 1 / (1 + np.exp(-0.1 * x.astype(np.float64)))
    error = np.abs(simulate(made.single.lowered, given, FLOAT32) - exact) / FLOAT32.ulp(exact)
    assert error.max() < 1


def test_comparisons_see_what_float32_does_not_hold_of_a_parameter():
    made = planned(where(apply("ge", X, A), ONE, ZERO), with_param("0.1"))
    assert made.single.suffix == "_float32" and made.single.error == 0
    nearest = np.float32(0.1)  # more than 0.1
    x = np.array([np.nextafter(nearest, np.float32(0)), nearest])
    for value in (0.1, float(nearest), math.nextafter(float(nearest), 1)):
        high = np.float32(value)
        parts = {"a_": high, "a_rest_": np.float32(value - float(high))}
        found = simulate(made.single.lowered, {"x": x} | parts, FLOAT32)
        assert found.tolist() == (x.astype(np.float64) >= value).tolist()


def test_values_of_parameters_keep_their_constraints():
    for constraint in ("> 0", "<= 1", ">= 1"):
        made = planned(A * absolute(X), with_param("1", constraint))
        assert all(math.isfinite(way.error) for way in made.tried)


# Parameters at their defaults

RELU = """params:
  slope: {default: 0.0}
  top: {default: null, type: float, null_means: inf}
  start: {default: 0.0}
formula: where(x > start, min(x, top), 0) + slope * min(x - start, 0)"""


def test_formulas_that_need_it_have_kernels_without_parameters():
    special = variant(RELU).at_defaults
    assert special.fixed and special.suffix == "_default"
    assert [body.name for body in special.bodies] == ["forward", "derivative"]
    assert special.body("forward").plan.single.suffix == "_float32"
    assert special.body("forward").plan.single.cost < 5


def test_a_product_that_is_rounded_beside_a_function_needs_it():
    text = "params: {beta: {default: 1.0}}\nformula: x * sigmoid(beta * x)"
    general = variant(text)
    for tier in ("single", "single_fast"):
        ways = [getattr(v.body("forward").plan, tier) for v in (general.at_defaults, general)]
        assert ways[0].cost < 0.85 * ways[1].cost


@pytest.mark.parametrize(
    "text",
    [
        "formula: max(x, 0)",
        "params: {slope: {default: 0.01}}\nformula: where(x >= 0, x, slope * x)",
    ],
)
def test_others_have_none(text):
    assert variant(text).at_defaults is None


def test_a_plan_is_a_value():
    made = planned(apply("max", X, 0))
    assert made == planned(apply("max", X, 0))
    assert made.tried == (made.single,)
