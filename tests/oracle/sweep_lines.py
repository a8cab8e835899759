"""Give float64 array references of the activations made of straight lines and parabolas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Pair = tuple[Callable[[Array], Array], Callable[[Array], Array]]


def _choose(x: Array, *pieces: tuple[Array, Array | float]) -> Array:
    """Return the value of the first piece whose condition holds, else 0."""
    conditions, values = zip(*pieces, strict=True)
    return np.select(conditions, [np.broadcast_to(v, x.shape) for v in values], 0.0)


def _leaky(slope: float) -> Pair:
    return (
        lambda x: _choose(x, (x > 0, x), (x <= 0, slope * x)),
        lambda x: _choose(x, (x > 0, 1.0), (x <= 0, slope)),
    )


def _above(place: float) -> Pair:
    return lambda x: _choose(x, (x > place, x)), lambda x: 1.0 * (x > place)


def _shrink(bias: float) -> Pair:
    return (
        lambda x: _choose(x, (np.abs(x) > 0.5, x - np.copysign(bias, x))),
        lambda x: 1.0 * (np.abs(x) > 0.5),
    )


LINES: dict[str, Pair] = {
    "linear": (lambda x: x, np.ones_like),
    "relu": _above(0.0),
    "relu6": (lambda x: np.clip(x, 0, 6), lambda x: 1.0 * ((x > 0) & (x < 6))),
    "relu2": (lambda x: np.maximum(x, 0) ** 2, lambda x: 2 * np.maximum(x, 0)),
    "leaky_relu": _leaky(0.01),
    "rrelu": _leaky((0.125 + 1 / 3) / 2),
    "hard_silu": (
        lambda x: _choose(x, (x >= 3, x), (x > -3, x * (x + 3) / 6)),
        lambda x: _choose(x, (x >= 3, 1.0), (x > -3, (2 * x + 3) / 6)),
    ),
    "hard_sigmoid": (
        lambda x: np.clip((x + 3) / 6, 0, 1),
        lambda x: np.where(np.abs(x) < 3, 1 / 6, 0.0),
    ),
    "hard_tanh": (lambda x: np.clip(x, -1, 1), lambda x: 1.0 * (np.abs(x) < 1)),
    "hard_shrink": _shrink(0.0),
    "soft_shrink": _shrink(0.5),
    "shrink": _shrink(0.0),
    "threshold": _above(0.0),
    "thresholded_relu": _above(1.0),
    "softsign": (
        lambda x: np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x))),
        lambda x: (1 / (1 + np.abs(x))) ** 2,
    ),
    "sparse_plus": (
        lambda x: _choose(x, (x >= 1, x), (x > -1, (x + 1) ** 2 / 4)),
        lambda x: _choose(x, (x >= 1, 1.0), (x > -1, (x + 1) / 2)),
    ),
    "sparse_sigmoid": (
        lambda x: np.clip((x + 1) / 2, 0, 1),
        lambda x: _choose(x, (np.abs(x) < 1, 0.5), (np.abs(x) == 1, 0.25)),
    ),
    "step": (lambda x: 1.0 * (x > 0), np.zeros_like),
}
