"""Expand Mills' ratio of the normal distribution: a number of terms in, coefficients out.

R(t) = (1 - Phi(t)) / phi(t) for t >= 0, times t + `PLACE`, is smooth and bounded; as a function of
(t - PLACE) / (t + PLACE) it has a Chebyshev series that converges by a digit every two terms.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from mpmath import cos, erfc, exp, mp, mpf, pi, sqrt

PLACE = 5.0
_NODES = 64


@cache
def chebyshev(count: int) -> tuple[Any, ...]:
    """Return the first coefficients c_j of the series sum c_j T_j, the first one halved."""
    with mp.workdps(40):
        angles = [pi * (k + mpf(1) / 2) / _NODES for k in range(_NODES)]
        values = [_bounded(PLACE * (1 + cos(a)) / (1 - cos(a))) for a in angles]
        sums = [
            sum(v * cos(j * a) for v, a in zip(values, angles, strict=True)) for j in range(count)
        ]
        return tuple((2 if j else 1) * total / _NODES for j, total in enumerate(sums))


def _bounded(t: Any) -> Any:
    ratio = exp(t * t / 2) * erfc(t / sqrt(mpf(2))) * sqrt(pi / 2)
    return ratio * (t + PLACE)
