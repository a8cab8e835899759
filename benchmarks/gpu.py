"""Measure the kernels for GPUs beside copies, PyTorch and torch.compile: options in, a table out.

`make bench-gpu` needs an NVIDIA GPU and a PyTorch that runs on it. The exit code is 2 without
them, 1 where results differ from the CPU's. Whether targets are met is information and no failure.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import actgen
from benchmarks.options import activation, one_of, parent_exists, positive, several, write_json

_TARGETS = (  # group, candidate, ratio to reach
    ("forward", "copy", 0.92),
    ("vjp", "copy", 0.92),
    ("forward", "eager", 1.0),
    ("forward", "compiled", 1.0),
    ("vjp", "eager", 1.0),
    ("vjp", "compiled", 1.0),
    ("rows", "eager", 1.0),
    ("gate", "eager", 1.8),
    ("overhead", "eager", 1 / 1.5),
)
_CANDIDATES = ("copy", "eager", "compiled", "fast")


def _problem() -> str | None:
    """Return why nothing can be measured here."""
    try:
        import torch
    except ImportError:
        return "PyTorch is not installed: pip install torch, in its build for CUDA"
    reason = actgen.cuda.why_not()
    if reason is not None:
        return reason
    if not torch.cuda.is_available():
        return f"PyTorch {torch.__version__} does not see the GPU: install its build for CUDA"
    return None


def _cases(options: argparse.Namespace) -> Iterable[Any]:
    from benchmarks import gpu_cases

    size, compiled = 2**options.log2_size, not options.no_compile
    names = options.functions or gpu_cases.elementwise_names()
    lengths = gpu_cases.LENGTHS[::5] if options.quick else gpu_cases.LENGTHS
    groups = {
        "overhead": lambda: gpu_cases.overhead(),
        "elementwise": lambda: gpu_cases.elementwise(names, options.dtypes, size, compiled),
        "rows": lambda: gpu_cases.softmax(options.dtypes, lengths, size // 4, compiled),
        "gates": lambda: gpu_cases.gates(options.dtypes, size, compiled),
    }
    return itertools.chain.from_iterable(groups[name]() for name in options.groups)


def _measured(case: Any) -> dict[str, Any]:
    """Return the row of a case: seconds, and ratios of speeds, ours to the others'."""
    from benchmarks.gpu_clock import on_gpu, on_host

    times = (on_host if case.group == "overhead" else on_gpu)(case.calls)
    ours = times["ours"]
    row: dict[str, Any] = {
        "group": case.group,
        "name": case.name,
        "dtype": case.dtype,
        "shape": list(case.shape),
        "microseconds": ours * 1e6,
        "gigabytes_per_second": case.bytes / ours / 1e9,
        "seconds": times,
    }
    for name in _CANDIDATES:
        if name in times:
            row[name] = times[name] / ours
    if "copy" in times:  # by the byte: not all move as much
        row["copy"] = case.bytes / ours / (case.copied / times["copy"])
    return row


def _line(row: dict[str, Any]) -> str:
    shape = "x".join(map(str, row["shape"]))
    ratios = " ".join(f"{row[n]:9.2f}" if n in row else 9 * " " for n in _CANDIDATES)
    speed = f"{row['microseconds']:11.2f} {row['gigabytes_per_second']:8.0f}"
    return f"{row['group']:<9} {row['name']:<17} {row['dtype']:<9} {shape:<14} {speed} {ratios}"


def _summary(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["", "Targets (ratios of speeds, ours to theirs; the worst)"]
    for group, candidate, least in _TARGETS:
        found = [
            (row[candidate], row) for row in rows if row["group"] == group and candidate in row
        ]
        if not found:
            lines.append(f"-       {group} beside {candidate}: not measured")
            continue
        worst = min(ratio for ratio, _ in found)
        below = [f"{r['name']} {r['dtype']} {q:.2f}" for q, r in found if q < least]
        mark = "missed" if below else "met   "
        names = f"; below: {', '.join(below)}" if below else ""
        lines.append(
            f"{mark}  {group} beside {candidate}: {worst:.2f}, target {least:.2f}, "
            f"{len(found) - len(below)} of {len(found)}{names}"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return the exit code."""
    dtypes = ("float32", "bfloat16", "float16")
    groups = ("overhead", "elementwise", "rows", "gates")
    parser = argparse.ArgumentParser(prog="make bench-gpu ARGS=...", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few functions, no torch.compile")
    parser.add_argument("--functions", type=several(activation), help="elementwise ones to measure")
    parser.add_argument("--dtypes", type=several(one_of(dtypes)), default=dtypes)
    parser.add_argument("--groups", type=several(one_of(groups)), default=groups)
    parser.add_argument("--log2-size", type=positive, default=28, help="elements: 28 means 2**28")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--json", type=parent_exists, help="file to write all figures to")
    options = parser.parse_args(arguments)
    if options.quick:
        options.no_compile = True
        options.functions = options.functions or ("relu", "gelu", "silu", "tanh", "mish")
    problem = _problem()
    if problem is not None:
        print(f"error: nothing to measure on: {problem}", file=sys.stderr)
        return 2
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    import torch

    from actgen.cuda.driver import driver
    from benchmarks.gpu_cases import elementwise_names, verified

    torch.set_grad_enabled(False)
    torch._dynamo.config.recompile_limit = 256
    about = {
        "device": torch.cuda.get_device_name(),
        "driver": ".".join(map(str, driver().version)),
        "torch": torch.__version__,
        "actgen": actgen.__version__,
    }
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    wrong = verified(options.functions or elementwise_names(), options.dtypes)
    if wrong:
        print(f"error: other results than on the CPU: {', '.join(wrong)}", file=sys.stderr)
    print(
        f"\n{'group':<9} {'function':<17} {'dtype':<9} {'shape':<14} {'us':>11} {'GB/s':>8} "
        + " ".join(f"{name:>9}" for name in _CANDIDATES)
    )
    rows = []
    for case in _cases(options):
        rows.append(_measured(case))
        print(_line(rows[-1]), flush=True)
    print("\n".join(_summary(rows)))
    if options.json:
        write_json(options.json, about | {"rows": rows})
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
