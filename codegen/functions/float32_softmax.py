"""Define the exponential of normalizations in float32: relative to a power of two, not to a peak.

exp(x) = 2**k 2**r with x / log 2 = k + r. A softmax may divide all its weights by the same number;
divided by 2**n for an integral n, near that of the largest weight, they need no difference of x
and the largest x, which would have to be rounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from mpmath import mp

from actgen.codegen.coefficients import EXP_F32
from actgen.codegen.functions.float32_parts import (
    LOG2_E,
    ROUNDER,
    single,
)
from actgen.codegen.functions.parts import Function, Steps, X, fma, polynomial
from actgen.codegen.ir import ONE, ZERO, Expr, Symbol, absolute, apply, where

UP = 30  # weights are 2**30 too large: what will be subnormal is not yet
VANISHING = -104.0  # exp is less than half the smallest float32
FAR = 65536.0  # where a float32 has too few digits after the point
with mp.workdps(40):
    _LOG2_E_LOW = single(float(1 / mp.log(2) - mp.mpf(float(np.float32(1 / math.log(2))))))
_LOG2 = math.log(2)
_MAGIC, _LOWEST = Symbol("magic"), Symbol("lowest")


def _curve(fit: Sequence[float]) -> list[float]:
    """Return the polynomial of (2**r - 1) / r, from that of (exp(r) - 1 - r) / r²."""
    return [float(np.float32(c * _LOG2 ** (k + 1))) for k, c in enumerate((1.0, *fit))]


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


def _weight(let: Steps, fit: Sequence[float]) -> Expr:
    t = let("t", fma(X, LOG2_E, _MAGIC))
    k = let("k", t - _MAGIC)
    r = let("r", fma(X, _LOG2_E_LOW, fma(X, LOG2_E, -k)))
    curve = polynomial(r, _curve(fit))
    weight = fma(r, let("curve", curve), ONE) * apply("power2_rounded", t)
    return where(apply("lt", X, _LOWEST), ZERO, weight)


def _function(suffix: str, fit: Sequence[float], error: float) -> Function:
    let = Steps()
    text = (
        f"Return exp(x) / 2**n, error below {error} ULP: 2**r for x / log 2 = k + r, magic says n."
    )
    arguments = ("x", "magic", "lowest")
    body = _weight(let, fit)
    return Function(f"weight{suffix}", arguments, body, text, let.names, "float32", error)


FLOAT32_SOFTMAX: tuple[Function, ...] = (_function("_f32", EXP_F32, 1.0),)
