"""Sines of near numbers: the same bits as of any, and told apart by tiles."""

import numpy as np
import pytest

import actgen
from actgen.codegen.cuda_module import cuda_text
from actgen.codegen.inline import resolve
from actgen.codegen.ir import Symbol, X, apply, is_op, tanh, walk
from actgen.codegen.lower import lower
from actgen.codegen.model import read_text
from actgen.codegen.nearby import near_variant
from actgen.codegen.pipeline import Body, Variant, compile_definition
from actgen.codegen.plan import Setting, plan
from actgen.codegen.shorten import shorten
from actgen.codegen.simulate import simulate
from tests.codegen.algebraic import formula

FAR = 2.0**40
CIRCULAR = {
    f"{name}{near}{kind}"
    for name in ("sin", "cos")
    for near in ("", "_near")
    for kind in ("", "_twofold", "_plain", "_twofold_plain")
}


def variant_of(expr):
    body = Body("forward", expr, lower(expr), plan(expr, lower(expr), Setting()))
    return Variant((), "", expr, None, (body,), (), ())


def sine():
    return X + apply("sin", 3 * X) * apply("cos", X)


def test_without_sines_nothing_is_near():
    assert near_variant(variant_of(tanh(X))) is None


def test_near_functions_take_the_place_of_all():
    found = near_variant(variant_of(sine()))
    assert [body.name for body in found.bodies] == ["forward_is_far", "forward_near"]
    for way in found.bodies[1].plan.ways:
        names = {node.op for node in walk(way.lowered) if is_op(node, *sorted(CIRCULAR))}
        assert names and all("_near" in name for name in names)


def test_far_is_what_one_of_the_arguments_is():
    condition = near_variant(variant_of(sine())).bodies[0].lowered
    x = np.array([0.0, FAR / 3 * 0.999, FAR / 3 * 1.001, -FAR, np.inf, np.nan])
    found = simulate(condition, {"x": x})
    assert found.tolist() == [False, False, True, True, True, False]


def test_the_bits_are_those_of_any_number():
    rng = np.random.default_rng(0)
    sizes = np.exp2(rng.uniform(-1074, 38, 4000)) * rng.choice([-1, 1], 4000)
    x = np.concatenate([sizes, rng.normal(size=4000) * 10, [0.0, -0.0, np.nan]])
    for every, near in zip(
        variant_of(sine()).bodies[0].plan.ways,
        near_variant(variant_of(sine())).bodies[1].plan.ways,
        strict=True,
    ):
        np.testing.assert_array_equal(
            simulate(near.lowered, {"x": x}), simulate(every.lowered, {"x": x})
        )


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        ("x + sin(x)**2", True),
        ("3 * x - cos(x)", True),
        ("sin(x) * cos(x)", True),
        ("sin(x) + cos(x)", False),
        ("1 + 2 * sin(x)", False),
        ("sin(x) - tanh(x)", False),
        ("a + sin(x)", False),
        ("a * x + sin(x)", True),
        ("x + a * sin(x)**2", True),
        ("x + x * sin(x)", False),
    ],
)
def test_sums_that_vanish_at_huge_numbers_keep_all_digits(text, shorter):
    expr = formula(text)
    found = shorten(expr, lower(expr), {Symbol("a")})
    names = {node.op for node in walk(found or lower(expr)) if is_op(node, *sorted(CIRCULAR))}
    assert names and all(name.endswith("_plain") for name in names) == shorter


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_a_tile_with_a_far_number_has_the_same_bits(dtype):
    rng = np.random.default_rng(1)
    x = (rng.normal(size=2000) * 5).astype(dtype)
    for f in (actgen.snake, actgen.snake.derivative):
        alone = f(x)
        mixed = x.copy()
        mixed[[3, 700]] = np.inf if dtype == np.float16 else 1e30
        with np.errstate(all="ignore"):
            found = f(mixed)
        kept = np.ones(x.size, bool)
        kept[[3, 700]] = False
        np.testing.assert_array_equal(found[kept], alone[kept])
        np.testing.assert_array_equal(found[3:4], f(mixed[3:4]))
        inplace = mixed.copy()
        f(inplace, out=inplace)
        np.testing.assert_array_equal(inplace, found)


def test_gpu_kernels_fork_for_each_number():
    spec = read_text("name: probe\nformula: x + sin(x)\n", "probe.yaml")
    text = cuda_text(compile_definition(resolve([spec], {})[0]))
    fork = text[text.index("def forward_as(") :]
    assert fork[: fork.index("\n\n\n")] == (
        "def forward_as(like, x):\n"
        '    """Return the quantity, sines of near numbers where these will do."""\n'
        "    if forward_is_far(x):\n"
        "        return forward_any_as(like, x)\n"
        "    return forward_near_as(like, x)"
    )
