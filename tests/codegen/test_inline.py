"""Put formulas together: lines, calls with their arguments, and the bounds of growth."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from actgen.codegen.errors import SpecError
from actgen.codegen.inline import Definition, resolve
from actgen.codegen.model import ActivationSpec, read_text

SPECS = {
    "leaky": "params: {slope: {default: 0.1, aliases: [alpha]}}\nformula: where(x > 0, x, slope*x)",
    "cut": "params: {top: {default: null, null_means: inf}}\nformula: min(x, top)",
    "cases": "aliases: [exact, {name: rough, params: {quick: true}}]\n"
    "params: {quick: {default: false}}\n"
    "formula: [{when: quick, value: tanh(x)}, {value: erf(x)}]",
    "weights": "kind: normalization\nformula: {w: exp(x), result: w / sum(w)}",
    "drawn": "params: {on: {default: false}}\nrandom: {u: {distribution: uniform}}\n"
    "formula: [{when: on, value: x * u}, {value: x / 2}]",
}
AVAILABLE = {name: read_text(f"name: {name}\n{body}\n", name) for name, body in SPECS.items()}


def _define(body: str, available: Mapping[str, ActivationSpec] = AVAILABLE) -> Definition:
    return resolve([read_text(f"name: new\n{body}\n", "new.yaml")], available)[0]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("leaky(x)", "(where (gt x 0) x (mul 1/10 x))"),
        ("leaky(-x, 2)", "(where (gt (neg x) 0) (neg x) (mul 2 (neg x)))"),
        ("leaky(x, alpha=x)", "(where (gt x 0) x (mul x x))"),
        ("leaky(leaky(x))", None),
        ("cut(x)", "(min x (inf))"),
        ("cases(x)", "(erf x)"),
        ("cases(x, true)", "(tanh x)"),
        ("exact(x, quick=true)", "(tanh x)"),
        ("rough(x)", "(tanh x)"),
        ("drawn(x)", "(div x 2)"),
        ("x * cases(exp(x), quick=false)", "(mul x (erf (exp x)))"),
    ],
)
def test_calls_are_replaced(formula: str, expected: str | None) -> None:
    inner = "(where (gt x 0) x (mul 1/10 x))"
    expected = expected or f"(where (gt {inner} 0) {inner} (mul 1/10 {inner}))"
    assert repr(_define(f"formula: {formula}").formulas[0].expr) == expected


def test_lines_are_substituted_in_the_result_and_kept_for_the_docs() -> None:
    formula = _define("formula: {a: exp(x), b: leaky(a), result: a + b}").formulas[0]
    assert repr(formula.expr) == "(add (exp x) (where (gt (exp x) 0) (exp x) (mul 1/10 (exp x))))"
    shown = {name: repr(expr) for name, expr in formula.lines}
    assert shown == {
        "a": "(exp x)",
        "b": "(where (gt a 0) a (mul 1/10 a))",
        "result": "(add a b)",
    }


def test_a_line_may_have_the_name_of_a_callee_parameter() -> None:
    expr = _define("formula: {slope: x * 3, result: 'leaky(slope, slope)'}").formulas[0].expr
    assert repr(expr) == "(where (gt (mul x 3) 0) (mul x 3) (mul (mul x 3) (mul x 3)))"


def test_normalizations_call_normalizations() -> None:
    definition = _define("kind: normalization\nmasked: -inf\nformula: log(weights(-x))")
    expected = "(log (div (exp (neg x)) (sum (exp (neg x)))))"
    assert repr(definition.formulas[0].expr) == expected
    assert repr(definition.masked) == "(neg (inf))"


def test_kinks_and_limits() -> None:
    definition = _define(
        "params: {top: {default: 6.0}}\nformula: min(max(x, 0), top)\n"
        "kinks: [{at: 0}, {at: top, derivative: leaky(-1)}]\nlimits: {-inf: 0, inf: top}"
    )
    zero, top = definition.kinks
    assert (repr(zero.at), zero.derivative, repr(top.at)) == ("0", None, "top")
    assert repr(top.derivative) == "(where (gt (neg 1) 0) (neg 1) (mul 1/10 (neg 1)))"
    assert [(at, repr(value)) for at, value in definition.limits] == [("-inf", "0"), ("inf", "top")]


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        ("sqrt(x**2)", "0"),
        ("abs(x - 1)", "1"),
        ("round(x)", "0.5"),
        ("leaky(x - 2)", "2"),
        ("max(x, 0.1 * x)", "0"),
        ("clip(x / 6 + 1 / 2, 0, 1)", "3"),
        ("where(x > pi, 1, 0)", "pi"),
        ("acosh(x)", "1"),
    ],
)
def test_kinks_where_formulas_have_edges(formula: str, at: str) -> None:
    assert _define(f"formula: {formula}\nkinks: [{{at: {at}}}]").kinks


def test_later_specs_may_be_called_by_earlier_ones() -> None:
    first = read_text("name: first\nformula: second(x) + 1\n", "first.yaml")
    second = read_text("name: second\nformula: exp(x)\n", "second.yaml")
    definitions = resolve([first, second], {})
    assert [item.spec.name for item in definitions] == ["first", "second"]
    assert repr(definitions[0].formulas[0].expr) == "(add (exp x) 1)"


def test_own_specs_come_before_the_available_ones() -> None:
    leaky = read_text("name: leaky\nformula: exp(x)\n", "leaky.yaml")
    caller = read_text("name: caller\nformula: leaky(x)\n", "caller.yaml")
    assert repr(resolve([caller, leaky], AVAILABLE)[0].formulas[0].expr) == "(exp x)"


def test_doubling_through_calls_is_bounded() -> None:
    specs = [read_text("name: f0\nformula: x + 1\n", "f0.yaml")]
    for i in range(1, 80):
        text = f"name: f{i}\nformula: f{i - 1}(x) * f{i - 1}(x)\n"
        specs.append(read_text(text, f"f{i}.yaml"))
    with pytest.raises(SpecError, match="written out") as caught:
        resolve(specs, {})
    assert len(caught.value.diagnostics) == 1


def test_a_long_chain_of_calls_is_no_recursion() -> None:
    specs = [read_text("name: g0\nformula: x\n", "g0.yaml")]
    for i in range(1, 1_500):
        specs.append(read_text(f"name: g{i}\nformula: g{i - 1}(x)\n", f"g{i}.yaml"))
    assert repr(resolve(list(reversed(specs)), {})[0].formulas[0].expr) == "x"
