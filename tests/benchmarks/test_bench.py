"""The benchmark measures what it says; never do timings decide here."""

import json
import sys
from functools import partial

import numpy as np
import pytest

from benchmarks import bench, candidates, peers
from benchmarks.candidates import Candidate

TINY = ["--functions", "tanh", "--sizes", "64", "--seconds", "0.001", "--peers", "numpy"]


def test_a_table_has_a_column_for_each_candidate(capsys):
    assert bench.main([*TINY, "--shapes", "plain,out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line.split() for line in lines if "acc/best" in line]
    assert (
        heads
        == [
            [
                *("accurate", "fast", "numpy", "np.copyto"),
                *("acc/best", "acc/copy", "fast/best", "fast/copy"),
            ]
        ]
        * 2
    )
    rows = [line.split() for line in lines if line.startswith("tanh")]
    assert [len(row) for row in rows] == [9, 9]
    assert all(float(cell) > 0 for row in rows for cell in row[1:])


def test_json_holds_every_figure(tmp_path, capsys):
    path = tmp_path / "figures.json"
    assert bench.main([*TINY, "--dtypes", "float64", "--tier", "fast", "--json", str(path)]) == 0
    record = json.loads(path.read_text())
    (row,) = record["rows"]
    assert (row["function"], row["dtype"]) == ("tanh", "float64")
    assert set(row["gelems"]) == {"fast", "numpy", "copy"}
    assert set(row["seconds"]) == {"fast", "fast, plain", "numpy", "copy"}
    assert row["best_peer"] == "numpy"
    ratio = row["seconds"]["numpy"] / row["seconds"]["fast"]
    assert row["ratios"]["fast"]["best_peer"] == pytest.approx(ratio)
    assert record["versions"]["numpy"] == np.__version__


def test_a_library_that_is_not_installed_is_left_out(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)  # so that importing it fails
    monkeypatch.delitem(sys.modules, "benchmarks.peer_torch", raising=False)
    assert bench.main([*TINY[:-1], "torch,numpy"]) == 0
    output = capsys.readouterr().out
    assert "torch: left out" in output and "pip install 'actgen[bench]'" in output
    assert "  torch  " not in output


class Wrong:
    """A library that computes something else, or nothing at all."""

    def __init__(self, result):
        self._result = result

    def threads(self, count):
        return True

    def prepare(self, case, data):
        if self._result is None:
            raise RuntimeError("not implemented\nfor good")
        return [Candidate("numpy", partial(np.full, case.size, self._result))]


@pytest.fixture
def loaded(monkeypatch):
    def load(result):
        found = peers.Loaded({"numpy": Wrong(result)}, {}, [])
        monkeypatch.setattr(peers, "load", lambda names, threads: found)

    return load


def test_other_results_are_told_and_not_counted(loaded, tmp_path, capsys):
    loaded(0.0)
    path = tmp_path / "figures.json"
    assert bench.main([*TINY, "--json", str(path)]) == 1
    assert "numpy computes something else" in capsys.readouterr().out
    assert json.loads(path.read_text())["rows"][0]["best_peer"] is None


def test_what_a_library_cannot_do_is_a_line(loaded, capsys):
    loaded(None)
    assert bench.main(TINY) == 0
    line = "numpy cannot do tanh float32 plain: RuntimeError: not implemented\n"
    assert line in capsys.readouterr().out


def test_a_failure_of_ours_is_a_line_and_an_exit_code(loaded, monkeypatch, capsys):
    def broken(x, **more):
        raise RuntimeError("no kernel")

    loaded(0.0)
    made = Candidate("accurate", partial(broken, 1))
    monkeypatch.setattr(candidates, "tier", lambda case, data, name: made)
    assert bench.main(TINY) == 1
    assert "actgen fails at tanh float32 plain: RuntimeError: no kernel" in capsys.readouterr().out


def test_an_interrupted_run_leaves_the_file_as_it_was(loaded, tmp_path, monkeypatch, capsys):
    path = tmp_path / "figures.json"
    path.write_text("before")

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "runs", interrupted)
    assert bench.main([*TINY, "--json", str(path)]) == 130
    assert path.read_text() == "before"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--functions", "reul"], "Did you mean 'relu'?"),
        (["--functions", ","], "nothing is named"),
        (["--dtypes", "int8"], "'int8' is none of float32"),
        (["--shapes", "round"], "'round' is none of plain"),
        (["--sizes", "0"], "'0' is no number above 0"),
        (["--sizes", "many"], "'many' is no number above 0"),
        (["--threads", "-1"], "'-1' is no number above 0"),
        (["--seconds", "1e9"], "'1e9' is no number above 0, of 60 at most"),
        (["--json", "no/such/folder.json"], "in one that does not exist"),
        (["--plot", "picture.bmp"], "pictures end in .svg"),
        (["--functions", "gelu", "--shapes", "rows-16"], "no function can be called"),
    ],
)
def test_bad_options_are_told_before_anything_is_measured(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        bench.main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as stop:
        bench.main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    names = [
        "quick",
        "functions",
        "sizes",
        "dtypes",
        "tier",
        "shapes",
        "threads",
        "peers",
        "json",
        "plot",
    ]
    assert all(f"--{name}" in text for name in names)
