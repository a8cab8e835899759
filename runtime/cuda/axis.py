"""Choose kernels along an axis, and how many threads share a slice: shapes in, launches out.

What a slice's length decides is decided by nothing else, so that the bits of a slice are the same
wherever it stands. Short rows share a warp, longer ones are held by more and more threads, and the
longest are walked along by a block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_WARP = 32
_MOST = 512  # threads of a block, half as many where float64 arithmetic takes their registers
_TOGETHER = 128  # threads of a block where rows share one, or where a column has one thread
_DEEP = 64  # the length from which several threads share a column
_SHARING, _COLUMNS = 8, 32  # threads that share a column then; columns of a block
_SIZES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


class Kernels(Protocol):
    """Where kernels are found: the generated module, and a search by stem and form."""

    @property
    def module(self) -> Any:
        """The generated module."""

    def find(self, stem: str, form: str) -> Any:
        """Return the kernel of that stem and form, None where the module has none."""


@dataclass(frozen=True)
class AxisLaunch:
    """A kernel, the values of its arguments `lanes` and `width`, blocks, and threads of a block."""

    kernel: Any
    lanes: int
    width: int
    grid: tuple[int, int, int]
    block: int

    @property
    def constants(self) -> Mapping[str, int]:
        """What is compiled in."""
        return {"lanes": self.lanes, "width": self.width}


def rows_plan(
    kernels: Kernels, stem: str, masked: bool, element: str, rows: int, length: int
) -> AxisLaunch:
    """Return the launch over `rows` contiguous rows of `length` elements, neither of them 0."""
    vector = 16 // _SIZES[element]
    kernel = _kernel(kernels, stem, "rows", masked, element)
    most = _MOST if "_narrow_" in _name(kernel) else _MOST // 2
    lanes, width = _shared(length, vector, max(_width(kernels, kernel), vector), most)
    if lanes > most:
        kernel = _found(kernels, stem, "online", masked, element)
        kernel = kernel or _kernel(kernels, stem, "block", masked, element)
        lanes, width = most, max(_width(kernels, kernel), vector)
    block = _TOGETHER if lanes <= _WARP else lanes
    return AxisLaunch(kernel, lanes, width, (-(-rows * lanes // block), 1, 1), block)


def columns_plan(
    kernels: Kernels,
    stem: str,
    masked: bool,
    element: str,
    outer: int,
    length: int,
    inner: int,
    groups: bool = False,
) -> AxisLaunch:
    """Return the launch over arrays (outer, length, inner), none of them 0, along the second axis.

    `groups` become one number each: one thread looks, for the first of equal entries counts.
    """
    kernel = _kernel(kernels, stem, "columns", masked, element)
    lanes = 1 if groups or length < _DEEP else _SHARING
    block = _TOGETHER if lanes == 1 else lanes * _COLUMNS
    return AxisLaunch(kernel, lanes, 1, (-(-outer * inner * lanes // block), 1, 1), block)


def _shared(length: int, vector: int, widest: int, most: int) -> tuple[int, int]:
    """Return how many threads hold a row, and how many elements each."""
    lanes, width = 1, vector
    while lanes < _WARP and lanes * width < length:
        lanes *= 2
    while width < widest and lanes * width < length:
        width *= 2
    while lanes <= most and lanes * width < length:
        lanes *= 2
    return lanes, width


def _kernel(kernels: Kernels, stem: str, form: str, masked: bool, element: str) -> Any:
    kernel = _found(kernels, stem, form, masked, element)
    if kernel is None:
        raise LookupError(f"no kernel {stem}_{form}")
    return kernel


def _found(kernels: Kernels, stem: str, form: str, masked: bool, element: str) -> Any:
    """Return the kernel for an element type.

    16-bit results are those of the fast tier; float32 has one forward kernel for both.
    """
    form = f"{form}_masked" if masked else form
    names = [(stem, form)]
    if element != "float64":
        names.insert(0, (stem, f"narrow_{form}"))
    if _SIZES[element] == 2:
        names.insert(0, (f"{stem}_fast", f"narrow_{form}"))
    elif stem.startswith("forward") and element == "float32":
        plain = getattr(kernels.module, f"{stem}_narrow_{form}", None)
        if plain is not None:
            return plain
    found = (kernels.find(*name) for name in names)
    return next((kernel for kernel in found if kernel is not None), None)


def _width(kernels: Kernels, kernel: Any) -> int:
    return int(kernels.module.WIDTHS[_name(kernel)])


def _name(kernel: Any) -> str:
    function = getattr(kernel, "py_func", None) or kernel.fn
    return str(function.__name__)
