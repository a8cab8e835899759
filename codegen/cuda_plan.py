"""Plan 16-bit results on GPUs: pick the cheapest way that rounds almost as the exact value does.

In: a program, with the plans of the CPU. Out: the same with a way for 16-bit results in each plan,
and with what `math` of the spec says. A way over the approximations of the hardware is evaluated at
all 65,536 inputs of both 16-bit types, with all signs of the hardware's errors, beside the float64
form; if it does not keep the budget, float32 arithmetic is taken, and float64 last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from actgen.codegen.approximate import approximations
from actgen.codegen.budgets import ACCURATE
from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Expr, symbols
from actgen.codegen.parameter_values import float32_parts, sampled_values
from actgen.codegen.pipeline import Body, Program, Variant, kernel_params
from actgen.codegen.plan import (
    Setting,
    Way,
    operations,
    ways,
)
from actgen.codegen.precision import FLOAT32, FLOAT64
from actgen.codegen.samples import Array, short_inputs
from actgen.codegen.simulate import APPROXIMATED, simulate

_BUDGET = ACCURATE["float16"]  # ULP, that of the rounding itself included
_PLACES = 2  # what the hardware may be off, in ULP of float32
_SAMPLED = 16  # every so many-th input is tried first
# all pairs of signs
_SIGNS = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
_BFLOAT16_LEAST, _BFLOAT16_MOST = -126, 127


@dataclass(frozen=True)
class _Short:
    """A 16-bit format: bits of precision, exponents of the smallest and the largest number."""

    bits: int
    least: int
    most: int

    def errors(self, computed: Array, exact: Array, slope: bool) -> Array:
        """Return errors in ULP, the rounding of what was computed included.

        A slope is multiplied by the gradient before it is rounded: where it is too small or too
        large for the format, it still needs its digits.
        """
        least, most = self.least, self.most
        if slope:
            least, most = max(least - self.most - 1, _BFLOAT16_LEAST), _BFLOAT16_MOST
        _, exponent = np.frexp(np.where(np.isfinite(exact), exact, 0.0))
        exponent = np.where(exact == 0, least, exponent - 1)
        ulp = np.ldexp(1.0, np.maximum(exponent, least) - self.bits + 1)
        infinite = np.ldexp(1.0, most + 1) - np.ldexp(1.0, most - self.bits)
        same = np.where(
            np.isnan(exact),
            np.isnan(computed),
            (np.abs(exact) >= infinite)
            & (np.abs(computed) >= infinite)
            & (np.sign(exact) == np.sign(computed)),
        )
        error = np.where(same, 0.0, np.abs(computed - exact) / ulp)
        return 0.5 + np.where(np.isnan(error), np.inf, error)


_FLOAT16 = _Short(11, -14, 15)
_BFLOAT16 = _Short(8, _BFLOAT16_LEAST, _BFLOAT16_MOST)
_FORMATS = (_FLOAT16, _BFLOAT16)  # in the order of the inputs


def for_gpu(program: Program) -> Program:
    """Return a program with the plans for GPUs."""

    def planned(variant: Variant) -> Variant:
        bodies = tuple(_planned(program, variant, body) for body in variant.bodies)
        defaults = variant.at_defaults
        return replace(
            variant, bodies=bodies, at_defaults=None if defaults is None else planned(defaults)
        )

    return replace(program, variants=tuple(map(planned, program.variants)))


def _planned(program: Program, variant: Variant, body: Body) -> Body:
    if body.plan is None or variant.random:
        return body
    made, math = body.plan, program.spec.math
    if math == "fast":
        made = replace(made, single=made.single_fast)
    variable = "gate" if program.spec.kind == "gated" else "x"
    params = () if variant.fixed else kernel_params(program.spec)
    setting = Setting(variable, params)
    slope = not body.name.startswith("forward")
    short = short_way(body.exact, body.lowered, setting, slope, approximate=math != "precise")
    return replace(body, plan=replace(made, short=short))


def short_way(
    exact: Expr, lowered: Expr, setting: Setting, slope: bool, approximate: bool = True
) -> Way:
    """Return the way for 16-bit results, with its error in ULP of these."""
    trial = _Trial(lowered, setting, slope)
    tried = list(ways(exact, lowered, setting))
    if approximate:
        tried = [*approximations(exact, lowered, setting), *tried]
    for way in sorted(tried, key=lambda way: (way.fmt is FLOAT64, way.cost)):
        error = trial.error(way)
        if error <= _BUDGET:
            return replace(way, error=error)
    raise CompilerError("the float64 form differs from itself")


class _Trial:
    """Measures ways for 16-bit results at all inputs of both types."""

    def __init__(self, lowered: Expr, setting: Setting, slope: bool) -> None:
        self.setting = setting
        self.slope = slope
        self.elements = _elements(setting, {symbol.name for symbol in symbols(lowered)})
        self.values = list(sampled_values(setting.params))
        shape = short_inputs().shape
        self.exact = [
            np.broadcast_to(simulate(lowered, self.elements | values, fused=False), shape)
            for values in self.values
        ]

    def error(self, way: Way) -> float:
        """Return the largest error in ULP, the rounding to 16 bits included.

        Of a way over the budget it is that of the first inputs which show that.
        """
        worst = 0.0
        for step in (_SAMPLED, 1):
            elements = {name: value[::step] for name, value in self.elements.items()}
            for values, exact in zip(self.values, self.exact, strict=True):
                narrow = way.fmt is FLOAT32
                given = elements | (
                    float32_parts(values, self.setting.params) if narrow else values
                )
                for nudges in _nudges(way):
                    computed = simulate(way.lowered, given, way.fmt, fused=False, nudges=nudges)
                    worst = max(worst, self._worst(computed, exact[::step]))
                    if worst > _BUDGET:
                        return worst
        return worst

    def _worst(self, computed: Array, exact: Array) -> float:
        with np.errstate(all="ignore"):
            rounded = np.broadcast_to(computed.astype(np.float32), exact.shape).astype(np.float64)
            halves = zip(
                np.split(rounded, 2), np.split(exact, 2), (_FLOAT16, _BFLOAT16), strict=True
            )
            return max(float(np.max(f.errors(a, b, self.slope))) for a, b, f in halves)


def _elements(setting: Setting, names: Iterable[str]) -> dict[str, Any]:
    """Return all inputs, and numbers of many sizes for what else there is an element of."""
    x = short_inputs()
    places = np.arange(x.size)
    others = (places * 0.618 % 0.99 + 0.005) * np.exp2(places * 7 % 21 - 10.0)
    others = np.float32(np.where(places // 2 % 2 == 0, others, -others))
    return dict.fromkeys(names, others) | {setting.variable: x}


def _nudges(way: Way) -> Iterator[dict[str, int]]:
    """Yield by how many places the hardware may be off, for each operation of a way."""
    used = {node.op for node in operations(way.lowered)} & APPROXIMATED.keys()
    for signs in _SIGNS if used else _SIGNS[:1]:
        pairs = zip(APPROXIMATED, signs, strict=True)
        yield {op: sign * _PLACES for op, sign in pairs if op in used}
