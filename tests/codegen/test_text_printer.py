"""Formula text: with the fewest parentheses that keep the formula what it is."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from actgen.codegen.constants import problem
from actgen.codegen.emit.text import decimal, emit_text
from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import (
    HALF,
    INF,
    PI,
    Apply,
    Const,
    Symbol,
    X,
    apply,
    exp,
    sigmoid,
    walk,
    where,
)
from actgen.codegen.parse import parse
from actgen.codegen.scope import Scope
from actgen.codegen.text import Text

A = Symbol("alpha")
SCOPE = Scope({"x", "alpha", "index"}, along_axis=True)

leaves = st.one_of(
    st.sampled_from([X, A, PI, INF]),
    st.builds(lambda n: Const(Fraction(n, 100)), st.integers(1, 10**6)),
)


def _grow(inner):
    def call(*ops):
        return lambda *args: st.builds(lambda op, *a: Apply(op, a), st.sampled_from(ops), *args)

    comparison = call("lt", "le", "gt", "ge", "eq", "ne")(inner, inner)
    condition = st.recursive(
        comparison,
        lambda c: call("and", "or")(c, c) | call("not")(c),
        max_leaves=3,
    )
    return st.one_of(
        call("add", "sub", "mul", "div", "pow")(inner, inner),
        call("neg")(inner),
        call("exp", "abs", "softplus", "sum", "amax", "stop_gradient")(inner),
        call("min", "max", "hypot", "straight_through")(inner, inner),
        call("where")(condition, inner, inner),
    )


@given(st.recursive(leaves, _grow, max_leaves=12))
@settings(deadline=None, max_examples=100)
def test_the_parser_reads_back_what_is_printed(expr):
    assume(not any(map(problem, walk(expr))))  # constants without a value are refused
    assert parse(Text(emit_text(expr)), SCOPE) == expr


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (X * sigmoid(A * X), "x * sigmoid(alpha * x)"),
        ((X + 1) * 2, "(x + 1) * 2"),
        (X + 1 - A, "x + 1 - alpha"),
        (X - (A - 1), "x - (alpha - 1)"),
        (X + (A - 1), "x + (alpha - 1)"),
        (X * (A / 2), "x * (alpha / 2)"),
        (X / (A / 2), "x / (alpha / 2)"),
        (X * A / 2, "x * alpha / 2"),
        (-(X**2), "-x**2"),
        ((-X) ** 2, "(-x)**2"),
        (X**A**2, "x**alpha**2"),
        ((X**A) ** 2, "(x**alpha)**2"),
        (X ** (-A), "x**(-alpha)"),
        (-(X * A), "-(x * alpha)"),
        (HALF * X, "0.5 * x"),
        (X * Const(Fraction(1, 3)), "x * (1/3)"),
        (PI / INF, "pi / inf"),
        (exp(-X), "exp(-x)"),
        (
            where(apply("and", apply("lt", X, 0), apply("not", apply("eq", A, X))), X, A),
            "where(x < 0 and not alpha == x, x, alpha)",
        ),
        (
            apply("and", apply("or", apply("lt", X, 0), apply("gt", X, 1)), apply("ne", A, 0)),
            "(x < 0 or x > 1) and alpha != 0",
        ),
    ],
)
def test_precedence(expr, text):
    assert emit_text(expr) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(3), "3"),
        (Fraction("-0.044715"), "-0.044715"),
        (Fraction(1, 8), "0.125"),
        (Fraction(-1, 1000), "-0.001"),
        (Fraction(2, 3), "2/3"),
        (Fraction("1.6732632423543772848170429916717"), "1.6732632423543772848170429916717"),
    ],
)
def test_numbers_keep_every_digit(value, text):
    assert decimal(value) == text
    assert Fraction(text) == value


def test_a_long_float64_is_printed_as_python_does():
    assert decimal(Fraction(1.2e-19)) == "1.2e-19"
    assert decimal(Fraction(1, 3 * 2**60)) == f"1/{3 * 2**60}"


def test_what_is_no_operation_has_no_text():
    with pytest.raises(CompilerError, match="nonsense"):
        emit_text(exp(apply("nonsense", X)))
