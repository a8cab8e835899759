"""Give the exact values of the shrink and threshold family."""

from __future__ import annotations

from typing import Any

from mpmath import inf, mpf, sign

from tests.oracle.table import Triple, activation


def _both(**params: Any) -> tuple[Triple, Triple]:
    return (-inf, 1, 0), (inf, 1, 0)


@activation("hard_shrink", _both)
def hard_shrink(x: Any, lambd: Any = 0.5) -> Triple:
    return (x, 1, 0) if abs(x) > lambd else (0, 0, 0)


@activation("soft_shrink", _both)
def soft_shrink(x: Any, lambd: Any = 0.5) -> Triple:
    return (x - sign(x) * mpf(lambd), 1, 0) if abs(x) > lambd else (0, 0, 0)


@activation("shrink", _both)
def shrink(x: Any, lambd: Any = 0.5, bias: Any = 0.0) -> Triple:
    return ((x, -sign(x) * mpf(bias)), 1, 0) if abs(x) > lambd else (0, 0, 0)


@activation("threshold", lambda threshold=0.0, value=0.0: ((value, 0, 0), (inf, 1, 0)))
def threshold(x: Any, threshold: Any = 0.0, value: Any = 0.0) -> Triple:
    return (x, 1, 0) if x > threshold else (mpf(value), 0, 0)


@activation("thresholded_relu", lambda alpha=1.0: ((0, 0, 0), (inf, 1, 0)))
def thresholded_relu(x: Any, alpha: Any = 1.0) -> Triple:
    return threshold(x, alpha, 0)
