"""The simulator: the same bits as compiled code, in float64 and in float32."""

import math
from fractions import Fraction

import numba
import numpy as np
import pytest

from actgen import intrinsics
from actgen.codegen.errors import CompilerError
from actgen.codegen.inline import resolve
from actgen.codegen.ir import INF, ONE, Const, Symbol, X, absolute, apply, exp, sqrt, where
from actgen.codegen.lower import lower
from actgen.codegen.model import read_text
from actgen.codegen.module import module_text
from actgen.codegen.parameter_values import in_parts
from actgen.codegen.pipeline import compile_definition
from actgen.codegen.precision import FLOAT32, FLOAT64, FORMATS
from actgen.codegen.samples import spread
from actgen.codegen.simulate import simulate

A, B = Symbol("a"), Symbol("b")
NAN = math.nan
SPECIAL = [0.0, -0.0, math.inf, -math.inf, NAN, 1.0, -1.0, 0.5, 2.5, -3.5, 1e-40, -1e-40, 3e38]


def same_bits(a, b):
    assert a.dtype == b.dtype
    equal = (a == b) & (np.signbit(a) == np.signbit(b))
    different = ~(equal | (np.isnan(a) & np.isnan(b)))
    assert not different.any(), (a[different][:5], b[different][:5])


def inputs(dtype, bound=120.0):
    """Return a few thousand numbers of all sizes, most of them where functions bend."""
    x = spread()[::5]
    rng = np.random.default_rng(1)
    more = [SPECIAL, rng.uniform(-bound, bound, 2000), rng.normal(size=1000)]
    return np.concatenate([x.astype(dtype), np.concatenate(more).astype(dtype)])


# Whole functions of generated modules


@pytest.fixture(scope="module")
def compiled():
    return {}


def program_of(text, cache):
    """Return a compiled definition, and the functions of its module as Numba compiles them."""
    if text not in cache:
        program = compile_definition(
            resolve([read_text(f"name: probe\n{text}\n", "p.yaml")], {})[0]
        )
        parts = module_text(program).split("\n\n\n")
        wanted = [p for p in parts if p.startswith("@device\n") and "\ndef scalar" not in p]
        names = {name: getattr(intrinsics, name) for name in intrinsics.__all__}
        names["device"] = numba.njit(error_model="numpy", forceinline=True)
        names |= {"rint": np.rint, "float32": np.float32, "inf": math.inf, "sqrt": math.sqrt}
        exec("\n\n".join(wanted), names)
        cache[text] = program, names
    return cache[text]


def loop(function, args):
    """Return what a compiled function of numbers gives for arrays and numbers."""

    @numba.njit(error_model="numpy")
    def run(out, x, *rest):
        for i in range(out.size):
            out[i] = function(x[i], *rest)

    out = np.empty_like(args[0])
    run(out, *args)
    return out


SOFTSIGN = "formula: x / (1 + abs(x))"
SIGMOID = "formula: 1 / (1 + exp(-x))"
SCALED = "params: {a: {default: 0.3}}\nformula: where(x > a, x, a * expm1(x - a))"
GELU = "formula: 0.5 * x * (1 + erf(x / sqrt(2)))"


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        (SOFTSIGN, "forward"),
        (SIGMOID, "forward"),
        (SCALED, "forward"),
        (SCALED, "derivative"),
        (GELU, "derivative"),
    ],
)
def test_every_way_has_the_bits_of_its_compiled_function(text, quantity, compiled):
    program, functions = program_of(text, compiled)
    (variant,) = program.variants
    values = {p.name: p.default_value for p in program.spec.params}
    for way in variant.body(quantity).plan.ways:
        dtype = way.fmt.name
        x = inputs(dtype)
        found = loop(functions[f"{quantity}{way.suffix}"], (x, *values.values()))
        given = {"x": x} | values
        for p in program.spec.params:
            high, rest = in_parts(p)
            given[high.name] = np.float32(values[p.name])
            given[rest.name] = np.float32(values[p.name] - float(given[high.name]))
        computed = simulate(way.lowered, given, way.fmt)
        # below 2**-960 the fma of the simulator rounds twice in float64
        tiny = (np.abs(found) < 2.0**-900) & (way.fmt is FLOAT64)
        same_bits(computed[~tiny], found[~tiny])
        distance = np.abs(computed[tiny] - found[tiny])
        assert (distance <= np.spacing(np.abs(found[tiny]))).all()


