"""Measure what works along an axis: normalizations and gates in, the worst error out.

References are in extended precision, written here from the definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import actgen
from actgen.codegen.measured import ROWS
from benchmarks import accuracy_inputs as inputs
from benchmarks.accuracy_cases import DTYPES, TIERS, Case, module
from benchmarks.accuracy_judge import extended_errors, figure, written
from benchmarks.accuracy_sweep import Figures
from tests.oracle.extended import added
from tests.oracle.gated import GATE_SECOND, GATES
from tests.oracle.sweep import extended_reference

Array = np.ndarray
LENGTHS = (1, 2, 16, 128, 1024, 32_768, 1_000_000)


def softmax(x: Array) -> Array:
    weights, _, _ = _weights(x)
    return weights / weights.sum(-1, keepdims=True)


def log_softmax(x: Array) -> Array:
    weights, difference, top = _weights(x)
    np.put_along_axis(weights, top, 0, -1)  # log1p adds the largest one, which is 1
    return difference - np.log1p(weights.sum(-1, keepdims=True))


def _weights(x: Array) -> tuple[Array, Array, Array]:
    """Return exp(x - max(x)), x - max(x), and where the maximum is."""
    top = np.argmax(x, -1, keepdims=True)
    difference, low = added(x, -np.take_along_axis(x, top, -1))
    return np.exp(difference) * (1 + low), difference, top


def sparsemax(x: Array) -> Array:
    falling = -np.sort(-x, -1)
    sums = np.cumsum(falling, -1)
    count = np.arange(1, x.shape[-1] + 1)
    kept = (count * falling > sums - 1).sum(-1, keepdims=True)
    return np.maximum(x - (np.take_along_axis(sums, kept - 1, -1) - 1) / kept, 0)


def hardmax(x: Array) -> Array:
    return (np.arange(x.shape[-1]) == np.argmax(x, -1, keepdims=True)).astype(np.longdouble)


def gumbel_softmax(x: Array) -> Array:
    """Return what the kernel gives for the seed `SEED`: softmax of values with Gumbel noise."""
    u = np.maximum(np.random.default_rng(SEED).random(x.shape), 2.0**-54)
    return softmax(x - np.log(-np.log(u.astype(np.longdouble))))


SEED = 7
NORMALIZATIONS: dict[str, Callable[[Array], Array]] = {
    "softmax": softmax,
    "softmin": lambda x: softmax(-x),
    "log_softmax": log_softmax,
    "sparsemax": sparsemax,
    "hardmax": hardmax,
    "gumbel_softmax": gumbel_softmax,
}


def normalization(name: str, dtype: str) -> Figures:
    """Return the worst errors of a normalization over rows of several lengths."""
    found: Figures = {}
    for length in LENGTHS:
        for tier in _tiers(name):
            tracked = _Largest(dtype)
            for x in _rows(length, dtype):
                exact = NORMALIZATIONS[name](x.astype(np.longdouble))
                largest = np.abs(exact)
                if name == "sparsemax":  # differences with a sum
                    largest = np.maximum(largest, np.abs(x).max(-1, keepdims=True))
                more = {"rng": SEED} if name == "gumbel_softmax" else {}
                computed = _tier(name, tier)(x, **more)
                tracked.see(x, extended_errors(computed, exact, largest))
            found.setdefault(f"{ROWS} {length:,}", {}).setdefault(dtype, {})[tier] = tracked.figure
    return found


def _rows(length: int, dtype: str) -> Iterator[Array]:
    """Yield arrays of rows: ordinary ones, some wide apart, some that one value dominates."""
    rng = np.random.default_rng(length)
    count = max(1, min(64, 65_536 // length))
    for scale in (1e-3, 1.0, 10.0, 100.0):
        yield (scale * rng.normal(size=(count, length))).astype(DTYPES[dtype])
    x = rng.uniform(-1, 0, (count, length))
    x[:, length // 2] = np.linspace(0, 50, count)
    yield x.astype(DTYPES[dtype])


def gated(name: str, dtype: str, count: int) -> Figures:
    """Return the worst errors of a gate over so many pairs at random."""
    inner, params = GATES[name]()
    found: dict[str, dict[str, Any]] = {}
    for tier in _tiers(name):
        tracked = _Largest(dtype)
        for number, x in enumerate(inputs.scattered(Case(inner), count)):
            with np.errstate(over="ignore"):
                gate = x.astype(DTYPES[dtype])
            gate = gate[np.isfinite(gate)]
            value = np.random.default_rng(number).normal(size=gate.size).astype(gate.dtype)
            halves = (value, gate) if name in GATE_SECOND else (gate, value)
            exact, _ = extended_reference(inner, gate, **params)[0]
            product = exact * value.astype(np.longdouble)
            computed = _tier(name, tier)(np.concatenate(halves))
            tracked.see(gate, extended_errors(computed, product, np.abs(product)))
        found[tier] = tracked.figure
    return {"forward": {dtype: found}}


def _tiers(name: str) -> tuple[str, ...]:
    return TIERS if any("_fast_" in kernel for kernel in vars(module(name))) else TIERS[:1]


def _tier(name: str, tier: str) -> Any:
    activation = actgen.get(name)
    return activation.fast if tier == "fast" else activation


class _Largest:
    """The largest of many errors, and its input."""

    def __init__(self, dtype: str) -> None:
        self._dtype, self._ulp, self._at, self._inputs = dtype, 0.0, "", 0

    def see(self, x: Array, errors: Array) -> None:
        self._inputs += x.size
        if errors.max() > self._ulp:
            self._ulp = float(errors.max())
            place = np.unravel_index(int(errors.argmax()), errors.shape)
            self._at = written(float(x[place]), self._dtype)

    @property
    def figure(self) -> dict[str, Any]:
        return figure(self._ulp, self._at, self._inputs)
