"""Load YAML: scalars of YAML 1.2, and the place of every value in every style."""

from __future__ import annotations

import math
from typing import Any

import pytest

from actgen.codegen.errors import SpecError
from actgen.codegen.load import load_text


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("1e-3", 1e-3),
        ("1", 1),
        ("-1.5", -1.5),
        ("+2", 2),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        (".5", 0.5),
        ("5.", 5.0),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2001-01-01", "2001-01-01"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ('"true"', "true"),
    ],
)
def test_scalars(scalar: str, value: Any) -> None:
    loaded = load_text(f"a: {scalar}\n").data["a"]
    assert loaded == value
    assert type(loaded) is type(value)


def test_text_of_a_number_keeps_every_digit() -> None:
    document = load_text("a: 1.6732632423543772848170429916717\n")
    assert document.text(("a",)).text == "1.6732632423543772848170429916717"


def test_keys_are_text() -> None:
    assert load_text("{-inf: 0, 1: 1, true: 2, null: 3}").data == {
        "-inf": 0,
        "1": 1,
        "true": 2,
        "null": 3,
    }


@pytest.mark.parametrize(
    ("yaml", "line", "column"),
    [
        ("a: b + WRONG\n", 1, 8),
        ("a: 'b + WRONG'\n", 1, 9),
        ("a: 'it''s + WRONG'\n", 1, 13),
        ('a: "b + WRONG"\n', 1, 9),
        ('a: "\\u00e4 + WRONG"\n', 1, 14),
        ("a: >-\n  b +\n  WRONG\n", 3, 3),
        ("a: |\n  b +\n    WRONG\n", 3, 5),
        ("a:\n  b +\n  WRONG\n", 3, 3),
        ("# ä漢\n{x: 1, a: b + WRONG}\n", 2, 15),
        ("\ufeffa: b + WRONG\n", 1, 8),
        ("a: b + WRONG\r\n", 1, 8),
    ],
)
def test_places_inside_of_scalars(yaml: str, line: int, column: int) -> None:
    text = load_text(yaml, "f.yaml").text(("a",))
    place = text.diagnostic("m", offset=text.text.index("WRONG")).place
    assert (place.file, place.line, place.column) == ("f.yaml", line, column)


def test_places_of_keys_values_and_missing_things() -> None:
    document = load_text("a:\n  - b: 1\n    c: 2\n", "f.yaml")
    value = document.diagnostic(("a", 0, "c"), "m")
    key = document.diagnostic(("a", 0, "c"), "m", key=True)
    missing = document.diagnostic(("a", 0, "zzz"), "m")
    places = [(item.place.line, item.place.column) for item in (value, key, missing)]
    assert places == [(3, 8), (3, 5), (2, 5)]


def test_all_problems_of_a_file_are_found_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        load_text("a: 1\na: 2\nb: &x 1\nc: *x\nd: !t 1\n? [k]\n: 1\n")
    assert [item.place.line for item in caught.value.diagnostics] == [2, 3, 4, 5, 6]


def test_values_of_aliases_are_never_expanded() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    with pytest.raises(SpecError, match="anchors"):
        load_text(bomb)
