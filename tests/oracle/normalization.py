"""Give the exact results of the normalizations: one slice as a list in, a list of `mpf` out.

Each has a forward function and a vjp, the gradient of sum(dy * result) with respect to the slice.
`mask` is a list of bools; masked entries are left out of the slice and get the value `masked`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mpmath import exp, inf, isfinite, isnan, log, log1p, mp, mpf, nan

from tests.oracle.table import PRECISION

Slice = Sequence[Any]
Function = Callable[..., list[Any]]


def _exactly(function: Function) -> Function:
    """Run at the working precision of the oracle, with every argument list turned into `mpf`."""

    def call(*slices: Slice, **options: Any) -> list[Any]:
        with mp.workprec(PRECISION):
            return function(*([mpf(v) for v in values] for values in slices), **options)

    return call


def under_mask(function: Function, masked: Any) -> Function:
    """Apply `function` to the entries whose mask is True and put `masked` at the others."""

    def call(*slices: Slice, mask: Sequence[bool], **options: Any) -> list[Any]:
        kept = [[v for v, m in zip(values, mask, strict=True) if m] for values in slices]
        results = iter(function(*kept, **options) if any(mask) else [])
        return [next(results) if m else masked for m in mask]

    return call


@_exactly
def softmax(x: Slice) -> list[Any]:
    top = max(x, default=mpf(0))
    if any(map(isnan, x)) or (x and not isfinite(top)):
        return [nan] * len(x)
    weights = [exp(v - top) for v in x]
    total = sum(weights)
    return [w / total for w in weights]


@_exactly
def softmax_vjp(x: Slice, dy: Slice) -> list[Any]:
    y = softmax(x)
    mean = sum((a * b for a, b in zip(y, dy, strict=True)), mpf(0))
    return [a * (b - mean) for a, b in zip(y, dy, strict=True)]


@_exactly
def log_softmax(x: Slice) -> list[Any]:
    top = max(x, default=mpf(0))
    if any(map(isnan, x)) or (x and not isfinite(top)):
        return [nan] * len(x)
    # the largest term is taken out of the sum, so that log1p keeps the digits of the rest
    rest = sorted((exp(v - top) for v in x), reverse=True)[1:]
    correction = log1p(sum(rest, mpf(0)))
    return [v - top - correction for v in x]


@_exactly
def log_softmax_vjp(x: Slice, dy: Slice) -> list[Any]:
    total = sum(dy, mpf(0))
    return [b - a * total for a, b in zip(softmax(x), dy, strict=True)]


@_exactly
def softmin(x: Slice) -> list[Any]:
    return softmax([-v for v in x])


@_exactly
def softmin_vjp(x: Slice, dy: Slice) -> list[Any]:
    return [-g for g in softmax_vjp([-v for v in x], dy)]


def _noisy(x: Slice, u: Slice, tau: Any) -> list[Any]:
    return [(a - log(-log(b))) / mpf(tau) for a, b in zip(x, u, strict=True)]


@_exactly
def gumbel_softmax(x: Slice, u: Slice, tau: Any = 1.0, hard: bool = False) -> list[Any]:
    logits = _noisy(x, u, tau)
    return hardmax(logits) if hard else softmax(logits)


@_exactly
def gumbel_softmax_vjp(
    x: Slice, u: Slice, dy: Slice, tau: Any = 1.0, hard: bool = False
) -> list[Any]:
    return [g / mpf(tau) for g in softmax_vjp(_noisy(x, u, tau), dy)]


@_exactly
def hardmax(x: Slice) -> list[Any]:
    first = x.index(max(x)) if x else 0
    return [mpf(i == first) for i in range(len(x))]


@_exactly
def hardmax_vjp(x: Slice, dy: Slice) -> list[Any]:
    return [mpf(0)] * len(x)


def _support_threshold(x: Slice) -> Any:
    """Return t with sum(max(x - t, 0)) = 1: the largest k entries with k * x_k > sum - 1."""
    threshold, total = -inf, mpf(0)
    for k, value in enumerate(sorted(x, reverse=True), start=1):
        total += value
        if k * value > total - 1:
            threshold = (total - 1) / k
    return threshold


@_exactly
def sparsemax(x: Slice) -> list[Any]:
    threshold = _support_threshold(x)
    return [max(v - threshold, mpf(0)) for v in x]


@_exactly
def sparsemax_vjp(x: Slice, dy: Slice) -> list[Any]:
    support = [v > 0 for v in sparsemax(x)]
    mean = sum((g for g, s in zip(dy, support, strict=True) if s), mpf(0)) / max(sum(support), 1)
    return [g - mean if s else mpf(0) for g, s in zip(dy, support, strict=True)]


NORMALIZATIONS: dict[str, tuple[Function, Function]] = {
    "softmax": (softmax, softmax_vjp),
    "log_softmax": (log_softmax, log_softmax_vjp),
    "softmin": (softmin, softmin_vjp),
    "hardmax": (hardmax, hardmax_vjp),
    "sparsemax": (sparsemax, sparsemax_vjp),
    "gumbel_softmax": (gumbel_softmax, gumbel_softmax_vjp),
}
MASKED_VALUE = {"softmax": mpf(0), "softmin": mpf(0), "log_softmax": -inf}
