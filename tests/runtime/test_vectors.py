"""Check that kernels ask for the widest vectors, and give the same bits on narrower ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from actgen.intrinsics import kernel

from .conftest import HERE, sample

SOURCE = HERE / "samples" / "silu.py"
BITS = """
import zlib
import numpy as np
from actgen.loading import from_source
record, source = {record!r}, open({source!r}).read()
silu = from_source(record, source)
for dtype in (np.float64, np.float32, np.float16):
    x = np.linspace(-40, 40, 1003).astype(dtype)
    for result in (silu(x), silu(x, np.full(1, 0.75)), silu.derivative(x), silu.vjp(x, x)):
        print(zlib.crc32(result.tobytes()))
"""


def test_kernels_ask_for_vectors_of_512_bits() -> None:
    factor = 2.0

    @kernel
    def scaled(x, out):  # type: ignore[no-untyped-def]
        for i in range(x.size):
            out[i] = factor * x[i]

    x = np.arange(9.0)
    out = np.empty_like(x)
    scaled(x, out)
    np.testing.assert_array_equal(out, 2 * x)
    (text,) = scaled.inspect_llvm().values()
    assert '"prefer-vector-width"="512"' in text


def test_bits_are_those_of_narrower_vectors(tmp_path: Path) -> None:
    program = BITS.format(record=dict(sample("silu")._record), source=str(SOURCE))
    answers = []
    # without the second variable, Numba adds the features of the machine to those of the name
    for target in ({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}, {}):
        environment = {**os.environ, "ACTGEN_CACHE_DIR": str(tmp_path), **target}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        answers.append(done.stdout)
    assert answers[0] and answers[0] == answers[1]
