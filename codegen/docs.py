"""Write the pages of the documentation: compiled activations in, Markdown out.

A page shows formula and derivative in LaTeX, a plot, how to call the function, its parameters,
kinks and limits, what the compiler rewrote and why, how exact it is, and what other libraries do
otherwise. Measured figures come from a committed table, never from this machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from actgen.codegen import docstring
from actgen.codegen.activation import ActivationSpec, Alias, Param, Profile, ProfileParam
from actgen.codegen.budgets import budgets
from actgen.codegen.equations import equations, roles
from actgen.codegen.manifest import Record
from actgen.codegen.measured import Figures, budget
from actgen.codegen.pipeline import Program
from actgen.codegen.render import header, render

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


def page(program: Program, plotted: str, figures: Figures) -> str:
    """Return the page of one activation.

    `plotted` is what its SVG shows, "" if there is none; `figures` are its measured errors, or
    empty.
    """
    spec, cases = program.spec, equations(program)
    seed = _seed(program)
    heads, rows = _accuracy(spec, figures)
    text = render(
        "page.md.j2",
        header=header(spec.path),
        name=spec.name,
        title=_prose(spec.title or spec.name),
        summary=_prose(spec.summary),
        aliases=[_alias(alias) for alias in spec.aliases],
        plotted=plotted,
        cases=cases,
        signs=list(dict.fromkeys(sign for case in cases for sign in case.signs)) + roles(spec),
        call="".join(f", {name}" for name in _required(spec)) + seed,
        keywords="".join(f", {name}={name}" for name in _required(spec)) + seed,
        parameters=[*map(_parameter, spec.params), *_keywords(spec)],
        module=f"{spec.name}.py",
        elementwise=spec.kind == "elementwise",
        kinks=[_prose(docstring.kink(kink)) for kink in spec.kinks],
        limits=[(limit.at, docstring.one_line(limit.value.text)) for limit in spec.limits],
        notes=list(dict.fromkeys(note for each in program.variants for note in each.notes)),
        coupled=program.pieces == 1 and spec.kind in ("normalization", "reshaping"),
        summed=spec.kind == "normalization",
        measured=bool(figures),
        heads=heads,
        accuracy=rows,
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


def _required(spec: ActivationSpec) -> list[str]:
    return [param.name for param in spec.params if param.required]


def _seed(program: Program) -> str:
    """Return the seed that calls with default parameters pass, if they draw random numbers."""
    bools = {p.name: bool(p.default) for p in program.spec.params if p.type == "bool"}
    return ", rng=0" if program.variants[program.spec.select(bools)].random else ""


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


def _keywords(spec: ActivationSpec) -> Iterator[tuple[str, ...]]:
    """Yield the keywords that no parameter of the spec stands for."""
    if spec.axis is not None:
        kinds = [("int", True), ("tuple", spec.axis.tuple), ("None", spec.axis.none)]
        accepted = ", ".join(name for name, allowed in kinds if allowed)
        meaning = "The axis to work along."
        if spec.kind == "elementwise":
            along = ", ".join(f"`{param.name}`" for param in spec.params if param.along_axis)
            meaning = f"The axis that a 1-D {along} lies along; None broadcasts as NumPy does."
        yield "`axis`", accepted, f"`{spec.axis.default}`", "", meaning
    if spec.masked is not None:
        meaning = f"Mask of the elements to use; the others give {spec.masked}."
        yield "`where`", "bool array", "`True`", "", meaning
    if spec.random:
        meaning = "Where random numbers come from; None takes a new generator."
        yield "`rng`", "Generator, int, None", "`None`", "", meaning


def _accuracy(spec: ActivationSpec, figures: Figures) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of the table of errors: budgets, and figures if there are any."""
    if not figures:
        usual, wider = budgets(spec), budgets(spec, "fast")
        rows = [[dtype, f"{usual[dtype]:g}", f"{wider[dtype]:g}"] for dtype in usual]
        return ["dtype", "budget", "budget of the fast tier"], rows
    tiers = [tiers for dtypes in figures.values() for tiers in dtypes.values()]
    others = list(dict.fromkeys(o for t in tiers for o in t if o not in ("accurate", "fast")))
    rows = []
    for quantity, dtypes in figures.items():
        for dtype, found in dtypes.items():
            limits = [f"{budget(spec, quantity, dtype, tier):g}" for tier in ("accurate", "fast")]
            accurate, fast = _ulp(found, "accurate"), _ulp(found, "fast")
            inputs = max(figure["inputs"] for figure in found.values())
            row = [quantity, dtype, f"{inputs:,}", accurate, limits[0], fast, limits[1]]
            rows.append(row + [_ulp(found, other) for other in others])
    heads = ["", "dtype", "inputs", "error", "budget", "fast tier", "its budget"]
    return heads + [LIBRARIES.get(other, other) for other in others], rows


def _ulp(found: Mapping[str, Mapping[str, Any]], name: str) -> str:
    """Return a figure as people read it; "" where there is none."""
    if name not in found:
        return ""
    ulp = float(found[name]["ulp"])
    return f"{ulp:.2f}" if ulp < 100 else f"{ulp:.1e}" if ulp < math.inf else "inf"


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
