"""Give the exact values of the elementwise activations outside the families."""

from __future__ import annotations

from typing import Any

from mpmath import cos, exp, inf, mpf, nan, sech, sin, tanh

from tests.oracle.gelu import gaussian, normal
from tests.oracle.table import Triple, activation, saturating


@activation("exponential", lambda: ((0, 0, 0), (inf, inf, inf)))
def exponential(x: Any) -> Triple:
    return exp(x), exp(x), exp(x)


@activation("lisht", lambda: ((inf, -1, 0), (inf, 1, 0)))
def lisht(x: Any) -> Triple:
    t, s = tanh(x), sech(x) ** 2
    return x * t, t + x * s, (2 * s, -2 * x * s * t)


@activation("snake", lambda frequency=1.0: ((-inf, nan, nan), (inf, nan, nan)))
def snake(x: Any, frequency: Any = 1.0) -> Triple:
    f = mpf(frequency)
    s, c = sin(f * x), cos(f * x)
    return (x, s * s / f), (1, 2 * s * c), (2 * f * c * c, -2 * f * s * s)


@activation("laplace", lambda mu=0.707107, sigma=0.282095: saturating(0, 1))
def laplace(x: Any, mu: Any = 0.707107, sigma: Any = 0.282095) -> Triple:
    z = (x - mpf(mu)) / mpf(sigma)
    density = gaussian(z) / mpf(sigma)
    return normal(z), density, -z * density / mpf(sigma)


@activation("step", lambda threshold=0.0: saturating(0, 1))
def step(x: Any, threshold: Any = 0.0) -> Triple:
    return (1 if x > threshold else 0), 0, 0
