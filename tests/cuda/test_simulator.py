"""Run kernels of small arrays in Numba's CUDA simulator, which a process has from its start."""

import os
import subprocess
import sys
from pathlib import Path


def test_the_runtime_in_the_simulator():
    folder = Path(__file__).parent / "simulated"
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(folder),
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    ]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr
