"""Describe the spec language to editors: the models of `fields` in, a draft-07 JSON Schema out.

Editors complete and check specs with it. It knows the shape of a spec; what only the compiler can
tell (formulas, names, constraints) it leaves to the compiler.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from actgen.codegen.fields import SpecFields

_DIALECT = "http://json-schema.org/draft-07/schema#"
_DEFINITIONS = "definitions"  # where draft-07 keeps what is referred to

# Facts for people in the source, noise in an editor.
_DROPPED = ("title", "discriminator")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a spec file."""
    generated = SpecFields.model_json_schema(
        schema_generator=GenerateJsonSchema, ref_template=f"#/{_DEFINITIONS}/{{model}}"
    )
    definitions = generated.pop("$defs", {})
    body = _tidy(generated)
    body.pop("description", None)
    return {
        "$schema": _DIALECT,
        "title": "An activation function",
        "description": "A spec of actgen; the manual is spec/README.md.",
        **body,
        _DEFINITIONS: {name: _tidy(definitions[name]) for name in sorted(definitions)},
    }


def schema_text() -> str:
    """Return the text of `spec/activation.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any, *, names: bool = False) -> Any:
    """Drop pydantic's titles and put descriptions on one line; `names` are keys of the user's."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied: dict[str, Any] = {}
    for key, value in node.items():
        if not names and key in _DROPPED:
            continue
        if not names and key == "description":
            value = " ".join(value.split())
        tidied[key] = _tidy(value, names=not names and key == "properties")
    # Editors complete the keys of `properties`, and not those of `propertyNames`.
    keys = tidied.get("propertyNames", {}).get("enum") if not names else None
    if keys:
        del tidied["propertyNames"]
        tidied["properties"] = dict.fromkeys(keys, tidied["additionalProperties"])
        tidied["additionalProperties"] = False
    # A reference hides what stands beside it in draft-07, so it moves into an `allOf`.
    if not names and "$ref" in tidied and len(tidied) > 1:
        tidied = {"allOf": [{"$ref": tidied.pop("$ref")}], **tidied}
    return tidied
