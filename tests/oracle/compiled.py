"""Compute in float64 inside compiled loops: the primitives that exhaustive sweeps are made of.

float64 numbers in and out, good to some 1e-15: enough to judge float32 and narrower results. The
functions have no branches, so that loops over them become vector instructions. Their names and
meanings are those of `extended`; the low parts of arguments are of no use here and left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from mpmath import factorial, mp, mpf
from numba import njit
from numba.core import types
from numba.core.typing import signature
from numba.extending import intrinsic

from tests.oracle import mills

_inlined = njit(error_model="numpy", fastmath={"contract"}, forceinline=True)
_LOG2E, _LN2, _LN2_LOW = 1.4426950408889634, 0.693145751953125, 1.42860682030941723212e-06
_BIAS, _FRACTION = 1023, 52
_END = 250.0
"""Where exponentials end; float32 and bfloat16 end before, and products stay normal numbers."""


def constant(value: Any) -> float:
    """Return the number next to an `mpf`, or to decimal text."""
    with mp.workdps(40):
        return float(mpf(value))


def pair(value: Any) -> tuple[float, float]:
    return constant(value), 0.0


@_inlined
def terms(a, b):
    return a + b


@_inlined
def added(a, b):
    return a + b, 0.0


@_inlined
def product(a, b):
    return a * b, 0.0


@intrinsic
def where(typingctx, condition, a, b):
    """Choose without a branch; both values are computed."""

    def codegen(context, builder, sig, args):
        return builder.select(*args)

    wide = types.float64
    return signature(wide, types.boolean, wide, wide), codegen


def _polynomial(coefficients: Sequence[Any]) -> Any:
    """Return a Numba function that sums coefficients times powers of its argument."""
    constants = [float(c) for c in coefficients]

    @intrinsic
    def value(typingctx, x):
        def codegen(context, builder, sig, args):
            total = ir.DoubleType()(constants[-1])
            for c in constants[-2::-1]:
                total = builder.fma(total, args[0], ir.DoubleType()(c))
            return total

        return signature(types.float64, types.float64), codegen

    return value


@_inlined
def minimum(a, b):
    return where(a < b, a, b)


@_inlined
def maximum(a, b):
    return where(a > b, a, b)


@_inlined
def absolute(x):
    return abs(x)


@_inlined
def sqrt(x):
    return math.sqrt(x)


@_inlined
def sin(x):
    return math.sin(x)


@_inlined
def cos(x):
    return math.cos(x)


# (exp(r) - 1 - r) / r**2 for |r| <= 0.35, and atanh(s) / s in powers of s**2 for s <= 0.18
_rest = _polynomial([1 / factorial(k) for k in range(2, 14)])
_area = _polynomial([1 / mpf(2 * k + 1) for k in range(12)])


@_inlined
def _reduced(x):
    """Return k and r with exp(x) = 2**k * exp(r); x beyond ±_END counts as that."""
    near = minimum(maximum(x, -_END), _END)
    k = np.rint(near * _LOG2E)
    return k, (near - k * _LN2) - k * _LN2_LOW


@_inlined
def _power(k):
    return np.int64((np.int64(k) + _BIAS) << _FRACTION).view(np.float64)


@_inlined
def exp(x):
    k, r = _reduced(x)
    return where(x < -_END, 0.0, (1.0 + (r + r * r * _rest(r))) * _power(k))


@_inlined
def expm1(x):
    k, r = _reduced(x)
    scale = _power(k)
    return scale * (r + r * r * _rest(r)) + (scale - 1.0)


@_inlined
def log1p(x):
    """Return log(1 + x) for x from 0 to 1, by halving 1 + x where it is large."""
    halved = x > 0.4142135623730951
    top, bottom = where(halved, x - 1.0, x), where(halved, x + 3.0, x + 2.0)
    s = top / bottom
    return where(halved, 0.6931471805599453, 0.0) + 2.0 * s * _area(s * s)


@_inlined
def tanh(x):
    small = expm1(-2.0 * abs(x))
    size = -small / (2.0 + small)
    return where(x > 0, size, -size)


@_inlined
def sigmoid(x, low=0.0):
    return where(x < -_END, 0.0, 1.0 / (1.0 + exp(-x)))


@_inlined
def sech2(x, low=0.0):
    small = exp(-2.0 * abs(x))
    below = 1.0 + small
    return 4.0 * small / (below * below)


@_inlined
def softplus(x):
    return maximum(x, 0.0) + log1p(exp(-abs(x)))


@_inlined
def density(x, low=0.0):
    return 0.3989422804014327 * exp(-0.5 * x * x)


def _monomials(count: int) -> list[Any]:
    """Return the coefficients of the series of Mills' ratio in powers of its argument."""
    with mp.workdps(40):
        before, this = [mpf(1)], [mpf(0), mpf(1)]
        series = mills.chebyshev(count)
        total = [mpf(0)] * count
        for c in series:
            for i, t in enumerate(before):
                total[i] += c * t
            after = [mpf(0), *(2 * t for t in this)]
            for i, t in enumerate(before):
                after[i] -= t
            before, this = this, after
        return total


_mills = _polynomial(_monomials(26))
_PLACE = mills.PLACE


@_inlined
def normal(x, low=0.0):
    t = minimum(abs(x), 1e9)
    ratio = _mills((t - _PLACE) / (t + _PLACE)) / (t + _PLACE)
    tail = density(x) * ratio
    return where(x < 0, tail, 1.0 - tail)


def _shrink_coefficients(count: int) -> list[Any]:
    with mp.workdps(40):
        series = mp.taylor(mp.tanh, 0, 2 * count + 2)
        return [-series[2 * k + 3] for k in range(count)]


_shrink = _polynomial(_shrink_coefficients(18))


@_inlined
def tanh_shrink(x):
    square = minimum(x * x, 0.125)
    near = x * square * _shrink(square)
    return where(x * x < 0.125, near, x - tanh(x))
