"""Print diagnostics: place, line, caret and hint, whatever the line holds."""

from __future__ import annotations

import pickle

from actgen.codegen.errors import Diagnostic, Place, SpecError, did_you_mean, nearest, shorten

LINE = "formula: where(x > 0, x, alpha * expm(x))"


def test_render_as_the_design_says() -> None:
    place = Place("spec/activations/elu.yaml", 5, 34)
    hint = "did you mean 'expm1' or 'exp'?"
    diagnostic = Diagnostic(place, "unknown function 'expm'", hint, 4, LINE)
    assert diagnostic.render().splitlines() == [
        "spec/activations/elu.yaml:5:34: error: unknown function 'expm'",
        "  5 | formula: where(x > 0, x, alpha * expm(x))",
        "    |                                  ^^^^ did you mean 'expm1' or 'exp'?",
    ]


def test_a_place_without_a_line_has_no_caret() -> None:
    assert Diagnostic(Place("a", 1, 1), "empty", "hint").render() == "a:1:1: error: empty\n  hint"


def test_caret_stands_below_after_tabs_and_wide_characters() -> None:
    source = "\tä漢字 x"
    below = Diagnostic(Place("a", 1, 6), "m", "", 1, source).render().splitlines()[2]
    assert below == "    | \t      ^"


def test_a_long_line_is_cut_around_the_caret() -> None:
    source = "a" * 5_000 + "!" + "b" * 5_000
    lines = Diagnostic(Place("a", 1, 5_001), "m", "", 9_000, source).render().splitlines()
    assert all(len(line) < 130 for line in lines)
    assert lines[1][lines[2].index("^")] == "!"


def test_control_characters_never_reach_the_terminal() -> None:
    assert "\x1b" not in Diagnostic(Place("a", 1, 1), "m", "", 1, "\x1b[31mred").render()


def test_spec_error_sorts_drops_repetitions_and_pickles() -> None:
    later, first = (Diagnostic(Place("a", line, 1), "m") for line in (2, 1))
    error = SpecError([later, first, later])
    assert error.diagnostics == (first, later)
    assert pickle.loads(pickle.dumps(error)).diagnostics == error.diagnostics
    assert isinstance(error, ValueError)


def test_nearest_names() -> None:
    assert nearest("expm", ["exp", "expm1", "log"]) == ["expm1", "exp"]
    assert nearest("reul", ["relu", "selu"])[0] == "relu"
    assert nearest("zzz", ["exp"]) == []
    assert nearest("a" * 10_000, ["a" * 10_000]) == []
    assert did_you_mean("zzz", ["exp"], "nothing near") == "nothing near"
    assert shorten("a\n b" * 50, 10) == "a ba ba b…"
