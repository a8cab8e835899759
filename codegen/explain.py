"""Explain validation errors: pydantic's errors and the document in, plain diagnostics out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from actgen.codegen.errors import Diagnostic, did_you_mean, either, shorten
from actgen.codegen.fields import (
    AliasFields,
    AxisFields,
    CaseFields,
    KinkFields,
    ParamFields,
    ProfileFields,
    ProfileParamFields,
    RandomFields,
    ReferenceFields,
    SpecFields,
)
from actgen.codegen.load import Document

MAX_ERRORS = 100  # of one file

QUOTES = "put the formula in quotes: within { } a comma ends it"

# Which fields an unknown key may have meant, by the path around it: `*` is any one step.
_FIELDS: dict[tuple[str, ...], type[BaseModel]] = {
    (): SpecFields,
    ("aliases", "*"): AliasFields,
    ("params", "*"): ParamFields,
    ("random", "*"): RandomFields,
    ("axis",): AxisFields,
    ("formula", "*"): CaseFields,
    ("kinks", "*"): KinkFields,
    ("references", "*"): ReferenceFields,
    ("profiles", "*"): ProfileFields,
    ("profiles", "*", "params", "*"): ProfileParamFields,
}

_EXPECTED = {
    "string_type": "text",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
}

_BOUNDS = {
    "string_too_short": "this is empty",
    "string_too_long": "this text has more than {max_length} characters",
    "too_short": "this is empty",
    "too_long": "there are more than {max_length} entries",
    "greater_than_equal": "this is less than {ge}",
    "less_than_equal": "this is greater than {le}",
}


def explain(document: Document, errors: Sequence[ErrorDetails]) -> list[Diagnostic]:
    """Return one diagnostic for each of the first errors, in plain words and with its place."""
    return [_explain(document, error) for error in errors[:MAX_ERRORS]]


def path_of(error: ErrorDetails) -> tuple[str | int, ...]:
    """Return the path of an error in the YAML data (pydantic adds the tags of unions to it)."""
    return tuple(step for step in error["loc"] if step not in _TAGS)


_TAGS = ("<text>", "<list>", "<mapping>", "[key]")


def _explain(document: Document, error: ErrorDetails) -> Diagnostic:
    kind, path = error["type"], path_of(error)
    context: Mapping[str, Any] = error.get("ctx", {})
    value = error["input"]
    if kind == "missing":
        message = f"the field {str(path[-1])!r} is missing"
        return document.diagnostic(path[:-1], message, _EXAMPLES.get(str(path[-1]), ""))
    if kind == "extra_forbidden":
        return _unknown_key(document, path)
    if kind == "literal_error":
        options = _options(str(context["expected"]))
        in_key = error["loc"][-1] == "[key]"
        hint = did_you_mean(str(value), options)
        what = "this" if value is None else repr(shorten(str(value)))
        message = f"{what} is not one of {either(options)}"
        return document.diagnostic(path, message, hint, key=in_key)
    if kind in _EXPECTED:
        message = f"{_name(path)} must be {_EXPECTED[kind]}, not {_what(value)}"
        return document.diagnostic(path, message, _type_hint(path, kind, value))
    if kind in _BOUNDS:
        return document.diagnostic(path, f"{_name(path)}: {_BOUNDS[kind].format(**context)}")
    if kind == "string_pattern_mismatch":
        message = f"{_name(path)} must be an address that begins with http:// or https://"
        return document.diagnostic(path, message)
    return document.diagnostic(path, error["msg"], _value_hint(path, value))


_EXAMPLES = {
    "name": "the name of the activation and of the file, such as name: silu",
    "formula": "such as formula: x * sigmoid(x)",
    "value": "the formula of the case, such as {value: x * sigmoid(x)}",
    "at": "the place of the kink, such as {at: 0, derivative: 1}",
    "distribution": "distribution: uniform",
}


def _unknown_key(document: Document, path: tuple[str | int, ...]) -> Diagnostic:
    model = _model_at(path[:-1])
    known = list(model.model_fields) if model else []
    key = str(path[-1])
    if set(key) & set("()"):
        return document.diagnostic(path, f"unknown field {shorten(key)!r}", QUOTES, key=True)
    hint = did_you_mean(key, known, f"the fields here are {', '.join(known)}" if known else "")
    return document.diagnostic(path, f"unknown field {shorten(key)!r}", hint, key=True)


def _model_at(path: tuple[str | int, ...]) -> type[BaseModel] | None:
    for pattern, model in _FIELDS.items():
        same = len(pattern) == len(path)
        if same and all(want in ("*", step) for want, step in zip(pattern, path, strict=True)):
            return model
    return None


def _options(expected: str) -> list[str]:
    """Read the options from pydantic's "'a', 'b' or 'c'"."""
    return [part for part in expected.split("'")[1::2] if part]


def _name(path: Sequence[str | int]) -> str:
    """Return what a message calls the value at `path`."""
    if not path:
        return "a spec"
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {str(path[-2])!r}" if len(path) > 1 else "the item"
    return repr(shorten(str(path[-1])))


def _what(value: Any) -> str:
    """Return what a value of the YAML data is, in words."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {shorten(str(value))}"
    if isinstance(value, str):
        return f"the text {shorten(value)!r}"
    return "a list" if isinstance(value, list) else "a mapping"


def _type_hint(path: Sequence[str | int], kind: str, value: Any) -> str:
    if not path:
        return "a spec is a mapping, one 'field: value' a line"
    if kind == "list_type" and path[-1] == "aliases" and isinstance(value, str):
        return f"aliases: [{shorten(value)}]"
    if kind == "model_type" and path[0] == "params" and isinstance(value, bool | int | float):
        return f"write {path[-1]}: {{default: {str(value).lower()}}}"
    if kind == "model_type" and path[0] == "axis" and isinstance(value, int):
        return f"write axis: {{default: {value}}}"
    if kind == "string_type" and value is not None and not isinstance(value, list | dict):
        return "put it in quotes"
    return ""


def _value_hint(path: Sequence[str | int], value: Any) -> str:
    if value is None and path and set(str(path[-1])) & set("()"):
        return QUOTES
    if value is None:
        return "nothing stands after the colon"
    if path and path[-1] == "default":
        if value in ("yes", "no", "on", "off", "True", "False"):
            return "write true or false"
        if value in ("inf", "-inf", math.inf, -math.inf):
            return f"write default: null, null_means: {'-' * (str(value)[0] == '-')}inf"
    return ""
