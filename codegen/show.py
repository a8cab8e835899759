"""Show what a stage makes of an activation: a definition and the name of a stage in, text out."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from actgen.codegen.cuda_module import cuda_text
from actgen.codegen.emit.latex import spell
from actgen.codegen.emit.text import emit_text
from actgen.codegen.inline import Definition
from actgen.codegen.ir import Expr, symbols
from actgen.codegen.module import module_text
from actgen.codegen.pipeline import Body, Program, Variant, compile_definition
from actgen.codegen.plan import ACCURATE, FAST, Plan, Way
from actgen.codegen.precision import FLOAT64, Format
from actgen.codegen.quantities import how
from actgen.codegen.share import share

STAGES = ("parsed", "stable", "derivative", "lowered", "cpu", "cuda", "latex")
_LEGEND = f"""\
# The first form computes float64 results. After # stand ways to compute others, the cheapest first:
# the largest error at sampled inputs, the cost in additions of float32, what they serve. The first
# way within {ACCURATE} ULP of float32 (twice that at other parameters than the defaults) is the
# accurate tier, the first within {FAST} ULP the fast one, which computes 16-bit results on either.
# What float64 has on the fast tier comes last."""
_PARTS = "# p_ and p_rest_ are the two float32 parts of a parameter p."


def show(definition: Definition, stage: str) -> str:
    """Return the text of one of `STAGES` for an activation."""
    program = compile_definition(definition)
    if stage in _MODULES:
        return _MODULES[stage](program)
    variants = program.all_variants if stage == "lowered" else program.variants
    return "\n\n".join(_PRINTERS[stage](program, variant) for variant in variants) + "\n"


def _titled(variant: Variant, text: str) -> str:
    conditions = [name if wanted else f"not {name}" for name, wanted in variant.when]
    conditions += ["all parameters have their defaults"] if variant.fixed else []
    return f"# when {' and '.join(conditions)}\n{text}" if conditions else text


def _parsed(program: Program, variant: Variant) -> str:
    return _titled(variant, emit_text(variant.formula))


def _derivative(program: Program, variant: Variant) -> str:
    slopes = [body for body in variant.bodies if not body.name.startswith("forward")]
    lines = [f"{body.name}: {emit_text(body.exact)}" for body in slopes]
    return _titled(variant, "\n".join(lines))


def _stable(program: Program, variant: Variant) -> str:
    bodies = [f"{body.name}:\n  {emit_text(body.exact)}" for body in variant.bodies]
    return _titled(variant, "\n".join([*_notes(variant), *bodies]))


def _lowered(program: Program, variant: Variant) -> str:
    planned = any(body.plan is not None for body in variant.bodies)
    bodies = "\n".join(map(_body, variant.bodies))
    legend = [_LEGEND] if planned and variant is program.variants[0] else []
    if legend and any(f"{p.name}_" in bodies for p in program.spec.params):
        legend.append(_PARTS)
    return _titled(variant, "\n".join([*_notes(variant), *legend, bodies]))


def _notes(variant: Variant) -> list[str]:
    return [f"# {rule}: {why}" for rule, why in variant.notes]


def _body(body: Body) -> str:
    exact = f" {emit_text(body.exact)}" if body.exact != body.lowered else ""
    lines = [f"{body.name}:{exact}", *_steps(body.name, body.lowered, FLOAT64)]
    if body.plan is not None:
        for way in body.plan.tried:
            lines.append(f"  # {_judged(way, body.plan)}")
            if way.suffix and _uses(body.plan, way):
                lines += _inner(body.name, way)
        quick = body.plan.double_fast
        if quick.suffix:
            lines += [f"  # {how(quick)}: {_figures(quick)}: fast tier of float64"]
            lines += _inner(body.name, quick)
    return "\n".join(lines)


def _inner(name: str, way: Way) -> list[str]:
    return [f"  {line}" for line in _steps(name, way.lowered, way.fmt)]


def _steps(name: str, expr: Expr, fmt: Format) -> list[str]:
    """Return the lines of an expression, its shared parts named."""
    shared = share([expr], [name, *sorted(symbol.name for symbol in symbols(expr))])
    lines = [f"  {target} = {emit_text(value, fmt)}" for target, value in shared.lines]
    return [*lines, f"  {emit_text(shared.results[0], fmt)}"]


def _judged(way: Way, plan: Plan) -> str:
    """Return what was found out about a way, and what it serves."""
    limit = FAST if (way.error or 0.0) > FAST else ACCURATE
    return f"{how(way)}: {_figures(way)}: {_uses(plan, way) or f'over {limit} ULP'}"


def _figures(way: Way) -> str:
    error = way.error or 0.0
    size = f"{ceil(error * 100) / 100:.2f}" if error < 1000 else f"{error:.1g}"
    return f"{size} ULP, cost {way.cost:.0f}"


def _uses(plan: Plan, way: Way) -> str:
    """Return what results a way computes, nothing where another one is taken for all."""
    roles = {"accurate tier": plan.single, "fast tier": plan.single_fast, "16-bit": plan.half}
    uses = [role for role, chosen in roles.items() if chosen.suffix == way.suffix]
    return "both tiers, 16-bit" if len(uses) == len(roles) else ", ".join(uses)


def _latex(program: Program, variant: Variant) -> str:
    text = spell(variant.formula)
    if variant.derivative is not None:
        text += f"\n{spell(variant.derivative)}"
    return _titled(variant, text)


_MODULES: dict[str, Callable[[Program], str]] = {"cpu": module_text, "cuda": cuda_text}
_PRINTERS: dict[str, Callable[[Program, Variant], str]] = {
    "parsed": _parsed,
    "stable": _stable,
    "derivative": _derivative,
    "lowered": _lowered,
    "latex": _latex,
}
