"""Hold the table of errors together: what replaces what, and when figures are stale."""

import json

import pytest

from actgen.codegen.measured import ROWS, failures, read
from actgen.codegen.sources import SPECS, read_folder
from benchmarks import accuracy_table as table
from benchmarks import accuracy_tasks as work
from benchmarks.accuracy_cases import DTYPES, elementwise
from benchmarks.accuracy_parameters import RANGES
from benchmarks.accuracy_slices import LENGTHS, NORMALIZATIONS

SOURCE = '''
"""A module."""
HALF = 0.5

@device
def forward(x):
    """Return half of it."""
    return HALF * x  # exactly

@kernel
def forward_contiguous(x, out):
    for i in range(x.size):
        out[i] = forward(x[i])
'''


def figures(ulp, inputs, dtype="float32", tier="accurate"):
    return {"forward": {dtype: {tier: {"ulp": ulp, "at": "1", "inputs": inputs}}}}


@pytest.fixture
def alike(monkeypatch):
    """Let there be digests without kernels."""
    monkeypatch.setattr(table, "arithmetic", lambda name: "same")
    monkeypatch.setattr(table, "results", lambda name: "bits")


def test_digests_see_arithmetic_alone():
    digest = table.arithmetic_of(SOURCE)
    assert digest == table.arithmetic_of(SOURCE.replace("exactly", "yes").replace("half of", "2:1"))
    assert digest == table.arithmetic_of(SOURCE.replace("out[i] = forward", "out[i] = 1 *forward"))
    assert digest != table.arithmetic_of(SOURCE.replace("0.5", "0.25"))
    assert digest != table.arithmetic_of(SOURCE.replace("HALF * x", "x * HALF"))


def test_figures_stand_while_either_digest_does(alike):
    assert table.stands({"arithmetic": "same", "results": "other"}, "relu")
    assert table.stands({"arithmetic": "other", "results": "bits"}, "relu")
    assert not table.stands({"arithmetic": "other", "results": "other"}, "relu")


def test_more_inputs_win_and_larger_errors_do(alike):
    entry = table.merge(None, "relu", figures(0.5, 1000))
    for new, kept in ((figures(0.4, 10), 0.5), (figures(0.6, 10), 0.6), (figures(0.3, 1000), 0.3)):
        merged = table.merge(entry, "relu", new)
        assert merged["figures"]["forward"]["float32"]["accurate"]["ulp"] == kept
    merged = table.merge(entry, "relu", figures(0.4, 5, tier="fast"))
    assert list(merged["figures"]["forward"]["float32"]) == ["accurate", "fast"]


def test_stale_figures_go(alike):
    entry = {**table.merge(None, "relu", figures(0.5, 1000)), "arithmetic": "", "results": ""}
    merged = table.merge(entry, "relu", figures(0.25, 10, "float16"))
    assert list(merged["figures"]["forward"]) == ["float16"]


def test_the_file_has_a_line_for_each_figure(alike, tmp_path):
    found = {"relu": table.merge(None, "relu", figures(0.5, 1000))}
    table.save(found, tmp_path / "table.json")
    assert table.load(tmp_path / "table.json") == found
    assert read(tmp_path / "table.json") == {"relu": found["relu"]["figures"]}
    assert '        "accurate": {"ulp": 0.5, "at": "1", "inputs": 1000}' in table.text(found)
    assert [path.name for path in tmp_path.iterdir()] == ["table.json"]


COMMITTED = table.load()


@pytest.mark.parametrize("case", elementwise(), ids=lambda case: case.label)
def test_the_committed_table_has_every_tier_of_every_dtype(case):
    entry = COMMITTED[case.name]["figures"]
    for order in (0, 1):
        for dtype in DTYPES:
            found = entry[case.quantity(order)][dtype]
            assert set(case.tiers(order)) <= set(found)
            least = {"float64": 10**5, "float32": 10**6}.get(dtype, 2**16)
            assert all(found[tier]["inputs"] >= least for tier in case.tiers(order))


def test_the_committed_table_has_parameters_and_rows():
    for name in RANGES:
        assert {"float32", "float64"} <= set(
            COMMITTED[name]["figures"]["forward with random parameters"]
        )
    for name in NORMALIZATIONS:
        rows = [q for q in COMMITTED[name]["figures"] if q.startswith(ROWS)]
        assert len(rows) == len(LENGTHS)


def test_every_committed_figure_is_within_its_budget():
    specs = {definition.spec.name: definition.spec for definition in read_folder(SPECS)}
    entries = COMMITTED.items()
    over = [line for name, entry in entries for line in failures(specs[name], entry["figures"])]
    assert over == []


@pytest.mark.parametrize("name", work.known())
def test_committed_figures_are_of_these_kernels(name):
    hint = f"run: make accuracy ARGS='--functions {name}'"
    assert table.stands(COMMITTED[name], name), hint


def test_the_committed_table_is_as_it_is_written():
    assert table.PATH.read_text() == table.text(COMMITTED)
    assert json.loads(table.PATH.read_text()).keys() == set(work.known())
