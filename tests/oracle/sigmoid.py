"""Give the exact values of the sigmoid and tanh family."""

from __future__ import annotations

from typing import Any

from mpmath import exp, inf, log1p, mp, mpf, sech, sign, tanh

from tests.oracle.gelu import sigma
from tests.oracle.table import Triple, activation, saturating


@activation("sigmoid", lambda: saturating(0, 1))
def sigmoid(x: Any) -> Triple:
    s, t = sigma(x), sigma(-x)
    return s, s * t, -s * t * tanh(x / 2)


@activation("log_sigmoid", lambda: ((-inf, 1, 0), (0, 0, 0)))
def log_sigmoid(x: Any) -> Triple:
    s, t = sigma(x), sigma(-x)
    return (-log1p(exp(-x)) if x > 0 else x - log1p(exp(x))), t, -s * t


@activation("tanh", lambda: saturating(-1, 1))
def hyperbolic_tangent(x: Any) -> Triple:
    return tanh(x), sech(x) ** 2, -2 * tanh(x) * sech(x) ** 2


def _stretched(x: Any, inner: Any, outer: Any) -> Triple:
    value, slope, bend = hyperbolic_tangent(inner * x)
    return outer * value, outer * inner * slope, outer * inner * inner * bend


@activation(
    "scaled_tanh",
    lambda scale_a=0.67, scale_b=1.7159: saturating(
        -sign(scale_a) * mpf(scale_b), sign(scale_a) * mpf(scale_b)
    ),
)
def scaled_tanh(x: Any, scale_a: Any = 0.67, scale_b: Any = 1.7159) -> Triple:
    return _stretched(x, mpf(scale_a), mpf(scale_b))


@activation("softcap", lambda cap=50.0: saturating(-cap, cap))
def softcap(x: Any, cap: Any = 50.0) -> Triple:
    return _stretched(x, 1 / mpf(cap), mpf(cap))


@activation("tanh_shrink", lambda: ((-inf, 1, 0), (inf, 1, 0)))
def tanh_shrink(x: Any) -> Triple:
    with mp.extraprec(3 * max(0, -mp.mag(x)) if x else 0):
        value = x - tanh(x)
    return value, tanh(x) ** 2, 2 * tanh(x) * sech(x) ** 2


@activation("hard_sigmoid", lambda slope=1 / 6, offset=0.5: saturating(0, 1))
def hard_sigmoid(x: Any, slope: Any = 1 / 6, offset: Any = 0.5) -> Triple:
    # the default slope means 1/6 itself, not the float64 next to it
    slope, offset = mpf(1) / 6 if slope == 1 / 6 else mpf(slope), mpf(offset)
    value = slope * x + offset
    if value <= 0 or value >= 1:
        return min(max(value, mpf(0)), mpf(1)), 0, 0
    return (slope * x, offset), slope, 0


@activation("hard_tanh", lambda min_val=-1.0, max_val=1.0: saturating(min_val, max_val))
def hard_tanh(x: Any, min_val: Any = -1.0, max_val: Any = 1.0) -> Triple:
    if min_val < x < max_val:
        return x, 1, 0
    return min(max(x, mpf(min_val)), mpf(max_val)), 0, 0
