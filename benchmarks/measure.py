"""Time calls side by side: candidates in, seconds per call of each out.

All take their turns in each round, so that what else the machine does hits all alike, and the
fastest round counts: noise only ever adds.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from itertools import repeat
from time import perf_counter
from typing import Any

from benchmarks.candidates import Candidate

_BATCH = 150e-6  # seconds that the clock is asked for at least
_ROUNDS = 7
_SETTLED, _BETTER, _PATIENCE = 3, 0.98, 4  # rounds without anyone 2 % faster; times the budget


def measure(candidates: Sequence[Candidate], seconds: float) -> dict[str, float]:
    """Return the seconds of one call of each candidate, spending some `seconds` on each.

    On a busy machine it takes longer: until a few rounds in a row bring nothing better.
    """
    counts = [_count(candidate) for candidate in candidates]
    best = [float("inf")] * len(candidates)
    budget, begin = seconds * len(candidates), perf_counter()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        rounds = settled = 0
        while (
            rounds < _ROUNDS
            or (spent := perf_counter() - begin) < budget
            or (settled < _SETTLED and spent < _PATIENCE * budget)
        ):
            before = list(best)
            for index, candidate in enumerate(candidates):
                best[index] = min(best[index], _time(candidate, counts[index]))
            improved = any(now < _BETTER * then for now, then in zip(best, before, strict=True))
            rounds, settled = rounds + 1, 0 if improved else settled + 1
    finally:
        if was_enabled:
            gc.enable()
    return {candidate.name: time for candidate, time in zip(candidates, best, strict=True)}


def _count(candidate: Candidate) -> int:
    """Return how many calls in a row make a batch; one, where each needs its input restored."""
    if candidate.before is not None:
        return 1
    once = min(_time(candidate, 1) for _ in range(3))
    return max(1, round(_BATCH / max(once, 1e-9)))


def _time(candidate: Candidate, count: int) -> float:
    """Return the seconds of one call out of `count`, after one that warms the caches."""
    call = candidate.call
    if candidate.before is not None:
        candidate.before()
    elif count > 1:
        call()
    return _loop(call, count)


def _loop(call: Callable[[], Any], count: int) -> float:
    turns = repeat(None, count)
    start = perf_counter()
    for _ in turns:
        call()
    return (perf_counter() - start) / count
