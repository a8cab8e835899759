"""Lay out what all CUDA modules share: imports, library functions, scalars, names in kernels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from actgen.codegen import quantities
from actgen.codegen.activation import Param
from actgen.codegen.docstring import formula as formula_text
from actgen.codegen.emit.cpu import imports
from actgen.codegen.emit.cuda import CUDA_CALLS, INTRINSICS, ON_GPU
from actgen.codegen.ir import Expr
from actgen.codegen.library import used_functions
from actgen.codegen.literal import WIDTH, import_line
from actgen.codegen.pipeline import Program, Variant, kernel_params
from actgen.codegen.render import header, render

LANES = 8  # elements of a tile that a thread works on
# what kernels call their own variables; parameters of a spec never end in _
_RESERVED = frozenset(
    (
        *("x", "dy", "dx", "u", "mask", "out", "like", "size", "shape", "place", "start"),
        *("first", "outer", "inner", "i", "j", "rows", "length", "groups", "group"),
    )
)
_DERIVED = re.compile(r".*_(i|j|at|place|tile|strides)", re.ASCII)
_PRIMITIVES = frozenset(
    (
        *("by_type", "coordinates", "device", "index_at", "kernel", "lane", "load", "load_bool"),
        *("load_tile", "narrow", "parameter", "row", "rows_apart", "in_parts", "store"),
        *("store_tile", "thread", "tile", "widened"),
    )
)


def definition(name: str, args: Iterable[str]) -> str:
    """Return the head of a function, in as many lines as needed."""
    listed = ", ".join(args)
    if len(name) + len(listed) + len("def ():") <= WIDTH:
        return f"def {name}({listed}):"
    if len(listed) + 4 <= WIDTH:
        return f"def {name}(\n    {listed}\n):"
    return f"def {name}(\n" + "".join(f"    {arg},\n" for arg in listed.split(", ")) + "):"


def listed(names: Iterable[str]) -> str:
    """Return what stands behind the first argument."""
    return "".join(f", {name}" for name in names)


def in_kernels(params: Iterable[str]) -> list[str]:
    """Return how kernels spell parameters, whose names might be those of their variables."""
    taken = _RESERVED | _PRIMITIVES
    return [f"{p}_" if p in taken or _DERIVED.fullmatch(p) else p for p in params]


def scalars(program: Program, first: str) -> list[dict[str, Any]]:
    """Return the functions for kernels of users, on both tiers: of `first`, a gate of two."""
    params = kernel_params(program.spec)
    rest = [*(["value"] if first == "gate" else []), *(f"in_parts({p.name})" for p in params)]
    made = []
    for v in program.variants:
        if v.random:
            continue
        plan = v.body("forward").plan
        for suffix, fast in (("", False), ("_fast", True)):
            if fast and not (plan is not None and plan.has_fast):
                continue
            value = quantities.call(v, "forward", fast)
            inputs = "gate, value" if first == "gate" else first
            made.append(
                {
                    "suffix": f"{v.suffix}{suffix}",
                    "args": f"{inputs}{listed(_with_default(p) for p in params)}",
                    "value": _on_lines(value.format(x=first, rest=listed(rest), like=first)),
                }
            )
    return made


def _on_lines(call: str) -> str:
    """Return a call with its arguments on a line of their own, where it is long."""
    if len("    result = ") + len(call) <= WIDTH:
        return call
    name, _, args = call.removesuffix(")").partition("(")
    return f"{name}(\n        {args}\n    )"


def _with_default(param: Param) -> str:
    default = param.default_value
    if default is None:
        return param.name
    value = float(default)
    infinite = {float("inf"): "inf", float("-inf"): "-inf"}
    return f"{param.name}={infinite.get(value, repr(value))}"


def layout(
    template: str,
    program: Program,
    narrow: Iterable[Expr] = (),
    primitives: frozenset[str] = _PRIMITIVES,
    near: Iterable[Variant] = (),
    **values: Any,
) -> str:
    """Return a filled template; `narrow` and `near` are formulas beside those of the plans.

    `primitives` are names that texts may use.
    """
    planned = quantities.expressions([*program.all_variants, *near])
    computed = [*(expr for expr, _ in planned), *narrow]
    library = used_functions(computed)
    exprs = [*computed, *(f.body for f in library)]
    parts: Mapping[str, Any] = {
        "header": header(program.spec.path),
        "title": program.spec.title or program.spec.name,
        "formula": formula_text(program.spec).splitlines(),
        "precision": quantities.precision(program.all_variants),
        "library": quantities.library(library, ON_GPU),
        **values,
    }
    body = render(template, imports=[], **parts)
    text = render(template, imports=_imports(exprs, body, primitives), **parts)
    return re.sub(r"\n{4,}", "\n\n\n", text).rstrip() + "\n"


def _imports(exprs: Iterable[Expr], body: str, primitives: frozenset[str]) -> list[str]:
    """Return the import statements for expressions and for the primitives in a text."""
    wanted = imports(exprs, CUDA_CALLS)
    code = re.sub(r'"""[^"]*"""|#.*', "", body)
    words = set(re.findall(r"\w+", code))
    plain = wanted.get("math", set()) | ({"inf"} & words)
    ours = wanted.get(INTRINSICS, set()) | (primitives & words)
    numbers = {"float32"} if re.search(r"\bfloat32\(", code) else set()
    groups = [("math", plain), ("numpy", numbers), (INTRINSICS, ours)]
    lines: list[str] = []
    for module, names in groups:
        if names:
            lines += [*([""] if lines else []), import_line(module, names)]
    return lines
