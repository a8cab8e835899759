"""Another value at one point: by the comparisons that are there, else by one more."""

from __future__ import annotations

import pytest

from actgen.codegen.ir import X
from actgen.codegen.points import with_value_at
from tests.codegen.algebraic import formula


@pytest.mark.parametrize(
    ("expr", "place", "value", "expected"),
    [
        # it has that value
        ("where(x > 0, 1, 0)", "0", "0", "where(x > 0, 1, 0)"),
        ("where(x != x, x, where(x > a, 1, b))", "a", "b", "where(x != x, x, where(x > a, 1, b))"),
        ("where(x > 0, 1, a * exp(x))", "0", "a", "where(x > 0, 1, a * exp(x))"),
        ("where(x > 0, 1, 0)", "inf", "where(inf == inf, 1, 0)", "where(x > 0, 1, 0)"),
        # the point goes to the other side
        ("where(x >= 0, 1, b)", "0", "b", "where(x > 0, 1, b)"),
        ("where(x < a, 0, 2)", "a", "0", "where(x <= a, 0, 2)"),
        ("where(a < x, 0, 2)", "a", "0", "where(a <= x, 0, 2)"),
        # the place is no float32
        ("where(x > 1 / 3, 1, 0)", "1 / 3", "0", "where(x == 1 / 3, 0, where(x > 1 / 3, 1, 0))"),
        ("where(a * x > b, 1, 0)", "b / a", "0", "where(x == b / a, 0, where(a * x > b, 1, 0))"),
        # neither
        ("where(x > 0, 1, 0)", "0", "1 / 2", "where(x == 0, 1 / 2, where(x > 0, 1, 0))"),
        ("where(x > 0, 1, 0)", "a", "1", "where(x == a, 1, where(x > 0, 1, 0))"),
        ("exp(x)", "1", "3", "where(x == 1, 3, exp(x))"),
    ],
)
def test_values_at_points(expr: str, place: str, value: str, expected: str) -> None:
    given = (formula(text) for text in (expr, place, value))
    first, at, wanted = given
    assert with_value_at(first, X, at, wanted) == formula(expected)
