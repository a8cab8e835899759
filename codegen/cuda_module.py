"""Lay out a CUDA module: a program in, what its template prints out as text.

The functions are those of the CPU module, from the same plans but for 16-bit results. Kernels take
addresses: contiguous arrays by tiles, all others element by element.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from actgen.codegen import quantities
from actgen.codegen.computed import tiers
from actgen.codegen.cuda_axis import cuda_axis_text
from actgen.codegen.cuda_head import LANES, definition, in_kernels, layout, listed, scalars
from actgen.codegen.cuda_plan import for_gpu
from actgen.codegen.emit.cuda import ON_GPU
from actgen.codegen.ir import is_op
from actgen.codegen.literal import WIDTH
from actgen.codegen.nearby import near_variant
from actgen.codegen.pipeline import Program, Variant, kernel_params

_WHAT = {
    "forward": "Write the values",
    "derivative": "Write the derivatives",
    "second_derivative": "Write the second derivatives",
    "vjp": "Write dy times the derivatives",
}


def cuda_text(program: Program) -> str:
    """Return the source of the CUDA module of an activation."""
    kind, program = program.spec.kind, for_gpu(program)
    if kind == "elementwise":
        return _elementwise(program)
    if kind == "gated" or is_op(program.definition.formulas[0].expr, "concat"):
        return _pieces(program)
    return cuda_axis_text(program)


def _what(stem: str) -> str:
    by = stem.removeprefix("partial_")
    return _WHAT.get(stem) or f"Write dy times the derivatives by {by}"


def _elementwise(program: Program) -> str:
    kernels: list[dict[str, Any]] = []
    functions: list[quantities.FunctionText] = []
    choices: list[quantities.ChoiceText] = []
    forks: list[_Fork] = []
    near: list[Variant] = []
    for v in program.all_variants:
        params = () if v.fixed else kernel_params(program.spec)
        names = [p.name for p in params]
        inputs = ["x", *v.random, *names]
        functions.extend(quantities.functions(v, inputs, params, ON_GPU))
        chosen = list(quantities.choices(v))
        beside = None if v.random else near_variant(v)
        if beside is not None:
            near.append(beside)
            functions.extend(quantities.functions(beside, inputs, params, ON_GPU))
            close = list(quantities.choices(beside))
            chosen, found = _forked(chosen, close, inputs, v.suffix)
            choices.extend(close)
            forks.extend(found)
        choices.extend(chosen)
        spelled = in_kernels(names)
        for name, of, stem, fast in _quantities(v):
            wide = stem.startswith("partial_")
            value = quantities.call(v, of, fast)
            operands = ["x", *v.random] + (["dy"] if stem == "vjp" or wide else [])
            times = "{dy} * " if "dy" in operands else ""

            texts = _Texts(times + value, v.random)
            tiles = [*operands, "out", "size", "like", *spelled]
            strided = [text for o in operands for text in (o, f"{o}_strides")]
            strided += ["mask", "mask_strides", "out", "out_strides", "shape", "size", "like"]
            strided += [text for p in spelled for text in (p, f"{p}_at", f"{p}_strides")]
            kernels.append(
                {
                    "doc": _what(stem),
                    "tiled": not v.random and not wide,
                    "tiles": definition(f"{name}_tiles", tiles),
                    "strided": definition(f"{name}_strided", strided),
                    "inputs": operands,
                    "params": spelled,
                    "lanes": [texts.at(f"{{}}_tile[{lane}]", spelled) for lane in range(LANES)],
                    "tail": texts.at("{}_i", spelled),
                    "loads": [(o, "0.0" if o in v.random else "like") for o in operands],
                    "value": texts.at("{}_i", [f"{p}_i" for p in spelled]),
                    "like": "0.0" if wide else "like",
                }
            )
    return layout(
        "cuda/elementwise.py.j2",
        program,
        near=near,
        functions=functions,
        choices=choices,
        forks=forks,
        scalars=scalars(program, "x"),
        kernels=kernels,
    )


@dataclass(frozen=True)
class _Fork:
    """A function that is one of two: of any numbers where a condition holds, else of near ones."""

    name: str
    args: str
    far: str
    any: str
    near: str


def _forked(
    choices: Iterable[quantities.ChoiceText],
    close: Iterable[quantities.ChoiceText],
    inputs: Sequence[str],
    suffix: str,
) -> tuple[list[quantities.ChoiceText], list[_Fork]]:
    """Return choices, and what forks under the names of those that have one for near numbers."""
    near = {choice.name.replace("_near", ""): choice.name for choice in close}
    given = ", ".join(inputs)
    args = f"like, {given}"
    renamed, forks = [], []
    for choice in choices:
        name = choice.name
        if name in near:
            choice = replace(choice, name=name.replace("_as", "_any_as"))
            far = f"{name.partition('_as')[0].removesuffix('_fast')}_is_far{suffix}({given})"
            forks.append(_Fork(name, args, far, f"{choice.name}({args})", f"{near[name]}({args})"))
        renamed.append(choice)
    return renamed, forks


@dataclass(frozen=True)
class _Texts:
    """The text of a value, and of which random numbers it is."""

    value: str
    random: Sequence[str]

    def at(self, entry: str, params: Sequence[str]) -> str:
        """Return it over elements called {}_i, say, and parameters."""
        rest = listed([*map(entry.format, self.random), *params])
        return self.value.format(x=entry.format("x"), dy=entry.format("dy"), rest=rest, like="like")


def _quantities(variant: Variant) -> Iterable[tuple[str, str, str, bool]]:
    """Yield the name of each kernel, the quantity it is of, its stem, and whether it is fast."""
    for stem, of in (
        ("forward", "forward"),
        ("derivative", "derivative"),
        *([] if variant.fixed else [("second_derivative", "second_derivative")]),
        ("vjp", "derivative"),
    ):
        for suffix, fast in tiers(variant, [of]):
            if not (fast and stem == "second_derivative"):
                yield f"{stem}{suffix}", of, stem, fast
    for body in variant.bodies:
        if body.name.startswith("partial_"):
            yield f"{body.name}{variant.suffix}", body.name, body.name, False


@dataclass(frozen=True)
class _Side:
    """A part of an array: its name in kernels, the array, the index of the first element."""

    name: str
    array: str
    first: str


@dataclass(frozen=True)
class _Result:
    """What a kernel writes: where, and the value over {entries} of its inputs."""

    side: _Side
    value: str


def _pieces(program: Program) -> str:
    params = kernel_params(program.spec)
    names = [p.name for p in params]
    gated = program.spec.kind == "gated"
    inputs = ["gate", "value"] if gated else ["x"]
    kernels: list[dict[str, Any]] = []
    functions: list[quantities.FunctionText] = []
    choices: list[quantities.ChoiceText] = []
    for v in program.variants:
        functions.extend(quantities.functions(v, [*inputs, *names], params, ON_GPU))
        choices.extend(quantities.choices(v, gated))
        made = _gate_kernels if gated else _piece_kernels
        kernels.extend(made(program, v, in_kernels(names)))
    return layout(
        "cuda/pieces.py.j2",
        program,
        functions=functions,
        choices=choices,
        scalars=scalars(program, "gate") if gated else [],
        kernels=kernels,
    )


def _gate_kernels(
    program: Program, variant: Variant, params: Sequence[str]
) -> Iterable[dict[str, Any]]:
    gate_first = program.spec.gate != "second"
    gate, value = (
        _Side(name, "x", "first" if (name == "gate") == gate_first else "first + inner")
        for name in ("gate", "value")
    )
    dy, out = _Side("dy", "dy", "i * inner"), _Side("out", "out", "i * inner")

    def text(name: str, fast: bool) -> str:
        found = quantities.call(variant, name, fast)
        return found.format(x="{gate}", rest=listed(["{value}", *params]), like="like")

    for suffix, fast in tiers(variant, ["forward"]):
        results = [_Result(out, text("forward", fast))]
        yield _kernel(f"forward{suffix}", "forward", [gate, value], results, params)
    halves = [_Side(f"d{half.name}", "dx", half.first) for half in (gate, value)]
    for suffix, fast in tiers(variant, ["vjp_gate", "vjp_value"]):
        results = [
            _Result(half, f"{{dy}} * {text(f'vjp_{half.name[1:]}', fast)}") for half in halves
        ]
        yield _kernel(f"vjp{suffix}", "vjp", [gate, value, dy], results, params)
    for body in variant.bodies:
        if body.name.startswith("partial_"):
            results = [_Result(out, f"{{dy}} * {text(body.name, fast=False)}")]
            name = f"{body.name}{variant.suffix}"
            yield _kernel(name, body.name, [gate, value, dy], results, params, wide=True)


def _piece_kernels(
    program: Program, variant: Variant, params: Sequence[str]
) -> Iterable[dict[str, Any]]:
    pieces = range(program.pieces)
    x = _Side("x", "x", "i * inner")
    places = ["first", *("first + inner" if k == 1 else f"first + {k} * inner" for k in pieces[1:])]

    def text(name: str, fast: bool) -> str:
        found = quantities.call(variant, name, fast)
        return found.format(x="{x}", rest=listed(params), like="like")

    for suffix, fast in tiers(variant, [f"forward_{k}" for k in pieces]):
        results = [
            _Result(_Side(f"out_{k}", "out", places[k]), text(f"forward_{k}", fast)) for k in pieces
        ]
        yield _kernel(f"forward{suffix}", "forward", [x], results, params, program.pieces)
    for suffix, fast in tiers(variant, [f"derivative_{k}" for k in pieces]):
        given = [_Side(f"dy_{k}", "dy", places[k]) for k in pieces]
        total = " + ".join(f"{{dy_{k}}} * {text(f'derivative_{k}', fast)}" for k in pieces)
        results = [_Result(_Side("dx", "dx", "i * inner"), total)]
        yield _kernel(f"vjp{suffix}", "vjp", [x, *given], results, params, program.pieces)


def _kernel(
    name: str,
    stem: str,
    inputs: Sequence[_Side],
    results: Sequence[_Result],
    params: Sequence[str],
    pieces: int = 2,
    wide: bool = False,
) -> dict[str, Any]:
    arrays = dict.fromkeys([*(s.array for s in inputs), *(r.side.array for r in results)])

    def spelled(text: str, entry: str) -> str:
        return text.format(**{side.name: entry.format(side.name) for side in inputs})

    def lane(text: str, number: int) -> str:
        line = spelled(text, f"{{}}_tile[{number}]")
        return line if len(line) < WIDTH - 16 else line.replace(" + ", "\n                + ")

    args = [*arrays, "outer", "inner", "like", *params]
    return {
        "doc": _what(stem),
        "tiles": definition(f"{name}_tiles", args),
        "scalars": definition(f"{name}_scalars", args),
        "pieces": pieces,
        "tiled": not wide,
        "like": "0.0" if wide else "like",
        "inputs": [(side.name, side.array, side.first) for side in inputs],
        "results": [
            {
                "name": result.side.name,
                "array": result.side.array,
                "first": result.side.first,
                "lanes": [lane(result.value, number) for number in range(LANES)],
                "value": spelled(result.value, "{}_j"),
            }
            for result in results
        ],
    }
