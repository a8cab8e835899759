"""Choose inputs: places where errors hide, every float of a dtype, or a great many at random."""

from __future__ import annotations

from collections.abc import Iterator

import ml_dtypes
import numpy as np

from benchmarks.accuracy_cases import DTYPES, Case
from tests.activations.cases import KINKS, neighbours, zeros

Array = np.ndarray
CHUNK = 2**15  # what results and references of one take stays in the cache


def every(dtype: str, stride: int = 1) -> Iterator[Array]:
    """Yield all values of a dtype of 16 or 32 bits by chunks, or every `stride`-th by its bits.

    The stride moves on through the odd and even values alike if it is odd.
    """
    bits = 8 * DTYPES[dtype].itemsize
    unsigned = np.uint32 if bits == 32 else np.uint16
    steps = np.arange(CHUNK, dtype=np.uint64) * np.uint64(stride)
    for start in range(0, 2**bits, CHUNK * stride):
        chosen = steps[: -(-(2**bits - start) // stride)] + np.uint64(start)
        yield chosen.astype(unsigned).view(DTYPES[dtype])


def chunks(dtype: str, stride: int = 1) -> int:
    """Return how many chunks `every` yields."""
    return int(-(-(2 ** (8 * DTYPES[dtype].itemsize)) // (CHUNK * stride)))


def places(case: Case) -> list[float]:
    """Return kinks, and zeros of the value and of the derivative."""
    approximate = dict(case.params).get("approximate", False)
    found = [place for order in (0, 1) for place in zeros(case.name, approximate, order)]
    return [0.0, *KINKS.get(case.name, ()), *found]


def hard(case: Case, dtype: str) -> Array:
    """Return inputs that the oracle judges one by one: next to places, and at both ends."""
    info = ml_dtypes.finfo(DTYPES[dtype])
    ends = [s * float(v) for s in (-1, 1) for v in (info.max, info.tiny, info.smallest_subnormal)]
    near = neighbours(places(case), DTYPES[dtype], 24)
    return np.array([-0.0, *ends, *near]).astype(DTYPES[dtype])


def scattered(case: Case, count: int) -> Iterator[Array]:
    """Yield `count` float64 by chunks: all exponents, both tails, near 0 and near every place."""
    for number, start in enumerate(range(0, count, CHUNK)):
        rng = np.random.default_rng([number, *case.label.encode()])
        yield rng.permutation(_mixture(rng, places(case)))[: count - start]


def _mixture(rng: np.random.Generator, around: list[float]) -> Array:
    part = CHUNK // 8
    signs = rng.choice([-1.0, 1.0], (4, part))
    centres = rng.choice(around, part)
    scale = np.where(centres == 0, 1.0, np.abs(centres))
    mixed = [
        _any_exponent(rng, part),
        signs[0] * np.exp(rng.uniform(-20, 7, part)),
        signs[1] * np.exp2(rng.uniform(-60, 2, part)),
        3 * rng.normal(size=part),
        rng.uniform(-1.5, 1.5, part),
        rng.uniform(-40, 40, part),
        rng.uniform(-760, 760, part),
        centres + signs[2] * scale * np.exp2(rng.uniform(-53, -1, part)),
    ]
    return np.concatenate(mixed)


def _any_exponent(rng: np.random.Generator, count: int) -> Array:
    """Return finite numbers with uniform bits."""
    bits = rng.integers(0, 0x7FF0_0000_0000_0000, count, dtype=np.uint64)
    return bits.view(np.float64) * rng.choice([-1.0, 1.0], count)
