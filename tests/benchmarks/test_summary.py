"""From made-up figures: what the summary says, what is drawn, and the clock's bookkeeping."""

import xml.etree.ElementTree as Xml
from importlib.util import find_spec
from itertools import count

import pytest

from benchmarks import measure, memory, plots, starts, targets
from benchmarks.candidates import Candidate
from benchmarks.cases import CACHED, ELEMENTWISE, LARGE, Case
from benchmarks.run import SAVED, Row

MEMORY = {"out": {"allocated": 1000, "resident": 0}}


def rows(seconds, **case):
    return [Row(Case(name, **case), 1, dict(seconds)) for name in ELEMENTWISE]


def line(found, start):
    (only,) = (target for target in found if target.what.startswith(start))
    return only


def test_a_target_takes_every_function_and_their_mean():
    made = rows({"accurate": 2.0, "fast": 1.0, "torch": 2.5, "numpy": 9.0, "copy": 0.1})
    fast = line(targets.summary(made, {}), f"fast: float32, {CACHED:,} elements")
    assert fast.met and fast.reached == "mean 2.50, worst 2.50 (elu)"
    accurate = line(targets.summary(made, {}), f"accurate: float32, {CACHED:,} elements")
    assert accurate.met is False and accurate.target == "0.75 each, mean 1.4"
    made[3].seconds["torch"] = made[4].seconds["torch"] = 0.5
    fast = line(targets.summary(made, {}), "fast: float32")
    assert fast.met is False and "below: gelu 0.50, silu 0.50" in fast.reached


def test_who_computes_something_else_is_not_the_best():
    case = Case("gelu")
    row = Row(case, 1, {"fast": 1.0, "torch": 0.5, "jax": 2.0, "copy": 0.1}, {"torch": 0.3})
    assert row.best == "jax"
    assert row.ratio("fast", row.best) == 2.0
    assert Row(case, 1, {"fast": 1.0, "copy": 0.1}).best is None


def test_float64_is_compared_by_the_byte():
    wide = Row(Case("gelu", "float64"), 1, {"fast": 2.0, "fast, plain": 1.0})
    half = Row(Case("gelu", "float16"), 1, {"fast": 2.0, "fast, plain": 1.0})
    assert (wide.relative("fast"), half.relative("fast")) == (1.0, 0.5)


def test_memory_bound_and_backward_targets():
    large = rows({"accurate": 2.0, "fast": 0.8, "copy": 1.0}, size=LARGE, shape="out")
    threads = rows({"accurate": 0.9, "copy": 1.0}, size=LARGE, shape="out", threads=2)
    vjp = rows({"accurate": 1.0, "fast": 1.0, "torch": 1.6, SAVED: 1.2}, shape="vjp")
    found = targets.summary([*large, *threads, *vjp], {})
    assert line(found, f"fast: {LARGE:,} elements").met is True
    assert line(found, f"accurate: {LARGE:,} elements with out=, one").met is None
    assert line(found, f"accurate: {LARGE:,} elements with out=, 2").met is True
    met = {target.what: target.met for target in found if "vjp" in target.what}
    assert list(met.values()) == [True, False, True, False]


def test_starts_and_memory():
    grown = {"out": {"allocated": 2**20, "resident": 0}}
    seconds = {"import_beyond_numpy": 0.02, "import_and_look_up": 0.03}
    first = {"actgen": 0.5, "torch": 2.0, "numpy": 0.1}
    made = {**seconds, "first_result": first, "memory": {"small": MEMORY, "large": MEMORY}}
    assert [target.met for target in targets.summary([], made)[-3:]] == [True, True, True]
    made = {**made, "first_result": {"actgen": 0.7}, "memory": {"small": MEMORY, "large": grown}}
    found = targets.summary([], made)
    assert [target.met for target in found[-3:]] == [True, False, False]
    assert "out 1.0 MiB (allocated)" in found[-1].reached
    assert targets.text([]) == [] and len(targets.text(found)) == len(found) + 2


def test_the_fastest_round_counts(monkeypatch):
    ticks = count()
    monkeypatch.setattr(measure, "perf_counter", lambda: float(next(ticks)))
    calls = []
    made = [Candidate(name, lambda name=name: calls.append(name)) for name in "ab"]
    assert measure.measure(made, 0.001) == {"a": 1.0, "b": 1.0}
    assert calls[-6:] == ["a", "b"] * 3  # by turns


def test_what_is_drawn():
    sizes = [Row(Case("gelu", size=n), n, {"fast": 1.0, "fast, plain": 2.0}) for n in (64, 16)]
    other = Row(Case("gelu", size=16, shape="out"), 16, {"fast": 1.0})
    single = Row(Case("silu", size=16), 16, {"fast": 1.0})
    assert plots.lines([single]) == {"silu": {"fast": [(16, 16e-9)]}}
    drawn = plots.lines([other, single, *sizes])
    assert drawn == {"gelu": {"fast": [(16, 16e-9), (64, 64e-9)]}}


@pytest.mark.parametrize("functions", [1, 6] if find_spec("matplotlib") else [])
def test_a_picture_has_a_panel_for_each_function(functions, tmp_path):
    made = [
        Row(Case(name, size=size), size, {"accurate": 1e-5, "torch": 2e-5, "copy": 1e-6})
        for name in ELEMENTWISE[:functions]
        for size in (16, 1024)
    ]
    path = tmp_path / "picture.svg"
    assert plots.write(path, made) == f"drew {path}"
    text = "".join(Xml.parse(path).getroot().itertext())
    assert all(name in text for name in (*ELEMENTWISE[:functions], "torch", "copy"))


def test_memory_is_measured_of_calls_that_work():
    found = memory.peaks(1024)
    assert set(found) == set(memory.calls(1024))
    assert all(peak["allocated"] >= 0 and peak["resident"] >= 0 for peak in found.values())


def test_a_new_process_tells_how_long_its_first_call_took():
    first, second = starts.first_call("actgen.relu(x)")
    assert first > 0 and second > 0
