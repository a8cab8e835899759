"""The same specs compile to the same bytes, in whatever order Python keeps its sets."""

import os
import subprocess
import sys

from actgen.codegen.sources import SPECS

# one of each kind, and those with the most rewriting
NAMES = ("mish", "silu", "elu", "swiglu", "softmax", "crelu", "maxout")
PROGRAM = """
import sys
from pathlib import Path
from actgen.codegen.inline import read_definitions
from actgen.codegen.show import show
from actgen.codegen.sources import SPECS, shipped_specs

paths = [SPECS / f"{name}.yaml" for name in sys.argv[1:]]
for definition in read_definitions(paths, shipped_specs()):
    for stage in ("cpu", "cuda"):  # the last ones, which hold what all others did
        print(show(definition, stage))
"""


def compiled(seed):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *NAMES],
        env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
    )
    return run.stdout


def test_no_order_of_a_set_reaches_the_output():
    assert all((SPECS / f"{name}.yaml").exists() for name in NAMES)
    first = compiled(0)
    assert len(first) > 10_000
    assert compiled(20_251) == first
