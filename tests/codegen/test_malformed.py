"""Refuse malformed spec files: each with its place and with words that help."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actgen.codegen.errors import SpecError
from actgen.codegen.inline import read_definitions

# text of the file → what the message or the hint says, line, column
SPECS: list[tuple[str | bytes, str, int | None, int | None]] = [
    # not YAML, or not the plain part of it
    ("", "empty", 1, 1),
    ("# only a comment\n", "empty", 1, 1),
    ("name: bad\n  formula: x\n", "not YAML", 2, 10),
    ("name: bad\nformula: [x\n", "not YAML", None, None),
    ("name: bad\nformula: 'x\n", "not YAML", None, None),
    ("name: bad\nformula: @x\n", "not YAML", 2, 10),
    ("name: bad\n\tformula: x\n", "not YAML", 2, 1),
    ("name: bad\nsummary: a: b\nformula: x\n", "in quotes", 2, 11),
    ("- name: bad\n", "a spec must be a mapping", 1, 1),
    ("bad\n", "a spec must be a mapping", 1, 1),
    ("name: bad\nformula: x\n---\nname: bad\n", "second document", 3, 1),
    ("name: bad\nname: bad\nformula: x\n", "appears twice", 2, 1),
    ("name: bad\nparams: {a: {}, a: {}}\nformula: x\n", "appears twice", 2, 17),
    ("name: &a bad\nformula: x\n", "anchors", 1, 7),
    ("name: &a bad\ntitle: *a\nformula: x\n", "aliases", 2, 8),
    ("name: bad\n<<: {a: 1}\nformula: x\n", "unknown field '<<'", 2, 1),
    ("name: !!python/name:os.system bad\nformula: x\n", "tags", 1, 7),
    ("name: !x bad\nformula: x\n", "tags", 1, 7),
    ("? [a]\n: b\nname: bad\nformula: x\n", "a key must be plain text", 1, 3),
    ("name: bad\nformula: x\nparams: " + "[" * 10_000, "levels deep", 3, None),
    ("name: bad\nformula: x\nparams: " + "{a: " * 10_000, "levels deep", 3, None),
    ("- " * 10_000, "levels deep", 1, None),
    (b"name: bad\nformula: \xff\n", "not UTF-8", 2, 10),
    ("name: bad\nformula: x\n".encode("utf-16"), "not UTF-8", 1, 1),
    ("name: bad\nformula: x\x00\n", "control character U+0000", 2, 11),
    ("name: bad\nformula: x\x1b[31m\n", "control character U+001B", 2, 11),
    ('name: bad\ntitle: "a\\e"\nformula: x\n', "control character U+001B", 2, None),
    ("name: bad\ntitle: a\u202eb\nformula: x\n", "U+202E", 2, 9),
    ("name: bad\n" + "# padding\n" * 30_000, "256 KiB", 1, 1),
    (
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{c}: &{c} [{','.join([f'*{p}'] * 9)}]\n" for p, c in zip("abc", "bcd", strict=True)
        ),
        "anchors",
        1,
        4,
    ),
    # templates
    ("name: bad\ntitle: '{{ 7 * 7 }}'\nformula: x\n", "template syntax", 2, 9),
    ("name: bad\nsummary: a {% raw %}\nformula: x\n", "template syntax", 2, 12),
    ("name: bad\nformula: 'x {# comment #}'\n", "template syntax", 2, 13),
    ("name: '{{ name }}'\nformula: x\n", "template syntax", 1, 8),
    ("name: bad\nformula: x\n'{{a}}': 1\n", "template syntax", 3, 2),
    ("name: bad\nreferences: [{title: 't {{'}]\nformula: x\n", "template syntax", 2, 25),
    # fields
    ("name: bad\n", "'formula' is missing", 1, 1),
    ("formula: x\n", "'name' is missing", 1, 1),
    ("name: bad\nformula:\n", "a formula is text", 2, 9),
    ("name: bad\nformula: ''\n", "empty", 2, 10),
    ("name: bad\nformula: true\n", "a formula is text", 2, 10),
    ("name: bad\nformula: {}\n", "empty", 2, 10),
    ("name: bad\nformula: []\n", "empty", 2, 10),
    ("name: bad\nformular: x\n", "'formula' is missing", 1, 1),
    ("name: bad\nformula: x\ntitel: T\n", "did you mean 'title'", 3, 1),
    ("name: bad\nformula: x\nkind: gate\n", "did you mean 'gated'", 3, 7),
    ("name: bad\nformula: x\nkind: 3\n", "is not one of", 3, 7),
    ("name: bad\nformula: x\nfamily: rellu\n", "did you mean 'relu'", 3, 9),
    ("name: bad\nformula: x\naliases: swish\n", "aliases: [swish]", 3, 10),
    ("name: bad\nformula: x\naliases: [1]\n", "put it in quotes", 3, 11),
    ("name: bad\nformula: x\naliases: [{nam: a}]\n", "'name' is missing", 3, 11),
    ("name: bad\nformula: x\ntitle: [a]\n", "'title' must be text, not a list", 3, 8),
    ("name: bad\nformula: x\ntitle: ''\n", "empty", 3, 8),
    ('name: bad\nformula: x\ntitle: "a\\nb"\n', "one line", 3, 9),
    ("name: bad\nformula: x\ntitle: " + "a" * 500 + "\n", "more than 400", 3, 8),
    ("name: bad\nformula: x\nsummary: 3\n", "put it in quotes", 3, 10),
    ("name: bad\nformula: x\nparams: [a]\n", "must be a mapping", 3, 9),
    ("name: bad\nformula: x\nreferences: [{title: t, year: '1'}]\n", "an integer", 3, 32),
    ("name: bad\nformula: x\nreferences: [{title: t, year: 1}]\n", "less than 1600", 3, 31),
    ("name: bad\nformula: x\nreferences: [{url: 'https://a.b'}]\n", "'title' is missing", 3, 14),
    (
        "name: bad\nformula: x\nreferences: [{title: t, url: 'javascript:alert(1)'}]\n",
        "http",
        3,
        31,
    ),
    ("name: bad\nformula: x\nprofiles: {tf: {name: a}}\n", "is not one of", 3, 12),
    ("name: bad\nformula: x\nprofiles: {torch: a}\n", "must be a mapping", 3, 19),
    (
        "name: bad\nformula: x\nprofiles: {torch: {name: a, params: {q: {name: q}}}}\n",
        "no parameter 'q'",
        3,
        38,
    ),
    ("name: bad\nformula: x\naccuracy: {float12: 1}\n", "did you mean 'float", 3, 12),
    ("name: bad\nformula: x\naccuracy: {float32: 0}\n", "error budget", 3, 21),
    ("name: bad\nformula: x\nmath: quick\n", "'precise' or 'fast'", 3, 7),
    ("name: bad\nformula: x\nlimits: {0: 1}\n", "is not one of", 3, 10),
    # names
    ("name: 3\nformula: x\n", "put it in quotes", 1, 7),
    ("name: lambda\nformula: x\n", "keyword", 1, 7),
    ("name: class\nformula: x\n", "keyword", 1, 7),
    ("name: Relu\nformula: x\n", "lower-case", 1, 7),
    ("name: my-act\nformula: x\n", "letters, digits", 1, 7),
    ("name: 2fast\nformula: x\n", "a letter first", 1, 7),
    ("name: ../evil\nformula: x\n", "letters, digits", 1, 7),
    ("name: /etc/passwd\nformula: x\n", "letters, digits", 1, 7),
    ("name: a b\nformula: x\n", "letters, digits", 1, 7),
    ("name: _bad\nformula: x\n", "a letter first", 1, 7),
    ("name: __init__\nformula: x\n", "a letter first", 1, 7),
    ("name: bad__\nformula: x\n", "underscores", 1, 7),
    ("name: größe\nformula: x\n", "letters, digits", 1, 7),
    ("name: get\nformula: x\n", "something else already", 1, 7),
    ("name: serialize\nformula: x\n", "something else already", 1, 7),
    ("name: names\nformula: x\n", "something else already", 1, 7),
    ("name: print\nformula: x\n", "builtin", 1, 7),
    ("name: inf\nformula: x\n", "constant", 1, 7),
    ("name: x\nformula: x\n", "input of every formula", 1, 7),
    ("name: " + "a" * 100 + "\nformula: x\n", "longer than", 1, 7),
    ("name: other\nformula: x\n", "call the file other.yaml", 1, 7),
    ("name: bad\nformula: x\naliases: [bad]\n", "taken", 3, 11),
    ("name: bad\nformula: x\naliases: [ab, ab]\n", "taken", 3, 15),
    ("name: bad\nformula: x\naliases: [elu]\n", "taken", 3, 11),
    ("name: bad\nformula: x\naliases: [is]\n", "keyword", 3, 11),
    ("name: bad\nformula: x\naliases: [{name: get}]\n", "already", 3, 18),
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
    text: str | bytes,
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


def test_circle_of_several_names_all(tmp_path: Path) -> None:
    paths = []
    for name, callee in (("aa", "bb"), ("bb", "cc"), ("cc", "aa")):
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(f"name: {name}\nformula: x + {callee}(x)\n")
    with pytest.raises(SpecError, match="aa → bb → cc → aa") as caught:
        read_definitions(paths)
    assert len(caught.value.diagnostics) == 1


def test_all_files_report_together(tmp_path: Path) -> None:
    bodies = {"aa": "formula: y\n", "bb": "formula: x\ntitel: T\n", "cc": "formula: [x\n"}
    paths = []
    for name, body in bodies.items():
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(f"name: {name}\n{body}")
    with pytest.raises(SpecError) as caught:
        read_definitions(paths)
    assert [Path(item.place.file).stem for item in caught.value.diagnostics] == ["aa", "bb", "cc"]


def test_a_faulty_spec_is_no_fault_of_its_caller(tmp_path: Path) -> None:
    (tmp_path / "aa.yaml").write_text("name: aa\nformula: x +\n")
    (tmp_path / "bb.yaml").write_text("name: bb\nformula: aa(x, slope=2)\n")
    (tmp_path / "cc.yaml").write_text("name: [cc\n")
    (tmp_path / "dd.yaml").write_text("name: dd\nformula: cc(x) + bb(x)\n")
    with pytest.raises(SpecError) as caught:
        read_definitions(sorted(tmp_path.iterdir()))
    files = [Path(item.place.file).stem for item in caught.value.diagnostics]
    assert files == ["aa", "cc"]


def test_prose_and_formula_faults_of_a_file_report_together(tmp_path: Path) -> None:
    path = tmp_path / "aa.yaml"
    path.write_text("name: aa\ntitel: T\nreferences: [{year: 0}]\nformula: x + y\n")
    with pytest.raises(SpecError) as caught:
        read_definitions([path])
    assert [item.place.line for item in caught.value.diagnostics] == [2, 3, 3, 4]


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "unreadable"])
def test_file_that_cannot_be_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "unreadable":
        path.write_text("name: bad\nformula: x\n")
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this user may read everything")
    with pytest.raises(SpecError) as caught:
        read_definitions([path])
    words = {"missing": "no such file", "folder": "folder", "pipe": "regular file"}
    assert words.get(kind, "permission denied") in str(caught.value)
