"""Print the throughput of activations on one thread, in Gelem/s.

python -m benchmarks.throughput [NAME ...] [--derivative] [--size N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

import actgen

_NAMES = ("exponential", "sigmoid", "tanh", "silu", "gelu", "gelu_tanh", "mish", "softplus", "elu")
_SECONDS = 0.3


def throughput(call: Callable[[], object], size: int) -> float:
    """Return the elements a second, in 1e9, of the fastest call within a third of a second."""
    call()
    best, end = float("inf"), time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return size / best / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=_NAMES)
    parser.add_argument("--derivative", action="store_true")
    parser.add_argument("--size", type=int, default=65_536)
    options = parser.parse_args()
    for name in options.names:
        function = actgen.get(name)
        cells = []
        for dtype in (np.float64, np.float32):
            x = 3 * np.random.default_rng(1).normal(size=options.size).astype(dtype)
            out = np.empty_like(x)
            call = function.derivative if options.derivative else function
            cells.append(f"{throughput(lambda c=call, a=x, o=out: c(a, out=o), x.size):8.3f}")
        print(f"{name:16}float64 {cells[0]}   float32 {cells[1]}", flush=True)


if __name__ == "__main__":
    main()
