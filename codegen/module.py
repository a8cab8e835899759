"""Lay out a CPU module: a program in, what its template prints out as text.

One template for each shape of kernel: `cpu_elementwise`, `cpu_pieces` (gates and concatenations)
and `cpu_axis`. Templates hold the loops; every expression arrives as printed text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from actgen.codegen import quantities
from actgen.codegen.activation import Param
from actgen.codegen.computed import computed, tiers
from actgen.codegen.docstring import formula as formula_text
from actgen.codegen.emit.axis import AxisKernel, columns, rows
from actgen.codegen.emit.cpu import imports
from actgen.codegen.ir import ZERO, Expr, Symbol, is_op, substitute
from actgen.codegen.library import used_functions
from actgen.codegen.literal import import_line
from actgen.codegen.narrow_kernels import narrow_kernels, sentence
from actgen.codegen.nearby import near_variant
from actgen.codegen.pipeline import Body, Program, Variant, kernel_params
from actgen.codegen.render import header, render
from actgen.codegen.schedule import schedule

_ARITHMETIC = {
    False: "Functions take numbers, kernels and ufuncs arrays; all compute in float64.",
    True: "Functions take numbers, kernels and ufuncs arrays.",
}
_NARROW = "Kernels named narrow are for float32 and 16-bit arrays; all others compute in float64."
_ALWAYS = {"kernel", "narrow"}
_IN_KERNELS = {"is_large", "same_start", "stack_buffer", "store_tile"}


def module_text(program: Program) -> str:
    """Return the source of the CPU module of an activation."""
    kind = program.spec.kind
    if kind == "elementwise":
        return _elementwise(program)
    if kind == "gated" or is_op(program.definition.formulas[0].expr, "concat"):
        return _pieces(program)
    return _axis(program)


def _elementwise(program: Program) -> str:
    functions: list[quantities.FunctionText] = []
    choices: list[quantities.ChoiceText] = []
    scalars, ufuncs, kernels = [], [], []
    near: list[Variant] = []
    for v in program.all_variants:
        params = () if v.fixed else kernel_params(program.spec)
        names = [p.name for p in params]
        inputs = ["x", *v.random, *names]
        functions.extend(quantities.functions(v, inputs, params))
        choices.extend(quantities.choices(v))
        beside = None if v.random else near_variant(v)
        if beside is not None:
            near.append(beside)
            functions.extend(quantities.functions(beside, inputs, params))
            choices.extend(quantities.choices(beside))
        rest = _rest(inputs[1:])
        spelled = list(_in_kernels(names, ["x", "dy"]).values())
        if not v.random and not v.fixed:
            value = quantities.call(v, "forward", fast=False)
            of = value.format(x="element(x)", rest=rest, like="x")
            scalars.append({"suffix": v.suffix, "args": _signature(params), "value": of})
        for q in computed(v, beside):
            args = _rest(q.more)
            take = "load" if q.wide else "element"
            of = q.value.format(x=f"{take}(x)", dy=f"{take}(dy)", rest=rest, like="x")
            ufuncs.append(
                {
                    "name": f"{q.name}_ufunc",
                    "args": f"x{args}{rest}",
                    "value": of,
                    "result": "out_" if q.wide else "narrow(out_, x)",
                }
            )
            if v.random or q.wide:
                continue
            more = _rest(f"{p}_i" for p in spelled)
            in_loops = {"x": "x_i", "dy": "dy_i", "rest": more, "like": "out"}
            kernels.append(
                {
                    "name": f"{q.name}_contiguous",
                    "args": f"x{args}, out{_rest(spelled)}",
                    "same": " or ".join(f"same_start({name}, out)" for name in ("x", *q.more)),
                    "inputs": ["x", *q.more],
                    "params": spelled,
                    "value": q.value.format(**in_loops),
                    "near": q.near.format(**in_loops),
                    "far": q.far.format(**in_loops),
                }
            )
    needs = {"element", "ufunc"} | (_IN_KERNELS if kernels else set())
    needs -= {"is_large", "same_start"} if all(k["far"] for k in kernels) else set()
    needs |= {"load"} if any("load(" in u["value"] for u in ufuncs) else set()
    needs |= {"at"} if any(k["params"] for k in kernels) else set()
    return _render(
        "cpu_elementwise.py.j2",
        program,
        needs,
        near=near,
        functions=functions,
        choices=choices,
        scalars=scalars,
        ufuncs=ufuncs,
        kernels=kernels,
    )


def _rest(names: Iterable[str]) -> str:
    """Return what stands behind the first argument."""
    return "".join(f", {name}" for name in names)


def _in_kernels(params: Iterable[str], arrays: Iterable[str]) -> dict[str, str]:
    """Return how kernels spell parameters: their loops have names too. None of a spec ends in _."""
    ends = ("i", "j", "part", "row", "tile")
    params = list(params)
    own = _LOCALS | {f"{name}_{end}" for name in (*arrays, "out") for end in ends}
    own |= {f"{name}_i" for name in params}
    return {p: f"{p}_" if p in own or _NUMBERED.fullmatch(p) else p for p in params}


def _signature(params: Sequence[Param], inputs: str = "x") -> str:
    """Return parameters with their defaults, as users of scalar functions call them."""
    texts = [inputs]
    for p in params:
        default = p.default_value
        texts.append(p.name if default is None else f"{p.name}={_default(float(default))}")
    return ", ".join(texts)


def _default(value: float) -> str:
    return {float("inf"): "inf", float("-inf"): "-inf"}.get(value, repr(value))


def _pieces(program: Program) -> str:
    params = kernel_params(program.spec)
    names = [p.name for p in params]
    gated = program.spec.kind == "gated"
    inputs = ["gate", "value"] if gated else ["x"]
    arrays = [*inputs, "dy", "dx", "dgate", "dvalue", "out64"]
    rest, inside = _rest(names), _rest(_in_kernels(names, arrays).values())
    functions: list[quantities.FunctionText] = []
    choices: list[quantities.ChoiceText] = []
    kernels: list[dict[str, Any]] = []
    for v in program.variants:
        functions.extend(quantities.functions(v, [*inputs, *names], params))
        choices.extend(quantities.choices(v, gated))
        kernels.extend(_gate_kernels(v, inside) if gated else _piece_kernels(program, v, inside))
    scalars = []
    for v in program.variants if gated else ():
        value = quantities.call(v, "forward", fast=False)
        of = value.format(x="element(gate)", rest=f", element(value){rest}", like="gate")
        args = _signature(params, "gate, value")
        scalars.append({"suffix": v.suffix, "args": args, "value": of})
    needs = {"element", "stack_buffer", "store_tile", "window"}
    needs |= {"load"} if any("load(" in line for k in kernels for line in k["lines"]) else set()
    return _render(
        "cpu_pieces.py.j2",
        program,
        needs,
        functions=functions,
        choices=choices,
        scalars=scalars,
        kernels=kernels,
    )


def _gate_kernels(variant: Variant, rest: str) -> Iterable[dict[str, Any]]:
    halves = ["gate", "value"]

    def value(name: str, fast: bool, like: str) -> str:
        text = quantities.call(variant, name, fast)
        return text.format(x="gate_j", rest=f", value_j{rest}", like=like)

    for suffix, fast in tiers(variant, ["forward"]):
        targets = {"out": value("forward", fast, "out")}
        yield _row_kernel(f"forward{suffix}", halves, targets, rest)
    for suffix, fast in tiers(variant, [f"vjp_{half}" for half in halves]):
        slopes = {f"d{half}": f"dy_j * {value(f'vjp_{half}', fast, f'd{half}')}" for half in halves}
        yield _row_kernel(f"vjp{suffix}", [*halves, "dy"], slopes, rest)
    for body in variant.bodies:
        if body.name.startswith("partial_"):
            name = f"{body.name}{variant.suffix}"
            of = f"dy_j * {name}(gate_j, value_j{rest})"
            yield _row_kernel(name, [*halves, "dy"], {"out64": of}, rest, take="load")


def _piece_kernels(program: Program, variant: Variant, rest: str) -> Iterable[dict[str, Any]]:
    pieces = range(program.pieces)

    def value(name: str, fast: bool, like: str) -> str:
        return quantities.call(variant, name, fast).format(x="x_j", rest=rest, like=like)

    for suffix, fast in tiers(variant, [f"forward_{k}" for k in pieces]):
        outs = {f"out_{k}": value(f"forward_{k}", fast, f"out_{k}") for k in pieces}
        yield _row_kernel(f"forward{suffix}", ["x"], outs, rest)
    for suffix, fast in tiers(variant, [f"derivative_{k}" for k in pieces]):
        steps = [f"dx_{k}_j = dy_{k}_j * {value(f'derivative_{k}', fast, 'dx')}" for k in pieces]
        inputs = ["x", *(f"dy_{k}" for k in pieces)]
        total = " + ".join(f"dx_{k}_j" for k in pieces)
        yield _row_kernel(f"vjp{suffix}", inputs, {"dx": total}, rest, steps)


def _row_kernel(
    name: str,
    inputs: Sequence[str],
    targets: Mapping[str, str],
    rest: str,
    steps: Sequence[str] = (),
    take: str = "element",
) -> dict[str, Any]:
    """Return a kernel over 2-D arrays that reads every input before it writes a target."""
    lines = [f"{entry}_j = {take}({entry}_part[j])" for entry in inputs]
    lines += steps
    lines += [f"{target}_j = {value}" for target, value in targets.items()]
    lines += [f"{target}_tile[j] = narrow({target}_j, {target})" for target in targets]
    return {
        "name": f"{name}_rows",
        "args": f"{', '.join([*inputs, *targets])}{rest}",
        "inputs": list(inputs),
        "targets": list(targets),
        "lines": lines,
    }


def _axis(program: Program) -> str:
    spec = program.spec
    params = [p.name for p in kernel_params(spec)]
    kernels: list[dict[str, Any]] = []
    needs: set[str] = {"load"}
    narrow: list[Expr] = []
    for v in program.variants:
        for body in v.bodies:
            for masked in (False, True) if spec.masked is not None else (False,):
                kernels.extend(_axis_kernels(program, v, body, params, masked, needs))
                found = narrow_kernels(program, v, body, masked, _LOCALS)
                kernels.extend(vars(kernel) for kernel in found)
                narrow.extend(kernel.formula for kernel in found)
                needs.update(*(kernel.needs for kernel in found))
    return _render("cpu_axis.py.j2", program, needs, narrow, kernels=kernels)


def _axis_kernels(
    program: Program,
    variant: Variant,
    body: Body,
    params: Sequence[str],
    masked: bool,
    needs: set[str],
) -> Iterable[dict[str, Any]]:
    groups = program.spec.groups is not None
    backward = body.name != "forward"
    elements = ["x"] + (["mask"] if masked else [])
    elements += ["dy"] if backward and not groups else []
    elements += variant.random
    slices = ["dy"] if backward and groups else []
    target = "out64" if body.name.startswith("partial_") else "dx" if backward and groups else "out"
    spelled = _in_kernels(params, [*elements, *slices])
    names: dict[Expr, Expr] = {Symbol(p): Symbol(name) for p, name in spelled.items()}
    taken = {*spelled.values(), *elements, *slices, *_LOCALS}
    plan = schedule(substitute(body.lowered, names), taken, sliced=groups and not backward)
    fill = None
    if masked:
        fill = program.definition.masked if not backward else ZERO
    kernel = AxisKernel(plan, tuple(elements), tuple(slices), target, fill)
    for shape, printed in (("rows", rows(kernel)), ("columns", columns(kernel))):
        text = "\n".join(printed)
        needs.update(name for name in ("maximum",) if f"{name}(" in text)
        needs.update(f"{name}!" for name in ("inf", "np.empty") if name in text)
        yield {
            "name": f"{body.name}{variant.suffix}_{shape}{'_masked' if masked else ''}",
            "args": ", ".join([*elements, *slices, target, *spelled.values()]),
            "doc": sentence(body.name, shape, masked),
            "lines": printed,
        }


_LOCALS = frozenset(
    (
        "i",
        "j",
        "c",
        "start",
        "count",
        "candidate",
        "top",
        "support",
        "kept",
        "bound",
        "gathered",
        "excess",
        "entry",
        "tile",
        "out64",
        "dx",
        "dgate",
        "dvalue",
        "r",
        "first",
        "length",
        "block",
        "whole",
        "size",
        "width",
    )
)
_NUMBERED = re.compile(r"(out|dy|dx)_\d+(_(j|part|tile|row))?|peak(_\d+)?_value", re.ASCII)


def _render(
    template: str,
    program: Program,
    needs: set[str],
    narrow: Sequence[Expr] = (),
    near: Sequence[Variant] = (),
    **values: Any,
) -> str:
    computed = quantities.expressions([*program.all_variants, *near])
    needs |= quantities.intrinsics(program.all_variants, kernel_params(program.spec))
    library = used_functions([*(expr for expr, _ in computed), *narrow])
    exprs = [*(expr for expr, _ in computed), *(f.body for f in library)]
    printed = [*quantities.library(library), *values.get("functions", [])]
    if any("float32(" in line for f in printed for line in (*f.lines, f.result)):
        needs |= {"float32!"}
    plain = {"inf!"} if any("inf" in s["args"] for s in values.get("scalars", [])) else set()
    scalars = [*library, *values.get("functions", [])]
    devices = {"device"} if scalars else set()
    precision = quantities.precision(program.all_variants)
    text = render(
        template,
        header=header(program.spec.path),
        title=program.spec.title or program.spec.name,
        formula=formula_text(program.spec).splitlines(),
        arithmetic=_NARROW if narrow else _ARITHMETIC[bool(precision)],
        precision=precision,
        imports=_import_lines(exprs, needs | plain | devices),
        library=quantities.library(library),
        **values,
    )
    return re.sub(r"\n{4,}", "\n\n\n", text).rstrip() + "\n"


def _import_lines(exprs: Sequence[Expr], needs: set[str]) -> list[str]:
    """Return the import statements, sorted as isort does."""
    wanted: Mapping[str, set[str]] = imports(exprs)
    intrinsics = (
        _ALWAYS | wanted.get("actgen.intrinsics", set()) | {n for n in needs if "!" not in n}
    )
    plain = set(wanted.get("math", set())) | ({"inf"} if "inf!" in needs else set())
    lines = [import_line("math", plain)] if plain else []
    numpy = ["import numpy as np"] if "np.empty!" in needs else []
    from_numpy = wanted.get("numpy", set()) | ({"float32"} if "float32!" in needs else set())
    numpy += [import_line("numpy", from_numpy)] if from_numpy else []
    lines += ["", *numpy] if lines and numpy else numpy
    return [*lines, *([""] if lines else []), import_line("actgen.intrinsics", intrinsics)]
