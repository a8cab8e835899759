"""Build the record of a spec: validated fields and their document in, an `ActivationSpec` out.

Formulas become `Text`, conditions of cases become pairs of parameter and value, constraints become
bounds. What is wrong with those is collected in `problems`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from actgen.codegen.constraints import parse_constraint
from actgen.codegen.errors import Diagnostic, did_you_mean, shorten
from actgen.codegen.fields import AliasFields, CaseFields, ParamFields, SpecFields
from actgen.codegen.load import Document
from actgen.codegen.names import name_problem

MAX_BOOLS = 6  # each kernel has a variant for each combination


class Builder:
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
