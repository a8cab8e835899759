"""Lay out a CPU module: a program in, what its template prints out as text.

One template for each shape of kernel: `cpu_elementwise`, `cpu_pieces` (gates and concatenations)
and `cpu_axis`. Templates hold the loops; every expression arrives as printed text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actgen.codegen.activation import Param
from actgen.codegen.docstring import formula as formula_text
from actgen.codegen.emit.axis import AxisKernel, columns, rows
from actgen.codegen.emit.cpu import emit_cpu, imports
from actgen.codegen.functions.parts import Function
from actgen.codegen.ir import ZERO, Expr, Symbol, is_op, substitute
from actgen.codegen.library import used_functions
from actgen.codegen.pipeline import Body, Program, Variant, kernel_params
from actgen.codegen.render import header, render
from actgen.codegen.schedule import schedule
from actgen.codegen.share import share
from actgen.codegen.shorten import shorten

_ALWAYS = {"kernel", "load", "narrow"}
_SENTENCES = {
    "forward": "Return the value at x.",
    "derivative": "Return the derivative at x.",
    "second_derivative": "Return the second derivative at x.",
    "vjp_gate": "Return the derivative with respect to gate.",
    "vjp_value": "Return the derivative with respect to value.",
}


@dataclass(frozen=True)
class FunctionText:
    """A scalar function as a template prints it."""

    name: str
    args: str
    doc: str
    lines: tuple[str, ...]
    result: str


def module_text(program: Program) -> str:
    """Return the source of the CPU module of an activation."""
    kind = program.spec.kind
    if kind == "elementwise":
        return _elementwise(program)
    if kind == "gated" or is_op(program.definition.formulas[0].expr, "concat"):
        return _pieces(program)
    return _axis(program)


def _elementwise(program: Program) -> str:
    params = kernel_params(program.spec)
    names = [p.name for p in params]
    functions: list[FunctionText] = []
    scalars, ufuncs, kernels = [], [], []
    for v in program.variants:
        inputs = ["x", *v.random, *names]
        functions.extend(_functions(v, inputs))
        rest = _rest(inputs[1:])
        inside = _rest(_in_kernels(names, ["x", "dy"]).values())
        if not v.random:
            scalars.append({"suffix": v.suffix, "args": _signature(params), "rest": rest})
        for quantity, *more, value in _quantities(v):
            args = _rest(more)
            of = value.format(x="load(x)", dy="load(dy)", rest=rest, like="x")
            partial = quantity.startswith("partial_")
            ufuncs.append(
                {
                    "name": f"{quantity}{v.suffix}_ufunc",
                    "args": f"x{args}{rest}",
                    "result": of if partial else f"narrow({of}, x)",
                }
            )
            if v.random or partial:
                continue
            kernels.append(
                {
                    "name": f"{quantity}{v.suffix}_contiguous",
                    "args": f"x{args}, out{inside}",
                    "same": " or ".join(f"same_start({name}, out)" for name in ("x", *more)),
                    "inputs": ["x", *more],
                    "value": value.format(x="x_i", dy="dy_i", rest=inside, like="out"),
                }
            )
    needs = {"ufunc"} | ({"same_start", "stack_buffer"} if kernels else set())
    return _render(
        "cpu_elementwise.py.j2",
        program,
        needs,
        functions=functions,
        scalars=scalars,
        ufuncs=ufuncs,
        kernels=kernels,
    )


def _rest(names: Iterable[str]) -> str:
    """Return what stands behind the first argument."""
    return "".join(f", {name}" for name in names)


def _in_kernels(params: Iterable[str], arrays: Iterable[str]) -> dict[str, str]:
    """Return how kernels spell parameters: their loops have names too. None of a spec ends in _."""
    ends = ("i", "j", "part")
    own = _LOCALS | {f"{name}_{end}" for name in (*arrays, "out") for end in ends}
    return {p: f"{p}_" if p in own or _NUMBERED.fullmatch(p) else p for p in params}


def _functions(variant: Variant, inputs: Sequence[str]) -> Iterable[FunctionText]:
    """Yield the functions of a variant, and those for results that are rounded to float32."""
    for body in variant.bodies:
        yield _function(body, f"{body.name}{variant.suffix}", inputs)
        short = _narrowed(body)
        if short is not None:
            doc = f"{_SENTENCES[body.name][:-1]}, for results rounded to float32 or narrower."
            yield _text(f"{body.name}_narrow{variant.suffix}", inputs, short, doc)
            yield _chosen(body.name, variant.suffix, inputs)


def _chosen(name: str, suffix: str, inputs: Sequence[str]) -> FunctionText:
    """Return the function that is one for float64 and another for narrower types."""
    args = ", ".join(inputs)
    doc = f"{_SENTENCES[name][:-1]}, as exact as the type of `like` needs."
    lines = ("if is_double(like):", f"    return {name}{suffix}({args})")
    result = f"{name}_narrow{suffix}({args})"
    return FunctionText(f"{name}_as{suffix}", f"like, {args}", doc, lines, result)


def _narrowed(body: Body) -> Expr | None:
    """Return the body for results rounded to float32, where it differs from the one for float64."""
    if body.name not in ("forward", "derivative", "second_derivative"):
        return None
    return shorten(body.exact, body.lowered)


def _value(variant: Variant, name: str) -> str:
    """Return the text of a quantity over {x} and {rest}, as the type of {like} needs it."""
    if _narrowed(variant.body(name)) is None:
        return f"{name}{variant.suffix}({{x}}{{rest}})"
    return f"{name}_as{variant.suffix}({{like}}, {{x}}{{rest}})"


def _quantities(variant: Variant) -> list[tuple[str, ...]]:
    """Return each quantity, the arrays it takes beside x, and its value over the names of both."""
    listed: list[tuple[str, ...]] = [
        (name, _value(variant, name)) for name in ("forward", "derivative", "second_derivative")
    ]
    listed.append(("vjp", "dy", f"{{dy}} * {_value(variant, 'derivative')}"))
    for body in variant.bodies:
        if body.name.startswith("partial_"):
            value = f"{{dy}} * {body.name}{variant.suffix}({{x}}{{rest}})"
            listed.append((body.name, "dy", value))
    return listed


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
    rest, inside = _rest(names), _rest(_in_kernels(names, [*inputs, "dy"]).values())
    functions: list[FunctionText] = []
    kernels: list[dict[str, Any]] = []
    for v in program.variants:
        functions.extend(_functions(v, [*inputs, *names]))
        kernels.extend(_gate_kernels(v, inside) if gated else _piece_kernels(program, v, inside))
    scalars = (
        [
            {"suffix": v.suffix, "args": _signature(params, "gate, value"), "rest": rest}
            for v in program.variants
        ]
        if gated
        else []
    )
    return _render(
        "cpu_pieces.py.j2", program, set(), functions=functions, scalars=scalars, kernels=kernels
    )


def _gate_kernels(variant: Variant, rest: str) -> Iterable[dict[str, Any]]:
    halves = ["gate", "value"]
    value = _value(variant, "forward")
    of = value.format(x="gate_j", rest=f", value_j{rest}", like="out")
    yield _row_kernel(f"forward{variant.suffix}", halves, {"out": of}, rest)
    slopes = {
        f"d{half}": f"dy_j * vjp_{half}{variant.suffix}(gate_j, value_j{rest})" for half in halves
    }
    yield _row_kernel(f"vjp{variant.suffix}", [*halves, "dy"], slopes, rest)
    for body in variant.bodies:
        if body.name.startswith("partial_"):
            name = f"{body.name}{variant.suffix}"
            value = f"dy_j * {name}(gate_j, value_j{rest})"
            yield _row_kernel(name, [*halves, "dy"], {"out64": value}, rest)


def _piece_kernels(program: Program, variant: Variant, rest: str) -> Iterable[dict[str, Any]]:
    pieces = range(program.pieces)
    outs = {f"out_{k}": f"forward_{k}{variant.suffix}(x_j{rest})" for k in pieces}
    yield _row_kernel(f"forward{variant.suffix}", ["x"], outs, rest)
    slopes = (f"dy_{k}_j * derivative_{k}{variant.suffix}(x_j{rest})" for k in pieces)
    inputs = ["x", *(f"dy_{k}" for k in pieces)]
    yield _row_kernel(f"vjp{variant.suffix}", inputs, {"dx": " + ".join(slopes)}, rest)


def _row_kernel(
    name: str, inputs: Sequence[str], targets: Mapping[str, str], rest: str
) -> dict[str, Any]:
    """Return a kernel over 2-D arrays that reads every input before it writes a target."""
    lines = [f"{entry}_j = load({entry}[i, j])" for entry in inputs]
    lines += [f"{target}[i, j] = narrow({value}, {target})" for target, value in targets.items()]
    return {
        "name": f"{name}_rows",
        "args": f"{', '.join([*inputs, *targets])}{rest}",
        "shape": f"{inputs[0]}.shape",
        "lines": lines,
    }


def _axis(program: Program) -> str:
    spec = program.spec
    params = [p.name for p in kernel_params(spec)]
    kernels: list[dict[str, Any]] = []
    needs: set[str] = set()
    for v in program.variants:
        for body in v.bodies:
            for masked in (False, True) if spec.masked is not None else (False,):
                kernels.extend(_axis_kernels(program, v, body, params, masked, needs))
    return _render("cpu_axis.py.j2", program, needs, kernels=kernels)


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
            "doc": _axis_doc(body.name, shape, masked),
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
    )
)
_NUMBERED = re.compile(r"(out|dy)_\d+(_j)?|peak(_\d+)?_value", re.ASCII)


def _axis_doc(name: str, shape: str, masked: bool) -> str:
    what = {"forward": "Compute", "vjp": "Compute the vector-Jacobian product of"}.get(
        name, f"Compute dy times the derivative by {name.removeprefix('partial_')} of"
    )
    where_ = "every row of" if shape == "rows" else "every column (axis 1) of"
    return f"{what} {where_} x{', where the mask is True' if masked else ''}."


def _function(body: Body, name: str, args: Sequence[str]) -> FunctionText:
    kind = body.name.rsplit("_", 1)[0] if body.name[-1:].isdigit() else body.name
    doc = _SENTENCES.get(kind)
    if doc is None:
        doc = f"Return the derivative with respect to {body.name.removeprefix('partial_')}."
    return _text(name, args, body.lowered, doc)


def _text(
    name: str, args: Sequence[str], expr: Expr, doc: str, names: Mapping[Expr, str] | None = None
) -> FunctionText:
    shared = share([expr], args, names=names)
    lines = tuple(_assignment(target, value) for target, value in shared.lines)
    return FunctionText(name, ", ".join(args), doc, lines, emit_cpu(shared.results[0]))


def _assignment(target: str, value: Expr) -> str:
    return f"{target} = {emit_cpu(value)}"


def _library(functions: Iterable[Function]) -> list[FunctionText]:
    return [_text(f.name, f.args, f.body, f.doc, f.names) for f in functions]


def _render(template: str, program: Program, needs: set[str], **values: Any) -> str:
    bodies = [body for v in program.variants for body in v.bodies]
    lowered = [body.lowered for body in bodies]
    if program.spec.kind in ("elementwise", "gated"):
        short = [expr for expr in map(_narrowed, bodies) if expr is not None]
        lowered += short
        needs |= {"is_double"} if short else set()
    library = used_functions(lowered)
    exprs = [*lowered, *(f.body for f in library)]
    plain = {"inf!"} if any("inf" in s["args"] for s in values.get("scalars", [])) else set()
    scalars = [*library, *values.get("functions", [])]
    devices = {"device"} if scalars else set()
    text = render(
        template,
        header=header(program.spec.path),
        title=program.spec.title or program.spec.name,
        formula=formula_text(program.spec).splitlines(),
        imports=_import_lines(exprs, needs | plain | devices),
        library=_library(library),
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
    lines = [_from("math", plain)] if plain else []
    numpy = ["import numpy as np"] if "np.empty!" in needs else []
    numpy += [_from("numpy", wanted["numpy"])] if "numpy" in wanted else []
    lines += ["", *numpy] if lines and numpy else numpy
    return [*lines, *([""] if lines else []), _from("actgen.intrinsics", intrinsics)]


def _from(module: str, names: set[str]) -> str:
    text = f"from {module} import {', '.join(sorted(names))}"
    if len(text) <= 100:
        return text
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in sorted(names)) + ")"
