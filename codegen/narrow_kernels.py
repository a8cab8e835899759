"""Lay out float32 kernels along an axis: a body in, kernels as a template prints them out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from actgen.codegen.emit import tiles
from actgen.codegen.emit.tile_columns import columns, short_rows
from actgen.codegen.emit.tile_rows import rows
from actgen.codegen.ir import ZERO, Expr
from actgen.codegen.narrow_axis import narrow_formula, wide_formula
from actgen.codegen.pipeline import Body, Program, Variant, kernel_params
from actgen.codegen.schedule import schedule

_KEPT = {"weight_f32": "weight", "weight_low_f32": "weight_low", "weight_f64": "weight"}
_FUNCTIONS = frozenset(
    (
        *("window", "opened", "copied", "scratch", "single", "same_start", "position_of"),
        *("sum_of", "quick_sum_of", "sum_of_weights", "quick_sum_of_weights", "sum_of_rests"),
        *("add_down", "quick_add_down", "add_weights_down", "quick_add_weights_down"),
        *("add_rests_down", "largest_of", "room", "load", "fetch", "turn_rows", "turn_back"),
    )
)
_CALLED = re.compile(r"\b(\w+)\(", re.ASCII)
_SHAPES = {
    "rows": "every row of",
    "columns": "every column (axis 1) of",
    "short": "every row, of 1 to 28 elements, of",
}
_BESIDE = ("inf", "np.empty", "float32")


@dataclass(frozen=True)
class NarrowKernel:
    """What a template prints, the formula that its functions are of, and what it imports."""

    name: str
    args: str
    doc: str
    lines: list[str]
    formula: Expr
    needs: frozenset[str]


def narrow_kernels(
    program: Program, variant: Variant, body: Body, masked: bool, taken: Iterable[str]
) -> list[NarrowKernel]:
    """Return the kernels in float32 arithmetic, none where the formula has no such form.

    Accurate gradients compute in float64, but as these do. Names in `taken` are not used for
    temporaries.
    """
    forward = body.name == "forward"
    if body.name not in ("forward", "vjp") or kernel_params(program.spec) or variant.random:
        return []
    if program.spec.groups is not None:
        return []
    elements = ("x", *(("mask",) if masked else ()), *(() if forward else ("dy",)))
    fill = program.definition.masked if forward else ZERO
    made = []
    for fast in (False, True):
        # differences of weights, as gradients have them, need more digits than these
        wide = not fast and not forward
        formula = wide_formula(body.exact) if wide else narrow_formula(body.exact, not fast)
        if formula is None:
            return []
        plan = schedule(formula.expr, {*elements, *taken}, named=formula.names, keep=_KEPT)
        kernel = tiles.TiledKernel(plan, elements, "out", fill if masked else None, fast, wide)
        name = f"{body.name}{variant.suffix}{'_fast' if fast else ''}_narrow"
        printed = [("rows", rows(kernel)), ("columns", columns(kernel))]
        if not masked:
            printed.append(("short", short_rows(kernel)))
        for shape, lines in printed:
            made.append(
                NarrowKernel(
                    name=f"{name}_{shape}{'_masked' if masked else ''}",
                    args=", ".join([*elements, "out"]),
                    doc=sentence(body.name, shape, masked),
                    lines=lines,
                    formula=formula.expr,
                    needs=_needs("\n".join(lines)),
                )
            )
    return made


def _needs(text: str) -> frozenset[str]:
    """Return what statements import; what is not ours ends in an exclamation mark."""
    ours = _FUNCTIONS.intersection(_CALLED.findall(text))
    return frozenset(ours | {f"{name}!" for name in _BESIDE if name in text})


def sentence(name: str, shape: str, masked: bool) -> str:
    """Return the docstring of a kernel along an axis."""
    what = {"forward": "Compute", "vjp": "Compute the vector-Jacobian product of"}.get(
        name, f"Compute dy times the derivative by {name.removeprefix('partial_')} of"
    )
    where_ = _SHAPES[shape]
    return f"{what} {where_} x{', where the mask is True' if masked else ''}."
