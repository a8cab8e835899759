"""Give the exact values of the soft and sparse family."""

from __future__ import annotations

from typing import Any

from mpmath import exp, log1p, mpf, sign, sqrt

from tests.oracle.gelu import sigma
from tests.oracle.table import Triple, activation, rising, saturating


@activation("softplus", lambda beta=1.0: rising())
def softplus(x: Any, beta: Any = 1.0) -> Triple:
    z = mpf(beta) * x
    value = z + log1p(exp(-z)) if z > 0 else log1p(exp(z))
    return value / mpf(beta), sigma(z), mpf(beta) * sigma(z) * sigma(-z)


@activation("softsign", lambda: saturating(-1, 1))
def softsign(x: Any) -> Triple:
    d = 1 + abs(x)
    return x / d, 1 / d**2, -2 * sign(x) / d**3


@activation("squareplus", lambda b=4.0: rising())
def squareplus(x: Any, b: Any = 4.0) -> Triple:
    b = mpf(b)
    h = sqrt(x * x + b)
    value = (x + h) / 2 if x > 0 else b / (2 * (h - x))
    return value, value / h, b / (2 * h**3)


@activation("sparse_plus", rising)
def sparse_plus(x: Any) -> Triple:
    if x <= -1:
        return 0, 0, 0
    return ((x + 1) ** 2 / 4, (x + 1) / 2, mpf(1) / 2) if x < 1 else (x, 1, 0)


@activation("sparse_sigmoid", lambda: saturating(0, 1))
def sparse_sigmoid(x: Any) -> Triple:
    if abs(x) == 1:
        return (x + 1) / 2, mpf(1) / 4, 0
    if abs(x) > 1:
        return (1 if x > 0 else 0), 0, 0
    return (x + 1) / 2, mpf(1) / 2, 0
