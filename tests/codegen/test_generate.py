"""Generating: only what changed, the same bytes every time, and nothing half-written."""

import importlib
import json
import os
import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest

from actgen.codegen import generate as stage
from actgen.codegen import stamp, workers
from actgen.codegen.errors import SpecError
from actgen.codegen.generate import Job, check, generate, over_budget
from actgen.codegen.journal import STATE
from actgen.codegen.write import OutputError

SPECS = {
    "one": "name: one\nformula: x * tanh(x)\n",
    "two": "name: two\naliases: [zwei]\nformula: one(x) + 1\n",
    "three": "name: three\nformula: silu(x) - x\n",
}


def fill(folder, specs):
    folder.mkdir(exist_ok=True)
    for name, text in specs.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture
def job(tmp_path):
    return Job.of(fill(tmp_path / "specs", SPECS), tmp_path / "acts")


def snapshot(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and STATE not in path.parts and "__pycache__" not in path.parts
    }


def test_the_files_of_a_package(job):
    generate(job)
    assert set(snapshot(job.out)) == {
        "__init__.py", "__init__.pyi", "manifest.py", "cpu/__init__.py", "cuda/__init__.py",
        "docs/index.md",
        *(f"{folder}/{name}.{suffix}" for name in SPECS
          for folder, suffix in (("cpu", "py"), ("cuda", "py"), ("docs", "md"), ("docs", "svg"))),
    }  # fmt: skip
    for name, content in snapshot(job.out).items():
        assert b"enerated by actgen from specs" in content.split(b"\n")[0], name


def test_a_second_run_does_nothing(job):
    first = generate(job)
    assert first.compiled == ("one", "three", "two")
    before = {path: path.stat().st_mtime_ns for path in job.out.rglob("*")}
    second = generate(job)
    assert (second.compiled, second.report.written) == ((), ())
    assert second.records == first.records
    assert {path: path.stat().st_mtime_ns for path in job.out.rglob("*")} == before


def test_a_changed_spec_takes_along_what_calls_it(job):
    generate(job)
    (job.specs / "three.yaml").write_text("name: three\nformula: silu(x) - 2 * x\n")
    assert generate(job).compiled == ("three",)
    (job.specs / "one.yaml").write_text("name: one\nformula: x * sin(x)\n")
    assert generate(job).compiled == ("one", "two")


def test_a_removed_spec_takes_its_files_along(job):
    generate(job)
    (job.specs / "three.yaml").unlink()
    outcome = generate(job)
    folders = ("cpu/three.py", "cuda/three.py", "docs/three.md", "docs/three.svg")
    assert outcome.report.removed == folders
    assert outcome.compiled == ()


@pytest.mark.parametrize("damage", [b"", b"broken", None])
def test_damaged_files_are_made_again(job, damage):
    generate(job)
    before = snapshot(job.out)
    path = job.out / "cpu" / "one.py"
    path.unlink() if damage is None else path.write_bytes(path.read_bytes()[:200] + damage)
    assert generate(job).compiled == ("one",)
    assert snapshot(job.out) == before


@pytest.mark.parametrize("damage", ["", "[]", '{"inputs": 1, "results": {"one": 3}}'])
def test_a_damaged_stamp_only_costs_time(job, damage):
    generate(job)
    (job.out / STATE / "stamp.json").write_text(damage)
    outcome = generate(job)
    assert outcome.compiled == ("one", "three", "two")
    assert outcome.report.written == ()


def test_another_compiler_compiles_again(job, monkeypatch):
    generate(job)
    monkeypatch.setattr(stamp, "compiler", lambda: "another one")
    assert generate(job).compiled == ("one", "three", "two")


def test_the_bytes_are_the_same_in_every_process_and_folder(job, tmp_path, monkeypatch):
    generate(job)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Job.of(fill(elsewhere / "specs", SPECS), elsewhere / "acts")
    monkeypatch.setattr(workers, "FEW", 0)  # with other processes this time
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    generate(other)
    assert snapshot(other.out) == snapshot(job.out)


def test_all_errors_together_and_nothing_written(job):
    generate(job)
    before = snapshot(job.out)
    (job.specs / "one.yaml").write_text("name: one\nformula: x * tang(x)\n")
    (job.specs / "four.yaml").write_text("name: five\nformula: x +\n")
    with pytest.raises(SpecError) as caught:
        generate(job)
    assert len(caught.value.diagnostics) == 3
    assert snapshot(job.out) == before


def test_errors_leave_no_new_folder(tmp_path):
    specs = fill(tmp_path / "specs", {"bad": "name: bad\nformula: y\n"})
    with pytest.raises(SpecError):
        generate(Job.of(specs, tmp_path / "deep" / "acts"))
    assert [path.name for path in tmp_path.iterdir()] == ["specs"]


def test_folders_that_will_not_do(tmp_path):
    fill(tmp_path / "empty", {})
    for folder in ("empty", "missing"):
        with pytest.raises(SpecError, match=folder):
            generate(Job.of(tmp_path / folder, tmp_path / "acts"))
    for name in ("my-acts", "class"):
        with pytest.raises(OutputError, match="cannot be imported"):
            Job.of(tmp_path / "empty", tmp_path / name)


def test_check_tells_the_difference_and_writes_nothing(job):
    assert "+++" in check(job)
    assert not job.out.exists()
    generate(job)
    assert check(job) == ""
    (job.specs / "one.yaml").write_text("name: one\nformula: x * cosh(x)\n")
    before = snapshot(job.out)
    assert "cpu/one.py" in check(job)
    assert snapshot(job.out) == before
    (job.out / STATE / "journal.json").write_text("{}")
    assert "was interrupted" in check(job)


def test_progress_counts_every_spec(job):
    seen = []
    generate(job, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_measured_figures_go_to_the_pages(job, tmp_path, monkeypatch):
    figure = {"ulp": 3.25, "at": "-0.5", "inputs": 4096}
    figures = {"forward": {"float64": {"accurate": figure}}}
    (tmp_path / "accuracy.json").write_text(json.dumps({"one": {"figures": figures}}))
    monkeypatch.setattr(stage, "FIGURES", tmp_path / "accuracy.json")
    generate(job)
    assert "measured" not in (job.out / "docs" / "one.md").read_text()
    assert over_budget(job) == []  # they are of the functions that actgen ships
    shipped = replace(job, package=replace(job.package, shipped=True))
    generate(shipped)
    assert "| forward | float64 | 4,096 | 3.25 | 3 |" in (job.out / "docs" / "one.md").read_text()
    assert "measured" not in (job.out / "docs" / "two.md").read_text()
    (line,) = over_budget(shipped)
    assert "one: forward in float64, accurate tier, is 3.25 ULP off at x = -0.5" in line


@pytest.fixture
def acts(job, monkeypatch):
    """Import the package that the job makes."""
    generate(job)
    monkeypatch.syspath_prepend(job.out.parent)
    yield importlib.import_module("acts")
    for name in [name for name in sys.modules if name.split(".")[0] == "acts"]:
        del sys.modules[name]


def test_a_package_works(acts):
    x = np.array([-1.0, 0.5])
    np.testing.assert_allclose(acts.two(x), x * np.tanh(x) + 1, rtol=1e-15)
    assert acts.zwei == acts.two
    assert dir(acts) == ["one", "three", "two", "zwei"]
    assert pickle.loads(pickle.dumps(acts.one)) == acts.one
    with pytest.raises(AttributeError, match="Did you mean 'three'"):
        acts.tree  # noqa: B018
