"""Validate specs: what a record holds, and what a second look at the names finds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import actgen
from actgen.codegen.errors import SpecError
from actgen.codegen.model import ActivationSpec, Bound, read_specs, read_text
from actgen.codegen.names import PUBLIC_API, name_problem

FULL = """\
name: full
title: Full
summary: Has everything.
aliases: [fuller, {name: fullest, params: {exact: true, alpha: 2}}]
params:
  alpha: {default: 1.0, constraint: "> 0, <= top", aliases: [a], doc: The slope.}
  top: {type: float, default: null, null_means: inf}
  count: {type: int, default: 3}
  exact: {default: false}
formula:
  - {when: exact, value: "min(alpha * x, top) + count"}
  - value: {scaled: alpha * x, result: "min(scaled, top) + count"}
kinks: [{at: top / alpha, derivative: 0}]
limits: {-inf: -inf, inf: top}
accuracy: {float32: 2}
references: [{title: A Paper, year: 2020}]
profiles:
  torch: {name: torch.full, params: {alpha: {name: slope, default: null}, top: {name: t}}}
"""


def test_everything_lands_in_its_record() -> None:
    spec = read_text(FULL, "full.yaml")
    alpha, top, count, exact = spec.params
    assert alpha.constraint == (Bound(">", 0.0), Bound("<=", "top"))
    assert (alpha.type, count.type, exact.type) == ("float", "int", "bool")
    assert (top.default, top.default_value, top.required) == (None, float("inf"), False)
    assert spec.param("a") is alpha
    assert [alias.name for alias in spec.aliases] == ["fuller", "fullest"]
    assert spec.aliases[1].params == (("exact", True), ("alpha", 2))
    assert [case.when for case in spec.formula] == [(("exact", True),), ()]
    assert [line.name for line in spec.formula[1].lines] == ["scaled", "result"]
    assert spec.formula[0].lines[0].text.text == "min(alpha * x, top) + count"
    assert [(limit.at, limit.value.text) for limit in spec.limits] == [
        ("-inf", "-inf"),
        ("inf", "top"),
    ]
    slope, other = spec.profiles[0].params
    assert (slope.has_default, slope.default, other.has_default) == (True, None, False)
    assert (spec.family, spec.axis, spec.accuracy) == ("other", None, (("float32", 2.0),))


def test_records_are_frozen_and_hashable() -> None:
    spec = read_text(FULL, "full.yaml")
    assert hash(spec) == hash(read_text(FULL, "full.yaml"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.name = "other"  # type: ignore[misc]


def test_defaults_of_a_short_spec() -> None:
    spec = read_text("name: short\nformula: 1\n")
    assert (spec.title, spec.kind, spec.family) == ("short", "elementwise", "other")
    assert spec.formula[0].lines[0].text.text == "1"
    softmax = read_text("name: short\nkind: normalization\nformula: x - amax(x)\n")
    assert softmax.axis is not None
    assert (softmax.axis.default, softmax.axis.tuple, softmax.family) == (
        -1,
        False,
        "normalization",
    )


def test_cases_are_selected_in_order() -> None:
    spec = read_text(
        "name: cases\nparams: {a: {default: true}, b: {default: true}}\nformula:\n"
        "- {when: a and not b, value: x}\n- {when: b, value: 2*x}\n- {value: 3*x}\n"
    )
    chosen = [spec.select({"a": a, "b": b}) for a in (True, False) for b in (True, False)]
    assert chosen == [1, 0, 1, 2]


def test_file_name_counts_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text("name: short\nformula: x\n")
    with pytest.raises(SpecError, match=r"call the file short\.yaml"):
        read_specs([path])
    assert read_specs([path], named_after_file=False)[0].name == "short"


def test_names_are_taken_once_across_files(tmp_path: Path) -> None:
    (tmp_path / "aa.yaml").write_text("name: aa\naliases: [cc]\nformula: x\n")
    (tmp_path / "bb.yaml").write_text("name: bb\naliases: [aa, cc]\nformula: x\n")
    with pytest.raises(SpecError) as caught:
        read_specs(sorted(tmp_path.iterdir()))
    found = [(item.place.line, item.place.column) for item in caught.value.diagnostics]
    assert found == [(2, 11), (2, 15)]


def test_shipped_specs_are_valid() -> None:
    folder = Path(__file__).parents[2] / "spec" / "activations"
    specs = read_specs(sorted(folder.glob("*.yaml")))
    assert all(isinstance(spec, ActivationSpec) for spec in specs)


def test_reserved_names_cover_the_package() -> None:
    assert actgen.__file__ is not None
    folder = Path(actgen.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    public = {name for name in modules if not name.startswith("_")}
    assert public <= PUBLIC_API, "add these to names.PUBLIC_API"


@pytest.mark.parametrize("name", ["relu", "threshold", "gelu_10", "sigmoid", "step", "abs"])
def test_good_names(name: str) -> None:
    assert name_problem(name, "activation") == ""


@pytest.mark.parametrize("name", ["value", "threshold", "lambd", "T", "beta1", "weight"])
def test_good_parameters(name: str) -> None:
    assert name_problem(name, "param") == ""
