"""Plans of 16-bit results for GPUs: what is taken, what it is measured by, and what `math` says."""

import numpy as np
import pytest

from actgen.codegen.approximate import approximations
from actgen.codegen.cuda_module import cuda_text
from actgen.codegen.cuda_plan import (
    _BFLOAT16,
    _FLOAT16,
    for_gpu,
    short_way,
)
from actgen.codegen.emit.cpu import emit_cpu
from actgen.codegen.emit.cuda import CUDA_CALLS
from actgen.codegen.inline import resolve
from actgen.codegen.ir import ONE, X, absolute, apply, exp, sigmoid
from actgen.codegen.lower import lower
from actgen.codegen.model import read_text
from actgen.codegen.pipeline import compile_definition
from actgen.codegen.plan import Setting
from actgen.codegen.precision import FLOAT32, FLOAT64
from actgen.codegen.samples import short_inputs
from actgen.codegen.sources import SPECS, read_folder

BUDGET = 0.51


def way(expr, slope=False, approximate=True):
    return short_way(expr, lower(expr), Setting(), slope, approximate)


def text(expr):
    return emit_cpu(expr, fmt=FLOAT32, calls=CUDA_CALLS)


def program(formula, math=None):
    said = f"math: {math}\n" if math else ""
    spec = read_text(f"name: probe\nformula: {formula}\n{said}", "probe.yaml")
    return compile_definition(resolve([spec], {})[0])


def plans(made):
    (variant,) = for_gpu(made).variants
    return {body.name: body.plan for body in variant.bodies}


# What is taken


def test_a_function_is_approximated():
    taken = way(sigmoid(X))
    assert (taken.suffix, taken.fmt, text(taken.lowered)) == (
        "_approx",
        FLOAT32,
        "sigmoid_approx(x)",
    )
    assert 0.5 < taken.error <= BUDGET


def test_what_needs_no_function_is_computed_as_ever():
    taken = way(apply("max", X, 0))
    assert (taken.suffix, taken.error) == ("_float32", 0.5)


def test_the_rest_of_an_argument_is_dropped():
    expr = sigmoid(X * X * X / 3)
    (only,) = approximations(expr, lower(expr), Setting())
    assert "low" not in text(only.lowered) and text(only.lowered).startswith("sigmoid_approx(")


def test_a_quotient_is_approximated_where_its_divisor_is_no_huge_number():
    assert (
        text(way(1 / (X * 0 + 1.5 + 1 / (1 + exp(-absolute(X))))).lowered).count("reciprocal") == 2
    )
    # 1 / (1 + |x|) is subnormal at the largest numbers, and the hardware's reciprocal 0
    taken = way(ONE / (1 + absolute(X)))
    assert text(taken.lowered) == "float32(1.0) / (float32(1.0) + abs(x))"


def test_what_no_float32_arithmetic_keeps_is_computed_in_float64():
    expr = (sigmoid(X) - 0.6224593312018546) * 1000
    assert way(expr, slope=True).fmt is FLOAT64


def test_without_approximations_float32_is_taken():
    assert way(sigmoid(X), approximate=False).suffix == "_float32_fast"


# What it is measured by


def test_the_inputs_are_all_numbers_of_both_types():
    x = short_inputs()
    assert x.size == 2**17
    assert np.unique(x[: 2**16].view(np.uint32)).size == 2**16
    assert np.unique(x[2**16 :].view(np.uint32)).size == 2**16


@pytest.mark.parametrize(
    ("computed", "exact", "slope", "float16", "bfloat16"),
    [
        (1.0, 1.0, False, 0.5, 0.5),
        (1 + 2**-10, 1.0, False, 1.5, 0.625),
        (2**-26, 2**-25, False, 0.75, 64.5),
        (2**-26, 2**-25, True, 512.5, 64.5),
        (2.0**-140, 0.0, False, 0.5 + 2**-116, 0.5 + 2**-7),
        (70000.0, 80000.0, False, 0.5, 20.03125),
        (70000.0, 80000.0, True, 156.75, 20.03125),
        (65519.0, 70000.0, False, 70.515625, 9.251953125),
        (np.inf, 1e39, False, 0.5, 0.5),
        (np.inf, -1e39, False, np.inf, np.inf),
        (np.nan, np.nan, False, 0.5, 0.5),
        (np.nan, 1.0, False, np.inf, np.inf),
        (1.0, np.nan, False, np.inf, np.inf),
    ],
)
def test_errors_in_places_of_a_type(computed, exact, slope, float16, bfloat16):
    with np.errstate(all="ignore"):
        found = [
            float(kind.errors(np.float64(computed), np.float64(exact), slope))
            for kind in (_FLOAT16, _BFLOAT16)
        ]
    assert found == pytest.approx([float16, bfloat16], rel=1e-6)


# What a spec says


def test_the_plan_has_a_way_of_its_own_for_16_bits():
    made = program("x * sigmoid(x)")
    before, after = made.variants[0].body("forward").plan, plans(made)["forward"]
    assert before.half is before.single_fast
    assert after.half.suffix == "_approx"
    assert (after.single, after.single_fast, after.double) == (
        before.single,
        before.single_fast,
        before.double,
    )


def test_precise_math_approximates_nothing():
    made = cuda_text(program("x * sigmoid(x)", "precise"))
    assert "_approx" not in made and "16-bit" not in made


def test_fast_math_takes_the_fast_way_for_float32():
    plan = plans(program("x * sigmoid(x)", "fast"))["forward"]
    assert plan.single is plan.single_fast and plan.half.suffix == "_approx"
    text = cuda_text(program("x * sigmoid(x)", "fast"))
    assert "forward_float32(" not in text


def test_the_module_tells_of_errors():
    made = cuda_text(program("sigmoid(x)"))
    assert "16-bit results: float32, approximations of the hardware (0.51 ULP)" in made
    assert "    exp2_approx,\n" in made
    assert "    half=forward_approx,\n" in made


# All shipped activations


PROGRAMS = {
    definition.spec.name: definition
    for definition in read_folder(SPECS)
    if definition.spec.kind in ("elementwise", "gated")
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_way_rounds_almost_as_the_exact_value(name):
    """In simulation, with all signs of the hardware's errors, at all inputs of both types."""
    for variant in for_gpu(compile_definition(PROGRAMS[name])).all_variants:
        for body in variant.bodies:
            if body.plan is None or variant.random:
                continue
            short = body.plan.short
            assert short is not None and short.error is not None, body.name
            assert short.error <= BUDGET, body.name
