"""Compute in extended precision, over arrays: the primitives that sweep references are made of.

Arrays of `numpy.longdouble` in and out, which has 64 bits of precision on x86 and 113 on other
machines, and a range that no power of a float64 leaves. Where 64 bits are too few, an argument
comes as a sum of two numbers, the second one small.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp, mpf, nstr

from tests.oracle import mills

Array = Any
BITS = np.finfo(np.longdouble).nmant + 1
_SPLIT = np.longdouble(2.0 ** ((BITS + 1) // 2) + 1)

exp, expm1, log1p, tanh = np.exp, np.expm1, np.log1p, np.tanh
sin, cos, sqrt = np.sin, np.cos, np.sqrt
where, minimum, maximum, absolute = np.where, np.minimum, np.maximum, np.abs


class Terms(tuple[Array, ...]):
    """Numbers whose sum is a result; they are told apart where they may cancel."""


def terms(a: Array, b: Array) -> Terms:
    return Terms((a, b))


def constant(value: Any) -> Array:
    """Return the number next to an `mpf`, or to decimal text."""
    with mp.workdps(40):
        return np.longdouble(nstr(mpf(value), 40))


def pair(value: Any) -> tuple[Array, Array]:
    """Return two numbers whose sum is an `mpf` to twice the precision."""
    with mp.workdps(60):
        value = mpf(value)
        high = np.longdouble(nstr(value, 50))
        return high, np.longdouble(nstr(value - mpf(_text(high)), 50))


def _text(number: Any) -> str:
    """Return a number with all its digits, for mpmath."""
    return np.format_float_scientific(number, unique=False, precision=60)


def added(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a + b as rounded, and what rounding took away."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def product(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a * b as rounded, and what rounding took away."""
    high = a * b
    a_head, b_head = _head(a), _head(b)
    a_tail, b_tail = a - a_head, b - b_head
    rest = ((a_head * b_head - high) + a_head * b_tail + a_tail * b_head) + a_tail * b_tail
    return high, rest


def _head(a: Array) -> Array:
    """Return the upper half of the bits of a number."""
    wide = _SPLIT * a
    return wide - (wide - a)


def exp_low(x: Array, low: Array) -> Array:
    """Return exp(x + low)."""
    return np.exp(x) * (1 + np.clip(low, -0.5, 0.5))


def sigmoid(x: Array, low: Array = 0.0) -> Array:
    return 1 / (1 + exp_low(-x, -low))


def sech2(x: Array, low: Array = 0.0) -> Array:
    small = exp_low(-2 * np.abs(x), -2 * np.sign(x) * low)
    return 4 * small / (1 + small) ** 2


def softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


_ROOT = constant("0.398942280401432677939946059934381868")  # 1 / sqrt(2 pi)


def density(x: Array, low: Array = 0.0) -> Array:
    """Return the density of the standard normal distribution at x + low."""
    square, rest = product(x, x)
    return _ROOT * exp_low(-square / 2, -(rest / 2 + x * low))


_SERIES = [constant(c) for c in mills.chebyshev(38)]


def normal(x: Array, low: Array = 0.0) -> Array:
    """Return the distribution function of the standard normal distribution at x + low."""
    t = np.abs(x)
    at = 2 * (t - mills.PLACE) / (t + mills.PLACE)
    last, this = np.zeros_like(t), np.zeros_like(t)
    for c in reversed(_SERIES[1:]):
        last, this = this, c + at * this - last
    ratio = (_SERIES[0] + at * this / 2 - last) / (t + mills.PLACE)
    tail = density(x, low) * ratio
    return np.where(x < 0, tail, 1 - tail)


def _shrink_series(count: int) -> list[Any]:
    """Return the Maclaurin coefficients of (x - tanh(x)) / x**3 in powers of x**2."""
    with mp.workdps(40):
        series = mp.taylor(mp.tanh, 0, 2 * count + 2)
        return [constant(-series[2 * k + 3]) for k in range(count)]


_SHRINK = _shrink_series(30)


def tanh_shrink(x: Array) -> Array:
    """Return x - tanh(x)."""
    square = np.minimum(x * x, 0.5)
    value = np.zeros_like(square)
    for c in reversed(_SHRINK):
        value = c + square * value
    return np.where(x * x < 0.5, x * square * value, x - np.tanh(x))
