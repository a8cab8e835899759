"""Schedules: as few passes over a slice as its reductions allow, and nothing twice."""

import pytest

from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.ir import INDEX, ZERO, Symbol, X, apply, exp, where
from actgen.codegen.schedule import schedule

A, DY = Symbol("a"), Symbol("dy")
PEAK, SUM = apply("amax", X), apply("sum", exp(X - apply("amax", X)))


def steps(expr, taken=("x", "a", "dy")):
    """Return the passes as text: their reductions, then what the slice computes once."""
    plan = schedule(expr, taken)
    listed = []
    for step in plan.passes:
        lines = [f"{name} = {emit_cpu(value)}" for name, value in step.lines]
        lines += [f"{r.name} = {r.op}({emit_cpu(r.value)})" for r in step.reductions]
        listed.append([*lines, *(f"{name} := {emit_cpu(value)}" for name, value in step.after)])
    lines = [f"{name} = {emit_cpu(value)}" for name, value in plan.lines]
    return listed, [*lines, emit_cpu(plan.result)]


def test_softmax_takes_two_passes_and_one_to_write():
    assert steps(exp(X - PEAK) / SUM) == (
        [["largest = amax(x)"], ["total = sum(exp(x - largest))"]],
        ["exp(x - largest) / total"],
    )


def test_what_only_the_slice_determines_is_computed_between_the_passes():
    assert steps(X - PEAK - apply("log", SUM)) == (
        [["largest = amax(x)"], ["total = sum(exp(x - largest))", "scale := log(total)"]],
        ["x - largest - scale"],
    )


def test_reductions_that_do_not_need_each_other_share_a_pass():
    expr = (X - apply("sum", X) * apply("sum", X * DY)) * apply("amax", X)
    assert steps(expr) == (
        [
            [
                *("total = sum(x)", "total_2 = sum(x * dy)", "largest = amax(x)"),
                "scale := total * total_2",
            ]
        ],
        ["(x - scale) * largest"],
    )


def test_equal_reductions_are_one():
    passes, result = steps(apply("sum", X) * X + X / apply("sum", X))
    assert passes == [["total = sum(x)"]]
    assert result == ["total * x + x / total"]


def test_nesting_sets_the_number_of_passes():
    once = apply("sum", X)
    twice = apply("sum", X / once)
    passes, result = steps(X * apply("amax", twice * X))
    assert [step[-1] for step in passes] == [
        "total = sum(x)",
        "total_2 = sum(x / total)",
        "largest = amax(total_2 * x)",
    ]
    assert result == ["x * largest"]


def test_temporaries_of_an_element_belong_to_their_pass():
    squares = apply("sum", exp(X) * exp(X) + exp(X))
    passes, result = steps(exp(X) * exp(X) / squares)
    assert passes == [["e = exp(x)", "total = sum(e * e + e)"]]
    assert result == ["e_2 = exp(x)", "e_2 * e_2 / total"]


def test_without_reductions_what_is_invariant_comes_first():
    plan = schedule(X * exp(A * 2), ("x", "a"))
    assert plan.passes == ()
    assert [(name, emit_cpu(value)) for name, value in plan.before] == [("scale", "exp(a * 2.0)")]
    assert emit_cpu(plan.result) == "x * scale"


def test_a_slice_may_become_one_number():
    plan = schedule(apply("sum", X) / 2, ("x",), sliced=True)
    assert plan.sliced
    assert emit_cpu(plan.result) == "total / 2.0"


def test_elements_that_are_all_the_same_are_still_elements():
    assert steps(apply("sum", X) / 2) == ([["total = sum(x)", "scale := total / 2.0"]], ["scale"])
    plan = schedule(ZERO, ("x",))
    assert (plan.passes, plan.result, plan.sliced) == ((), ZERO, False)


def test_numbers_of_the_slice_are_listed():
    assert schedule(exp(X) / SUM, ("x",)).slice_names == ("largest", "total")
    assert schedule(X - apply("log", SUM), ("x",)).slice_names == ("largest", "total", "scale")


@pytest.mark.parametrize("taken", ["total", "largest", "scale"])
def test_names_that_are_taken_are_left_alone(taken):
    plan = schedule(X - apply("log", SUM) * Symbol(taken), ("x", taken))
    names = [*plan.slice_names, *(name for name, _ in plan.lines)]
    assert taken not in names
    assert len(set(names)) == len(names)


def test_positions_compare_with_the_index():
    peak = apply("argmax", X)
    assert steps(where(apply("eq", INDEX, peak), 1, 0)) == (
        [["peak = argmax(x)"]],
        ["1.0 if index == peak else 0.0"],
    )
