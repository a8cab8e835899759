"""Parse formulas: how operators bind, what sugar becomes, and that numbers stay exact."""

from __future__ import annotations

import pytest

from actgen.codegen.errors import Place, SpecError
from actgen.codegen.ops import OPS
from actgen.codegen.parse import parse
from actgen.codegen.scope import ALONG_AXIS, FUNCTIONS, Call, Scope
from actgen.codegen.text import Text

SCOPE = Scope(
    {"x", "alpha", "index"}, activations={"silu", "softplus"}, along_axis=True, concat=True
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("x", "x"),
        ("0.1", "1/10"),
        ("1e-3", "1/1000"),
        ("-x**2", "(neg (pow x 2))"),
        ("2**-x", "(pow 2 (neg x))"),
        ("x**2**3", "(pow x (pow 2 3))"),
        ("alpha - x - 1", "(sub (sub alpha x) 1)"),
        ("x / alpha * 2", "(mul (div x alpha) 2)"),
        ("-x * 2", "(mul (neg x) 2)"),
        ("- - x", "(neg (neg x))"),
        ("+x", "x"),
        ("-1", "(neg 1)"),
        ("((x))", "x"),
        ("pi * e * inf", "(mul (mul (pi) (e)) (inf))"),
        ("pow(x, 2)", "(pow x 2)"),
        ("clip(x, -1, 1)", "(min (max x (neg 1)) 1)"),
        ("one_hot(argmax(x))", "(where (eq index (argmax x)) 1 0)"),
        ("where(x > 0 and not x == 1 or x < -1, x, 0)", None),
        ("concat(x, -x, 2 * x)", "(concat x (neg x) (mul 2 x))"),
        ("x\n  + 1", "(add x 1)"),
        ("exp(x,)", "(exp x)"),
    ],
)
def test_structure(formula: str, expected: str | None) -> None:
    shown = repr(parse(Text(formula), SCOPE))
    if expected is None:
        expected = "(where (or (and (gt x 0) (not (eq x 1))) (lt x (neg 1))) x 0)"
    assert shown == expected


def test_numbers_are_exact() -> None:
    digits = "1.6732632423543772848170429916717"
    assert repr(parse(Text(digits), SCOPE)) == f"{int(digits.replace('.', ''))}/{10**31}"


def test_calls_keep_their_arguments_and_place() -> None:
    call = parse(Text("silu(x, 2, flag=true)"), SCOPE)
    assert isinstance(call, Call)
    assert [(item.name, item.value) for item in call.arguments][2] == ("flag", True)
    assert (call.offset, call.length) == (0, 21)


def test_a_function_wins_over_an_activation_where_it_fits() -> None:
    assert repr(parse(Text("softplus(x)"), SCOPE)) == "(softplus x)"
    assert isinstance(parse(Text("softplus(x, beta=2)"), SCOPE), Call)


def test_all_mistakes_of_a_formula_are_found_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        parse(Text("foo(x) + y * exp(x, 1) + (x > 0)", Place("f", 1, 1)), SCOPE)
    assert [item.place.column for item in caught.value.diagnostics] == [1, 10, 14, 26]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_parses_with_its_arguments(name: str) -> None:
    count = FUNCTIONS[name] or 2
    args = ["x > 0" if name == "where" else "x", *["x"] * (count - 1)]
    expr = parse(Text(f"{name}({', '.join(args)})"), SCOPE)
    assert repr(expr).startswith("(")
    if name in ALONG_AXIS:
        with pytest.raises(SpecError, match="along an axis"):
            parse(Text(f"{name}({', '.join(args)})"), Scope({"x"}))


def test_every_operation_for_formulas_can_be_written() -> None:
    operators = {"add", "sub", "mul", "div", "neg"}
    other = {name for name, op in OPS.items() if op.category in ("constant", "compare", "logic")}
    writable = {name for name, op in OPS.items() if op.formula}
    assert writable - operators - other <= set(FUNCTIONS)
    assert not {name for name, op in OPS.items() if not op.formula} & set(FUNCTIONS)


def test_long_and_deep_but_sane_formulas_parse() -> None:
    parse(Text(" + ".join(["x**2"] * 50)), SCOPE)
    parse(Text("(" * 50 + "x" + ")" * 50), SCOPE)
