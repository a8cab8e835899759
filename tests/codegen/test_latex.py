"""LaTeX: one row an operation, parentheses where they are needed and nowhere else."""

from fractions import Fraction

import pytest

from actgen.codegen.emit import latex
from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import HALF, Apply, Const, Symbol, X, apply, erf, exp, sqrt, tanh, where
from actgen.codegen.ops import OPS

ALPHA = Symbol("alpha")


def number(text):
    return Const(Fraction(text))


def test_every_operation_has_a_row():
    assert latex.ROWS.keys() == OPS.keys()


def test_every_row_spells():
    for name, op in OPS.items():
        arity = 2 if op.arity is None else op.arity
        text = latex.spell(Apply(name, tuple(Symbol(letter) for letter in "xyz"[:arity])))
        assert text.count("{") == text.count("}")


def test_unknown_operation_is_refused():
    with pytest.raises(CompilerError, match="nonsense"):
        latex.spell(apply("nonsense", X))


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (X - (X - 1), "x - (x - 1)"),
        ((X - 1) - X, "x - 1 - x"),
        (X + (X - 1), "x + x - 1"),
        (X + -X, "x - x"),
        (X - -X, "x - (-x)"),
        (-(X + 1), "-(x + 1)"),
        (-X * ALPHA, r"(-x) \, \alpha"),
        ((X + 1) * 2, r"(x + 1) \cdot 2"),
        (2 * X * ALPHA, r"2 x \, \alpha"),
        (2 * (X / 3), r"2 \cdot \frac{x}{3}"),
        ((X + 1) / (X - 1), r"\frac{x + 1}{x - 1}"),
        ((X / 2) ** 2, r"\left(\frac{x}{2}\right)^{2}"),
        ((-X) ** 2, "(-x)^{2}"),
        (-(X**2), "-x^{2}"),
        (X ** (ALPHA + 1), r"x^{\alpha + 1}"),
        (exp(X) ** 2, "(e^{x})^{2}"),
        (tanh(X) ** 2, r"\tanh(x)^{2}"),
        (apply("not", apply("lt", X, 0)), r"\lnot (x < 0)"),
        (apply("and", apply("lt", X, 1), apply("gt", X, 0)), r"x < 1 \land x > 0"),
        (HALF * X * (1 + erf(X / sqrt(2))),
         r"\frac{1}{2} \, x \, \left(1 + \mathrm{erf}\left(\frac{x}{\sqrt{2}}\right)\right)"),
    ],
)  # fmt: skip
def test_parentheses(expr, expected):
    assert latex.spell(expr) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.5", r"\frac{1}{2}"),
        ("0.044715", "0.044715"),
        ("-3", "-3"),
        ("100", "100"),
        ("2.25", r"\frac{9}{4}"),
        ("1e-10", "10^{-10}"),
        ("2.5e-10", r"2.5 \cdot 10^{-10}"),
        ("1.6732632423543772848170429916717", r"1.67326324235\ldots"),
        ("0.00012", "0.00012"),
        ("123.456", "123.456"),
    ],
)
def test_numbers(value, expected):
    assert latex.spell(number(value)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alpha", r"\alpha"),
        ("lambd", r"\lambda"),
        ("b", "b"),
        ("negative_slope", r"\mathrm{negative\_slope}"),
    ],
)
def test_names(name, expected):
    assert latex.name_of(name) == expected


def test_selections_become_one_block_of_cases():
    inner = where(apply("gt", X, 1), X, HALF)
    text = latex.spell(where(apply("lt", X, -1), 0, inner))
    assert text == (
        r"\begin{cases} 0 & \text{if } x < -1 \\ x & \text{if } x > 1 \\ "
        r"\frac{1}{2} & \text{otherwise} \end{cases}"
    )


def test_reductions_bind_letters_of_their_own():
    shifted = exp(X - apply("amax", X))
    assert latex.spell(shifted / apply("sum", shifted)) == (
        r"\frac{e^{x_{i} - \max_{j} x_{j}}}{\sum_{j} e^{x_{j} - \max_{k} x_{k}}}"
    )
    assert latex.spell(apply("sum", X) * ALPHA) == r"\left(\sum_{j} x_{j}\right) \, \alpha"
    assert latex.spell(apply("eq", Symbol("index"), apply("argmax", X))).startswith("i = ")


def test_nested_choices_become_one_block():
    text = latex.spell(where(apply("lt", X, 6), where(apply("gt", X, 0), 1, 0), 0))
    assert text == (
        r"\begin{cases} 1 & \text{if } x > 0 \land x < 6 \\ 0 & \text{otherwise} \end{cases}"
    )
    equal = where(apply("eq", X, 6), 0, where(apply("eq", X, 0), 0, X))
    assert r"\begin{cases} 0 & \text{if } x = 6 \lor x = 0 \\" in latex.spell(equal)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (Const(Fraction(851)) * X / 500, "1.702 x"),
        (2 * X / 3, r"\frac{2}{3} \, x"),
        (2 * X / 11, r"\frac{2 x}{11}"),
        (HALF * X / ALPHA, r"\frac{x}{2 \alpha}"),
        (X * where(apply("gt", X, 0), 1, 0),
         r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"),
    ],
)  # fmt: skip
def test_formulas_are_arranged_for_people(expr, expected):
    assert latex.spell(expr) == expected
