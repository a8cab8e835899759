"""Write the pages of the documentation: compiled activations in, Markdown out.

A page shows formula and derivative in LaTeX, a plot, how to call the function, its parameters,
kinks and limits, what the compiler rewrote and why, how exact it is, and what other libraries do
otherwise. Measured figures come from a committed table, never from this machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from actgen.codegen import docstring
from actgen.codegen.activation import ActivationSpec, Alias, Param, Profile, ProfileParam
from actgen.codegen.emit import latex
from actgen.codegen.ir import Expr
from actgen.codegen.manifest import Record
from actgen.codegen.pipeline import Program, Variant
from actgen.codegen.render import header, render

Figures: TypeAlias = Mapping[str, float]  # largest error in ULP by dtype

LIBRARIES = {
    "keras3": "Keras 3",
    "keras2": "Keras 2",
    "torch": "PyTorch",
    "jax": "JAX",
    "onnx": "ONNX",
}
FAMILIES = {
    "relu": "Rectifiers",
    "gelu": "GELU and SiLU",
    "sigmoid": "Sigmoid and tanh",
    "shrink": "Shrinkage and thresholds",
    "soft": "Soft and sparse",
    "other": "Other elementwise functions",
    "normalization": "Normalizations",
    "gated": "Gated units",
    "reshaping": "Functions that reshape",
}
# ULP; normalizations have the rounding of their sum beside it
BUDGET = {"float16": 0.51, "bfloat16": 0.51, "float32": 1.0, "float64": 3.0}
NORMALIZED = dict.fromkeys(BUDGET, 2.0)

_LONGEST = 1200  # characters of LaTeX; a longer derivative helps nobody


def page(program: Program, plotted: str, figures: Figures) -> str:
    """Return the page of one activation.

    `plotted` is what its SVG shows, "" if there is none; `figures` are its measured errors, or
    empty.
    """
    spec = program.definition.spec
    text = render(
        "page.md.j2",
        header=header(spec.path),
        name=spec.name,
        title=_prose(spec.title or spec.name),
        summary=_prose(spec.summary),
        aliases=[_alias(alias) for alias in spec.aliases],
        plotted=plotted,
        formulas=_formulas(program),
        call=", ".join(["x", *_required(spec)]),
        keywords="".join(f", {name}={name}" for name in _required(spec)),
        parameters=[_parameter(param) for param in spec.params],
        module=f"{spec.name}.py",
        elementwise=spec.kind == "elementwise",
        kinks=[_prose(docstring.kink(kink)) for kink in spec.kinks],
        limits=[(limit.at, docstring.one_line(limit.value.text)) for limit in spec.limits],
        notes=list(dict.fromkeys(note for each in program.variants for note in each.notes)),
        coupled=spec.kind == "normalization",
        measured=bool(figures),
        accuracy=_accuracy(spec, figures),
        profiles=[_profile(spec, profile) for profile in spec.profiles],
        absent=_absent(spec),
        references=[_prose(reference) for reference in docstring.citations(spec)],
    )
    return text.rstrip() + "\n"


def index(records: Sequence[Record], source: str) -> str:
    """Return the index page: every activation by family, made from the folder `source`."""
    families = [
        (title, [_entry(record) for record in records if record["family"] == family])
        for family, title in FAMILIES.items()
    ]
    text = render(
        "index.md.j2",
        header=header(source),
        families=[(title, entries) for title, entries in families if entries],
    )
    return text.rstrip() + "\n"


def _entry(record: Record) -> tuple[str, str]:
    return record["name"], _cell(record["summary"] or record["title"])


def _formulas(program: Program) -> list[dict[str, str]]:
    spec = program.definition.spec
    name = rf"\operatorname{{{latex.escaped(spec.name)}}}"
    inputs = {"gated": r"(\mathrm{gate}, \mathrm{value})", "elementwise": "(x)"}
    of = inputs.get(spec.kind, r"(\mathbf{x})_{i}")
    slope = f"{name}'{of}" if spec.kind == "elementwise" else r"\mathrm{dx}_{i}"
    return [
        {
            "when": _when(variant),
            "formula": f"{name}{of} = {latex.spell(variant.formula)}",
            "derivative": _derivative(slope, variant.derivative),
        }
        for variant in program.variants
    ]


def _derivative(left: str, derivative: Expr | None) -> str:
    text = f"{left} = {latex.spell(derivative)}" if derivative is not None else ""
    return text if len(text) <= _LONGEST else ""


def _when(variant: Variant) -> str:
    return ", ".join(f"{name}={wanted}" for name, wanted in variant.when)


def _required(spec: ActivationSpec) -> list[str]:
    return [param.name for param in spec.params if param.required]


def _alias(alias: Alias) -> str:
    bound = ", ".join(f"{name}={value}" for name, value in alias.params)
    return f"`{alias.name}` (`{bound}`)" if bound else f"`{alias.name}`"


def _parameter(param: Param) -> tuple[str, ...]:
    constraint = docstring.constraint(param)
    default = docstring.default(param)
    return tuple(
        _cell(text)
        for text in (
            ", ".join(f"`{name}`" for name in (param.name, *param.aliases)),
            param.type,
            f"`{default}`" if default else "required",
            f"`{constraint}`" if constraint else "",
            param.doc,
        )
    )


def _accuracy(spec: ActivationSpec, figures: Figures) -> list[tuple[str, str, str]]:
    budget = (NORMALIZED if spec.kind == "normalization" else BUDGET) | dict(spec.accuracy)
    return [
        (dtype, f"{limit:g}", f"{figures[dtype]:.2f}" if dtype in figures else "")
        for dtype, limit in budget.items()
    ]


def _profile(spec: ActivationSpec, profile: Profile) -> tuple[str, ...]:
    said = (_spelling(spec, param) for param in profile.params)
    return tuple(
        _cell(text)
        for text in (
            LIBRARIES[profile.library],
            f"`{profile.name}`",
            ", ".join(text for text in said if text),
            profile.differs or "",
        )
    )


def _spelling(spec: ActivationSpec, param: ProfileParam) -> str:
    """Return how a library's parameter differs from ours; "" if it does not."""
    ours = spec.param(param.param)
    name = f"`{param.name}`" + (f" for `{param.param}`" if param.name != param.param else "")
    if param.has_default and (ours is None or ours.required or param.default != ours.default):
        return f"{name}, default `{param.default!r}`"
    return name if param.name != param.param else ""


def _absent(spec: ActivationSpec) -> str:
    known = {profile.library for profile in spec.profiles} | {"keras2"}
    return ", ".join(title for library, title in LIBRARIES.items() if library not in known)


def _cell(text: str) -> str:
    return docstring.one_line(_prose(text)).replace("|", r"\|")


def _prose(text: str) -> str:
    """Return text of a spec so that Markdown takes nothing in it for HTML or a fence."""
    return re.sub("<(?=[A-Za-z/!?])", "&lt;", text).replace("```", r"\`\`\`")
