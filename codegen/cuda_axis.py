"""Lay out the CUDA module of an activation along an axis: a program in, the text of a module out.

Formulas of weights have kernels in float32 arithmetic, named narrow, for all but float64 arrays;
so has what only selects among elements. All other kernels compute in float64, as on the CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actgen.codegen.cuda_head import layout, listed
from actgen.codegen.emit.cuda_axis import bodies
from actgen.codegen.emit.cuda_body import Form
from actgen.codegen.emit.cuda_elements import AxisKernel, ElementFunction, Elements
from actgen.codegen.emit.cuda_slices import SliceLines, library_calls
from actgen.codegen.errors import CompilerError
from actgen.codegen.functions.float32_parts import LOG2_E, single
from actgen.codegen.functions.float32_softmax import UP
from actgen.codegen.ir import (
    INF,
    ZERO,
    Apply,
    Expr,
    Symbol,
    apply,
    is_op,
    rewrite,
    substitute,
    walk,
    where,
)
from actgen.codegen.narrow_axis import NarrowFormula, narrow_formula
from actgen.codegen.pipeline import Body, Program, Variant, kernel_params
from actgen.codegen.schedule import Schedule, schedule

_KEPT = {"weight_f32": "weight", "exp2_approx": "weight"}
# what kernels call their own variables; names of temporaries keep away from them
_LOCALS = frozenset(
    (
        *("x", "dy", "dx", "mask", "out", "out64", "rows", "outer", "length", "inner", "like"),
        *("lanes", "width", "at", "start", "values", "index", "part", "lost", "inside"),
        *("best", "new", "old", "before", "top", "support", "kept", "bound", "state", "gathered"),
    )
)
_SELECTING = frozenset(
    ("where", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "neg", "amax", "argmax")
)
_PRIMITIVES = frozenset(
    (
        *("added", "added_exactly", "any_column", "any_row", "column", "column_slice", "device"),
        *("each", "filled", "fold", "found", "further", "inside", "kernel", "load", "load_mask"),
        *("load_part", "over_column", "over_row", "pair", "pair_add", "pair_div", "pair_mul"),
        *("pair_sub", "place_of", "plus", "plus_both", "plus_exactly", "positions", "quick_pair"),
        *("raised", "raised_inside", "raised_single", "raised_single_inside", "row_slice"),
        *("store", "store_part", "supported", "wide", "rescaled", "rescaled_exactly", "shrunk"),
    )
)
_HELD = 32  # numbers that a thread holds of a slice, in float32
_HELD_DOUBLE = 8  # what float64 arithmetic does with each is long
_WALKED = 8  # numbers that a thread takes from a slice at a time
_WALKED_DOUBLE = 4


@dataclass
class _Module:
    """What the template prints."""

    functions: list[ElementFunction] = field(default_factory=list)
    kernels: list[dict[str, Any]] = field(default_factory=list)
    widths: dict[str, int] = field(default_factory=dict)
    formulas: list[Expr] = field(default_factory=list)  # what calls functions of the library
    slices: list[SliceLines] = field(default_factory=list)
    narrow: bool = False


def cuda_axis_text(program: Program) -> str:
    """Return the source of the CUDA module of an activation along an axis."""
    made = _Module()
    for v in program.variants:
        for body in v.bodies:
            _add_kernels(made, program, v, body, None)
            for fast in (False, True):
                found = _narrow(program, v, body, fast)
                if found is not None:
                    made.narrow = True
                    _add_kernels(made, program, v, body, found, fast)
    return layout(
        "cuda/axis.py.j2",
        program,
        primitives=_PRIMITIVES,
        narrow=[*made.formulas, *library_calls(made.slices)],
        arithmetic=_ARITHMETIC[made.narrow],
        functions=made.functions,
        kernels=made.kernels,
        widths=made.widths,
    )


_ARITHMETIC = {
    False: ["All kernels compute in float64."],
    True: [
        "Kernels called `*_narrow_*` are for float32 and 16-bit arrays, and compute in float32.",
        "All others compute in float64. Where there is a `*_fast_narrow_*`, 16-bit results are its",
        "on both tiers: values to 0.51 ULP, gradients to 0.51 ULP of their largest term.",
        "`forward_narrow_*` then is for float32, on both tiers.",
    ],
}


def _narrow(program: Program, variant: Variant, body: Body, fast: bool) -> NarrowFormula | None:
    """Return the formula in float32 arithmetic of a tier, None where it has none of its own.

    Gradients have one on the fast tier only: differences of weights have few digits.
    """
    if kernel_params(program.spec) or variant.random or body.name not in ("forward", "vjp"):
        return None
    if all(_selects(node) for node in walk(body.lowered)):
        return None if fast else NarrowFormula(rewrite(body.lowered, _lost), {})
    if program.spec.groups is not None or (body.name == "vjp" and not fast):
        return None
    formula = narrow_formula(body.exact, accurate=not fast)
    if formula is None or not fast or body.name == "vjp":
        return formula
    # forward kernels of the fast tier are for 16-bit results
    return NarrowFormula(rewrite(formula.expr, _approximate), formula.names)


def _approximate(node: Expr) -> Expr:
    """exp(x) / 2**n = 2**((x - amax(x)) / log 2), times what is common to the slice"""
    if is_op(node, "weight_f32"):
        z = node.args[0].args[0]
        return apply("exp2_approx", apply("fma", z - apply("amax", z), LOG2_E, single(UP)))
    if is_op(node, "mul") and is_op(node.args[0], "exp") and node.args[1] == single(2.0**UP):
        # the weight of the peak; NaN for an infinite one, as it is there
        peak = next(n for n in walk(node) if is_op(n, "amax"))
        return node.args[1] + (peak - peak)
    return node


def _selects(node: Expr) -> bool:
    return not isinstance(node, Apply) or not node.args or node.op in _SELECTING


def _lost(node: Expr) -> Expr:
    """where(p != p, p, e): the place of the peak, NaN where there is a NaN, is an integer here"""
    if is_op(node, "where") and is_op(node.args[0], "ne"):
        a, b = node.args[0].args
        if a == b == node.args[1] and is_op(a, "argmax"):
            return where(Symbol("lost", "bool"), INF - INF, node.args[2])
    return node


def _exact(plan: Schedule) -> frozenset[str]:
    """Return the names of sums that need more than 24 bits: all but those of rounding errors."""
    sums = (r for step in plan.passes for r in step.reductions if r.op == "sum")
    return frozenset(
        r.name for r in sums if not any(is_op(n, "weight_low_f32") for n in walk(r.value))
    )


def _add_kernels(
    made: _Module,
    program: Program,
    variant: Variant,
    body: Body,
    narrow: NarrowFormula | None,
    fast: bool = False,
) -> None:
    """Add the functions and kernels of a quantity."""
    groups = program.spec.groups is not None
    backward = body.name != "forward"
    params = [p.name for p in kernel_params(program.spec)]
    reserved = _LOCALS | _PRIMITIVES
    spelled = [f"{p}_" if p in reserved or p.endswith("_p") else p for p in params]
    elements = ("x", *(() if not backward or groups else ("dy",)), *variant.random)
    slices = ("dy",) if backward and groups else ()
    target = "out64" if body.name.startswith("partial_") else "dx" if slices else "out"
    names: Mapping[Expr, Expr] = {
        Symbol(p): Symbol(name) for p, name in zip(params, spelled, strict=True)
    }
    lowered = substitute(body.lowered if narrow is None else narrow.expr, names)
    taken = {*spelled, *elements, *slices, *reserved}
    sliced = groups and not backward
    if narrow is None:
        plan = schedule(lowered, taken, sliced=sliced)
    else:
        plan = schedule(lowered, taken, sliced, narrow.names, _KEPT)
    quick = fast and not backward  # 16-bit results need no more
    selecting = narrow is not None and not narrow.names
    tier = f"{variant.suffix}{'_fast' if fast else ''}{'' if narrow is None else '_narrow'}"
    kernel = AxisKernel(
        stem=f"{body.name}{tier}",
        schedule=plan,
        elements=elements,
        slices=slices,
        params=tuple(spelled),
        target=target,
        single=narrow is not None,
        exact=frozenset() if narrow is None or quick else _exact(plan),
        summed=narrow is not None and not selecting,
    )
    try:
        of_elements = Elements(kernel)
    except CompilerError:
        if narrow is None:
            raise
        return
    made.functions.extend(of_elements.functions.values())
    made.formulas.append(lowered)
    made.slices.append(of_elements.lines)
    peaks = any(r.op == "argmax" for step in plan.passes for r in step.reductions)
    many = len(elements) + peaks
    for masked in (False, True) if program.spec.masked is not None else (False,):
        fill = None
        if masked:
            of = program.definition.masked if not backward else ZERO
            fill = kernel.text(of) if of is not None else None
        for form, lines in bodies(of_elements, fill).items():
            name = f"{kernel.stem}_{form}{'_masked' if masked else ''}"
            made.widths[name] = _width(form, kernel.single, many + masked)
            made.kernels.append(
                {
                    "name": name,
                    "args": _arguments(kernel, form, masked),
                    "doc": _sentence(body.name, form, masked),
                    "lines": lines,
                }
            )


def _width(form: Form, single: bool, arrays: int) -> int:
    """Return how many elements a thread has of a slice at a time, at most."""
    if form == "columns":
        return 1
    if form in ("block", "online"):
        return _WALKED if single else _WALKED_DOUBLE
    return (_HELD if single else _HELD_DOUBLE) // (1 if arrays == 1 else 2)


def _arguments(kernel: AxisKernel, form: Form, masked: bool) -> str:
    first, *more = kernel.elements
    sizes = ("outer", "length", "inner") if form == "columns" else ("rows", "length")
    arrays = [first, *(["mask"] if masked else []), *more, *kernel.slices, kernel.target]
    return f"{', '.join([*arrays, *sizes, 'like', 'lanes', 'width'])}{listed(kernel.params)}"


_PLACES: Mapping[Form, str] = {
    "rows": "every row of x, held",
    "block": "every row of x",
    "online": "every row of x, read twice",
    "columns": "every column (axis 1) of x",
}


def _sentence(name: str, form: Form, masked: bool) -> str:
    what = {"forward": "Compute", "vjp": "Compute the gradient of"}.get(
        name, f"Compute dy times the derivative by {name.removeprefix('partial_')} of"
    )
    return f"{what} {_PLACES[form]}{', where the mask is True' if masked else ''}."
