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

from benchmarks.accuracy_cases import DTYPES, elementwise, module

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
    keys = digests(name)
    old: Figures = dict(entry["figures"]) if entry is not None and not stale(entry, keys) else {}
    merged: Figures = {}
    for quantity in sorted({*old, *figures}, key=_rank):
        before, after = old.get(quantity, {}), figures.get(quantity, {})
        for dtype in sorted({*before, *after}, key=_rank):
            chosen = dict(before.get(dtype, {}))
            for tier, figure in after.get(dtype, {}).items():
                chosen[tier] = _better(chosen.get(tier), figure)
            ordered = dict(sorted(chosen.items(), key=lambda item: _rank(item[0])))
            merged.setdefault(quantity, {})[dtype] = ordered
    return {**keys, "figures": merged}


def _better(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    if old is None or new["inputs"] >= old["inputs"] or float(new["ulp"]) > float(old["ulp"]):
        return new
    return old


def _rank(key: str) -> tuple[int, str]:
    order = ("forward", "derivative", *DTYPES, "accurate", "fast")
    return (order.index(key) if key in order else len(order)), key


def stale(entry: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    """Tell whether an entry speaks of other kernels than those with these digests."""
    return all(entry.get(key) != value for key, value in keys.items())


def digests(name: str) -> dict[str, str]:
    """Return the digests of an activation's arithmetic and of its results."""
    return {"arithmetic": arithmetic(inspect.getsource(module(name))), "results": _results(name)}


def arithmetic(source: str) -> str:
    """Return a digest of the functions of numbers in a module, whatever its comments and loops."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and "kernel" not in map(
            ast.unparse, node.decorator_list
        ):
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:]
            found.append(ast.dump(node))
        elif isinstance(node, ast.Assign):
            found.append(ast.dump(node))
    return _digest("\n".join(sorted(found)).encode())


def _results(name: str) -> str:
    """Return a digest of results for a sample of all floats, every dtype and tier."""
    parts = []
    for case in elementwise():
        for order in (0, 1) if case.name == name else ():
            for tier in case.tiers(order):
                parts += [case.evaluate(order, tier, _sample(d)).tobytes() for d in DTYPES]
    return _digest(*parts) if parts else ""


def _sample(dtype: str) -> Any:
    """Return finite values of a dtype: spread evenly over its bits, and around 0."""
    bits = 8 * DTYPES[dtype].itemsize
    spread = (np.arange(_SAMPLE, dtype=np.uint64) << np.uint64(bits - 12)) + np.uint64(12345)
    wide = spread.astype(f"uint{bits}").view(DTYPES[dtype])
    near = np.linspace(-20, 20, _SAMPLE).astype(DTYPES[dtype])
    both = np.concatenate([wide, near])
    return both[np.isfinite(both.astype(np.float64))]


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
