"""Functions as text: one for each way of a plan, those that choose among them, and their heads."""

import pytest

from actgen.codegen.inline import resolve
from actgen.codegen.ir import X, apply
from actgen.codegen.library import LIBRARY
from actgen.codegen.model import read_text
from actgen.codegen.pipeline import Body, Variant, compile_definition, kernel_params
from actgen.codegen.plan import Plan, Way
from actgen.codegen.precision import FLOAT32, FLOAT64
from actgen.codegen.quantities import (
    ChoiceText,
    FunctionText,
    call,
    choices,
    expressions,
    functions,
    how,
    intrinsics,
    library,
    precision,
)

DOUBLE = Way("", FLOAT64, apply("sigmoid", X))
SINGLE = Way("_float32", FLOAT32, apply("sigmoid_f32", X), 0.8201)
FAST = Way("_float32_fast", FLOAT32, apply("sigmoid_f32_fast", X), 2.25)
NARROW = Way("_narrow", FLOAT64, apply("sigmoid_short", X), 0.5)
QUICK = Way("_quick", FLOAT64, apply("sigmoid_fast", X), 2.0)
EVERY = Plan(DOUBLE, SINGLE, FAST, QUICK)


def variant(*plans, suffix="", name="forward"):
    bodies = tuple(Body(name, X, plan.double.lowered if plan else X, plan) for plan in plans)
    return Variant((), suffix, X, None, bodies, (), ())


def compiled(text):
    spec = read_text(f"name: probe\n{text}\n", "probe.yaml")
    program = compile_definition(resolve([spec], {})[0])
    return program.variants[0], kernel_params(spec)


def test_every_way_has_a_function():
    found = list(functions(variant(EVERY, suffix="_hard"), ["x"], []))
    assert found == [
        FunctionText("forward_hard", "x", "Return the value at x.", (), "sigmoid(x)"),
        FunctionText(
            "forward_float32_hard",
            "x",
            "Return the value at x, in float32, compensated.",
            (),
            "sigmoid_f32(x)",
        ),
        FunctionText(
            "forward_float32_fast_hard",
            "x",
            "Return the value at x, in float32.",
            (),
            "sigmoid_f32_fast(x)",
        ),
        FunctionText(
            "forward_quick_hard",
            "x",
            "Return the value at x, in float64, uncompensated.",
            (),
            "sigmoid_fast(x)",
        ),
    ]


def test_a_body_without_a_plan_is_one_function():
    (only,) = functions(variant(None, name="partial_beta"), ["x", "beta"], [])
    text = "Return the derivative with respect to beta."
    assert only == FunctionText("partial_beta", "x, beta", text, (), "x")


def test_float32_functions_split_their_parameters():
    found, params = compiled("params: {a: {default: 0.1}}\nformula: where(x >= a, 1, 0)")
    texts = {f.name: f for f in functions(found, ["x", "a"], params)}
    assert texts["forward"].lines == ()
    head = ("a_ = float32(a)", "a_rest_ = float32_rest(a)")
    assert texts["forward_float32"].head == head
    assert texts["forward_float32"].args == "x, a"
    assert "float32(1.0)" in texts["forward_float32"].result
    assert intrinsics([found], params) == {"by_type", "float32_rest"}


def test_what_is_in_float64_alone_widens_its_elements():
    plan = Plan(DOUBLE, DOUBLE, DOUBLE, DOUBLE)
    assert intrinsics([variant(plan)], []) == {"by_type", "widened"}
    (choice,) = choices(variant(plan), gated=True)
    assert (choice.double, choice.single) == ("forward", "widened(forward, 2)")
    assert call(variant(plan), "forward", fast=True) == "forward_as({like}, {x}{rest})"


def test_functions_choose_by_the_type_of_the_result():
    accurate = ("forward", "forward_float32", "forward_float32_fast")
    fast = ("forward_quick", "forward_float32_fast", "forward_float32_fast")
    assert list(choices(variant(EVERY, suffix="_hard"))) == [
        ChoiceText("forward_as_hard", *(f"{name}_hard" for name in accurate)),
        ChoiceText("forward_fast_as_hard", *(f"{name}_hard" for name in fast)),
    ]


def test_calls_name_the_function_that_chooses():
    made = variant(EVERY, suffix="_hard")
    assert call(made, "forward", fast=False) == "forward_as_hard({like}, {x}{rest})"
    assert call(made, "forward", fast=True) == "forward_fast_as_hard({like}, {x}{rest})"
    same = variant(Plan(DOUBLE, SINGLE, SINGLE, DOUBLE))
    assert call(same, "forward", fast=True) == "forward_as({like}, {x}{rest})"
    assert [choice.name for choice in choices(same)] == ["forward_as"]


def test_expressions_come_with_their_formats():
    assert expressions([variant(EVERY, None)]) == [
        *((way.lowered, way.fmt) for way in (DOUBLE, SINGLE, FAST, QUICK)),
        (X, FLOAT64),
    ]


def test_library_functions_are_printed_in_their_format():
    single, double = library([LIBRARY["exp_f32"], LIBRARY["exp"]])
    assert (single.name, double.name) == ("exp_f32", "exp")
    assert any("float32(" in line for line in single.lines)
    assert not any("float32(" in line for line in double.lines)


@pytest.mark.parametrize(
    ("plan", "line"),
    [
        (EVERY, "forward: float32, compensated (0.83 ULP); fast: float32 (2.25 ULP)"),
        (Plan(DOUBLE, NARROW, FAST, DOUBLE),
         "forward: float64, to fewer digits (0.50 ULP); fast: float32 (2.25 ULP)"),
        (Plan(DOUBLE, NARROW, NARROW, QUICK), "forward: float64, to fewer digits (0.50 ULP)"),
        (Plan(DOUBLE, Way("_float32", FLOAT32, X, 0.0), Way("_float32", FLOAT32, X, 0.0), DOUBLE),
         "forward: float32 (exact)"),
    ],
)  # fmt: skip
def test_heads_tell_how_float32_results_are_computed(plan, line):
    assert precision([variant(plan, None)]) == [line]


def test_without_functions_there_is_nothing_to_compensate():
    assert how(Way("_float32", FLOAT32, apply("max", X, 0))) == "float32"
    assert how(SINGLE) == "float32, compensated"
