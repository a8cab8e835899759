"""Describe arrays on a GPU, whichever library they are of, and find out how kernels can walk them.

In: addresses, shapes and strides, which count elements. Out: `View` objects; whether several lie
alike or overlap; and the fewest axes that walk them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import prod
from typing import Any

SIZES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "bool": 1}
_PROMOTED = {
    **{name: name for name in ("float64", "float32", "float16", "bfloat16")},
    **dict.fromkeys(("bool", "int8", "uint8"), "float16"),
    **dict.fromkeys(("int16", "uint16"), "float32"),
    **dict.fromkeys(("int32", "uint32", "int64", "uint64"), "float64"),
}


@dataclass(frozen=True, slots=True)
class View:
    """Where an array lies: `strides` count elements, `kind` is its dtype by NumPy's name.

    `array` is the library's own object, or whatever else keeps the memory.
    """

    array: Any
    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    kind: str
    device: int
    read_only: bool = False

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def is_contiguous(self) -> bool:
        return _same_steps(self.shape, self.strides, contiguous_strides(self.shape))

    @property
    def is_aligned(self) -> bool:
        """Whether it begins where 16 bytes can be read at once."""
        return self.address % 16 == 0

    def reshaped(self, shape: tuple[int, ...]) -> View:
        """Return a contiguous view under another shape of as many elements."""
        return replace(self, shape=shape, strides=contiguous_strides(shape))

    def broadcast(self, shape: tuple[int, ...]) -> View:
        """Return the view stretched to a shape. ValueError where it does not fit."""
        added = len(shape) - self.ndim
        inner = shape[max(added, 0) :]
        pairs = list(zip_longest(self.shape, inner))
        if added < 0 or any(mine not in (1, wanted) for mine, wanted in pairs):
            raise ValueError(f"shape {self.shape} does not broadcast to {shape}")
        kept = zip(pairs, self.strides, strict=True)
        strides = (0 if mine != wanted else stride for (mine, wanted), stride in kept)
        return replace(self, shape=shape, strides=(*(0,) * added, *strides))

    def permuted(self, axes: tuple[int, ...]) -> View:
        """Return the view with its axes in another order."""
        shape = tuple(self.shape[axis] for axis in axes)
        return replace(self, shape=shape, strides=tuple(self.strides[axis] for axis in axes))


def result_kind(kind: str) -> str | None:
    """Return the dtype of results for inputs of a dtype, None where there are none."""
    return _PROMOTED.get(kind)


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def in_elements(strides: Sequence[int], size: int) -> tuple[int, ...]:
    """Return strides in elements of `size` bytes. Raises TypeError where they are no whole ones."""
    if any(stride % size for stride in strides):
        raise TypeError(
            f"an array of elements of {size} bytes has strides of {tuple(strides)} bytes, which "
            "kernels cannot walk: copy it"
        )
    return tuple(stride // size for stride in strides)


def _same_steps(shape: Sequence[int], a: Sequence[int], b: Sequence[int]) -> bool:
    """Tell whether strides agree wherever a step is taken."""
    return all(x == y for length, x, y in zip(shape, a, b, strict=True) if length > 1)


def _is_dense(view: View) -> bool:
    """Tell whether a view fills a stretch of memory, in whatever order of axes."""
    step = 1
    axes = zip(view.strides, view.shape, strict=True)
    for stride, length in sorted((s, n) for s, n in axes if n > 1):
        if stride != step:
            return False
        step *= length
    return True


def lie_alike(views: Sequence[View]) -> bool:
    """Tell whether views of one shape fill memory without gaps, all in the same order."""
    first, *others = views
    return all(_same_steps(v.shape, v.strides, first.strides) for v in others) and _is_dense(first)


def overlaps_itself(view: View) -> bool:
    """Tell whether two elements may lie in the same place."""
    reach = 0
    axes = zip(view.strides, view.shape, strict=True)
    for stride, length in sorted((abs(s), n) for s, n in axes if n > 1):
        if stride <= reach:
            return True
        reach += stride * (length - 1)
    return False


def extent(view: View) -> tuple[int, int]:
    """Return the first byte of a view and the one behind its last."""
    steps = [stride * (length - 1) for stride, length in zip(view.strides, view.shape, strict=True)]
    size = SIZES[view.kind]
    first = view.address + size * sum(step for step in steps if step < 0)
    last = view.address + size * sum(step for step in steps if step > 0)
    return first, last + size


def overlap(a: View, b: View) -> bool:
    """Tell whether two views may share memory; never False where they do."""
    if not a.size or not b.size or a.device != b.device:
        return False
    (first, last), (start, stop) = extent(a), extent(b)
    return first < stop and start < last


def is_in_place(view: View, out: View) -> bool:
    """Tell whether every element of a view lies where the one of `out` does."""
    return (
        view.address == out.address
        and view.kind == out.kind
        and view.shape == out.shape
        and _same_steps(view.shape, view.strides, out.strides)
    )


def merged(
    shape: Sequence[int], strides: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Return the fewest axes that walk arrays of one shape: lengths, and strides for each array.

    The last array's longest steps come first, so that neighbours in memory are neighbours there.
    """
    axes = [axis for axis, length in enumerate(shape) if length > 1]
    axes.sort(key=lambda axis: [-abs(steps[axis]) for steps in reversed(strides)])
    lengths: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for axis in axes:
        inner = [array[axis] for array in strides]
        joins = lengths and all(
            outer[-1] == step * shape[axis] for outer, step in zip(steps, inner, strict=True)
        )
        for outer, step in zip(steps, inner, strict=True):
            if joins:
                outer[-1] = step
            else:
                outer.append(step)
        if joins:
            lengths[-1] *= shape[axis]
        else:
            lengths.append(shape[axis])
    return tuple(lengths), [tuple(entry) for entry in steps]
