"""Read spec files into validated records: paths in, a tuple of `ActivationSpec` out.

All errors of all files are reported at once. `examine` does the work and never raises, so that a
later stage can add what it finds in the formulas; `read_specs` is for callers who want specs or
an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from actgen.codegen.activation import (
    ActivationSpec,
    Alias,
    Axis,
    Bound,
    Case,
    Kink,
    Limit,
    Line,
    Param,
    Profile,
    ProfileParam,
    Random,
    Reference,
)
from actgen.codegen.build import Builder
from actgen.codegen.check import check, check_names
from actgen.codegen.errors import Diagnostic, SpecError, shorten
from actgen.codegen.explain import explain, path_of
from actgen.codegen.fields import SpecFields
from actgen.codegen.load import Document, load_file, load_text
from actgen.codegen.names import name_problem

__all__ = [
    "ActivationSpec",
    "Alias",
    "Axis",
    "Bound",
    "Case",
    "Kink",
    "Limit",
    "Line",
    "Param",
    "Profile",
    "ProfileParam",
    "Random",
    "Reading",
    "Reference",
    "examine",
    "read_specs",
    "read_text",
]

# Without these a formula still has its meaning: a mistake in them hides none in the formula.
_PROSE = {"title", "summary", "family", "aliases", "accuracy", "math", "references", "profiles"}


@dataclass
class Reading:
    """What came of reading spec files: `specs` are the readable ones, `problems` all that is wrong.

    A spec may be readable and still have problems. `unread` are the names of the unreadable ones.
    """

    specs: list[ActivationSpec] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)


def read_specs(
    paths: Iterable[Path | str], *, named_after_file: bool = True
) -> tuple[ActivationSpec, ...]:
    """Read and validate spec files. Raises `SpecError` with every diagnostic of every file."""
    reading = examine(paths, named_after_file=named_after_file)
    if reading.problems:
        raise SpecError(reading.problems)
    return tuple(reading.specs)


def read_text(text: str | bytes, file: str = "<text>") -> ActivationSpec:
    """Read and validate the text of one spec. Raises `SpecError`."""
    reading = Reading()
    _examine(reading, load_text(text, file))
    if reading.problems:
        raise SpecError(reading.problems)
    return reading.specs[0]


def examine(paths: Iterable[Path | str], *, named_after_file: bool = True) -> Reading:
    """Read spec files as far as that goes; never raises for what is in them."""
    reading = Reading()
    documents = []
    for path in paths:
        try:
            document = load_file(path)
        except SpecError as error:
            reading.problems += error.diagnostics
            reading.unread.add(Path(path).stem)
            continue
        spec = _examine(reading, document)
        if spec is None:
            reading.unread.add(Path(path).stem)
            continue
        documents.append(document)
        if named_after_file and spec.name != Path(path).stem:
            message = f"the name {shorten(spec.name)!r} is not that of the file"
            hint = f"call the file {shorten(spec.name)}.yaml"
            if name_problem(spec.name, "activation"):
                hint = "a spec has the name of its file"
            reading.problems.append(document.diagnostic(("name",), message, hint))
    reading.problems += _taken_twice(reading.specs, documents)
    return reading


def _taken_twice(
    specs: Sequence[ActivationSpec], documents: Sequence[Document]
) -> list[Diagnostic]:
    """Return a diagnostic for each name or alias that two of the specs take."""
    problems: list[Diagnostic] = []
    taken: dict[str, str] = {}
    for spec, document in zip(specs, documents, strict=True):
        if spec.name in taken:
            message = f"the name {spec.name!r} is taken by {taken[spec.name]}"
            problems.append(document.diagnostic(("name",), message))
        taken.setdefault(spec.name, spec.path)
    for spec, document in zip(specs, documents, strict=True):
        for index, alias in enumerate(spec.aliases):
            owner = taken.setdefault(alias.name, spec.path)
            if owner != spec.path:
                message = f"the name {alias.name!r} is taken by {owner}"
                problems.append(document.diagnostic(("aliases", index), message))
    return problems


def _examine(reading: Reading, document: Document) -> ActivationSpec | None:
    """Validate one document into `reading`; return the spec as far as it can be read."""
    data = document.data
    reading.problems += check_names(document)
    try:
        fields = SpecFields.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        reading.problems += explain(document, details)
        broken = {path_of(detail)[:1] for detail in details}
        known = SpecFields.model_fields.keys() - _PROSE
        if any(not path or path[0] in known for path in broken):
            return None
        rest = {key: value for key, value in data.items() if (key,) not in broken}
        fields = SpecFields.model_validate(rest)
    builder = Builder(document)
    spec = builder.build(fields)
    reading.problems += builder.problems
    reading.problems += check(spec, document)
    reading.specs.append(spec)
    return spec
