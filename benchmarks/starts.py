"""Measure new processes: how long they take to import and to answer, what calls allocate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

IMPORT = """\
import time, numpy
start = time.perf_counter()
import actgen
imported = time.perf_counter()
actgen.gelu
print(imported - start, time.perf_counter() - start)
"""
FIRST = {
    "actgen": "import numpy, actgen; actgen.gelu(numpy.ones(16, numpy.float32))",
    "torch": "import torch; torch.nn.functional.gelu(torch.ones(16))",
    "numpy": "import numpy; numpy.exp(numpy.ones(16, numpy.float32))",
}
# What a first call takes, and the one after it.
CALL = """\
import time, numpy, actgen
x = numpy.ones(16, numpy.float32)
times = [time.perf_counter()]
for _ in range(2):
    {call}
    times.append(time.perf_counter())
print(times[1] - times[0], times[2] - times[1])
"""


def child(code: str, **environment: str) -> str:
    """Run Python code in a new process, in a folder that imports nothing by chance."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return run.stdout


def wall(code: str, **environment: str) -> float:
    """Return the seconds from the start of a process to its end."""
    start = perf_counter()
    child(code, **environment)
    return perf_counter() - start


def first_call(call: str, **environment: str) -> tuple[float, float]:
    """Return the seconds of the first call in a new process, and of the second."""
    first, second = child(CALL.format(call=call), **environment).split()
    return float(first), float(second)


def measure(repeats: int, torch: bool, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Return seconds of imports and first results (the best of `repeats`), and peaks of memory."""
    names = [name for name in FIRST if torch or name != "torch"]
    steps = 2 * repeats + 1
    imports: list[list[float]] = []
    first = {name: [float("inf")] for name in names}
    child(FIRST["actgen"])  # the kernel is in the cache from here on
    for turn in range(repeats):
        imports.append([float(seconds) for seconds in child(IMPORT).split()])
        progress(2 * turn + 1, steps)
        for name in names:
            first[name].append(wall(FIRST[name]))
        progress(2 * turn + 2, steps)
    memory = json.loads(child(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + _MEMORY))
    progress(steps, steps)
    return {
        "import_beyond_numpy": min(imported for imported, _ in imports),
        "import_and_look_up": min(looked_up for _, looked_up in imports),
        "first_result": {name: min(times) for name, times in first.items()},
        "memory": memory,
    }


_MEMORY = "import runpy; runpy.run_module('benchmarks.memory', run_name='__main__')"
