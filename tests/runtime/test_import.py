"""Check what `import actgen` brings in, and what its attributes are."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import actgen
heavy = {"numba", "llvmlite", "mpmath", "pydantic", "jinja2", "yaml", "ml_dtypes", "actgen.codegen"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert actgen.__version__
assert actgen.Activation.__name__ == "Activation"
assert issubclass(actgen.UnknownActivationError, ValueError)
assert callable(actgen.serialize) and callable(actgen.get)
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
WITHOUT_KERNELS = """
import sys
sys.modules["actgen.generated.manifest"] = None
import actgen
from actgen import loading
for use in (lambda: actgen.gelu, lambda: actgen.names(), lambda: actgen.get("gelu")):
    try:
        use()
    except ImportError as error:
        assert "make generate" in str(error), error
    else:
        raise AssertionError("found an activation")
assert not hasattr(actgen, "_private")
"""


def run(program: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_importing_is_cheap() -> None:
    run(PROGRAM)


def test_without_kernels_the_message_says_what_to_do() -> None:
    run(WITHOUT_KERNELS)
