"""Compute in pairs of float32, whose sum is a number of some 48 bits: for what a row has once.

A pair is the float32 nearest to its value, and the rest. In: pairs and float32. Out: pairs, with
errors of a few units of the last bit. Infinities stay: beside them the rest is 0.
"""

from __future__ import annotations

from numba.core import config
from numpy import float32

if config.ENABLE_CUDASIM:
    from actgen.cuda.simulated import device, fma
else:
    from actgen.cuda.dispatch import device
    from actgen.intrinsics import fma


@device
def pair(value):  # type: ignore[no-untyped-def]
    """Return a float32 as a pair."""
    return value, float32(0.0)


@device
def quick_pair(high, low):  # type: ignore[no-untyped-def]
    """Return high + low as a pair, where `low` is no larger than `high`, and no NaN is added."""
    total = high + (low if low == low else float32(0.0))
    rest = low - (total - high)
    return total, rest if rest == rest else float32(0.0)


@device
def pair_of_sum(a, b):  # type: ignore[no-untyped-def]
    """Return the sum of two float32 as a pair, exactly."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


@device
def pair_add(a, b):  # type: ignore[no-untyped-def]
    """Return the sum of two pairs."""
    total, rest = pair_of_sum(a[0], b[0])
    return quick_pair(total, rest + (a[1] + b[1]))


@device
def pair_sub(a, b):  # type: ignore[no-untyped-def]
    """Return the difference of two pairs."""
    return pair_add(a, (-b[0], -b[1]))


@device
def pair_mul(a, b):  # type: ignore[no-untyped-def]
    """Return the product of two pairs."""
    product = a[0] * b[0]
    rest = fma(a[0], b[0], -product)
    return quick_pair(product, rest + (a[0] * b[1] + a[1] * b[0]))


@device
def pair_div(a, b):  # type: ignore[no-untyped-def]
    """Return the quotient of two pairs."""
    quotient = a[0] / b[0]
    rest = fma(-quotient, b[0], a[0])
    rest = rest + (a[1] - quotient * b[1])
    return quick_pair(quotient, rest / b[0])
