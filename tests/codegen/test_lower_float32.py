"""Lowering to float32: its numbers, parameters in two parts, and rounding errors carried along."""

from fractions import Fraction

import numpy as np
import pytest

from actgen.codegen.ir import (
    INF,
    PI,
    Const,
    Symbol,
    X,
    absolute,
    apply,
    exp,
    is_op,
    sqrt,
    walk,
    where,
)
from actgen.codegen.lower import lower, lower_twofold
from actgen.codegen.precision import FLOAT32
from actgen.codegen.simulate import simulate

A = Symbol("a")
PARAMS = {A: (Symbol("a_"), Symbol("a_rest_"))}
VALUES = (0.1, 1 / 3, -2.7, 1e-12, 123456.789)


def const(value):
    return Const(Fraction(value))


def constants(expr):
    return {node.value for node in walk(expr) if isinstance(node, Const)}


def parts(value):
    high = np.float32(value)
    return {"a_": high, "a_rest_": np.float32(value - float(high))}


def run(expr, **values):
    """Return the value of a lowered expression as a float64."""
    return float(simulate(expr, {k: np.float32(v) for k, v in values.items()}, FLOAT32))


def test_constants_are_numbers_of_float32():
    assert lower(const("0.1"), FLOAT32) == const(float(np.float32(0.1)))
    assert lower(PI, FLOAT32) == const(float(np.float32(np.pi)))
    assert lower(const(10) ** 39, FLOAT32) == INF
    lowered = lower(X * sqrt(2 / PI) + const("0.3"), FLOAT32)
    assert all(FLOAT32.holds(value) for value in constants(lowered))


def test_an_irrational_factor_keeps_its_rest():
    lowered = lower(X * sqrt(2 / PI), FLOAT32)
    assert is_op(lowered, "fma")
    x = np.float32(1.1)
    exact = float(x) * np.sqrt(2 / np.pi)
    assert abs(run(lowered, x=x) - exact) <= 0.500001 * np.spacing(np.float32(exact))


def test_a_parameter_is_its_high_part_in_plain_arithmetic():
    assert lower(X * A, FLOAT32, PARAMS) == X * Symbol("a_")
    assert lower(X * A) == X * A


def test_an_argument_carries_what_float32_does_not_hold():
    call = lower(exp(X * A), FLOAT32, PARAMS)
    assert is_op(call, "exp_twofold")
    for value in VALUES:
        for x in (1.1, -37.3):
            given = parts(value) | {"x": np.float32(x)}
            high, low = (Fraction(run(part, **given)) for part in call.args)
            exact = Fraction(value) * Fraction(float(np.float32(x)))
            assert abs(high + low - exact) <= abs(exact) * Fraction(1, 2**45)


