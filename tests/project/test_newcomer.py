"""A newcomer adds an activation: one new file, one line edited, one command."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mpmath
import pytest

ROOT = Path(__file__).resolve().parents[2]

KEPT = ("relu", "silu", "swiglu", "softmax", "crelu")  # all would take long to compile
EVALUATE = """\
import json, math
import actgen
x = [-1.0, 0.0, 2.0]
print(json.dumps({
    "value": actgen.serf(x).tolist(),
    "derivative": actgen.serf.derivative(x).tolist(),
    "vjp": actgen.serf.vjp(x, [1.0, 2.0, 3.0]).tolist(),
    "names": "serf" in actgen.names(),
    "doc": actgen.serf.__doc__,
}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the project as a clone has it, importable through `site`."""
    root = tmp_path_factory.mktemp("clone")
    for folder in ("codegen", "generated", "runtime", "spec"):
        ignore = shutil.ignore_patterns("__pycache__", "lock")
        shutil.copytree(ROOT / folder, root / folder, ignore=ignore)
    (root / "benchmarks").mkdir()
    shutil.copy(ROOT / "benchmarks" / "accuracy.json", root / "benchmarks")  # the pages show it
    package = root / "site" / "actgen"
    package.mkdir(parents=True)
    for path in (root / "runtime").iterdir():
        (package / path.name).symlink_to(path)
    for folder in ("codegen", "generated", "spec"):
        (package / folder).symlink_to(root / folder)
    return root


@pytest.fixture(scope="module")
def python(copy):
    """Return a function that runs Python with the copy instead of this project."""
    environment = os.environ | {
        "PYTHONPATH": str(copy / "site"),
        "XDG_CACHE_HOME": str(copy / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def run(*arguments):
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def files(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for folder in ("codegen", "generated", "runtime", "spec")
        for path in (root / folder).rglob("*")
        if path.is_file() and ".actgen" not in path.parts
    }


@pytest.fixture(scope="module")
def added(copy, python):
    """Add serf as the README says, to a few specs; return the files before and after."""
    for spec in (copy / "spec" / "activations").glob("*.yaml"):
        if spec.stem not in KEPT:
            spec.unlink()
    python("-m", "actgen", "generate")
    before = files(copy)
    python("-m", "actgen", "new", "serf")
    spec = copy / "spec" / "activations" / "serf.yaml"
    spec.write_text(spec.read_text().replace("formula: x\n", "formula: x * erf(softplus(x))\n"))
    python("-m", "actgen", "generate")
    return before, files(copy)


def test_no_other_file_is_touched(added):
    before, after = added
    new = {name for name in after if name not in before}
    changed = {name for name in before if after.get(name) != before[name]}
    assert new == {
        "spec/activations/serf.yaml",
        "generated/cpu/serf.py",
        "generated/cuda/serf.py",
        "generated/docs/serf.md",
        "generated/docs/serf.svg",
    }
    assert changed == {"generated/manifest.py", "generated/api.pyi", "generated/docs/index.md"}


def test_it_evaluates_with_derivatives(added, python):
    found = json.loads(python("-c", EVALUATE))

    def serf(x):
        return x * mpmath.erf(mpmath.log1p(mpmath.exp(x)))

    points = [-1.0, 0.0, 2.0]
    slopes = [float(mpmath.diff(serf, x)) for x in points]
    assert found["value"] == pytest.approx([float(serf(x)) for x in points], rel=1e-14)
    assert found["derivative"] == pytest.approx(slopes, rel=1e-14)
    assert found["vjp"] == pytest.approx([slopes[0], 2 * slopes[1], 3 * slopes[2]], rel=1e-14)
    assert found["names"]
    assert "x * erf(softplus(x))" in found["doc"]


def test_it_has_a_page(added):
    page = added[1]["generated/docs/serf.md"].decode()
    assert r"\mathrm{serf}(x) = x \, \mathrm{erf}(\mathrm{softplus}(x))" in page
    assert "![serf, and its derivative](serf.svg)" in page
    assert b"[serf](serf.md)" in added[1]["generated/docs/index.md"]