# Single operations

TWO, TIES = np.array([2.0]), np.array([0.5, 1.5, 2.5, -0.5, -1.5])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_operations_round_to_their_format(dtype):
    fmt = FORMATS[dtype]
    third = simulate(lower(X / 3 + Const(Fraction("0.1")), fmt), {"x": TWO}, fmt)
    kind = np.dtype(dtype).type
    assert third.dtype == dtype
    assert third[0] == kind(2) / kind(3) + kind(0.1)


def test_values_are_rounded_to_the_format_first():
    assert simulate(X, {"x": 0.1}, FLOAT32) == np.float32(0.1)


def test_selections_comparisons_and_ties():
    x = np.array(SPECIAL)
    chosen = simulate(where(apply("lt", X, 1), absolute(X), INF), {"x": x})
    assert chosen.tolist() == [abs(v) if v < 1 else math.inf for v in SPECIAL]
    assert simulate(apply("round", X), {"x": TIES}).tolist() == [0, 2, 2, 0, -2]
    both = apply("and", apply("not", apply("gt", X, 0)), apply("ne", X, -1))
    assert simulate(both, {"x": np.array([1.0, -1.0, 0.0, NAN])}).tolist() == [0, 0, 1, 1]


def test_library_functions_are_evaluated_by_their_definitions():
    assert simulate(exp(X), {"x": 1.0}) == math.e
    assert simulate(apply("exp_f32", X), {"x": 1.0}, FLOAT32) == np.float32(math.e)
    nothing = simulate(sqrt(X), {"x": np.array([-1.0, 4.0])})
    assert np.isnan(nothing[0]) and nothing[1] == 2


def test_what_has_no_value_is_refused():
    with pytest.raises(CompilerError, match="no value for the operation 'argmax'"):
        simulate(apply("argmax", X), {"x": 1.0})


def rounded(value, dtype):
    """Return a fraction as the nearest number, by the conversions of Python and NumPy."""
    return np.dtype(dtype).type(FORMATS[dtype].nearest(value))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fma_rounds_once(dtype):
    rng = np.random.default_rng(2)
    a, b, c = (rng.normal(size=500).astype(dtype) for _ in range(3))
    c[::2] = (-a * b * (1 + 1e-6 * c))[::2]  # such that much cancels
    found = simulate(apply("fma", X, A, B), {"x": a, "a": b, "b": c}, FORMATS[dtype])
    fractions = zip(*(map(Fraction, v.tolist()) for v in (a, b, c)), strict=True)
    assert found.tolist() == [float(rounded(p * q + r, dtype)) for p, q, r in fractions]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fma_gives_the_rounding_error_of_a_product(dtype):
    rng = np.random.default_rng(3)
    a, b = (rng.normal(size=500).astype(dtype) for _ in range(2))
    b = b * np.exp2(rng.integers(-40, 40, 500)).astype(dtype)
    rest = simulate(apply("fma", X, A, -(X * A)), {"x": a, "a": b}, FORMATS[dtype])
    for p, q, left in zip(a.tolist(), b.tolist(), rest.tolist(), strict=True):
        product = float(np.dtype(dtype).type(p) * np.dtype(dtype).type(q))
        assert Fraction(left) == Fraction(p) * Fraction(q) - Fraction(product)


