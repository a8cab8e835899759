"""Read spec files into validated records: paths in, a tuple of `ActivationSpec` out.

All errors of all files are reported at once. `examine` does the work and never raises, so that a
later stage can add what it finds in the formulas; `read_specs` is for callers who want specs or
an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    ParamType,
    Profile,
    ProfileParam,
    Random,
    Reference,
    Value,
)
from actgen.codegen.check import MAX_BOOLS, check, check_names, parse_constraint
from actgen.codegen.errors import Diagnostic, SpecError, did_you_mean, shorten
from actgen.codegen.explain import explain, path_of
from actgen.codegen.fields import AliasFields, CaseFields, ParamFields, SpecFields
from actgen.codegen.load import Document, load_file, load_text
from actgen.codegen.names import name_problem
from pydantic import ValidationError

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
    problems, taken = [], {}
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
    builder = _Builder(document)
    spec = builder.build(fields)
    reading.problems += builder.problems
    reading.problems += check(spec, document)
    reading.specs.append(spec)
    return spec


class _Builder:
    """Turn validated fields into records, formulas into `Text`."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Diagnostic] = []

    def build(self, fields: SpecFields) -> ActivationSpec:
        text = self.document.text
        params = tuple(self._param(name, param) for name, param in fields.params.items())
        axis = None if fields.axis is None else Axis(**fields.axis.model_dump())
        if axis is None and fields.kind != "elementwise":
            axis = Axis(-1, tuple=False, none=False)
        return ActivationSpec(
            path=self.document.file,
            name=fields.name,
            title=fields.title or fields.name,
            summary=fields.summary,
            family=fields.family or ("other" if fields.kind == "elementwise" else fields.kind),
            kind=fields.kind,
            aliases=tuple(_alias(alias) for alias in fields.aliases),
            params=params,
            random=tuple(Random(n, r.distribution, r.doc) for n, r in fields.random.items()),
            axis=axis,
            gate=fields.gate,
            masked=fields.masked,  # type: ignore[arg-type]
            groups=fields.groups,
            formula=self._formula(fields, params),
            kinks=tuple(
                Kink(
                    at=text(("kinks", index, "at")),
                    derivative=None
                    if kink.derivative is None
                    else text(("kinks", index, "derivative")),
                    doc=kink.doc,
                )
                for index, kink in enumerate(fields.kinks)
            ),
            limits=tuple(Limit(at, text(("limits", at))) for at in fields.limits),
            accuracy=tuple(fields.accuracy.items()),
            math=fields.math,
            references=tuple(
                Reference(item.title, item.authors, item.year, item.url)
                for item in fields.references
            ),
            profiles=tuple(
                Profile(
                    library,
                    profile.name,
                    tuple(
                        ProfileParam(
                            name, item.name, "default" in item.model_fields_set, item.default
                        )
                        for name, item in profile.params.items()
                    ),
                    profile.differs,
                )
                for library, profile in fields.profiles.items()
            ),
        )

    def _param(self, name: str, fields: ParamFields) -> Param:
        required = "default" not in fields.model_fields_set
        constraint: tuple[Bound, ...] = ()
        if fields.constraint is not None:
            path = ("params", name, "constraint")
            try:
                constraint = parse_constraint(fields.constraint)
            except ValueError as error:
                hint = 'comparisons joined by commas, such as "> 0, <= max_val"'
                self.problems.append(self.document.diagnostic(path, str(error), hint))
        return Param(
            name=name,
            type=fields.type or _type_of(fields.default),
            required=required,
            default=fields.default,
            constraint=constraint,
            aliases=tuple(fields.aliases),
            doc=fields.doc,
            null_means=fields.null_means,
            along_axis=fields.along_axis,
        )

    def _formula(self, fields: SpecFields, params: Sequence[Param]) -> tuple[Case, ...]:
        form = fields.formula
        if not isinstance(form, list):
            return (Case((), self._lines(("formula",), form)),)
        cases = []
        for index, case in enumerate(form):
            when = self._when(index, case, params)
            cases.append(Case(when, self._lines(("formula", index, "value"), case.value)))
        self._reachable(cases, form)
        return tuple(cases)

    def _lines(self, path: tuple[str | int, ...], form: Any) -> tuple[Line, ...]:
        text = self.document.text
        if isinstance(form, str):
            return (Line("result", text(path)),)
        for name in form:
            problem = name_problem(name, "line")
            if problem:
                message = f"{shorten(name)!r} cannot name a line of a formula"
                hint = problem
                self.problems.append(
                    self.document.diagnostic((*path, name), message, hint, key=True)
                )
        return tuple(Line(name, text((*path, name))) for name in form)

    def _when(
        self, index: int, case: CaseFields, params: Sequence[Param]
    ) -> tuple[tuple[str, bool], ...]:
        if case.when is None:
            return ()
        text = self.document.text(("formula", index, "when"))
        bools = [param.name for param in params if param.type == "bool"]
        wanted = []
        offset = 0
        for part in re.split(r"(\band\b)", text.text, flags=re.ASCII):
            start, length = offset + len(part) - len(part.lstrip()), len(part.strip())
            offset += len(part)
            if part == "and":
                continue
            match = re.fullmatch(r"\s*(not\s+)?([A-Za-z]\w*)\s*", part, re.ASCII)
            if match is None:
                message = "a condition is bool parameters joined by 'and', each maybe after 'not'"
                self.problems.append(text.diagnostic(message, "", start, length))
            elif match[2] not in bools:
                message = f"{shorten(match[2])!r} is no bool parameter"
                if any(param.name == match[2] for param in params):
                    hint = "a number is compared in the formula, with where(…)"
                else:
                    hint = did_you_mean(match[2], bools, "add it to params: {default: false}")
                self.problems.append(text.diagnostic(message, hint, start, length))
            else:
                wanted.append((match[2], not match[1]))
        return tuple(wanted)

    def _reachable(self, cases: Sequence[Case], form: Sequence[CaseFields]) -> None:
        """Report a last case with a condition, and cases that are never chosen."""
        last = len(cases) - 1
        if form[last].when is not None:
            message = "the last case has no 'when': it holds where no other case does"
            path = ("formula", last, "when")
            self.problems.append(self.document.diagnostic(path, message, key=True))
        names = list(dict.fromkeys(name for case in cases for name, _ in case.when))
        if self.problems or len(names) > MAX_BOOLS:
            return
        open_states = set(range(2 ** len(names)))
        for index, case in enumerate(cases):
            chosen = {
                state
                for state in open_states
                if all(bool(state >> names.index(name) & 1) is want for name, want in case.when)
            }
            if not chosen:
                message = "this case is never chosen"
                hint = "the cases before it hold wherever it does"
                if len({name for name, _ in case.when}) < len(set(case.when)):
                    hint = "its condition contradicts itself"
                path = ("formula", index, "value")
                self.problems.append(self.document.diagnostic(path, message, hint, key=True))
            open_states -= chosen


def _alias(alias: str | AliasFields) -> Alias:
    if isinstance(alias, str):
        return Alias(alias, ())
    return Alias(alias.name, tuple(alias.params.items()))


def _type_of(default: Value | None) -> ParamType:
    """Return the type that a default suggests: true is a bool, everything else a float."""
    return "bool" if isinstance(default, bool) else "float"
