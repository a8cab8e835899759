"""Write the docstring of an activation: a spec in, text in Google style out.

`help`, editors and the manifest show it: what the function does, its formula, its parameters with
defaults and constraints, what comes back, the kinks and the source.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from actgen.codegen.activation import ActivationSpec, Bound, Case, Kink, Param

WIDTH = 88

_INPUTS = {
    "elementwise": "Array, scalar or sequence.",
    "normalization": "Array or sequence of at least one dimension.",
    "gated": "Array or sequence whose length along the axis is even.",
    "reshaping": "Array or sequence of at least one dimension.",
}
_RESULTS = {
    "elementwise": "An array of the shape of `x`, or a scalar for a scalar.",
    "normalization": "An array of the shape of `x`.",
    "gated": "An array of the shape of `x`, the axis half as long.",
    "reshaping": "An array of the shape of `x`, but along the axis.",
}
_DTYPES = (
    "float16, bfloat16, float32 and float64 are kept; integers and booleans promote as in `np.exp`."
)


def docstring(spec: ActivationSpec) -> str:
    """Return the docstring of `spec`, its lines at most 88 characters where words allow."""
    blocks = [_fill(spec.summary or f"{spec.title or spec.name}.")]
    if spec.summary and spec.title:
        blocks.append(_fill(f"{spec.title}{_aliases(spec)}:"))
    elif spec.aliases:
        blocks.append(_fill(f"{spec.name}{_aliases(spec)}:"))
    blocks.append(textwrap.indent(formula(spec), "    "))
    blocks.append("Args:\n" + "\n".join(_arguments(spec)))
    blocks.append("Returns:\n" + _item(f"{_RESULTS[spec.kind]} {_DTYPES}"))
    if spec.kinks:
        blocks.append("Kinks:\n" + "\n".join(_item(kink(entry)) for entry in spec.kinks))
    if spec.references:
        entries = (_item(citation) for citation in citations(spec))
        blocks.append("References:\n" + "\n".join(entries))
    return "\n\n".join(blocks) + "\n"


def formula(spec: ActivationSpec) -> str:
    """Return the formula as people read it: the lines of each case, the last one the result."""
    if len(spec.formula) == 1:
        return "\n".join(_lines(spec.formula[0]))
    text = []
    for case in spec.formula:
        names = " and ".join(name if wanted else f"not {name}" for name, wanted in case.when)
        text.append(f"if {names}:" if names else "otherwise:")
        text.extend(f"    {line}" for line in _lines(case))
    return "\n".join(text)


def constraint(param: Param) -> str:
    """Return the constraint of a parameter as text, such as "> 0 and <= max_val"; "" if none."""
    return " and ".join(f"{bound.relation} {bound_value(bound)}" for bound in param.constraint)


def bound_value(bound: Bound) -> str:
    """Return what a bound compares with: a name, or a number as short as it goes."""
    return bound.other if isinstance(bound.other, str) else f"{bound.other:g}"


def default(param: Param) -> str:
    """Return the default of a parameter as Python text; "" for a required one."""
    return "" if param.required else repr(param.default)


def kink(entry: Kink) -> str:
    """Return one sentence about a kink."""
    said = f": {one_line(entry.derivative.text)}" if entry.derivative else ""
    doc = f". {entry.doc}" if entry.doc else ""
    return f"The derivative at x = {one_line(entry.at.text)}{said}{doc}".rstrip(".") + "."


def citations(spec: ActivationSpec) -> tuple[str, ...]:
    """Return each reference as one line: authors, title, year, address."""
    return tuple(
        ". ".join(
            part
            for part in (
                entry.authors,
                entry.title,
                str(entry.year) if entry.year is not None else "",
                entry.url,
            )
            if part
        )
        for entry in spec.references
    )


def one_line(text: str) -> str:
    """Return `text` with every run of white space as one space."""
    return " ".join(text.split())


def _lines(case: Case) -> list[str]:
    *named, result = case.lines
    steps = (f"{line.name} = {one_line(line.text.text)}" for line in named)
    return [*steps, one_line(result.text.text)]


def _aliases(spec: ActivationSpec) -> str:
    names = [alias.name for alias in spec.aliases if not alias.params]
    return f", also called {', '.join(names)}" if names else ""


def _arguments(spec: ActivationSpec) -> Iterator[str]:
    yield _item(f"x: {_INPUTS[spec.kind]}")
    for param in spec.params:
        parts = [param.doc or "A parameter of the formula.", _must(param)]
        if not param.required:
            parts.append(f"Default: {default(param)}.")
        if param.aliases:
            parts.append(f"Also called {', '.join(param.aliases)}.")
        yield _item(f"{param.name}: {' '.join(part for part in parts if part)}")
    if spec.axis is not None:
        yield _item(f"axis: {_axis(spec)}")
    if spec.masked is not None:
        yield _item(f"where: Mask of the elements to use; the others give {spec.masked}.")
    if spec.random:
        yield _item("rng: A `numpy.random.Generator` or a seed; None takes a new one.")
    yield _item("out: Array to write to; it may be `x`.")
    if spec.kind == "elementwise":
        yield _item("where: Mask of the elements to compute; the others keep what `out` holds.")


def _must(param: Param) -> str:
    text = constraint(param)
    return f"Must be {text}." if text else ""


def _axis(spec: ActivationSpec) -> str:
    assert spec.axis is not None
    also = [
        text
        for text, allowed in (("a tuple of them", spec.axis.tuple), ("None", spec.axis.none))
        if allowed
    ]
    accepts = f"Axis, or {' or '.join(also)}." if also else "Axis to work along."
    return f"{accepts} Default: {spec.axis.default}."


def _item(text: str) -> str:
    return textwrap.fill(
        one_line(text),
        WIDTH,
        initial_indent="    ",
        subsequent_indent="        ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _fill(text: str) -> str:
    return textwrap.fill(one_line(text), WIDTH, break_long_words=False, break_on_hyphens=False)
