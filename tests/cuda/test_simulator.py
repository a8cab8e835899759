"""Run kernels of small arrays in Numba's CUDA simulator, which a process has from its start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parent / "simulated").glob("test_*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_in_the_simulator(file):
    command = [sys.executable, "-m", "pytest", str(file), "-p", "no:cacheprovider"]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"):
        environment.pop(name, None)
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    # without PyTorch there is nothing in the tests of libraries
    allowed = (0, 5) if file.stem == "test_libraries" else (0,)
    assert run.returncode in allowed, run.stdout[-5000:] + run.stderr[-1000:]
