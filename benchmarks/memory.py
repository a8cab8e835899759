"""Measure what calls with an output allocate: prints JSON, bytes at their peak by call.

    python -m benchmarks.memory

A process of its own, because the high-water mark of a process never falls. NumPy's arrays are seen
by tracemalloc; `resident` is how far the whole process grew, code compiled for the call aside.
"""

from __future__ import annotations

import json
import resource
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import actgen

# Both beyond the sizes at which scratch memory reaches its bound of a few MiB.
SMALL, LARGE = 2**22, 2**24
_COLUMNS = 256


def calls(size: int) -> dict[str, Callable[[], Any]]:
    """Return calls that are given all the memory they need."""
    x = np.linspace(-9, 9, size, dtype=np.float32)
    y, mask = np.ones_like(x), x > 0  # zeros would have no memory before they are written
    table, result = x.reshape(-1, _COLUMNS), np.ones((size // _COLUMNS, _COLUMNS), np.float32)
    half, half_y = x.astype(np.float16), np.ones(size, np.float16)
    double = np.ones(size)
    gelu, fast, elu = actgen.gelu, actgen.gelu.fast, actgen.elu
    alphas = np.ones(_COLUMNS, np.float32)
    return {
        "out": partial(gelu, x, out=y),
        "out, fast": partial(fast, x, out=y),
        "inplace": partial(gelu, y, out=y),
        "strided": partial(gelu, x[::2], out=y[::2]),
        "transposed": partial(gelu, table.T, out=result.T),
        "transposed into rows": partial(gelu, table.T, out=result.reshape(_COLUMNS, -1)),
        "array parameter": partial(elu, table, alpha=alphas, out=result),
        "masked": partial(gelu, x, where=mask, out=y),
        "float16": partial(gelu, half, out=half_y),
        "integers": partial(gelu, np.arange(size, dtype=np.int32), out=double),
        "derivative": partial(gelu.derivative, x, out=y),
        "vjp": partial(gelu.vjp, x, y, out=y),
        "softmax": partial(actgen.softmax, table, out=result),
        "softmax, axis 0": partial(actgen.softmax, table, axis=0, out=result),
        "swiglu": partial(actgen.swiglu, table, out=result[:, : _COLUMNS // 2]),
    }


def peaks(size: int) -> dict[str, dict[str, int]]:
    """Return for each call the bytes it allocated, and by how many the process grew."""
    for call in calls(_COLUMNS * 4).values():
        call()  # what is compiled here is not counted
    found = {}
    for name, call in calls(size).items():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        call()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        tracemalloc.start()
        call()
        found[name] = {"allocated": tracemalloc.get_traced_memory()[1], "resident": grown * 1024}
        tracemalloc.stop()
    return found


if __name__ == "__main__":
    print(json.dumps({"bytes": 4 * LARGE, "small": peaks(SMALL), "large": peaks(LARGE)}))
