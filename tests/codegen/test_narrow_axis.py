"""Axis formulas in float32: which have such a form, and what it keeps."""

import pytest

from actgen.codegen.inline import resolve
from actgen.codegen.ir import is_op, walk
from actgen.codegen.model import read_text
from actgen.codegen.narrow_axis import narrow_formula, wide_formula
from actgen.codegen.pipeline import compile_definition
from actgen.codegen.schedule import schedule

SOFTMAX = "{w: exp(x - stop_gradient(amax(x))), result: w / sum(w)}"
LOG_SOFTMAX = "{shifted: x - stop_gradient(amax(x)), result: shifted - log(sum(exp(shifted)))}"


def body(formula, name="forward"):
    spec = read_text(f"name: probe\nkind: normalization\nformula: {formula}\n", "probe.yaml")
    (definition,) = resolve([spec], {})
    return compile_definition(definition).variants[0].body(name).exact


@pytest.mark.parametrize("quantity", ["forward", "vjp"])
@pytest.mark.parametrize(
    "formula", [SOFTMAX, LOG_SOFTMAX, "exp(-x - amax(-x)) / sum(exp(-x - amax(-x)))"]
)
def test_softmax_and_its_kin_have_a_float32_form(formula, quantity):
    found = narrow_formula(body(formula, quantity), accurate=quantity == "forward")
    assert found is not None
    assert not [node for node in walk(found.expr) if getattr(node, "op", "") == "amin"]


@pytest.mark.parametrize(
    "formula",
    [
        "x / sum(x)",
        "exp(x - amax(x))",  # its scale counts
        "exp(x - amax(x)) / (1 + sum(exp(x - amax(x))))",
        "exp(2 * x - amax(2 * x)) / sum(exp(2 * x - amax(2 * x)))",  # 2 x is rounded, in general
        "exp(x - amax(x)) / sum(exp(x - amax(x))) + tanh(x)",
    ],
)
def test_others_have_none(formula):
    assert narrow_formula(body(formula), accurate=True) is None


def test_weights_are_kept_from_pass_to_pass():
    found = narrow_formula(body(SOFTMAX), accurate=True)
    plan = schedule(found.expr, ("x",), named=found.names, keep={"weight_f32": "weight"})
    assert [name for name, _ in plan.kept] == ["weight"]
    assert [[r.op for r in p.reductions] for p in plan.passes] == [["amax"], ["sum", "sum"]]
    assert {name for name, _ in plan.passes[0].after} >= {"shift", "magic", "lowest"}
    assert [name for name, _ in plan.passes[1].after] == ["factor"]


def test_what_rounding_weights_lost_is_added_on_the_accurate_tier_alone():
    for accurate in (False, True):
        found = narrow_formula(body(SOFTMAX), accurate=accurate)
        assert accurate == any(is_op(node, "weight_low_f32") for node in walk(found.expr))


@pytest.mark.parametrize("formula", [SOFTMAX, LOG_SOFTMAX])
def test_accurate_gradients_keep_weights_in_float64(formula):
    found = wide_formula(body(formula, "vjp"))
    keep = {"weight_f64": "weight"}
    plan = schedule(found.expr, ("x", "dy"), named=found.names, keep=keep)
    assert [name for name, _ in plan.kept] == ["weight"]
    assert [[r.op for r in p.reductions] for p in plan.passes] in (
        [["amax"], ["sum", "sum"]],
        [["sum", "amax"], ["sum"]],
        [["amax", "sum"], ["sum"]],
    )


def test_the_accurate_logarithm_has_its_offset_in_two_parts():
    found = narrow_formula(body(LOG_SOFTMAX), accurate=True)
    plan = schedule(found.expr, ("x",), named=found.names, keep={"weight_f32": "weight"})
    assert not plan.kept
    assert "offset" in plan.slice_names
    assert "offset_low" in {getattr(node, "name", "") for node in walk(plan.result)}
