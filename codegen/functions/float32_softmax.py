"""Define the exponential of normalizations in float32: relative to a power of two, not to a peak.

exp(x) = 2**k exp(r) with x = k log 2 + r. A softmax may divide all its weights by the same number;
divided by 2**n for an integral n, near that of the largest weight, they need no difference of x
and the largest x, which would have to be rounded.
"""

from __future__ import annotations

import math

from actgen.codegen.coefficients import EXP, EXP_F32
from actgen.codegen.functions.exponential import LOG2_HIGH as WIDE_HIGH
from actgen.codegen.functions.exponential import LOG2_LOW as WIDE_LOW
from actgen.codegen.functions.float32_parts import (
    LOG2_E,
    LOG2_HIGH,
    LOG2_LOW,
    ROUNDER,
    single,
)
from actgen.codegen.functions.parts import Function, Steps, X, fma, number, polynomial
from actgen.codegen.ir import ONE, ZERO, Expr, Symbol, absolute, apply, where
from actgen.codegen.precision import FLOAT64

UP = 30  # weights are 2**30 too large: what will be subnormal is not yet
VANISHING = -104.0  # exp is less than half the smallest float32
FAR = 65536.0  # where a float32 has too few digits after the point
_WIDE_LOWEST = -700.0
_MAGIC, _LOWEST = Symbol("magic"), Symbol("lowest")


def shift_of(peak: Expr) -> Expr:
    """Return what to take off all elements first: the largest, where that is huge; else 0."""
    return where(apply("gt", absolute(peak), single(FAR)), peak, ZERO)


def magic_of(peak: Expr) -> Expr:
    """Return what rounds x / log 2 to an integer, and says what power of two is divided by."""
    return single(ROUNDER + UP) - apply("round", peak * LOG2_E)


def lowest_of(peak: Expr) -> Expr:
    """Return the x whose weight is 0 from there down."""
    return peak + single(VANISHING)


def power_of(magic: Expr) -> Expr:
    """Return the n of the 2**n that weights are divided by, the 2**30 aside."""
    return single(ROUNDER + UP) - magic


def _steps(let: Steps) -> tuple[Expr, Expr, Expr]:
    """Return exp(r), what its last rounding lost, and 2**(k - n)."""
    t = let("t", fma(X, LOG2_E, _MAGIC))
    k = let("k", t - _MAGIC)
    high = let("high", fma(-k, LOG2_HIGH, X))  # exact: a multiple of 2**-24 below 1/2
    r = let("r", fma(-k, LOG2_LOW, high))
    slope = let("slope", polynomial(r, (1.0, *EXP_F32)))
    exp_r = let("exp_r", fma(r, slope, ONE))
    return exp_r, fma(r, slope, ONE - exp_r), let("scale", apply("power2_rounded", t))


def _function(name: str, index: int, doc: str, error: float = 0.0) -> Function:
    let = Steps()
    steps = _steps(let)
    body = where(apply("lt", X, _LOWEST), ZERO, steps[index] * steps[2])
    arguments = ("x", "magic", "lowest")
    return Function(name, arguments, body, doc, let.names, "float32", error)


def _wide_weight() -> Function:
    """Return the float64 function: simple, as its argument is not above 0."""
    let = Steps()
    shift = number(FLOAT64.rounder)
    t = let("t", fma(X, number(1 / math.log(2)), shift))
    k = let("k", t - shift)
    high = let("high", fma(-k, number(WIDE_HIGH), X))
    r = let("r", fma(-k, number(WIDE_LOW), high))
    slope = let("slope", polynomial(r, (1.0, 0.5, *EXP)))
    body = fma(r, slope, ONE) * let("scale", apply("power2_rounded", t))
    body = where(apply("lt", X, number(_WIDE_LOWEST)), ZERO, body)
    doc = "Return exp(x) for x <= 0, error below 1.5 ULP, and 0 below -700."
    return Function("weight_f64", ("x",), body, doc, let.names, error=1.5)


FLOAT32_SOFTMAX: tuple[Function, ...] = (
    _function(
        "weight_f32",
        0,
        "Return exp(x) / 2**n, error below 0.88 ULP: exp(r) for x = k log 2 + r, magic says n.",
        0.88,
    ),
    _function("weight_low_f32", 1, "Return what the last rounding of weight_f32 lost."),
    _wide_weight(),
)
