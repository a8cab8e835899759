"""Sharing: what occurs twice is computed once, and lines stay short."""

import keyword
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.ir import Apply, Symbol, X, apply, exp, is_op, sigmoid, substitute, tanh, where
from actgen.codegen.share import WIDTH, share

A = Symbol("a")
CONDITIONS = ("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not")


def expand(shared):
    """Put temporaries back where they are used."""
    values = {}
    for name, value in shared.lines:
        values[Symbol(name)] = substitute(value, values)
    return [substitute(result, values) for result in shared.results]


def occurrences(shared):
    """Count the operations of the text, but for conditions and signs of names."""
    found = Counter()
    stack = [*(value for _, value in shared.lines), *shared.results]
    while stack:
        node = stack.pop()
        stack.extend(node.args)
        sign = is_op(node, "neg") and not isinstance(node.args[0], Apply)
        if isinstance(node, Apply) and node.args and not sign and not is_op(node, *CONDITIONS):
            found[node] += 1
    return found


def _grow(inner):
    def call(*ops):
        return lambda *args: st.builds(lambda op, *a: Apply(op, a), st.sampled_from(ops), *args)

    return st.one_of(
        call("add", "sub", "mul", "div", "min")(inner, inner),
        call("neg", "exp", "sigmoid", "abs", "sqrt")(inner),
        call("fma")(inner, inner, inner),
        call("where")(call("lt", "eq")(inner, inner), inner, inner),
    )


leaves = st.sampled_from([X, A, apply("sub", X, A), exp(X), X * X])
exprs = st.recursive(leaves, _grow, max_leaves=20)


@given(st.lists(exprs, min_size=1, max_size=3))
@settings(deadline=None, max_examples=100)
def test_sharing_keeps_the_value_and_computes_everything_once(exprs):
    shared = share(exprs, ["x", "a"])
    assert expand(shared) == exprs
    assert not [node for node, count in occurrences(shared).items() if count > 1]
    names = [name for name, _ in shared.lines]
    assert len({*names, "x", "a"}) == len(names) + 2
    assert not any(keyword.iskeyword(name) for name in names)


def test_names_say_what_they_stand_for():
    s, e = sigmoid(X), exp(X)
    expr = s * (1 - s) + e / (e + 1) + e * tanh(A) + X * X * (X * X + tanh(A))
    shared = share([expr], ["x", "a"], width=200)
    assert {name for name, _ in shared.lines} == {"s", "e", "t", "x2"}
    assert emit_cpu(dict(shared.lines)["x2"]) == "x * x"


def test_names_that_are_taken_get_a_number():
    e, f = exp(X), exp(A)
    shared = share([e * e + f * f], ["x", "a", "e"])
    assert [name for name, _ in shared.lines] == ["e_2", "e_3"]
    assert [name for name, _ in share([exp(X) ** 2 + exp(X)], ["e_2"]).lines] == ["e"]


def test_names_are_no_keywords_and_no_functions():
    e, f = apply("log", X), apply("log1p", X)
    names = [name for name, _ in share([e * (e + f) * f], ["x"]).lines]
    assert names == ["log_", "log1"]


@pytest.mark.parametrize("param", ["sech", "power"])
def test_the_square_of_a_parameter_does_not_take_the_name_of_a_function(param):
    p = Symbol(param)
    shared = share([p * p + (p * p) * apply("sech2", X) * apply("power2", X)], ["x", param])
    assert not {name for name, _ in shared.lines} & {"sech2", "power2"}


def test_a_step_may_be_named():
    shared = share([exp(X) + 1], ["x"], names={exp(X): "growth"})
    assert shared.lines == (("growth", exp(X)),)
    assert shared.results == (Symbol("growth") + 1,)


def test_conditions_and_signs_are_written_out():
    below = apply("lt", X, A)
    shared = share([where(below, -X, X) + where(below, A, -X)], ["x", "a"])
    assert shared.lines == ()


def test_a_condition_that_would_not_fit_on_a_line_is_cut():
    low, high = (apply("and", apply("gt", X, n), apply("lt", X, n + 1)) for n in (1, 5))
    expr = where(apply("or", low, high), 1, 0)
    shared = share([expr], ["x"], width=54)
    assert shared.lines == (("holds", low),)
    assert emit_cpu(shared.results[0]) == "1.0 if holds or x > 5.0 and x < 6.0 else 0.0"


def test_results_share_with_each_other():
    shared = share([exp(X), exp(X) + 1], ["x"])
    assert shared.lines == (("e", exp(X)),)
    assert shared.results == (Symbol("e"), Symbol("e") + 1)


def test_polynomials_go_one_step_a_line():
    p = X
    for _ in range(4):
        p = apply("fma", p, A, 1)
    lines = [emit_cpu(value) for _, value in share([p], ["x", "a"]).lines]
    assert lines == ["fma(fma(x, a, 1.0), a, 1.0)", "fma(p, a, 1.0)", "fma(p_2, a, 1.0)"]


@given(exprs)
@settings(deadline=None, max_examples=100)
def test_lines_are_bounded(expr):
    shared = share([expr], ["x", "a"])
    for value in (*(value for _, value in shared.lines), *shared.results):
        assert len(emit_cpu(value)) <= WIDTH + 20
