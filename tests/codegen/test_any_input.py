"""Read anything at all: any input is read or refused, and what is valid reads back."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from actgen.codegen.constants import problem
from actgen.codegen.errors import SpecError
from actgen.codegen.inline import read_definitions
from actgen.codegen.ir import Apply, Const, Expr, Symbol, walk
from actgen.codegen.load import load_text
from actgen.codegen.parse import parse
from actgen.codegen.scope import Scope
from actgen.codegen.text import Text

SCOPE = Scope({"x", "alpha"}, activations={"silu"})


def _well_formed(error: SpecError) -> None:
    """Expect at least one diagnostic, each with a place and words."""
    assert error.diagnostics
    assert all(item.message and item.place.line >= 1 for item in error.diagnostics)
    assert str(error)


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        parse(Text(text, lines=(text,)), SCOPE)
    except SpecError as error:
        _well_formed(error)


_WORDS = "** alpha exp silu where and not or 1 0.5 1e3 true if lambda min max sum concat"
_PIECES = st.sampled_from([*_WORDS.split(), *"x+-*/()<>=!.,&|^~[]{}:;@$ \n'\"π"])


@given(st.lists(_PIECES, max_size=25).map("".join))
@settings(max_examples=400, deadline=None)
def test_any_mix_of_tokens_parses_or_is_refused(text: str) -> None:
    try:
        parse(Text(text, lines=(text,)), SCOPE)
    except SpecError as error:
        _well_formed(error)


_FIELDS = "name formula params kinks limits axis kind aliases gate groups title profiles"
_KEYS = st.sampled_from(
    [*_FIELDS.split(), *["references", "random", "at", "value", "when", "default", "x", "torch"]]
)
_VALUES = (
    "bad x 1 null true -inf gated normalization reshaping first '' 1e9 sum(x) gate [] {} !t *a"
)
_LEAVES = st.sampled_from([*_VALUES.split(), "concat(x, -x)", "a and not b", "'> 0'"])


def _flow(items: list[str]) -> str:
    return f"[{', '.join(items)}]"


def _block(pairs: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


_YAML = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3).map(_flow)
        | st.lists(st.tuples(_KEYS, inner), max_size=4).map(_block)
    ),
    max_leaves=12,
)


@given(st.lists(st.tuples(_KEYS, _YAML), max_size=6), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_mapping_is_read_or_refused(pairs: list[tuple[str, str]], named: bool) -> None:
    lines = ["name: bad", "formula: x"] if named else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bad.yaml"
        path.write_text("\n".join([*lines, *(f"{key}: {value}" for key, value in pairs)]))
        try:
            read_definitions([path])
        except SpecError as error:
            _well_formed(error)


@given(st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        load_text(content, "f.yaml")
    except SpecError as error:
        _well_formed(error)


# Valid expressions, printed by this test and read back

_COMPARISONS = {"lt": "<", "ge": ">=", "ne": "!="}
_SPELLING = {"add": "+", "sub": "-", "mul": "*", "pow": "**"}


def _expressions() -> st.SearchStrategy[Expr]:
    numbers = st.decimals(0, 1000, places=3).map(lambda d: Const(Fraction(d)))
    leaves = numbers | st.sampled_from([Symbol("x"), Symbol("alpha"), Apply("pi"), Apply("inf")])

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        two = st.tuples(inner, inner)
        binary = st.builds(Apply, op=st.sampled_from(list(_SPELLING)), operands=two)
        unary = st.builds(
            Apply, op=st.sampled_from(["neg", "exp", "tanh", "abs"]), operands=st.tuples(inner)
        )
        condition = st.builds(Apply, op=st.sampled_from(["lt", "ge", "ne"]), operands=two)
        choice = st.builds(Apply, op=st.just("where"), operands=st.tuples(condition, inner, inner))
        return binary | unary | choice

    return st.recursive(leaves, grow, max_leaves=12)


def _print(expr: Expr) -> str:
    if isinstance(expr, Const):
        return f"{float(expr.value):.3f}"
    if isinstance(expr, Symbol):
        return expr.name
    assert isinstance(expr, Apply)
    args = [_print(arg) for arg in expr.args]
    if expr.op in _SPELLING:
        return f"({args[0]}) {_SPELLING[expr.op]} ({args[1]})"
    if expr.op in _COMPARISONS:
        return f"({args[0]}) {_COMPARISONS[expr.op]} ({args[1]})"
    if expr.op == "neg":
        return f"-({args[0]})"
    return f"{expr.op}({', '.join(args)})" if args else expr.op


@given(_expressions())
@settings(max_examples=300, deadline=None)
def test_printed_expressions_read_back(expr: Expr) -> None:
    assume(not any(map(problem, walk(expr))))  # constants without a value are refused
    assert parse(Text(_print(expr)), SCOPE) == expr
