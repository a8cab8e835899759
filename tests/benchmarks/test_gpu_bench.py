"""The benchmark for GPUs, as far as it goes without one; its calls run on tensors of the host."""

import json

import numpy as np
import pytest

import actgen
from benchmarks import gpu


@pytest.fixture
def cases(monkeypatch):
    torch = pytest.importorskip("torch")
    from benchmarks import gpu_cases

    monkeypatch.setattr(gpu_cases, "DEVICE", "cpu")
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    yield gpu_cases
    torch.set_grad_enabled(before)


def row(group, name, **ratios):
    return {"group": group, "name": name, "dtype": "float32", **ratios}


def test_targets_name_what_is_below():
    rows = [
        row("forward", "relu", copy=0.97, eager=1.1),
        row("forward", "mish", copy=0.80, eager=1.2),
        row("gate", "swiglu", eager=2.5),
    ]
    said = [line.strip() for line in gpu._summary(rows)]
    missed = "missed  forward beside copy: 0.80, target 0.92, 1 of 2; below: mish float32 0.80"
    assert missed in said
    assert "met     forward beside eager: 1.10, target 1.00, 2 of 2" in said
    assert "met     gate beside eager: 2.50, target 1.80, 1 of 1" in said
    assert "-       vjp beside compiled: not measured" in said


def test_what_is_missing_is_told_before_anything_is_measured(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "_problem", lambda: "there is no driver")
    monkeypatch.setattr(gpu, "_run", None)
    assert gpu.main(["--quick"]) == 2
    assert capsys.readouterr().err == "error: nothing to measure on: there is no driver\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--functions", "gelo"], "gelo"),
        (["--dtypes", "float8"], "float8"),
        (["--groups", "all"], "all"),
        (["--log2-size", "0"], "0"),
        (["--json", "/nowhere/gpu.json"], "folder"),
    ],
)
def test_bad_options_are_told(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        gpu.main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_all_calls_of_a_case_agree(cases):
    made = [
        *cases.elementwise(
            ["gelu", "log_sigmoid", "tanh", "relu6", "phish"], ["float32"], 4096, False
        ),
        *cases.softmax(["float32"], [128], 4096, False),
        *cases.gates(["float32"], 2**15, False),
        *(case for case in cases.overhead() if "out=" not in case.name),  # a tensor, there
    ]
    groups = {"forward", "vjp", "rows", "rows vjp", "gate", "gate vjp", "overhead"}
    assert {case.group for case in made} == groups
    for case in made:
        values = {name: call() for name, call in case.calls.items() if name != "copy"}
        assert {"ours", "eager"} <= set(values) or case.name == "phish"
        wanted = np.asarray(values["ours"], np.float64)
        for name, value in values.items():
            np.testing.assert_allclose(
                np.asarray(value, np.float64), wanted, 1e-4, 2e-6, err_msg=f"{case} {name}"
            )


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_bytes_are_those_of_the_arrays(cases, dtype):
    made = [
        *cases.elementwise(["relu"], [dtype], 4096, False),
        *cases.softmax([dtype], [128], 4096, False),
        *cases.gates([dtype], 2**15, False),
    ]
    size = np.dtype("float32" if dtype == "float32" else "float16").itemsize
    for case in made:
        arrays = [a for a in case.calls["ours"].args if hasattr(a, "numel")]
        result = case.calls["ours"]()
        assert case.bytes == size * (sum(a.numel() for a in arrays) + result.size)
        source = case.calls["copy"].args[0]
        assert case.copied == 2 * source.numel() * size


def test_other_values_than_the_cpu_s_are_found(cases, monkeypatch):
    assert cases.verified(["gelu", "prelu"], ["float32", "float16"]) == []
    honest = actgen.get("gelu")

    class Wrong:
        def __call__(self, x):
            value = honest(x)
            return value if isinstance(x, np.ndarray) else value * 1.001

        vjp = honest.vjp

    monkeypatch.setattr(cases.actgen, "get", lambda name: Wrong() if name == "gelu" else honest)
    monkeypatch.setattr(cases, "_ROWS", {})
    monkeypatch.setattr(cases, "_GATED", {})
    assert cases.verified(["gelu"], ["float32"]) == ["gelu (float32)"]


def test_figures_become_lines_and_a_file(cases, monkeypatch, tmp_path, capsys):
    clock = pytest.importorskip("benchmarks.gpu_clock")
    torch = pytest.importorskip("torch")

    def timed(calls):
        return {name: 1e-3 if name == "ours" else 2e-3 for name in calls}

    class Driver:
        version = (13, 0)

    monkeypatch.setattr(clock, "on_gpu", timed)
    monkeypatch.setattr(clock, "on_host", timed)
    monkeypatch.setattr(gpu, "_problem", lambda: None)
    monkeypatch.setattr("actgen.cuda.driver.driver", Driver)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H200")
    file = tmp_path / "gpu.json"
    options = ["--functions", "relu", "--dtypes", "float32", "--log2-size", "14", "--no-compile"]
    assert gpu.main([*options, "--json", str(file)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("device H200, driver 13.0, torch 2.")
    assert "met     vjp beside eager: 2.00, target 1.00, 1 of 1" in said
    kept = json.loads(file.read_text())
    assert kept["device"] == "H200"
    tiled = [row for row in kept["rows"] if row["group"] in ("forward", "vjp")]
    assert [row["copy"] for row in tiled] == [2.0, 3.0]  # which moves half as much again
