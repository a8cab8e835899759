"""Refuse specs whose parts do not fit together: each with its place and with words that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from actgen.codegen.errors import SpecError
from actgen.codegen.inline import read_definitions

# text of the file → what the message or the hint says, line, column
SPECS: list[tuple[str, str, int | None, int | None]] = [
    # parameters
    ("name: bad\nparams: {x: {default: 1}}\nformula: x\n", "cannot name a parameter", 2, 10),
    ("name: bad\nparams: {out: {default: 1}}\nformula: x*out\n", "cannot name", 2, 10),
    ("name: bad\nparams: {exp: {default: 1}}\nformula: x*exp\n", "function of the", 2, 10),
    ("name: bad\nparams: {if: {default: 1}}\nformula: x\n", "keyword", 2, 10),
    ("name: bad\nparams: {range: {default: 1}}\nformula: x*range\n", "builtin", 2, 10),
    ("name: bad\nparams: {e: {default: 1}}\nformula: x*e\n", "constant", 2, 10),
    ("name: bad\nparams: {a-b: {default: 1}}\nformula: x\n", "letters, digits", 2, 10),
    ("name: bad\nparams: {a: 1.0}\nformula: x*a\n", "write a: {default: 1.0}", 2, 13),
    ("name: bad\nparams: {a: {default: one}}\nformula: x*a\n", "a number, true", 2, 23),
    ("name: bad\nparams: {a: {default: yes}}\nformula: x*a\n", "write true or false", 2, 23),
    ("name: bad\nparams: {a: {default: .inf}}\nformula: x*a\n", "null_means: inf", 2, 23),
    ("name: bad\nparams: {a: {default: .nan}}\nformula: x*a\n", "finite", 2, 23),
    ("name: bad\nparams: {a: {default: 1e999}}\nformula: x*a\n", "exponent", 2, 23),
    ("name: bad\nparams: {a: {default: [1]}}\nformula: x*a\n", "a number, true", 2, 23),
    ("name: bad\nparams: {a: {default: null}}\nformula: x*a\n", "needs null_means", 2, 23),
    ("name: bad\nparams: {a: {null_means: 1}}\nformula: x*a\n", "goes with", 2, 14),
    (
        "name: bad\nparams: {a: {default: 1.5, type: int}}\nformula: x*a\n",
        "not of type int",
        2,
        23,
    ),
    (
        "name: bad\nparams: {a: {default: true, type: float}}\nformula: x*a\n",
        "not of type float",
        2,
        23,
    ),
    ("name: bad\nparams: {a: {default: 1, type: bool}}\nformula: x\n", "not of type", 2, 23),
    ("name: bad\nparams: {a: {default: 1, type: real}}\nformula: x*a\n", "not one of", 2, 32),
    (
        'name: bad\nparams: {a: {default: 0, constraint: "> 0"}}\nformula: x*a\n',
        "breaks the constraint > 0",
        2,
        23,
    ),
    (
        'name: bad\nparams: {a: {default: 3}, b: {default: 2, constraint: "> a"}}\n'
        "formula: x*a*b\n",
        "breaks the constraint > a",
        2,
        40,
    ),
    (
        'name: bad\nparams: {a: {default: 1, constraint: "> b"}}\nformula: x*a\n',
        "no number and no parameter",
        2,
        39,
    ),
    (
        'name: bad\nparams: {a: {default: 1, constraint: "> a"}}\nformula: x*a\n',
        "with itself",
        2,
        39,
    ),
    (
        'name: bad\nparams: {a: {default: 1, constraint: "positive"}}\nformula: x*a\n',
        "is not a comparison",
        2,
        39,
    ),
    (
        'name: bad\nparams: {a: {default: 1, constraint: "> 0 and < 2"}}\nformula: x*a\n',
        "is not a comparison",
        2,
        39,
    ),
    (
        'name: bad\nparams: {a: {constraint: "> 1, < 0"}}\nformula: x*a\n',
        "no number fulfils",
        2,
        27,
    ),
    (
        'name: bad\nparams: {a: {constraint: "> 1e999"}}\nformula: x*a\n',
        "not a finite number",
        2,
        27,
    ),
    ("name: bad\nparams: {a: {default: 1}, b: {}}\nformula: x*a*b\n", "after an optional", 2, 27),
    ("name: bad\nparams: {a: {default: 1}}\nformula: x\n", "does not use the parameter 'a'", 3, 10),
    ("name: bad\nparams: {a: {default: true}}\nformula: x\n", "does not use the parame", 3, 10),
    ("name: bad\nparams: {a: {defalt: 1}}\nformula: x*a\n", "did you mean 'default'", 2, 14),
    ("name: bad\nparams: {a: {aliases: [b]}, b: {}}\nformula: x*a*b\n", "taken", 2, 24),
    (
        "name: bad\nparams: {a: {type: array, along_axis: true}}\nformula: x*a\n",
        "along_axis",
        2,
        27,
    ),
    ("name: bad\nrandom: {u: {distribution: normal}}\nformula: x*u\n", "not one of", 2, 28),
    ("name: bad\nrandom: {u: {distribution: uniform}}\nformula: x\n", "does not use", 3, 10),
    # cases and lines
    ("name: bad\nformula: [{when: a, value: x}]\n", "no bool parameter", 2, 18),
    (
        "name: bad\nparams: {a: {default: 1.0}}\nformula: [{when: a, value: x}, {value: x*a}]\n",
        "no bool parameter",
        3,
        18,
    ),
    (
        "name: bad\nparams: {a: {default: true}}\nformula: [{when: a, value: x}]\n",
        "the last case has no 'when'",
        3,
        12,
    ),
    (
        "name: bad\nparams: {a: {default: true}}\n"
        "formula: [{when: a or a, value: x}, {value: -x}]\n",
        "joined by 'and'",
        3,
        18,
    ),
    (
        "name: bad\nparams: {a: {default: true}}\n"
        "formula: [{when: a, value: x}, {when: a, value: x}, {value: -x}]\n",
        "never chosen",
        3,
        42,
    ),
    (
        "name: bad\nparams: {a: {default: true}}\n"
        "formula: [{when: a and not a, value: x}, {value: -x}]\n",
        "contradicts itself",
        3,
        31,
    ),
    ("name: bad\nformula: [{value: x}, {value: -x}]\n", "never chosen", 2, 24),
    ("name: bad\nformula: [{when: a}]\n", "'value' is missing", 2, 11),
    ("name: bad\nformula: {a: x, b: x}\n", "no later line uses 'a'", 2, 14),
    ("name: bad\nformula: {a: b, b: a*x}\n", "only the lines before it", 2, 14),
    ("name: bad\nformula: {a: max(x, 0)}\n", "put the formula in quotes", 2, 23),
    ("name: bad\nformula: [{value: max(x, 0)}]\n", "put the formula in quotes", 2, 26),
    ("name: bad\nformula: {x: x}\n", "cannot name a line", 2, 11),
    ("name: bad\nformula: {exp: x, b: exp(x)}\n", "cannot name a line", 2, 11),
    ("name: bad\nparams: {a: {}}\nformula: {a: x, b: a}\n", "that of a parameter", 3, 14),
    (
        "name: bad\nformula: {"
        + ", ".join(f"a{i}: {f'a{i - 1}*a{i - 1}' if i else 'x'}" for i in range(59))
        + "}\n",
        "written out",
        2,
        None,
    ),
    # kinks and limits
    ("name: bad\nformula: max(x, 0)\nkinks: [{at: 1}]\n", "no kink at 1", 3, 14),
    ("name: bad\nformula: exp(x)\nkinks: [{at: 0}]\n", "no kink at 0", 3, 14),
    ("name: bad\nformula: max(x, 0)\nkinks: [{at: x}]\n", "cannot be used here", 3, 14),
    ("name: bad\nformula: max(x, 0)\nkinks: [{at: b}]\n", "unknown name 'b'", 3, 14),
    ("name: bad\nformula: max(x, 0)\nkinks: [{at: 0}, {at: 0}]\n", "declared already", 3, 23),
    ("name: bad\nformula: max(x, 0)\nkinks: [{at: 0, derivative: x}]\n", "cannot be", 3, 29),
    ("name: bad\nformula: max(x, 0)\nkinks: [{derivative: 0}]\n", "'at' is missing", 3, 9),
    ("name: bad\nformula: max(x, 0)\nkinks: {at: 0}\n", "must be a list", 3, 8),
    ("name: bad\nformula: x\nlimits: {inf: x}\n", "cannot be used here", 3, 15),
    # kinds
    ("name: bad\nkind: gated\nformula: gate * value\n", "which half", 2, 7),
    ("name: bad\nkind: gated\ngate: first\nformula: gate\n", "does not use value", 4, 10),
    ("name: bad\nkind: gated\ngate: first\nformula: value\n", "does not use gate", 4, 10),
    ("name: bad\nkind: gated\ngate: first\nformula: x\n", "two halves", 4, 10),
    ("name: bad\nkind: gated\ngate: third\nformula: gate*value\n", "'first' or 'second'", 3, 7),
    ("name: bad\nkind: gated\ngate: first\nformula: gate*sum(value)\n", "along an axis", 4, 15),
    ("name: bad\ngate: first\nformula: x\n", "no field of an elementwise", 2, 1),
    ("name: bad\naxis: {default: 1}\nformula: x\n", "has no axis", 2, 1),
    ("name: bad\naxis: 1\nkind: normalization\nformula: x\n", "write axis: {default: 1}", 2, 7),
    ("name: bad\naxis: {default: 99}\nkind: normalization\nformula: x\n", "64", 2, 17),
    ("name: bad\nmasked: 1\nkind: normalization\nformula: x\n", "0 or -inf", 2, 9),
    ("name: bad\nmasked: 0\nformula: x\n", "no field", 2, 1),
    ("name: bad\nkind: reshaping\nformula: x\n", "concat", 3, 10),
    ("name: bad\nkind: reshaping\nformula: 1 + concat(x, x)\n", "outermost", 3, 14),
    ("name: bad\nkind: reshaping\ngroups: g\nformula: amax(x)\n", "no int parameter", 3, 9),
    (
        'name: bad\nkind: reshaping\nparams: {g: {type: int, constraint: ">= 1"}}\ngroups: g\n'
        "formula: x - amax(x)\n",
        "outside of a reduction",
        5,
        10,
    ),
    # calls in a circle
    ("name: bad\nformula: bad(x)\n", "bad → bad", 2, 10),
]


def _refuse(path: Path, text: str | bytes) -> SpecError:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    other = path.with_name("elu.yaml")
    other.write_text("name: elu\nformula: where(x > 0, x, expm1(x))\n")
    with pytest.raises(SpecError) as caught:
        read_definitions([path, other])
    return caught.value


@pytest.mark.parametrize(("text", "words", "line", "column"), SPECS, ids=lambda v: str(v)[:40])
def test_spec(
    text: str,
    words: str,
    line: int | None,
    column: int | None,
    tmp_path: Path,
) -> None:
    start = text if isinstance(text, str) else ""
    name = start.split("\n", 1)[0].removeprefix("name: ")
    usable = name.isidentifier() and name.isascii() and len(name) < 90 and name != "other"
    path = tmp_path / f"{name if usable else 'bad'}.yaml"
    error = _refuse(path, text)
    matching = [item for item in error.diagnostics if words in f"{item.message} {item.hint}"]
    assert matching, str(error)
    place = matching[0].place
    assert (line or place.line, column or place.column) == (place.line, place.column), str(error)
    assert place.file == str(path)
