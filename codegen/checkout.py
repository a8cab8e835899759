"""Run a script of the checkout: its name and arguments in, its exit code out.

Benchmarks and accuracy sweeps measure what users import, with peers that users need not have. So
they are no part of the compiler, nor of what is installed: they live in `benchmarks/`, and run as
processes of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from actgen.codegen.sources import ROOT

SCRIPTS = {  # command → (module of benchmarks/, what it does)
    "bench": ("bench", "measure the kernels beside other libraries"),
    "accuracy": ("accuracy", "measure the errors of the kernels"),
}


class NoCheckoutError(Exception):
    """The script is not there: this is an installed package."""


def run(command: str, arguments: Sequence[str]) -> int:
    """Run the script behind `command`. Raises `NoCheckoutError` where there is none."""
    module, _ = SCRIPTS[command]
    if not (ROOT / "benchmarks" / f"{module}.py").is_file():
        raise NoCheckoutError(
            f"actgen {command} needs benchmarks/{module}.py, which is not installed with the"
            " package: run it from a checkout of the repository"
        )
    # The reader's folder stays the current one: file names in `arguments` are relative to it.
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    program = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    return subprocess.run(program, env={**os.environ, "PYTHONPATH": path}).returncode
