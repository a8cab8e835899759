"""Describe the language to editors: a valid draft-07 schema that accepts what the compiler does."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from actgen.codegen.load import load_file, load_text
from actgen.codegen.schema import schema, schema_text

SPEC = Path(__file__).parents[2] / "spec"

EXAMPLES = [
    "{name: silu, title: Sigmoid Linear Unit, aliases: [swish], formula: x * sigmoid(x),"
    " limits: {-inf: 0, inf: inf}, references: [{title: t, authors: a, year: 2017,"
    " url: 'https://arxiv.org/abs/1702.03118'}]}",
    "{name: leaky_relu, params: {negative_slope: {default: 0.01, aliases: [alpha], doc: d}},"
    " formula: 'where(x >= 0, x, negative_slope * x)',"
    " kinks: [{at: 0, derivative: negative_slope}]}",
    "{name: gelu, params: {approximate: {default: false}}, formula:"
    " [{when: approximate, value: x * tanh(x)}, {value: x * erf(x)}]}",
    "{name: softmax, kind: normalization, axis: {default: -1, tuple: true}, masked: 0, formula:"
    " {shifted: x - stop_gradient(amax(x)), weights: exp(shifted),"
    " result: weights / sum(weights)}}",
    "{name: swiglu, kind: gated, axis: {default: -1}, gate: first, formula: silu(gate) * value}",
]

REFUSED = [
    "{name: a}",
    "{name: a, formula: x, titel: b}",
    "{name: a, formula: x, kind: gate}",
    "{name: a, formula: x, params: {b: 1.0}}",
    "{name: a, formula: x, limits: {zero: 1}}",
    "{name: a, formula: [x]}",
    "{name: a, formula: true}",
    "[a]",
]

VALIDATOR = jsonschema.Draft7Validator(schema())


def test_schema_is_valid_draft_07() -> None:
    jsonschema.Draft7Validator.check_schema(schema())


@pytest.mark.parametrize("text", EXAMPLES)
def test_schema_accepts_the_examples_of_the_design(text: str) -> None:
    VALIDATOR.validate(load_text(text).data)


@pytest.mark.parametrize("text", REFUSED)
def test_schema_refuses(text: str) -> None:
    assert not VALIDATOR.is_valid(load_text(text).data)


@pytest.mark.parametrize(
    "path", sorted((SPEC / "activations").glob("*.yaml")), ids=lambda p: p.stem
)
def test_schema_accepts_the_shipped_specs(path: Path) -> None:
    VALIDATOR.validate(load_file(path).data)
    first = path.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../activation.schema.json"


def test_every_field_is_described() -> None:
    whole = schema()
    objects = [whole, *whole["definitions"].values()]
    for entry in objects:
        for name, field in entry["properties"].items():
            assert field.get("description"), name


def test_file_is_up_to_date_and_every_field_is_in_the_manual() -> None:
    assert (SPEC / "activation.schema.json").read_text(encoding="utf-8") == schema_text()
    manual = (SPEC / "README.md").read_text(encoding="utf-8")
    for name in schema()["properties"]:
        assert f"### {name}\n" in manual
