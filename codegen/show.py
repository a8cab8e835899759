"""Show what a stage makes of an activation: a definition and the name of a stage in, text out."""

from __future__ import annotations

from collections.abc import Callable

from actgen.codegen.emit.latex import spell
from actgen.codegen.emit.text import emit_text
from actgen.codegen.inline import Definition
from actgen.codegen.ir import symbols
from actgen.codegen.module import module_text
from actgen.codegen.pipeline import Body, Program, Variant, compile_definition
from actgen.codegen.share import share

STAGES = ("parsed", "derivative", "lowered", "cpu", "latex")


def show(definition: Definition, stage: str) -> str:
    """Return the text of one of `STAGES` for an activation."""
    program = compile_definition(definition)
    if stage == "cpu":
        return module_text(program)
    return "\n\n".join(_PRINTERS[stage](program, variant) for variant in program.variants) + "\n"


def _titled(variant: Variant, text: str) -> str:
    conditions = [name if wanted else f"not {name}" for name, wanted in variant.when]
    return f"# when {' and '.join(conditions)}\n{text}" if conditions else text


def _parsed(program: Program, variant: Variant) -> str:
    return _titled(variant, emit_text(variant.formula))


def _derivative(program: Program, variant: Variant) -> str:
    slopes = [body for body in variant.bodies if not body.name.startswith("forward")]
    lines = [f"{body.name}: {emit_text(body.exact)}" for body in slopes]
    return _titled(variant, "\n".join(lines))


def _lowered(program: Program, variant: Variant) -> str:
    notes = [f"# {rule}: {why}" for rule, why in variant.notes]
    bodies = [_body(body) for body in variant.bodies]
    return _titled(variant, "\n".join([*notes, *bodies]))


def _body(body: Body) -> str:
    taken = [body.name, *_argument_names(body)]
    shared = share([body.lowered], taken)
    lines = [f"  {name} = {emit_text(value)}" for name, value in shared.lines]
    result = f"  {emit_text(shared.results[0])}"
    exact = f" {emit_text(body.exact)}" if body.exact != body.lowered else ""
    return "\n".join([f"{body.name}:{exact}", *lines, result])


def _argument_names(body: Body) -> list[str]:
    return sorted(symbol.name for symbol in symbols(body.lowered))


def _latex(program: Program, variant: Variant) -> str:
    text = spell(variant.formula)
    if variant.derivative is not None:
        text += f"\n{spell(variant.derivative)}"
    return _titled(variant, text)


_PRINTERS: dict[str, Callable[[Program, Variant], str]] = {
    "parsed": _parsed,
    "derivative": _derivative,
    "lowered": _lowered,
    "latex": _latex,
}
