"""Measure work on a GPU: calls in, seconds for each out.

Calls take turns, in batches between two events on one stream, and the fastest batch counts. What a
call costs the host is measured by the clock of the host, over many calls in a row.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

_BATCH = 0.03  # seconds
_MOST = 2000  # calls in a batch
_ROUNDS = 6

Call = Callable[[], Any]


def _batch(call: Call, count: int) -> float:
    """Return the seconds on the GPU that a call takes, of several in a row."""
    start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(count):
        call()
    stop.record()
    stop.synchronize()
    return float(start.elapsed_time(stop)) / 1000 / count


def on_gpu(calls: Mapping[str, Call], rounds: int = _ROUNDS) -> dict[str, float]:
    """Return for each call the least seconds on the GPU."""
    counts = {}
    for name, call in calls.items():
        _batch(call, 2)  # compiles, and fills the allocator
        counts[name] = min(_MOST, max(2, math.ceil(_BATCH / _batch(call, 2))))
    best = dict.fromkeys(calls, math.inf)
    for _ in range(rounds):
        for name, call in calls.items():
            best[name] = min(best[name], _batch(call, counts[name]))
    return best


def on_host(calls: Mapping[str, Call], rounds: int = 20, count: int = 500) -> dict[str, float]:
    """Return for each call the least seconds until it returns, the GPU having little to do."""
    best = dict.fromkeys(calls, math.inf)
    for call in calls.values():
        for _ in range(count):
            call()
    for _ in range(rounds):
        for name, call in calls.items():
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(count):
                call()
            best[name] = min(best[name], (time.perf_counter() - start) / count)
    torch.cuda.synchronize()
    return best
