"""Editors know every activation: its signature, its parameters, what it gives back."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

GOOD = """\
import numpy as np
import actgen

x = np.zeros(3, np.float32)
actgen.gelu(x, approximate=True, out=x)
actgen.gelu([1.0, 2.0], True).shape
actgen.leaky_relu(x, 0.3)
actgen.leaky_relu(x, alpha=0.3)
actgen.relu(1.0, max_value=None)
actgen.softmax(x, axis=(0, 1), where=x > 0)
actgen.prelu(x, x, axis=None)
actgen.gumbel_softmax(x, rng=3)
actgen.elu.derivative(x, order=2, alpha=2.0)
actgen.elu.vjp(x, x, wrt="alpha", alpha=2.0)
actgen.elu.with_params(alpha=2.0)(x)
actgen.swish(x, beta=2.0)
actgen.gelu_tanh(x)
actgen.cuda.is_available(), actgen.cuda.scalar(actgen.gelu.fast)
actgen.names(), actgen.get("relu"), actgen.serialize(actgen.relu), actgen.load("my.yaml").name
g: actgen.Activation = actgen.tanh.fast
reveal_type(actgen.softmax(x))
"""

BAD = {
    "actgen.gelu(x, aproximate=True)": 'Unexpected keyword argument "aproximate"',
    "actgen.gelu(x, approximate='tanh')": 'has incompatible type "str"',
    "actgen.prelu(x)": 'Missing positional argument "weight"',
    "actgen.softmax(x, axis='rows')": 'has incompatible type "str"',
    "actgen.glu(x, axis=(0, 1))": "incompatible type",
    "actgen.elu.with_params(beta=1.0)": 'Unexpected keyword argument "beta"',
    "actgen.gellu(x)": 'has no attribute "gellu"',
    "actgen.tanh.derivative(x, orders=2)": "Unexpected keyword argument",
}


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Return a function that checks a text with mypy, against the source of this project."""
    tree = tmp_path_factory.mktemp("tree")
    package = tree / "actgen"
    package.mkdir()
    for path in (ROOT / "runtime").iterdir():
        (package / path.name).symlink_to(path)
    for folder in ("codegen", "generated", "spec"):
        (package / folder).symlink_to(ROOT / folder)

    def run(text):
        (tree / "snippet.py").write_text(text)
        command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary",
                   "--follow-imports=silent", "--ignore-missing-imports",
                   "--cache-dir", str(tree / "cache"), "snippet.py"]  # fmt: skip
        return subprocess.run(
            command, cwd=tree, capture_output=True, text=True, env={"MYPYPATH": str(tree)}
        ).stdout

    return run


def test_real_calls_check(mypy):
    lines = mypy(GOOD).splitlines()
    assert [line for line in lines if "error" in line] == []
    assert "ndarray" in lines[0]


def test_wrong_calls_do_not(mypy):
    text = "import numpy as np\nimport actgen\nx = np.zeros(3)\n" + "\n".join(BAD)
    errors = dict.fromkeys(range(4, 4 + len(BAD)), "")
    for line in mypy(text).splitlines():
        errors[int(line.split(":")[1])] += line
    for (call, expected), found in zip(BAD.items(), errors.values(), strict=True):
        assert expected in found, call
