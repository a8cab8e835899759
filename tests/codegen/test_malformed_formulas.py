"""Refuse malformed formulas: each with its place and with words that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from actgen.codegen.errors import SpecError
from actgen.codegen.inline import read_definitions

# formula → what the message or the hint says, column in the formula (from 1)
FORMULAS = [
    # Python in disguise
    ("__import__('os')", "no strings", 12),
    ("__import__(os)", "unknown function '__import__'", 1),
    ("eval(x)", "unknown function 'eval'", 1),
    ("exec(x)", "unknown function 'exec'", 1),
    ("open(x)", "unknown function 'open'", 1),
    ("getattr(x, e)", "unknown function 'getattr'", 1),
    ("x.real", "attributes", 1),
    ("np.exp(x)", "write exp", 1),
    ("np.maximum(x, 0)", "write max(a, b)", 1),
    ("x.__class__", "attributes", 1),
    ("exp(x).real", "attributes", 7),
    ("(x).real", "attributes", 4),
    ("lambda y: y", "lambda", 1),
    ("(lambda: x)()", "lambda", 2),
    ('f"{x}"', "f-strings", 2),
    ("f'{x}'", "f-strings", 2),
    ("'x'", "no strings", 1),
    ('x + "1"', "no strings", 5),
    ("`x`", "no back quotes", 1),
    ("x[0]", "subscripts", 2),
    ("[x]", "subscripts", 1),
    ("[y for y in x]", "subscripts", 1),
    ("{x}", "braces", 1),
    ("{ x: 1 }", "braces", 1),
    ("x if x > 0 else 0", "write where(condition, a, b)", 3),
    ("x > 0 ? x : 0", "write where(condition, a, b)", 7),
    ("(x := 1)", ":= is not part", 4),
    ("x = 1", "= assigns", 3),
    ("x == 1 = 2", "= assigns", 8),
    ("x; x", "one expression", 2),
    ("x, x", "comma", 2),
    ("x @ x", "@ is not part", 3),
    ("x ^ 2", "write **", 3),
    ("x // 2", "write floor", 3),
    ("x % 2", "% is not part", 3),
    ("x << 2", "<< is not part", 3),
    ("x >> 2", ">> is not part", 3),
    ("~x", "write not", 1),
    ("!x", "write not", 1),
    ("where(x > 0 && x < 1, x, 0)", "write and", 13),
    ("where(x > 0 || x < 1, x, 0)", "write or", 13),
    ("where((x > 0) & (x < 1), x, 0)", "write and", 15),
    ("where((x > 0) | (x < 1), x, 0)", "write or", 15),
    ("where(x <> 0, x, 0)", "write !=", 9),
    ("where(x is 0, x, 0)", "write ==", 9),
    ("where(x in e, x, 0)", "compare", 9),
    ("x for x", "loops", 3),
    ("yield x", "'yield' of Python", 1),
    ("await x", "'await' of Python", 1),
    ("import os", "'import' of Python", 1),
    ("del x", "'del' of Python", 1),
    ("return x", "'return' of Python", 1),
    ("*x", "a value should stand here", 1),
    ("exp(*x)", "a value should stand here", 5),
    ("exp(**x)", "a value should stand here", 5),
    ("x -> 1", "-> is not part", 3),
    ("None * x", "unknown name 'None'", 1),
    ("True * x", "'True' is no number", 1),
    ("true + x", "'true' is no number", 1),
    ("\\frac{x}{2}", "no backslashes", 1),
    ("$x$", "not LaTeX", 1),
    ("x # y", "no comments", 3),
    ("|x|", "abs(x)", 1),
    # signs of other alphabets
    ("x − 1", "write -", 3),
    ("x × 2", "write *", 3),
    ("x · 2", "write *", 3),
    ("x ÷ 2", "write /", 3),
    ("π * x", "write pi", 1),
    ("x²", "write **2", 2),
    ("√x", "write sqrt", 1),
    ("where(x ≤ 0, x, 0)", "write <=", 9),
    ("α * x", "ASCII", 1),
    # numbers
    ("x + 1e999999", "exponent", 5),
    ("x + 1e-999999", "exponent", 5),
    ("x + 1e" + "9" * 100, "exponent", 5),
    ("x + 1e400", "beyond", 5),
    ("x + 9" + "9" * 500, "more than 400 digits", 5),
    ("x + 9" + "9" * 380, "beyond the range", 5),
    ("2x", "write 2 * x", 1),
    ("2(x)", "write *", 2),
    ("x + 1_000", "without underscores", 5),
    ("x + 0xff", "decimal", 5),
    ("x + 0b11", "decimal", 5),
    ("x + 1j", "product", 5),
    ("x + 1.2.3", "not a number", 5),
    ("x + 1e", "product", 5),
    ("x + 1e+", "product", 5),
    # names and functions
    ("y", "unknown name 'y'", 1),
    ("alpah * x", "did you mean 'alpha'", 1),
    ("alpha * expm(x)", "did you mean 'expm1' or 'exp'", 9),
    ("sigmoud(x)", "did you mean 'sigmoid'", 1),
    ("slu(x)", "did you mean 'silu'", 1),
    ("relu7(x)", "unknown function", 1),
    ("ln(x)", "write log(x)", 1),
    ("arctan(x)", "write atan", 1),
    ("maximum(x, 0)", "write max(a, b)", 1),
    ("exp", "'exp' is a function", 1),
    ("silu * x", "'silu' is a function", 1),
    ("x(2)", "'x' is no function", 1),
    ("alpha(x)", "'alpha' is no function", 1),
    ("nan + x", "constants are", 1),
    ("flag * x", "bool parameter", 1),
    ("gate * value", "unknown name 'gate'", 1),
    ("index * x", "unknown name 'index'", 1),
    ("sech2(x)", "unknown function", 1),
    # arguments
    ("exp()", "exp takes one argument, not 0", 1),
    ("exp(x, x)", "exp takes one argument, not 2", 1),
    ("max(x)", "max takes two arguments, not 1", 1),
    ("min(x, 1, 2)", "nest it", 1),
    ("clip(x, 1)", "clip takes three arguments, not 2", 1),
    ("where(x > 0, x)", "where takes three arguments", 1),
    ("pow(x)", "pow takes two arguments", 1),
    ("exp(y=x)", "no arguments by name", 1),
    ("exp(x", "never closed", 4),
    ("exp(x,", "ends where a value", 7),
    ("exp(,x)", "a value should stand here", 5),
    ("exp(x x)", "operator is missing", 7),
    ("silu()", "first argument of silu", 1),
    ("silu(true)", "first argument of silu", 1),
    ("silu(x=x)", "first argument of silu", 1),
    ("silu(x, 1, 2)", "at most 1 parameter", 12),
    ("silu(x, gamma=1)", "no parameter 'gamma'", 9),
    ("silu(x, beta=1, beta=2)", "given twice", 17),
    ("silu(x, 1, beta=2)", "given twice", 12),
    ("silu(x, beta=1, 2)", "follows one with a name", 17),
    ("silu(x, beta=true)", "is a number", 9),
    ("silu(x > 0)", "an argument is a number", 6),
    ("gelu(x, approximate=1)", "true or false", 9),
    ("gelu(x, approximate=alpha)", "true or false", 9),
    ("gelu(x, approximate=true or false)", "no number", 21),
    ("elu(x, alpha=-1)", "must be > 0", 8),
    ("elu(x, a=0)", "must be > 0", 8),
    ("threshold(x)", "needs its parameter 'threshold'", 1),
    ("softmax(x)", "normalization activation", 1),
    ("swiglu(x)", "gated activation", 1),
    ("rrelu(x)", "random", 1),
    ("prelu(x, 1)", "array", 10),
    # sorts
    ("x > 0", "this is a condition", 1),
    ("(x > 0) * x", "'*' works on numbers", 1),
    ("-(x > 0)", "'-' works on numbers", 2),
    ("where(x, 1, 0)", "is a condition", 7),
    ("where(x > 0, x > 1, 0)", "where works on numbers", 14),
    ("where(not x, 1, 0)", "'not' works on conditions", 11),
    ("where(x and x, 1, 0)", "'and' works on conditions", 7),
    ("0 < x < 1", "do not chain", 7),
    ("where((x > 0) == (x > 1), x, 0)", "'==' works on numbers", 7),
    ("exp(x > 0)", "exp works on numbers", 5),
    # shapes
    ("sum(x)", "looks along an axis", 1),
    ("x - amax(x)", "looks along an axis", 5),
    ("one_hot(x)", "looks along an axis", 1),
    ("concat(x, -x)", "outermost", 1),
    ("x / 0", "division by zero", 5),
    ("x * (-8)**(1/3)", "no value among the real numbers", 5),
    ("x + log(-1)", "no value among the real numbers", 5),
    ("inf - inf + x", "no value among the real numbers", 1),
    ("x * 10**10**10", "far beyond the largest number", 5),
    ("x**2**2**2**2**2**2**2**2", "far beyond the largest number", 13),
    ("x * atanh(1)", "far beyond the largest number", 5),
    # syntax
    ("", "empty", 1),
    ("()", "a value should stand here", 2),
    ("x +", "ends where a value", 4),
    ("(x", "never closed", 1),
    ("x)", "closes nothing", 2),
    ("x ]", "closes nothing", 3),
    ("(x]", "closes nothing", 3),
    ("x x", "operator is missing", 3),
    ("x 2", "operator is missing", 3),
    ("/ x", "a value should stand here", 1),
    ("x + * x", "a value should stand here", 5),
    ("x ** ** 2", "a value should stand here", 6),
    (".", "attributes", 1),
    (":", "':' is not part", 1),
    ("not", "ends where a value", 4),
    # size and depth
    ("(" * 10_000, "at most 4,000 characters", 1),
    ("(" * 1_900 + "x" + ")" * 1_900, "levels deep", 62),
    ("-" * 3_900 + "x", "levels deep", None),
    ("exp(" * 900, "levels deep", None),
    ("2**" * 1_300 + "x", "levels deep", None),
    ("x" + " + 1" * 900, "levels deep", None),
    ("silu(" * 100 + "x" + ")" * 100, "levels deep", None),
    ("1" * 5_000, "at most 4,000 characters", 1),
    # the formula as a whole
    ("1", "does not use x", 1),
    ("alpha * 2", "does not use x", 1),
    ("x", "does not use the parameter 'alpha'", 1),
]

HELPERS = {
    "silu": "params: {beta: {default: 1.0}}\nformula: x / (1 + exp(-beta * x))",
    "gelu": "params: {approximate: {default: false}}\nformula:\n"
    "- {when: approximate, value: x * tanh(x)}\n- {value: x * erf(x)}",
    "elu": 'params: {alpha: {default: 1.0, constraint: "> 0", aliases: [a]}}\n'
    "formula: where(x > 0, x, alpha * expm1(x))",
    "threshold": "params: {threshold: {}}\nformula: where(x > threshold, x, 0)",
    "prelu": "params: {weight: {type: array}}\nformula: where(x > 0, x, weight * x)",
    "rrelu": "random: {u: {distribution: uniform}}\nformula: where(x > 0, x, u * x)",
    "softmax": "kind: normalization\nformula: exp(x) / sum(exp(x))",
    "swiglu": "kind: gated\ngate: first\nformula: gate * value",
}


@pytest.fixture(scope="module")
def helpers(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("helpers")
    paths = []
    for name, body in HELPERS.items():
        paths.append(folder / f"{name}.yaml")
        paths[-1].write_text(f"name: {name}\n{body}\n")
    return paths


def _refuse(path: Path, text: str | bytes, helpers: list[Path]) -> SpecError:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError) as caught:
        read_definitions([path, *helpers])
    return caught.value


@pytest.mark.parametrize(("formula", "words", "column"), FORMULAS, ids=lambda v: str(v)[:30])
def test_formula(
    formula: str, words: str, column: int | None, helpers: list[Path], tmp_path: Path
) -> None:
    quoted = formula.replace("'", "''")
    text = (
        "name: bad\n"
        "params: {alpha: {default: 1.0}, flag: {default: false}}\n"
        "formula:\n"
        "- {when: flag, value: alpha * x}\n"
        f"- value: '{quoted}'\n"
    )
    if "does not use the parameter" in words:
        text = f"name: bad\nparams: {{alpha: {{default: 1.0}}}}\nformula: '{quoted}'\n"
    error = _refuse(tmp_path / "bad.yaml", text, helpers)
    first = error.diagnostics[0]
    assert words in f"{first.message} {first.hint}"
    assert first.place.line == (3 if "parameter 'alpha'" in words else 5)
    if column is not None and "characters" not in words and formula:
        doubled = formula[: column - 1].count("'")
        assert first.place.column == 10 + column + doubled
    rendered = str(error)
    assert all(len(line) < 500 for line in rendered.splitlines())
    if formula:
        assert "^" in rendered
