"""The sign that an expression has everywhere, told by its form."""

from __future__ import annotations

import pytest

from actgen.codegen.ir import ONE, ZERO, X, apply
from actgen.codegen.signs import follows, sign_of
from tests.codegen.algebraic import formula


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("2", 1),
        ("-2", -1),
        ("x", 0),
        ("x**2", 1),
        ("x**3", 0),
        ("x * x", 1),
        ("-(x * x)", -1),
        ("exp(x) / -3", -1),
        ("abs(x) + 1", 1),
        ("abs(x) + x", 0),
        ("-abs(x) + -1", -1),
        ("sqrt(x) * (x - 1)", 0),
    ],
)
def test_signs(text: str, sign: int) -> None:
    assert sign_of(formula(text)) == sign


def test_of_what_is_lowered() -> None:
    assert sign_of(apply("fma", X, X, ONE)) == 1
    assert sign_of(apply("fma", X, X, -ONE)) == 0
    assert sign_of(apply("fma", X, apply("abs", X), ONE)) == 0
    assert sign_of(ZERO) == 0


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("x", True),
        ("2 * x", True),
        ("x * (1 + x**2)", True),
        ("x + x**3", True),
        ("x**2", False),
        ("-x", False),
        ("x + 1", False),
        ("x - x**3", False),
        ("x * cos(x)", False),
    ],
)
def test_what_has_the_sign_of_another(text: str, does: bool) -> None:
    assert follows(formula(text), X) == does
