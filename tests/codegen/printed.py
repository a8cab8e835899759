"""Compile functions of the library as generated files hold them, each with a loop over arrays."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from actgen.codegen.emit.cpu import emit_cpu, imports
from actgen.codegen.ir import Symbol, apply
from actgen.codegen.library import LIBRARY, used_functions
from actgen.codegen.precision import FORMATS
from actgen.codegen.share import share


def _source(names: list[str]) -> str:
    functions = used_functions([apply(name, *map(Symbol, LIBRARY[name].args)) for name in names])
    needed = imports([f.body for f in functions])
    lines = [f"from {module} import {', '.join(sorted(n))}" for module, n in needed.items()]
    lines += ["from math import inf", "from numba import njit", "from numpy import float32"]
    lines.append("from actgen.intrinsics import device, load, narrow")
    lines.append("kernel = njit(error_model='numpy')  # without a cache")
    for f in functions:
        shared = share([f.body], f.args, names=f.names)
        lines += ["@device", f"def {f.name}({', '.join(f.args)}):"]
        fmt = FORMATS[f.dtype]
        lines += [f"    {name} = {emit_cpu(value, fmt=fmt)}" for name, value in shared.lines]
        lines.append(f"    return {emit_cpu(shared.results[0], fmt=fmt)}")
    for name in names:
        args = LIBRARY[name].args
        loader = "load" if LIBRARY[name].dtype == "float64" else ""
        loaded = ", ".join(f"{loader}({arg}[i])" for arg in args)
        lines += ["@kernel", f"def {name}_loop({', '.join(args)}, out):"]
        lines += [
            "    for i in range(out.size):",
            f"        out[i] = narrow({name}({loaded}), out)",
        ]
    return "\n".join(lines) + "\n"


def compiled(names: list[str], folder: Path) -> Any:
    """Return a module with `<name>_loop(*arrays, out)` for each function."""
    path = folder / f"printed_{'_'.join(names)[:40]}.py"
    path.write_text(_source(names), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
