"""Check activations that are compiled in memory."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

from actgen.activation import Activation
from actgen.loading import from_source

SOURCE = Path(__file__).parent / "samples" / "silu.py"
PROGRAM = """
import pickle, sys
activation = pickle.load(open(sys.argv[1], "rb"))
value = activation(1.0)
hits = activation._kernels.module.forward_contiguous._cache_hits
print(value, sum(hits.values()))
"""


def test_formulas_of_one_name_do_not_meet(silu: Activation) -> None:
    source = SOURCE.read_text()
    other = from_source(silu._record, source.replace("return x / (", "return 2.0 * x / ("))
    x = np.linspace(-1, 1, 9, dtype=np.float32)
    np.testing.assert_array_equal(other(x), 2 * silu(x))
    np.testing.assert_array_equal(silu(x[::2]), other(x[::2]) / 2)
    assert other != silu
    assert from_source(silu._record, source) == silu


def test_pickles_carry_the_source_and_find_the_kernels(silu: Activation, tmp_path: Path) -> None:
    (tmp_path / "silu.pickle").write_bytes(pickle.dumps(silu))
    answers = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "silu.pickle"],
            cwd=tmp_path,
            env={**os.environ, "ACTGEN_CACHE_DIR": str(tmp_path / "cache")},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        answers.append(done.stdout.split())
    assert answers == [[str(silu(1.0)), "0"], [str(silu(1.0)), "1"]]


def test_tracebacks_show_the_source(silu: Activation) -> None:
    with pytest.raises(TypeError) as caught:
        silu._kernels.module.forward.py_func(None, 1.0)
    text = "".join(traceback.format_exception(caught.value))
    assert "return x / (1.0 + exp(-beta * x))" in text
