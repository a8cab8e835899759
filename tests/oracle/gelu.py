"""Give the exact values of the GELU and SiLU family: an input weighted by a gate of itself."""

from __future__ import annotations

from typing import Any

from mpmath import erfc, exp, inf, mpf, pi, sech, sqrt, tanh

from tests.oracle.table import Triple, activation, rising


def sigma(x: Any) -> Any:
    return 1 / (1 + exp(-x))


def gaussian(x: Any) -> Any:
    """Return the density of the standard normal distribution."""
    return exp(-x * x / 2) / sqrt(2 * pi)


def normal(x: Any) -> Any:
    """Return the distribution function of the standard normal distribution."""
    # mpmath's erfc cannot take the largest float64; from here on all formats round to this
    if abs(x) > 10**6:
        return gaussian(x) / -x if x < 0 else mpf(1)
    return erfc(-x / sqrt(mpf(2))) / 2


def total(terms: Any) -> Any:
    return sum(terms, mpf(0)) if isinstance(terms, tuple) else terms


@activation("gelu", lambda approximate=False: rising())
def gelu(x: Any, approximate: bool = False) -> Triple:
    if approximate:
        return _gelu_tanh(x)
    below, density = normal(x), gaussian(x)
    return x * below, (below, x * density), (2 * density, -x * x * density)


def _gelu_tanh(x: Any) -> Triple:
    c = mpf("0.044715")
    scale = 2 * sqrt(2 / pi)
    u, du, ddu = scale * (x + c * x**3), scale * (1 + 3 * c * x * x), scale * 6 * c * x
    s, t = sigma(u), sigma(-u)
    return x * s, (s, x * du * s * t), (s * t * (2 * du + x * ddu), x * du**2 * s * t * (t - s))


def _silu_ends(beta: Any = 1.0) -> tuple[Triple, Triple]:
    if beta > 0:
        return rising()
    return ((-inf, 0.5, 0), (inf, 0.5, 0)) if beta == 0 else ((-inf, 1, 0), (0, 0, 0))


@activation("silu", _silu_ends)
def silu(x: Any, beta: Any = 1.0) -> Triple:
    beta = mpf(beta)
    s, t = sigma(beta * x), sigma(-beta * x)
    slope = beta * s * t
    return x * s, (s, x * slope), (2 * slope, x * beta * slope * (t - s))


@activation("quick_gelu", rising)
def quick_gelu(x: Any) -> Triple:
    return silu(x, mpf("1.702"))


@activation(
    "clipped_gelu",
    lambda min_val=-10.0, max_val=10.0: (
        (min(max(0, min_val), max_val), 0, 0),
        ((inf, 1, 0) if max_val == inf else (max_val, 0, 0)),
    ),
)
def clipped_gelu(x: Any, min_val: Any = -10.0, max_val: Any = 10.0) -> Triple:
    value = gelu(x)
    if value[0] > max_val:
        return mpf(max_val), 0, 0
    return value if value[0] >= min_val else (mpf(min_val), 0, 0)


@activation("hard_silu", rising)
def hard_silu(x: Any) -> Triple:
    if x <= -3:
        return 0, 0, 0
    if x >= 3:
        return x, 1, 0
    return x * (x + 3) / 6, (x / 3, mpf(1) / 2), mpf(1) / 3


@activation("mish", rising)
def mish(x: Any) -> Triple:
    e = exp(x)
    n = e * (e + 2)
    gate = n / (n + 2)
    slope = 4 * e * (1 + e) / (n + 2) ** 2
    bend = (4 * e * (1 + 2 * e) - 16 * (e * (1 + e)) ** 2 / (n + 2)) / (n + 2) ** 2
    return x * gate, (gate, x * slope), (2 * slope, x * bend)


@activation("phish", rising)
def phish(x: Any) -> Triple:
    g, dg, ddg = map(total, gelu(x))
    t, s = tanh(g), sech(g) ** 2
    return x * t, (t, x * s * dg), (2 * s * dg, x * s * ddg, -2 * x * s * t * dg**2)
