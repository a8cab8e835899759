"""Check the values of one spec against each other: its fields in, diagnostics out.

What one field may hold is the business of `fields`; what formulas say is that of `parse` and
`inline`. Here: names, parameters and their constraints, and which fields go with which kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from actgen.codegen.activation import ActivationSpec, Param, Value
from actgen.codegen.build import MAX_BOOLS
from actgen.codegen.constraints import contradictory, holds, violated
from actgen.codegen.errors import Diagnostic, did_you_mean, shorten
from actgen.codegen.load import Document
from actgen.codegen.names import Role, name_problem

Path: TypeAlias = tuple[str | int, ...]
Found: TypeAlias = Iterator[Diagnostic]


def check(spec: ActivationSpec, document: Document) -> Found:
    """Yield everything wrong with `spec` that shows without reading its formulas."""
    yield from _params(spec, document)
    yield from _aliases(spec, document)
    yield from _kind(spec, document)
    yield from _profiles(spec, document)


def check_names(document: Document) -> Found:
    """Yield the names of a spec that cannot be used; also for a spec with other faults."""
    data = document.data if isinstance(document.data, dict) else {}
    if isinstance(data.get("name"), str):
        yield from _name(document, ("name",), data["name"], "activation")
    aliases = data.get("aliases")
    for index, alias in enumerate(aliases if isinstance(aliases, list) else ()):
        name = alias.get("name") if isinstance(alias, dict) else alias
        if isinstance(name, str):
            yield from _name(document, _alias_path(document, index), name, "activation")
    taken = {"gate", "value"} if data.get("kind") == "gated" else set()
    for field in ("params", "random"):
        members = data.get(field)
        for name in members if isinstance(members, dict) else ():
            yield from _name(document, (field, name), name, "param", key=True)
            if name in taken:
                message = f"the name {name!r} is taken in this spec"
                yield document.diagnostic((field, name), message, "choose another", key=True)
            taken.add(name)


def _name(document: Document, path: Path, name: str, role: Role, *, key: bool = False) -> Found:
    problem = name_problem(name, role)
    if problem:
        what = {"activation": "an activation", "param": "a parameter"}[role]
        message = f"{shorten(name)!r} cannot name {what}"
        yield document.diagnostic(path, message, problem, key=key)


def _alias_path(document: Document, index: int) -> Path:
    path: Path = ("aliases", index)
    return (*path, "name") if document.find(path).children else path


def _params(spec: ActivationSpec, document: Document) -> Found:
    defaults = _defaults(spec)
    bools = [param.name for param in spec.params if param.type == "bool"]
    if len(bools) > MAX_BOOLS:
        message = f"there are at most {MAX_BOOLS} bool parameters"
        yield document.diagnostic(("params", bools[MAX_BOOLS]), message, key=True)
    taken = {param.name for param in spec.params} | {item.name for item in spec.random}
    optional = ""
    for param in spec.params:
        path: Path = ("params", param.name)
        for index, other in enumerate(param.aliases):
            place = (*path, "aliases", index)
            yield from _name(document, place, other, "param")
            if other in taken:
                yield document.diagnostic(place, f"the name {other!r} is taken in this spec")
            taken.add(other)
        yield from _default(param, document, path)
        yield from _constraint(spec, param, document, path, defaults)
        if param.type == "array" and spec.kind != "elementwise":
            message = "an array parameter needs an elementwise activation"
            yield document.diagnostic((*path, "type"), message)
        if param.along_axis and (param.type != "array" or spec.axis is None):
            message = "along_axis is for array parameters of a spec with an axis"
            hint = "add axis: {default: 1, none: true}" if param.type == "array" else ""
            yield document.diagnostic((*path, "along_axis"), message, hint, key=True)
        if param.required and optional:
            message = f"the required parameter {param.name!r} stands after an optional one"
            yield document.diagnostic(path, message, f"put it before {optional!r}", key=True)
        elif not param.required:
            optional = optional or param.name


def _default(param: Param, document: Document, path: Path) -> Found:
    default, place = param.default, (*path, "default")
    if param.required:
        if param.null_means is not None:
            message = "null_means goes with default: null"
            yield document.diagnostic((*path, "null_means"), message, key=True)
        return
    if default is None:
        if param.null_means is None:
            hint = "add null_means: inf, or another number"
            yield document.diagnostic(place, "default: null needs null_means", hint)
        elif param.type not in ("float", "int"):
            message = f"a parameter of type {param.type} cannot be null"
            yield document.diagnostic(place, message)
        return
    wanted: dict[str, tuple[type, ...]] = {"int": (int,), "bool": (bool,)}
    fits = isinstance(default, wanted.get(param.type, (int, float)))
    if not fits or (isinstance(default, bool) and param.type != "bool"):
        message = f"the default {str(default).lower()} is not of type {param.type}"
        yield document.diagnostic(place, message)
    elif param.type == "int" and abs(default) >= 2**63:
        yield document.diagnostic(place, "an int parameter has 64 bits")


def _constraint(
    spec: ActivationSpec, param: Param, document: Document, path: Path, defaults: dict[str, Value]
) -> Found:
    place = (*path, "constraint")
    if param.constraint and param.type == "bool":
        yield document.diagnostic(place, "a bool parameter has no constraint")
        return
    numeric = {other.name for other in spec.params if other.type in ("float", "int")}
    for bound in param.constraint:
        if isinstance(bound.other, float):
            continue
        if bound.other == param.name:
            yield document.diagnostic(place, f"{param.name!r} is compared with itself")
        elif bound.other not in numeric:
            message = f"the constraint compares with {shorten(bound.other)!r}, which is no number"
            hint = did_you_mean(bound.other, numeric, "a bound is a number or a parameter")
            yield document.diagnostic(place, message + " and no parameter", hint)
    if contradictory(param.constraint):
        yield document.diagnostic(place, "no number fulfils this constraint")
    value = defaults.get(param.name)
    broken = None if value is None else violated(param, value, defaults)
    if broken is not None:
        stated = "null_means" if param.default is None else "default"
        other = broken.other if isinstance(broken.other, str) else f"{broken.other:g}"
        message = f"the default {value} breaks the constraint {broken.relation} {other}"
        yield document.diagnostic((*path, stated), message)


def _defaults(spec: ActivationSpec) -> dict[str, Value]:
    values = {param.name: param.default_value for param in spec.params}
    return {name: value for name, value in values.items() if value is not None}


def _aliases(spec: ActivationSpec, document: Document) -> Found:
    seen = {spec.name}
    for index, alias in enumerate(spec.aliases):
        if alias.name in seen:
            message = f"the name {alias.name!r} is taken in this spec"
            yield document.diagnostic(_alias_path(document, index), message)
        seen.add(alias.name)
        values = {**_defaults(spec), **dict(alias.params)}
        for name, value in alias.params:
            path: Path = ("aliases", index, "params", name)
            param = next((param for param in spec.params if param.name == name), None)
            if param is None:
                known = [param.name for param in spec.params]
                message = f"{spec.name} has no parameter {shorten(name)!r}"
                yield document.diagnostic(path, message, did_you_mean(name, known), key=True)
            elif isinstance(value, bool) != (param.type == "bool") or (
                param.type == "int" and not isinstance(value, int)
            ):
                message = f"{str(value).lower()} is not of type {param.type}"
                yield document.diagnostic(path, message)
            elif param.type == "array":
                yield document.diagnostic(path, "an alias cannot bind an array", key=True)
            elif violated(param, value, values):
                message = f"{value} breaks the constraint of {name!r}"
                yield document.diagnostic(path, message)


def _kind(spec: ActivationSpec, document: Document) -> Found:
    for field, kinds in _FIELDS_OF_KINDS.items():
        if document.data.get(field) not in (None, [], {}) and spec.kind not in kinds:
            message = f"{field!r} is no field of {_article(spec.kind)} activation"
            hint = f"it goes with kind: {' or '.join(kinds)}"
            yield document.diagnostic((field,), message, hint, key=True)
    along = any(param.along_axis for param in spec.params)
    if spec.kind == "elementwise" and spec.axis and not along:
        message = "an elementwise activation has no axis"
        hint = "unless an array parameter lies along it (along_axis: true)"
        yield document.diagnostic(("axis",), message, hint, key=True)
    if spec.axis is not None:
        if spec.axis.default is None and not spec.axis.none:
            message = "the default axis is null, but none is not true"
            yield document.diagnostic(("axis", "default"), message, "add none: true")
        if spec.axis.default is not None and not -64 <= spec.axis.default < 64:
            yield document.diagnostic(("axis", "default"), "an array has at most 64 dimensions")
        if spec.axis.tuple and spec.kind != "normalization":
            message = "only a normalization takes a tuple of axes"
            yield document.diagnostic(("axis", "tuple"), message, key=True)
        if spec.axis.none and spec.kind in ("gated", "reshaping"):
            message = f"{_article(spec.kind)} activation needs an axis, it cannot be none"
            yield document.diagnostic(("axis", "none"), message, key=True)
    if spec.kind == "gated" and spec.gate is None:
        message = "a gated activation says which half of the axis is the gate"
        yield document.diagnostic(("kind",), message, "add gate: first or gate: second")
    if spec.groups is not None:
        yield from _groups(spec, document)


_FIELDS_OF_KINDS = {
    "gate": ("gated",),
    "masked": ("normalization",),
    "groups": ("reshaping",),
    "random": ("elementwise", "normalization"),
    "limits": ("elementwise",),
    "kinks": ("elementwise", "gated", "reshaping"),
}


def _article(kind: str) -> str:
    return f"{'an' if kind == 'elementwise' else 'a'} {kind}"


def _groups(spec: ActivationSpec, document: Document) -> Found:
    param = next((param for param in spec.params if param.name == spec.groups), None)
    if param is None or param.type != "int":
        known = [param.name for param in spec.params if param.type == "int"]
        message = f"groups names no int parameter: {shorten(str(spec.groups))!r}"
        hint = did_you_mean(str(spec.groups), known, "add it to params: {type: int}")
        yield document.diagnostic(("groups",), message, hint)
    elif _allows_zero(param):
        message = f"the parameter {param.name!r} counts entries and must exclude 0"
        yield document.diagnostic(("params", param.name), message, 'constraint: ">= 1"', key=True)


def _allows_zero(param: Param) -> bool:
    """Tell whether the numeric bounds of a parameter leave 0 in."""
    return all(
        holds(0.0, bound.relation, bound.other)
        for bound in param.constraint
        if isinstance(bound.other, float)
    )


def _profiles(spec: ActivationSpec, document: Document) -> Found:
    known = {param.name for param in spec.params} | {"axis", "where", "rng", "out", "x"}
    for profile in spec.profiles:
        for entry in profile.params:
            if entry.param not in known:
                path = ("profiles", profile.library, "params", entry.param)
                message = f"{spec.name} has no parameter {shorten(entry.param)!r}"
                hint = did_you_mean(entry.param, known, "what else differs goes to 'differs'")
                yield document.diagnostic(path, message, hint, key=True)
