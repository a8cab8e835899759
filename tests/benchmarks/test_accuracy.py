"""Run `make accuracy` on a little: figures, exit codes, and a run that was interrupted."""

import json

import numpy as np
import pytest

from benchmarks import accuracy, accuracy_runner, accuracy_sweep, accuracy_table
from benchmarks import accuracy_inputs as inputs
from benchmarks import accuracy_tasks as work
from benchmarks.accuracy_cases import DTYPES, Case
from benchmarks.accuracy_slices import gated, normalization
from benchmarks.accuracy_tasks import Task

LITTLE = ["--functions", "relu", "--dtypes", "float16", "--no-peers", "--jobs", "1"]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setattr(accuracy_runner, "STATE", tmp_path / "state" / "accuracy.jsonl")
    return tmp_path / "state" / "accuracy.jsonl"


def test_a_run_writes_the_table(tmp_path, capsys, state):
    path = tmp_path / "table.json"
    assert accuracy.main([*LITTLE, "--table", str(path)]) == 0
    entry = json.loads(path.read_text())["relu"]["figures"]
    assert entry["forward"]["float16"]["accurate"]["ulp"] == 0
    assert entry["forward"]["float16"]["accurate"]["inputs"] >= 2**16
    assert "relu, float16: forward accurate 0" in capsys.readouterr().out
    assert not state.read_text().strip()


def test_what_is_over_budget_fails_and_is_named(tmp_path, capsys, monkeypatch):
    figure = {"ulp": 1.5, "at": "-0.25", "inputs": 9}
    figures = {"forward": {"float32": {"accurate": figure}}}
    monkeypatch.setattr(work, "run", None)
    monkeypatch.setattr(
        accuracy_runner, "each", lambda tasks, jobs, bar: [(task, figures) for task in tasks]
    )
    assert accuracy.main([*LITTLE, "--table", str(tmp_path / "table.json")]) == 1
    error = capsys.readouterr().err
    assert "relu: forward in float32, accurate tier, is 1.5 ULP off at x = -0.25" in error
    assert (tmp_path / "table.json").exists()


def test_an_interrupted_run_goes_on_and_leaves_the_table(tmp_path, monkeypatch, state):
    path = tmp_path / "table.json"
    path.write_text("{}\n")
    figure = {"ulp": 0.25, "at": "1", "inputs": 9}
    figures = {"forward": {"float16": {"accurate": figure}}}
    done = []

    def interrupted(tasks, jobs, bar):
        yield tasks[0], figures
        raise KeyboardInterrupt

    def rest(tasks, jobs, bar):
        done.extend(tasks)
        return [(task, figures) for task in tasks]

    arguments = [*LITTLE, "--functions", "relu", "tanh", "--table", str(path)]
    monkeypatch.setattr(accuracy_runner, "each", interrupted)
    assert accuracy.main(arguments) == 130
    assert path.read_text() == "{}\n"
    with state.open("a") as file:
        file.write('\n{"task": "cut of')
    monkeypatch.setattr(accuracy_runner, "each", rest)
    assert accuracy.main(arguments) == 0
    assert [task.case.name for task in done] == ["tanh"]
    assert set(accuracy_table.load(path)) == {"relu", "tanh"}


def test_an_unknown_function_is_bad_input(capsys):
    assert accuracy.main(["--functions", "rleu"]) == 2
    assert "did you mean 'relu'" in capsys.readouterr().err


def test_what_is_no_table_is_refused_before_anything_is_measured(tmp_path, capsys):
    damaged = tmp_path / "damaged.json"
    damaged.write_text("{")
    for path, reason in (
        (damaged, "is no table of figures"),
        (tmp_path, "is no table of figures"),
        (tmp_path / "missing" / "table.json", "there is no folder"),
    ):
        assert accuracy.main([*LITTLE, "--table", str(path)]) == 2
        assert reason in capsys.readouterr().err
    assert damaged.read_text() == "{"


@pytest.mark.parametrize("line", ["null", "[1, 2]", '{"a": 1}', '{"task": []', "\udcff"])
def test_a_damaged_journal_is_read_as_far_as_it_goes(line, state):
    state.parent.mkdir()
    state.write_text(line + "\n", errors="surrogateescape")
    assert accuracy_runner.remembered([]) == {}


def test_what_goes_wrong_in_a_worker_is_told(monkeypatch):
    with pytest.raises(RuntimeError, match="nonsense"):
        list(accuracy_runner.each([Task("sweep", Case("relu"), "nonsense")], 1, lambda share: None))


def test_sweeps_take_all_values():
    assert (
        np.concatenate(list(inputs.every("float16"))).tobytes()
        == np.arange(2**16, dtype=np.uint16).tobytes()
    )
    swept = list(inputs.every("float32", 65_537))
    assert sum(x.size for x in swept) == -(-(2**32) // 65_537)
    assert len(swept) == inputs.chunks("float32", 65_537)
    assert np.array_equal(swept[0][:2].view(np.uint32), [0, 65_537])


def test_scattered_points_are_the_same_each_time_and_finite():
    case = Case("silu")
    first, again = (np.concatenate(list(inputs.scattered(case, 1000))) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first.size == 1000 and np.isfinite(first).all()


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "float64"])
def test_a_wrong_result_is_found(dtype, monkeypatch):
    true = Case.evaluate

    def evaluate(self, order, tier, x, out=None):
        result = true(self, order, tier, x, out)
        wrong = x.astype(np.float32) == 1.5
        result[wrong] = np.nextafter(result[wrong].astype(np.float32), 9).astype(x.dtype) * 2
        return result

    monkeypatch.setattr(Case, "evaluate", evaluate)
    stride = 2**16 if dtype == "float32" else 1
    found = accuracy_sweep.narrow(Case("softplus"), dtype, stride)["forward"][dtype]["accurate"]
    assert found["ulp"] > 100 and float(found["at"]) == 1.5


def test_gates_and_rows_have_figures():
    assert gated("reglu", "float64", 1000)["forward"]["float64"]["accurate"]["ulp"] <= 0.5
    assert normalization("hardmax", "float32")["rows of 16"]["float32"]["accurate"]["ulp"] == 0
