"""Give the exact results of the reshaping activations: one slice as a list in, a list out."""

from __future__ import annotations

from collections.abc import Sequence

Slice = Sequence[float]


def crelu(x: Slice) -> list[float]:
    return [max(v, 0.0) for v in x] + [max(-v, 0.0) for v in x]


def crelu_vjp(x: Slice, dy: Slice) -> list[float]:
    positive, negative = dy[: len(x)], dy[len(x) :]
    return [
        p if v > 0 else (-n if v < 0 else 0.0)
        for v, p, n in zip(x, positive, negative, strict=True)
    ]


def maxout(x: Slice, groups: int) -> list[float]:
    return [max(x[i : i + groups]) for i in range(0, len(x), groups)]


def maxout_vjp(x: Slice, dy: Slice, groups: int) -> list[float]:
    """The gradient goes to the first largest entry of each group."""
    result = [0.0] * len(x)
    for k, gradient in enumerate(dy):
        group = x[k * groups : (k + 1) * groups]
        result[k * groups + group.index(max(group))] = gradient
    return result