def test_without_fusing_float64_rounds_twice_and_float32_does_not():
    given = {"x": 1 + 2.0**-12, "a": 1 + 2.0**-12}
    error = apply("fma", X, A, -(X * A))
    assert simulate(error, given, FLOAT32, fused=False) == 2.0**-24
    wide = {"x": 1 + 2.0**-30, "a": 1 + 2.0**-30}
    assert simulate(error, wide, FLOAT64) == 2.0**-60
    assert simulate(error, wide, FLOAT64, fused=False) == 0


def test_fma_of_infinities_and_nan():
    fma = apply("fma", X, A, B)
    for x, a, b in ((math.inf, 2.0, 1.0), (1e300, 1e300, -1.0), (1.0, 2.0, -math.inf)):
        assert simulate(fma, {"x": x, "a": a, "b": b}) == x * a + b
    assert np.isnan(simulate(fma, {"x": math.inf, "a": 1.0, "b": -math.inf}))
    assert np.isnan(simulate(fma, {"x": NAN, "a": 1.0, "b": 0.0}))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", ["power2", "power2_rounded", "exponent", "mantissa", "copysign"])
def test_operations_on_bits_are_those_of_the_intrinsics(op, dtype):
    info = np.finfo(dtype)
    whole = np.arange(info.minexp, info.maxexp + 1, dtype=dtype)
    if op == "power2":
        x = np.concatenate([whole, [info.maxexp, info.minexp - 1, -0.0]]).astype(dtype)
    elif op == "power2_rounded":
        x = whole + np.dtype(dtype).type(1.5 * 2.0**info.nmant + info.maxexp - 1)
    else:
        x = inputs(dtype, 1e4)
    function = getattr(intrinsics, op)
    if op == "copysign":
        call, expr = numba.njit(lambda v: function(v - v + v, v)), apply(op, X - X + X, X)
    else:
        call, expr = numba.njit(lambda v: function(v)), apply(op, X)
    same_bits(simulate(expr, {"x": x}, FORMATS[dtype]), loop(call, (x,)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_times_a_power_of_two_is_rounded_once(dtype):
    info = np.finfo(dtype)
    rng = np.random.default_rng(6)
    places = np.arange(info.minexp - info.nmant - 3, info.maxexp + 2, dtype=dtype)
    places = np.concatenate(
        [places, np.array([-1000, -10_000] if dtype == "float32" else [-10_000], dtype)]
    )
    a = rng.uniform(0.7, 1.42, places.size).astype(dtype)
    a[:2] = np.nan, 1.0
    b = places + np.dtype(dtype).type(FORMATS[dtype].rounder)
    call = numba.vectorize(lambda v, w: intrinsics.times_power2(v, w))
    computed = simulate(apply("times_power2", X, A), {"x": a, "a": b}, FORMATS[dtype])
    same_bits(computed, call(a, b))
    np.testing.assert_array_equal(computed, np.ldexp(a, places.astype(int)))


def test_powers_of_two_next_to_the_normal_ones_are_zero_and_infinity():
    n = np.array([1023.0, -1022.0, -1023.0, 1024.0])
    powers = simulate(apply("power2", X), {"x": n}).tolist()
    assert powers == [2.0**1023, 2.0**-1022, 0.0, math.inf]
    n = np.array([127.0, -126.0, -127.0, 128.0])
    powers = simulate(apply("power2", X), {"x": n}, FLOAT32).tolist()
    assert powers == [2.0**127, 2.0**-126, 0.0, math.inf]


def test_numbers_are_taken_apart():
    x = np.array([1.0, -1.5, 3e38, 2.0**-126, math.inf])
    parts = simulate(apply("exponent", X), {"x": x}, FLOAT32)
    assert parts.tolist() == [0, 0, 127, -126, 128]
    assert simulate(apply("mantissa", X), {"x": x[:2]}, FLOAT32).tolist() == [1, 1.5]
    assert simulate(apply("exponent", X) + ONE, {"x": 2.0**-1022}) == -1021
