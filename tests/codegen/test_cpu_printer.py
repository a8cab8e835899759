"""Python text for Numba: precedence as Python has it, and imports for what it names."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actgen.codegen.emit.cpu import emit_cpu, imports, literal
from actgen.codegen.errors import CompilerError
from actgen.codegen.ieee import evaluate_float64
from actgen.codegen.ir import INF, PI, Apply, Const, Symbol, X, apply, sqrt, where

from . import plain

A = Symbol("a")

leaves = st.one_of(
    st.sampled_from([X, A, INF]),
    st.builds(lambda n: Const(Fraction(n, 8)), st.integers(-100, 100)),
)


def _call(*ops):
    return lambda *args: st.builds(lambda op, *a: Apply(op, a), st.sampled_from(ops), *args)


def _grow(inner):
    comparison = _call("lt", "le", "gt", "ge", "eq", "ne")(inner, inner)
    condition = st.recursive(
        comparison, lambda c: _call("and", "or")(c, c) | _call("not")(c), max_leaves=4
    )
    return st.one_of(
        _call("add", "sub", "mul", "div")(inner, inner),
        _call("neg", "abs", "sqrt", "sin", "floor", "round", "atan")(inner),
        _call("min", "max", "copysign", "hypot")(inner, inner),
        _call("where")(condition, inner, inner),
    )


numbers = st.one_of(st.floats(-100, 100), st.sampled_from([0.0, -0.0, float("inf"), float("nan")]))


@given(st.recursive(leaves, _grow, max_leaves=12), numbers, numbers)
@settings(deadline=None, max_examples=100)
def test_python_computes_what_is_printed(expr, x, a):
    got = plain.value(emit_cpu(expr), {"x": x, "a": a})
    want = evaluate_float64(expr, {"x": x, "a": a})
    assert got == want or (got != got and want != want)


@given(numbers, numbers)
def test_powers_are_computed_as_printed(x, a):
    """NumPy and the C library round powers each in their own way."""
    got = plain.value(emit_cpu(X**A), {"x": x, "a": a})
    want = evaluate_float64(X**A, {"x": x, "a": a})
    np.testing.assert_allclose(got, want, rtol=4e-16)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (X + (A + 1), "x + (a + 1.0)"),
        (X + A + 1, "x + a + 1.0"),
        (X - (A - X), "x - (a - x)"),
        (X * (A / X), "x * (a / x)"),
        (-(X * A), "-(x * a)"),
        (-X * A, "-x * a"),
        (X**A**X, "x ** a ** x"),
        ((X**A) ** X, "(x ** a) ** x"),
        ((-X) ** A, "(-x) ** a"),
        (-(X**A), "-x ** a"),
        (X - Const(Fraction(-2)), "x - -2.0"),
        (Const(Fraction(-2)) ** X, "(-2.0) ** x"),
        (where(apply("lt", X, 0), A, X), "a if x < 0.0 else x"),
        (where(apply("lt", X, 0), A, where(apply("gt", X, 1), 1, X)),
         "a if x < 0.0 else at_most(x, 1.0)"),
        (where(apply("lt", X, 0), where(apply("gt", A, 1), 1, X), A),
         "(1.0 if a > 1.0 else x) if x < 0.0 else a"),
        (where(apply("lt", X, 0), A, X) + 1, "(a if x < 0.0 else x) + 1.0"),
        (apply("min", where(apply("lt", X, 0), A, X), X), "minimum(a if x < 0.0 else x, x)"),
        (apply("lt", where(apply("ne", X, X), A, X), 1), "(a if x != x else x) < 1.0"),
        (apply("not", apply("or", apply("lt", X, 0), apply("ge", A, 1))),
         "not (x < 0.0 or a >= 1.0)"),
        (apply("abs", X - A) * sqrt(INF), "abs(x - a) * sqrt(inf)"),
        (apply("round", X), "rint(x)"),
        (apply("exp_twofold", X, A), "exp_twofold(x, a)"),
    ],
)  # fmt: skip
def test_precedence(expr, text):
    assert emit_cpu(expr) == text


def test_symbols_may_be_spelled_otherwise():
    assert emit_cpu(X + A, {"x": "x_j", "a": "total[c]"}) == "x_j + total[c]"


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3.0"), (Fraction(1, 10**5), None), (Fraction(1e-5), "1e-05"), (10**22, "1e22")],
)
def test_literals_are_float64_numbers(value, text):
    if text is None:
        with pytest.raises(CompilerError, match="lowering should have rounded it"):
            literal(Fraction(value))
    else:
        assert literal(Fraction(value)) == text
        assert Fraction(float(text)) == value


def test_imports_are_what_the_text_names():
    exprs = [sqrt(X) + apply("round", A), apply("min", apply("fma", X, A, INF), A)]
    assert imports(exprs) == {
        "math": {"sqrt", "inf"},
        "numpy": {"rint"},
        "actgen.intrinsics": {"minimum", "fma"},
    }
    assert imports([apply("tanh", X) * X]) == {}  # from the library, printed where it is used


@pytest.mark.parametrize("expr", [PI * X, apply("sum", X), apply("mean", X), apply("concat", X, A)])
def test_what_lowering_should_have_replaced_is_refused(expr):
    with pytest.raises(CompilerError, match="has no CPU spelling"):
        emit_cpu(expr)
