"""Literals: the value comes back, and the formatter has nothing to change."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actgen.codegen.errors import CompilerError
from actgen.codegen.literal import literal, quoted

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc_ ", max_size=9), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_the_value_comes_back(value):
    assert eval(literal(value), {"INF": float("inf")}) == value


def test_the_formatter_changes_nothing():
    value = {
        "doc": "First line.\n\n" + "words that go on and on " * 12 + "\n    indented 'x' \"y\"\n",
        "rows": [{"name": "negative_slope", "default": 0.01, "bounds": [[">", 0.0]] * n}
                 for n in range(12)],
        "numbers": (1, 1e-07, float("inf"), -0.0, 1e300),
        "nothing": [{}, [], (), "", None],
        'say "hello"': "it's",
    }  # fmt: skip
    text = f'INF = float("inf")\n\nVALUE = {literal(value, used=8)}\n'
    command = [sys.executable, "-m", "ruff", "format", "--line-length", "100", "--isolated", "-"]
    assert subprocess.run(command, input=text, capture_output=True, text=True).stdout == text


def test_long_text_stays_within_the_line():
    text = literal({"key": "some words here " * 40})
    assert max(map(len, text.splitlines())) <= 100


def test_quotes():
    assert quoted('a "b"') == "'a \"b\"'"
    assert quoted("it's") == '"it\'s"'


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}, 1j])
def test_what_is_no_plain_data_is_refused(value):
    with pytest.raises(CompilerError):
        literal(value)
