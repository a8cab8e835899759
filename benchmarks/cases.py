"""Say what to measure: options in, a list of cases out.

A case is one function called in one way with arrays of one dtype and size. `DEFAULT` covers the
targets of the project; with options, the cases are all combinations of what they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import actgen

ELEMENTWISE = (
    *("relu", "sigmoid", "tanh", "silu", "gelu", "gelu_tanh", "mish", "softplus"),
    *("elu", "selu", "log_sigmoid", "exponential"),
)
NORMALIZATIONS = ("softmax", "log_softmax")
GATES = ("glu", "swiglu", "geglu")

DTYPES = ("float32", "float64", "float16", "bfloat16")
CACHED, LARGE, MATRIX = 65_536, 16_777_216, 1_048_576
SWEEP = (16, 1_024, 16_384, CACHED, 262_144, MATRIX, 4_194_304)

CALLS = {  # how an elementwise function is called
    "plain": "f(x)",
    "out": "f(x, out=y)",
    "inplace": "f(x, out=x)",
    "scalar-parameter": "f(x, parameter=0.7), of those that have one",
    "array-parameter": "f(x, parameter=array), one value per column",
    "strided": "f(x[::2])",
    "transposed": "f(x.T)",
    "masked": "f(x, where=mask, out=y)",
    "derivative": "f.derivative(x)",
    "vjp": "f.vjp(x, dy)",
}
AXES = {  # how a normalization is: the length of its rows, or None for the first axis
    "rows-16": 16,
    "rows-1024": 1_024,
    "rows-32768": 32_768,
    "axis-0": None,
}
SHAPES = (*CALLS, *AXES)
GATE_CALLS = ("plain", "out", "vjp")
AXIS_CALLS = (*AXES, "masked", "vjp")


@dataclass(frozen=True)
class Case:
    """One function, one way to call it, one size."""

    function: str
    dtype: str = "float32"
    size: int = CACHED
    shape: str = "plain"
    threads: int = 1

    @property
    def kind(self) -> str:
        """The kind of activation, as its spec has it."""
        return str(actgen.get(self.function).spec["kind"])

    @property
    def group(self) -> tuple[str, str, int, int]:
        """What the cases of one table have in common."""
        return self.shape, self.dtype, self.size, self.threads


def parameter(function: str) -> str | None:
    """Return the first parameter of a function that is a number or an array, if it has one."""
    params = actgen.get(function).spec["params"]
    return next((p["name"] for p in params if p["type"] in ("float", "array")), None)


def _needs(function: str) -> bool:
    """Tell whether a function has a parameter without a default, an array."""
    return any("default" not in param for param in actgen.get(function).spec["params"])


def possible(case: Case) -> bool:
    """Tell whether the function can be called that way, and the size be cut into its shape."""
    if case.kind == "elementwise":
        if _needs(case.function):
            return case.shape == "array-parameter"
        named = case.shape.endswith("-parameter")
        return case.shape in CALLS and not (named and parameter(case.function) is None)
    if case.kind == "gated":
        return case.shape in GATE_CALLS and case.size >= 2
    if case.kind == "normalization":
        return case.shape in AXIS_CALLS and case.size >= (AXES.get(case.shape) or 1)
    return False


def combinations(
    functions: Sequence[str],
    dtypes: Sequence[str],
    sizes: Sequence[int],
    shapes: Sequence[str],
    threads: int,
) -> list[Case]:
    """Return all combinations that are possible, table by table."""
    found = product(shapes, dtypes, sizes, functions)
    cases = (Case(f, dtype, size, shape, threads) for shape, dtype, size, f in found)
    return [case for case in cases if possible(case)]


def default() -> list[Case]:
    """Return the cases of a full run; 65,536 elements come first, as torch.compile likes."""
    others = [shape for shape in CALLS if shape != "plain"]
    return _unique(
        [
            *combinations(ELEMENTWISE, DTYPES, [CACHED], ["plain"], 1),
            *combinations(ELEMENTWISE, ["float32"], SWEEP, ["plain"], 1),
            *combinations(ELEMENTWISE, ["float32"], [CACHED], others, 1),
            *combinations(NORMALIZATIONS, ["float32"], [MATRIX], AXIS_CALLS, 1),
            *combinations(GATES, ["float32"], [MATRIX], GATE_CALLS, 1),
            *combinations(ELEMENTWISE, ["float32"], [LARGE], ["out"], 1),
            *combinations(ELEMENTWISE, ["float32"], [LARGE], ["out"], 2),
        ]
    )


def on_threads(cases: Iterable[Case], threads: int) -> list[Case]:
    """Return the same cases, all on so many threads."""
    return _unique(replace(case, threads=threads) for case in cases)


def quick() -> list[Case]:
    """Return a choice of cases that takes less than a minute."""
    few = ("relu", "silu", "gelu")
    return _unique(
        [
            *combinations(ELEMENTWISE, ["float32"], [CACHED], ["plain"], 1),
            *combinations(few, DTYPES[1:], [CACHED], ["plain"], 1),
            *combinations(["silu"], ["float32"], [CACHED], [*CALLS], 1),
            *combinations(["gelu", "mish"], ["float32"], [CACHED], ["vjp"], 1),
            *combinations(["softmax"], ["float32"], [MATRIX], [*AXES], 1),
            *combinations(["swiglu"], ["float32"], [MATRIX], ["plain"], 1),
            *combinations(few, ["float32"], [SWEEP[0]], ["plain"], 1),
            *combinations(few[1:], ["float32"], [LARGE], ["out"], 1),
            *combinations(few[1:], ["float32"], [LARGE], ["out"], 2),
        ]
    )


def _unique(cases: Iterable[Case]) -> list[Case]:
    return list(dict.fromkeys(cases))