@pytest.mark.parametrize("op", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_comparisons_with_a_parameter_see_all_its_digits(op):
    lowered = lower(where(apply(op, X, A), 1, 0), FLOAT32, PARAMS)
    compare = {"lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__"}
    compare |= {"eq": "__eq__", "ne": "__ne__"}
    for value in (*VALUES, 0.5):
        near = np.float32(value)
        for x in (near, np.nextafter(near, np.float32(9)), np.nextafter(near, np.float32(-9))):
            expected = getattr(float(x), compare[op])(value)
            assert run(lowered, x=x, **parts(value)) == expected, (value, x)


def test_twofold_arithmetic_rounds_once():
    expr = X / (1 + absolute(X))
    x = np.linspace(-9, 9, 4001, dtype=np.float32)
    wide = x.astype(np.float64)
    exact = wide / (1 + abs(wide))
    errors = []
    for lowered in (lower(expr, FLOAT32), lower_twofold(expr, FLOAT32, {})):
        found = simulate(lowered, {"x": x}, FLOAT32)
        errors.append(float((abs(found - exact) / FLOAT32.ulp(exact)).max()))
    plain, twofold = errors
    assert plain > 0.8
    assert twofold <= 0.5001


def test_twofold_arithmetic_keeps_the_digits_of_parameters():
    lowered = lower_twofold(X - A, FLOAT32, PARAMS)
    for value in VALUES:
        near = np.float32(value)
        exact = float(near) - value
        found = run(lowered, x=near, **parts(value))
        assert abs(found - exact) <= 2.0**-20 * abs(exact)


def test_what_is_exact_has_no_rounding_errors_to_carry():
    for expr in (X, absolute(X), apply("max", X, 0)):
        assert lower_twofold(expr, FLOAT32, {}) == lower(expr, FLOAT32)


def test_infinities_stay_infinite_with_errors_carried_along():
    lowered = lower_twofold(X * A + 1, FLOAT32, PARAMS)
    for x, value in ((np.inf, 0.3), (3e38, 30.0), (-np.inf, 0.3)):
        assert run(lowered, x=x, **parts(value)) == np.copysign(np.inf, x)


def ulps(lowered, reference, **values):
    """Return the largest error over some thousand inputs."""
    x = np.linspace(-9, 9, 4001, dtype=np.float32)
    found = simulate(lowered, {"x": x} | values, FLOAT32)
    exact = reference(x.astype(np.float64))
    return float((abs(found - exact) / FLOAT32.ulp(exact)).max())


def test_a_product_closes_with_an_fma():
    lowered = lower_twofold(where(apply("gt", X, 0), X, A * X), FLOAT32, PARAMS)
    assert is_op(lowered, "where") and is_op(lowered.args[2], "fma")
    for value in VALUES:
        error = ulps(lowered, lambda x, a=value: np.where(x > 0, x, a * x), **parts(value))
        assert error <= 0.5001
    assert run(lowered, x=-np.inf, **parts(0.3)) == -np.inf


def test_parameters_alone_are_rounded():
    positive = apply("gt", X, 0)
    lowered = lower_twofold(where(positive, X, A), FLOAT32, PARAMS)
    assert lowered == where(positive, X, Symbol("a_"))


def test_a_parameter_divides_by_its_inverse():
    lowered = lower_twofold(X / A, FLOAT32, PARAMS)
    divisions = [node for node in walk(lowered) if is_op(node, "div")]
    assert divisions == [1 / Symbol("a_")]
    for value in VALUES:
        assert ulps(lowered, lambda x, a=value: x / a, **parts(value)) <= 0.5001
    assert run(lowered, x=2, **parts(0.0)) == np.inf
    assert run(lowered, x=np.inf, **parts(0.3)) == np.inf


@pytest.mark.parametrize("sign", [1, -1])
def test_the_argument_beside_a_constant_of_its_sign(sign):
    expr = exp(sign * (const("1.1") + const("0.3") * X**2))
    call = lower(expr, FLOAT32)
    assert is_op(call, "exp_twofold") and not any(is_op(node, "sub") for node in walk(call.args[0]))
    for x in (0.0, 1e-20, 0.7, -3.3, 8.1, 40.0):
        x = np.float32(x)
        high, low = (Fraction(run(part, x=x)) for part in call.args)
        exact = sign * (Fraction("1.1") + Fraction("0.3") * Fraction(float(x)) ** 2)
        assert abs(high + low - exact) <= abs(exact) * Fraction(1, 2**38)


def test_constants_of_the_other_sign_may_cancel():
    call = lower(exp(const("0.3") * X**2 - const("1.1")), FLOAT32)
    x = np.float32(np.sqrt(11 / 3))
    high, low = (Fraction(run(part, x=x)) for part in call.args)
    exact = Fraction("0.3") * Fraction(float(x)) ** 2 - Fraction("1.1")
    assert abs(high + low - exact) <= Fraction(1, 2**46)


def test_a_small_constant_is_added_as_any_number():
    call = lower(exp(const("0.001") + const("0.3") * X**2), FLOAT32)
    x = np.float32(15.3)
    high, low = (Fraction(run(part, x=x)) for part in call.args)
    exact = Fraction("0.001") + Fraction("0.3") * Fraction(float(x)) ** 2
    assert abs(high + low - exact) <= abs(exact) * Fraction(1, 2**44)


@pytest.mark.parametrize("op", ["lt", "le", "gt", "ge"])
@pytest.mark.parametrize("value", ["0.1", "-0.3", "1e-60", "-1e-60", "0.5"])
def test_comparisons_with_a_constant_see_all_its_digits(op, value):
    lowered = lower(where(apply(op, X, const(value)), 1, 0), FLOAT32)
    assert not any(is_op(node, "and", "or") for node in walk(lowered))
    near = np.float32(float(Fraction(value)))
    compare = {"lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__"}[op]
    for x in (near, np.nextafter(near, np.float32(9)), np.nextafter(near, np.float32(-9))):
        assert run(lowered, x=x) == getattr(Fraction(float(x)), compare)(Fraction(value)), x


def test_zeros_keep_their_signs():
    for expr in (A * X, X / A, X / (1 + absolute(X)), A * X / (1 + absolute(X))):
        lowered = lower_twofold(expr, FLOAT32, PARAMS)
        for value in (0.1, 0.3, 1.0):
            for zero in (0.0, -0.0):
                assert np.signbit(run(lowered, x=zero, **parts(value))) == np.signbit(zero)
