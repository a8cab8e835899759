"""Write the scalar functions of a module: the quantities of a variant in, functions as text out.

A quantity has one function for each way of its plan, and one or two that choose among them by the
type of the result: `<quantity>_as` on the accurate tier, `<quantity>_fast_as` on the fast one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from actgen.codegen.activation import Param
from actgen.codegen.emit.cpu import CALLS, emit_cpu
from actgen.codegen.emit.cuda import ON_CPU, Parts
from actgen.codegen.functions.parts import Function
from actgen.codegen.ir import Expr, Symbol, apply, is_op, symbols
from actgen.codegen.parameter_values import in_parts
from actgen.codegen.pipeline import Body, Variant
from actgen.codegen.plan import Plan, Way
from actgen.codegen.precision import FLOAT32, FLOAT64, FORMATS, Format
from actgen.codegen.share import WIDTH, share

_SENTENCES = {
    "forward": "Return the value at x",
    "derivative": "Return the derivative at x",
    "second_derivative": "Return the second derivative at x",
    "vjp_gate": "Return the derivative with respect to gate",
    "vjp_value": "Return the derivative with respect to value",
}
_WAYS = {
    "": "float64",
    "_quick": "float64, uncompensated",
    "_plain": "float64, uncompensated",
    "_narrow": "float64, to fewer digits",
    "_float32": "float32, compensated",
    "_float32_twofold": "float32, twofold",
    "_float32_twofold_fast": "float32, twofold arithmetic",
    "_float32_fast": "float32",
    "_float32_parts": "float32, compensated",
    "_float32_parts_fast": "float32",
    "_approx": "float32, approximations of the hardware",
}


@dataclass(frozen=True)
class FunctionText:
    """A scalar function as a template prints it.

    `head` are the lines that take parameters apart. `known` are conditions with results that need
    none of the other lines.
    """

    name: str
    args: str
    doc: str
    lines: tuple[str, ...]
    result: str
    head: tuple[str, ...] = ()
    known: tuple[tuple[str, str], ...] = ()

    @property
    def unbranched(self) -> FunctionText:
        """The same function, but what is known early is chosen at the end."""
        if not self.known:
            return self
        taken = {line.partition(" = ")[0] for line in (*self.head, *self.lines)}
        name, count = "u", 1
        while name in taken:
            count += 1
            name = f"u_{count}"
        parts = [*(f"{value} if {condition}" for condition, value in self.known), name]
        lines = (*self.lines, f"{name} = {self.result}")
        return replace(self, lines=lines, result=" else ".join(parts), known=())


@dataclass(frozen=True)
class ChoiceText:
    """A function that is one of three, by the type of the result."""

    name: str
    double: str
    single: str
    half: str


def functions(
    variant: Variant, inputs: Sequence[str], params: Sequence[Param], parts: Parts = ON_CPU
) -> Iterator[FunctionText]:
    """Yield the functions of a variant; `inputs` are their arguments, parameters at the end.

    `parts` says how the target spells the parts of parameters.
    """
    for body in variant.bodies:
        if body.plan is None:
            name = f"{body.name}{variant.suffix}"
            head = _whole(body.lowered, params, parts)
            doc = f"{_sentence(body)}."
            yield _function(name, inputs, body.lowered, doc, head=head, calls=parts.calls)
            continue
        for way in body.plan.ways:
            yield _of_way(body, way, variant.suffix, inputs, params, parts)


def choices(variant: Variant, gated: bool = False) -> Iterator[ChoiceText]:
    """Yield the functions that choose a way by the type of the result, on either tier.

    The functions of a gate have two elements.
    """
    for body in variant.bodies:
        for fast in _tiers(body.plan) if body.plan is not None else ():
            yield _choice(body, fast, variant.suffix, gated)


def library(used: Iterable[Function], parts: Parts = ON_CPU) -> list[FunctionText]:
    """Return the library functions that a module uses."""
    return [
        _function(f.name, f.args, f.body, f.doc, FORMATS[f.dtype], names=f.names, calls=parts.calls)
        for f in used
    ]


def call(variant: Variant, name: str, fast: bool) -> str:
    """Return the text of a quantity over {x} and {rest}, as the type of {like} needs it."""
    body = variant.body(name)
    if body.plan is None:
        return f"{name}{variant.suffix}({{x}}{{rest}})"
    tier = "_fast" if fast and body.plan.has_fast else ""
    return f"{name}{tier}_as{variant.suffix}({{like}}, {{x}}{{rest}})"


def expressions(variants: Iterable[Variant]) -> list[tuple[Expr, Format]]:
    """Return what the functions of variants compute, each with its format."""
    found: list[tuple[Expr, Format]] = []
    for variant in variants:
        for body in variant.bodies:
            if body.plan is None:
                found.append((body.lowered, FLOAT64))
            else:
                found += [(way.lowered, way.fmt) for way in body.plan.ways]
    return found


def intrinsics(variants: Iterable[Variant], params: Sequence[Param]) -> set[str]:
    """Return what the functions need beside their expressions: `float32` among it, of NumPy."""
    needed = set()
    for variant in variants:
        for body in variant.bodies:
            if body.plan is None:
                continue
            needed.add("by_type")
            for fast in _tiers(body.plan):
                _, *narrow = _ways(body.plan, fast)
                needed.update("widened" for way in narrow if way.fmt is FLOAT64)
            for way in body.plan.ways:
                if way.fmt is FLOAT32:
                    used = symbols(way.lowered)
                    needed.update("float32_rest" for p in params if in_parts(p)[1] in used)
    return needed


def _ways(plan: Plan, fast: bool) -> tuple[Way, Way, Way]:
    """Return the ways for float64, float32 and 16-bit results on a tier."""
    if fast:
        return plan.double_fast, plan.single_fast, plan.half
    return plan.double, plan.single, plan.half


def _tiers(plan: Plan) -> tuple[bool, ...]:
    """Return whether each tier that has kernels of its own is the fast one."""
    return (False, True) if plan.has_fast else (False,)


def _choice(body: Body, fast: bool, suffix: str, gated: bool) -> ChoiceText:
    """Return the function that chooses a way by the type of the result."""
    assert body.plan is not None
    double, *narrow = _ways(body.plan, fast)
    texts = [f"{body.name}{double.suffix}{suffix}"]
    for way in narrow:
        name = f"{body.name}{way.suffix}{suffix}"
        widened = f"widened({name}{', 2' if gated else ''})"
        texts.append(name if way.fmt is FLOAT32 else widened)
    return ChoiceText(f"{body.name}{'_fast' if fast else ''}_as{suffix}", *texts)


def _of_way(
    body: Body,
    way: Way,
    suffix: str,
    inputs: Sequence[str],
    params: Sequence[Param],
    parts: Parts,
) -> FunctionText:
    doc = f"{_sentence(body)}{f', in {how(way)}' if way.suffix else ''}."
    head: list[str] = []
    if way.fmt is FLOAT32:
        used = symbols(way.lowered)
        for p in params:
            high, rest = in_parts(p)
            head += [f"{high.name} = {parts.high.format(p.name)}"] if high in used else []
            head += [f"{rest.name} = {parts.rest.format(p.name)}"] if rest in used else []
    else:
        head = _whole(way.lowered, params, parts)
    name = f"{body.name}{way.suffix}{suffix}"
    return _function(name, inputs, way.lowered, doc, way.fmt, head, calls=parts.calls)


def _whole(lowered: Expr, params: Sequence[Param], parts: Parts) -> list[str]:
    """Return the lines that take float64 parameters from their parts."""
    used = [p.name for p in params if Symbol(p.name) in symbols(lowered)]
    return [f"{name} = {parts.whole.format(name)}" for name in used] if parts.whole else []


def precision(variants: Iterable[Variant]) -> list[str]:
    """Return lines that tell how float32 results are computed, and how exactly."""
    lines = []
    for variant in variants:
        for body in variant.bodies:
            if body.plan is None:
                continue
            ways = (body.plan.single, body.plan.single_fast)
            different = {way.suffix: way for way in ways}.values()
            texts = (f"{how(way)} ({_rounded_up(way.error)})" for way in different)
            lines.append(f"{body.name}{variant.suffix}: {'; fast: '.join(texts)}")
            short = body.plan.short
            if short is not None and short.suffix != body.plan.single_fast.suffix:
                lines.append(f"    16-bit results: {how(short)} ({_rounded_up(short.error)})")
    return lines


def _rounded_up(error: float | None) -> str:
    return "exact" if not error else f"{ceil(error * 100) / 100:.2f} ULP"


def how(way: Way) -> str:
    """Return the arithmetic of a way in words; without functions there is nothing to compensate."""
    plain = way.suffix == "_float32" and not way.calls
    return "float32" if plain else _WAYS[way.suffix]


def _sentence(body: Body) -> str:
    if body.name.endswith("_is_far"):
        return "Tell whether an argument of a sine or cosine is beyond 2**40"
    if body.name.endswith("_near"):
        whole = replace(body, name=body.name.removesuffix("_near"))
        return f"{_sentence(whole)}, sines of near numbers"
    kind = body.name.rsplit("_", 1)[0] if body.name[-1:].isdigit() else body.name
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    return f"Return the derivative with respect to {body.name.removeprefix('partial_')}"


def _function(
    name: str,
    args: Sequence[str],
    expr: Expr,
    doc: str,
    fmt: Format = FLOAT64,
    head: Sequence[str] = (),
    names: Mapping[Expr, str] | None = None,
    calls: Mapping[str, tuple[str, str]] = CALLS,
) -> FunctionText:
    taken = sorted({*args, *(symbol.name for symbol in symbols(expr))})
    width = WIDTH if fmt is FLOAT64 else WIDTH - 24
    known, rest = _known_early(expr)
    shared = share([rest], taken, width, names)
    if not shared.lines:
        known, shared = (), share([expr], taken, width, names)

    def text(value: Expr) -> str:
        return emit_cpu(value, fmt=fmt, calls=calls)

    return FunctionText(
        name,
        ", ".join(args),
        doc,
        tuple(f"{target} = {text(value)}" for target, value in shared.lines),
        text(shared.results[0]),
        tuple(head),
        tuple((text(condition), text(value)) for condition, value in known),
    )


def _known_early(expr: Expr) -> tuple[tuple[tuple[Expr, Expr], ...], Expr]:
    """Return conditions with results that take no computing, and what is computed otherwise."""
    known = []
    while is_op(expr, "where"):
        condition, a, b = expr.args
        compares = is_op(condition, "lt", "le", "gt", "ge", "eq", "ne")
        if not compares or any(arg.args for arg in condition.args):
            break
        if not a.args:
            known.append((condition, a))
            expr = b
        elif not b.args:
            known.append((apply("not", condition), b))
            expr = a
        else:
            break
    return tuple(known), expr
