"""Write down what the runtime knows of an activation: a definition in, a record of plain data out.

The records of all activations make `manifest.py`, which the runtime reads without Numba or the
compiler. `actgen.load` gets the same record straight from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from actgen.codegen.activation import ActivationSpec, Axis, Bound, Kink, Limit, Param
from actgen.codegen.docstring import docstring, formula, one_line
from actgen.codegen.inline import Definition
from actgen.codegen.ir import is_op
from actgen.codegen.literal import literal
from actgen.codegen.render import header, render

Record: TypeAlias = dict[str, Any]
Variant: TypeAlias = tuple[Sequence[tuple[str, bool]], str]


def record(definition: Definition, variants: Sequence[Variant], module: str) -> Record:
    """Return the record of an activation.

    `variants` holds, per case of the formula, the bool parameters that choose it and the suffix of
    its kernels; `module` is the import name of the kernels.
    """
    spec = definition.spec
    return {
        "name": spec.name,
        "title": spec.title,
        "summary": spec.summary,
        "family": spec.family,
        "kind": spec.kind,
        "formula": formula(spec),
        "doc": docstring(spec),
        "aliases": {alias.name: dict(alias.params) for alias in spec.aliases},
        "params": [_param(param) for param in spec.params],
        "axis": _axis(spec.axis),
        "gate": spec.gate,
        "mask": spec.masked is not None,
        "random": [entry.name for entry in spec.random],
        "groups": spec.groups,
        "pieces": _pieces(definition),
        "variants": [[dict(when), suffix] for when, suffix in variants],
        "partials": _partials(spec),
        "kinks": [_kink(kink) for kink in spec.kinks],
        "limits": _limits(spec.limits),
        "module": module,
    }


def manifest_text(records: Sequence[Record], source: str) -> str:
    """Return the source of `manifest.py` for `records`, made from the folder `source`."""
    entries = {entry["name"]: entry for entry in records}
    return render(
        "manifest.py.j2",
        header=header(source),
        activations=literal(entries, used=len("ACTIVATIONS: dict[str, dict[str, Any]] = ")),
    )


def _param(param: Param) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": param.name, "type": param.type}
    if not param.required:
        entry["default"] = param.default
    if param.null_means is not None:
        entry["null_means"] = param.null_means
    return entry | {
        "aliases": list(param.aliases),
        "constraint": [_bound(bound) for bound in param.constraint],
        "doc": param.doc,
        "along_axis": param.along_axis,
    }


def _bound(bound: Bound) -> list[str | float]:
    return [bound.relation, bound.other]


def _axis(axis: Axis | None) -> dict[str, Any] | None:
    if axis is None:
        return None
    return {"default": axis.default, "tuple": axis.tuple, "none": axis.none}


def _pieces(definition: Definition) -> int:
    expr = definition.formulas[0].expr
    return len(expr.args) if is_op(expr, "concat") else 1


def _partials(spec: ActivationSpec) -> list[str]:
    if spec.kind == "reshaping":
        return []
    return [param.name for param in spec.params if param.type in ("float", "array")]


def _kink(kink: Kink) -> dict[str, str]:
    entry = {"at": one_line(kink.at.text)}
    if kink.derivative is not None:
        entry["derivative"] = one_line(kink.derivative.text)
    return entry


def _limits(limits: Sequence[Limit]) -> Mapping[str, str]:
    return {limit.at: one_line(limit.value.text) for limit in limits}
