"""The table of operations: what every other table says about each of them."""

import mpmath
import pytest

from actgen.codegen.differentiate import CONDITIONS, RULES, partial
from actgen.codegen.emit import latex
from actgen.codegen.emit.cpu import BOUNDS, CALLS, emit_cpu
from actgen.codegen.emit.cuda import CUDA_CALLS
from actgen.codegen.emit.text import emit_text
from actgen.codegen.errors import CompilerError
from actgen.codegen.evaluate import MEANING, evaluate
from actgen.codegen.ieee import evaluate_float64
from actgen.codegen.ir import Apply, Symbol, apply, walk, where
from actgen.codegen.library import LIBRARY, used_functions
from actgen.codegen.lower import lower
from actgen.codegen.ops import OPS, TWOFOLD, VANISHING
from actgen.codegen.reverse import ADJOINTS, TANGENTS, canonical
from actgen.codegen.scope import FUNCTIONS
from actgen.codegen.share import share

A, B, C, D = (Symbol(name) for name in "abcd")
# these come of lowering, when everything is differentiated and guarded
LATE = (
    "_twofold",
    "_times",
    "_rest",
    "_plain",
    "_short",
    "_fast",
    "_rough",
    "_f32",
    "_f64",
    "_approx",
)
LOWERED = {
    *(name for name in OPS if name.endswith(LATE)),
    *(
        "fma",
        "copysign",
        "power2",
        "power2_rounded",
        "times_power2",
        "exponent",
        "mantissa",
        "far_quarters",
        "far_angle",
        "far_angle_low",
        "tanhsoftplus",
        "sin_near",
        "cos_near",
        "siluslope",
        "sigmoidpart",
        "sigmoidparts",
        "normcdfslope",
        "sech2softplus",
    ),
}
EARLY = [name for name in OPS if name not in LOWERED]
ON_GPUS = {name for name in OPS if name.endswith("_approx")}
REDUCTIONS = {name for name, op in OPS.items() if op.category == "reduction"}
BY_POSITION = {"where", "concat"}  # the walkers treat these by themselves
# a point within the domain of every function, but for these
POINT = {"a": 0.375, "b": 0.25, "c": 0.3125, "d": 0.125}
ELSEWHERE = {
    "acosh": {"a": 1.5},
    "log1mexp": {"a": -0.5},
    "power2": {"a": 3.0},
    "times_power2": {"a": 0.75, "b": 1.5 * 2**52 + 1023 + 3},
    "power2_rounded": {"a": 1.5 * 2**52 + 1023 + 3},
}


def node(name):
    op = OPS[name]
    args = (A, B, C, D)[: 2 if op.arity is None else op.arity]
    if name == "where":
        return where(apply("lt", A, B), B, C)
    if op.category == "logic":
        return Apply(name, tuple(apply("lt", arg, C) for arg in args))
    return Apply(name, args)


def point(name):
    return POINT | ELSEWHERE.get(name, {})


def test_rows_are_whole():
    for name, op in OPS.items():
        assert op.name == name
        assert op.doc
        assert op.arity is None or 0 <= op.arity <= 4
        assert (op.arity == 0) == (op.category == "constant")


def test_twofold_and_times_functions_have_rows():
    for name in TWOFOLD:
        assert OPS[f"{name}_twofold"].arity == 2
    for name in VANISHING:
        assert name in TWOFOLD
        assert (OPS[f"{name}_times"].arity, OPS[f"{name}_twofold_times"].arity) == (2, 3)


def test_meanings_are_those_of_the_table():
    assert MEANING.keys() == OPS.keys() - REDUCTIONS - BY_POSITION


@pytest.mark.parametrize("name", sorted(OPS.keys() - REDUCTIONS - {"concat"}))
def test_every_operation_has_a_value(name):
    assert not mpmath.isnan(evaluate(node(name), point(name)))


@pytest.mark.parametrize("name", [n for n in EARLY if n not in REDUCTIONS and n != "concat"])
def test_every_operation_has_a_float64_value(name):
    want = evaluate(node(name), point(name))
    assert evaluate_float64(node(name), point(name)) == pytest.approx(float(want), rel=1e-14)


@pytest.mark.parametrize("name", sorted(REDUCTIONS | {"concat"}))
def test_what_looks_along_an_axis_has_no_value_at_a_point(name):
    with pytest.raises(CompilerError):
        evaluate(node(name), POINT)
    with pytest.raises(CompilerError):
        evaluate_float64(node(name), POINT)


@pytest.mark.parametrize("name", EARLY)
def test_every_operation_has_a_derivative(name):
    if name in REDUCTIONS:
        nodes = walk(canonical(node(name)))
        inner = {n.op for n in nodes if isinstance(n, Apply)} & REDUCTIONS
        assert inner
        assert inner <= ADJOINTS.keys() & TANGENTS.keys()
    elif OPS[name].category not in (*CONDITIONS, "constant") and name != "concat":
        assert name in RULES or name == "where"
        if name in RULES:
            assert len(RULES[name](*node(name).args)) == OPS[name].arity


def test_rules_are_for_operations_of_the_table():
    assert RULES.keys() <= OPS.keys()
    assert ADJOINTS.keys() == TANGENTS.keys()
    assert ADJOINTS.keys() <= REDUCTIONS


@pytest.mark.parametrize("name", sorted(OPS))
def test_every_operation_is_spelled_for_people(name):
    assert emit_text(node(name))
    assert latex.spell(node(name))


@pytest.mark.parametrize("name", sorted(OPS.keys() - REDUCTIONS - {"concat"}))
def test_every_operation_is_spelled_for_the_target_once_it_is_lowered(name):
    calls = CUDA_CALLS if name in ON_GPUS else CALLS
    lowered = lower(node(name))
    assert emit_cpu(lowered, calls=calls).isascii()
    for function in used_functions([lowered]):
        shared = share([function.body], function.args, names=function.names)
        for value in (*(value for _, value in shared.lines), *shared.results):
            assert emit_cpu(value, calls=calls)
        assert function.doc.startswith("Return")


@pytest.mark.parametrize("name", sorted(CUDA_CALLS.keys() - CALLS.keys()))
def test_what_only_gpus_have_is_not_spelled_for_the_cpu(name):
    assert name in ON_GPUS
    with pytest.raises(CompilerError, match="no CPU spelling"):
        emit_cpu(node(name))


def test_the_library_and_the_calls_do_not_overlap():
    assert LIBRARY.keys() <= OPS.keys()
    assert CALLS.keys() - set(BOUNDS.values()) <= OPS.keys()
    assert not LIBRARY.keys() & CALLS.keys()


def test_formulas_call_what_the_table_lets_them():
    assert FUNCTIONS.keys() - OPS.keys() == {"clip", "one_hot"}
    assert not FUNCTIONS.keys() & LOWERED


@pytest.mark.parametrize(
    "stage",
    [
        emit_text,
        emit_cpu,
        latex.spell,
        lambda e: evaluate(e, POINT),
        lambda e: evaluate_float64(e, POINT),
        lambda e: partial(e, 0),
    ],
    ids=["text", "cpu", "latex", "evaluate", "ieee", "differentiate"],
)
def test_an_unknown_operation_is_the_fault_of_the_compiler(stage):
    with pytest.raises(CompilerError):
        stage(apply("nonsense", A))
