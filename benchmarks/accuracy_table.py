"""Keep the table of measured errors: figures in, `accuracy.json` out.

The table holds, by activation, figures by quantity, dtype and tier: the largest error, its input,
and how many inputs there were. Two digests tell whether they still stand: one of the arithmetic in
the generated module, whatever its comments and loops, and one of the bits of some thousand results.
Figures are stale when both differ from those of the kernels there are.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import actgen
from actgen.codegen.measured import ROWS
from benchmarks.accuracy_cases import DTYPES, TIERS, elementwise, module

PATH = Path(__file__).with_name("accuracy.json")
Figures = dict[str, dict[str, dict[str, dict[str, Any]]]]
Table = dict[str, dict[str, Any]]
_SAMPLE = 4096


def load(path: Path = PATH) -> Table:
    """Return the table on disk, empty if there is none."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def save(table: Table, path: Path = PATH) -> None:
    """Replace the table on disk at once, one figure to a line."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text(table))
    os.replace(beside, path)


def text(table: Table) -> str:
    """Return the table as JSON that a person can compare by lines."""
    return _json(dict(sorted(table.items())), 0) + "\n"


def _json(value: Any, depth: int) -> str:
    if not isinstance(value, dict) or "ulp" in value:
        return json.dumps(value)
    pad = "  " * (depth + 1)
    entries = [f"{pad}{json.dumps(key)}: {_json(v, depth + 1)}" for key, v in value.items()]
    return "{\n" + ",\n".join(entries) + "\n" + "  " * depth + "}"


def merge(entry: Mapping[str, Any] | None, name: str, figures: Figures) -> dict[str, Any]:
    """Return the entry of an activation with new figures in it.

    Of figures for the same kernels, the one from more inputs stays, unless the other is larger.
    """
    old: Figures = dict(entry["figures"]) if entry is not None and stands(entry, name) else {}
    merged: Figures = {}
    for quantity in sorted({*old, *figures}, key=_rank):
        before, after = old.get(quantity, {}), figures.get(quantity, {})
        for dtype in sorted({*before, *after}, key=_rank):
            chosen = dict(before.get(dtype, {}))
            for tier, figure in after.get(dtype, {}).items():
                chosen[tier] = _better(chosen.get(tier), figure)
            ordered = dict(sorted(chosen.items(), key=lambda item: _rank(item[0])))
            merged.setdefault(quantity, {})[dtype] = ordered
    return {**digests(name), "figures": merged}


def _better(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    if old is None or new["inputs"] >= old["inputs"] or float(new["ulp"]) > float(old["ulp"]):
        return new
    return old


def _rank(key: str) -> tuple[int, int, str]:
    """Order quantities, dtypes and tiers; rows by their length."""
    order = ("forward", "derivative", *DTYPES, "accurate", "fast")
    length = int(key.split()[-1].replace(",", "")) if key.startswith(ROWS) else 0
    first = next((i for i, known in enumerate(order) if key.split()[0] == known), len(order))
    return first, length, key


def stands(entry: Mapping[str, Any], name: str) -> bool:
    """Tell whether the figures of an entry are those of the kernels there are."""
    if entry["arithmetic"] == arithmetic(name):
        return True
    return bool(entry["results"] == results(name))


def digests(name: str) -> dict[str, str]:
    """Return the digests of an activation's arithmetic and of its results."""
    return {"arithmetic": arithmetic(name), "results": results(name)}


def arithmetic(name: str) -> str:
    """Return a digest of the arithmetic in a generated module."""
    return arithmetic_of(inspect.getsource(module(name)))


def arithmetic_of(source: str) -> str:
    """Return a digest of a module's functions, but for comments and elementwise loops."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            if node.name.endswith("_contiguous"):
                continue
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        if isinstance(node, ast.FunctionDef | ast.Assign):
            found.append(ast.dump(node))
    return _digest("\n".join(sorted(found)).encode())


def results(name: str) -> str:
    """Return a digest of results for a sample of inputs, in every dtype and tier."""
    cases = [case for case in elementwise() if case.name == name]
    parts = [
        case.evaluate(order, tier, _sample(dtype))
        for case in cases
        for order in (0, 1)
        for tier in case.tiers(order)
        for dtype in DTYPES
    ]
    if not cases:
        parts = [_whole(name, tier, dtype) for tier in TIERS for dtype in DTYPES]
    return _digest(*(part.tobytes() for part in parts))


def _whole(name: str, tier: str, dtype: str) -> Any:
    """Return what an activation that is more than its elements gives for a few rows."""
    activation = actgen.get(name)
    x = 4 * np.random.default_rng(1).normal(size=(16, 258))
    more = {"prelu": {"weight": 0.3}, "gumbel_softmax": {"rng": 7}}.get(name, {})
    return (activation.fast if tier == "fast" else activation)(x.astype(DTYPES[dtype]), **more)


def _sample(dtype: str) -> Any:
    """Return finite values of a dtype: spread evenly over its bits, and around 0."""
    bits = 8 * DTYPES[dtype].itemsize
    spread = (np.arange(_SAMPLE, dtype=np.uint64) << np.uint64(bits - 12)) + np.uint64(12345)
    wide = spread.astype(f"uint{bits}").view(DTYPES[dtype])
    near = np.linspace(-20, 20, _SAMPLE).astype(DTYPES[dtype])
    both = np.concatenate([wide, near])
    with np.errstate(invalid="ignore"):  # bfloat16 NaN
        return both[np.isfinite(both.astype(np.float64))]


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
