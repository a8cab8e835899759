"""Answer calls along an axis that are like earlier ones: normalizations without mask, and gates.

In: PyTorch and CuPy arrays without gaps. Out: the result, or None where the arrays are not plain.
What depends on the shape is worked out once for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from actgen.cuda import tiling
from actgen.cuda.arguments import argument_names
from actgen.cuda.axis import columns_plan, rows_plan
from actgen.cuda.elementwise import spelled
from actgen.cuda.launch import Launcher, launcher
from actgen.cuda.modules import DeviceKernels
from actgen.cuda.pieces import GRID, VECTOR
from actgen.cuda.sums import THREADS, blocks

_LIMIT = 256  # shapes to remember


@dataclass(frozen=True, slots=True)
class _Shaped:
    """How to launch for one shape: `tail` is what follows the addresses among the arguments."""

    run: Launcher
    grid: tuple[int, int, int]
    block: int
    tail: list[float]
    halved: tuple[int, ...]  # the shape of the result, or of dy


class ReadySlices:
    """The kernels of a normalization or gate with its parameters, for arrays of one library."""

    def __init__(
        self,
        library: Any,
        kernels: DeviceKernels,
        stem: str,
        numbers: Mapping[str, float],
        axis: int,
        gated: bool,
    ) -> None:
        self._library = library
        self._kernels = kernels
        self._stem = stem
        self._numbers = numbers
        self._axis = axis
        self._gated = gated
        self._shapes: dict[Any, _Shaped | None] = {}

    def __call__(self, x: Any, out: Any, dy: Any) -> Any:
        """Return the result, None where the arrays need the general way."""
        library = self._library
        found = library.plain(x)
        if found is None:
            return None
        address, size, dtype, device = found
        key = (dtype, device, x.shape)
        try:
            shaped = self._shapes[key]
        except KeyError:
            if len(self._shapes) >= _LIMIT:
                self._shapes.clear()
            shaped = self._shapes[key] = self._shaped(tuple(x.shape), size, dtype, device)
        if shaped is None:
            return None
        numbers = [address]
        together = address
        if dy is not None:
            other = library.plain(dy) if type(dy) is type(x) else None
            if other is None or other[2:] != found[2:] or dy.shape != shaped.halved:
                return None
            numbers.append(other[0])
            together |= other[0]
        if out is not None:
            wanted = x.shape if dy is not None else shaped.halved
            target = library.plain(out) if type(out) is type(x) else None
            if target is None or target[2:] != found[2:] or out.shape != wanted:
                return None
            written, reach = target[0], size * out.itemsize
            if any(abs(written - read) < reach for read in numbers) and (
                self._gated or any(0 < abs(written - read) < reach for read in numbers)
            ):
                return None
            result = out
        elif dy is not None or not self._gated:
            result = library.empty_like(x)
            written = library.address_of(result)
        else:
            result = library.empty_beside(x, shaped.halved)
            written = library.address_of(result)
        if (together | written) & 15:
            return None
        numbers.append(written)
        numbers += shaped.tail
        shaped.run.run(shaped.grid, shaped.block, library.current_stream(device), numbers)
        return result

    def _shaped(self, shape: tuple[int, ...], size: int, dtype: Any, device: int) -> _Shaped | None:
        kind = self._library.kind_of(dtype)
        axis = self._axis + len(shape) if self._axis < 0 else self._axis
        if kind is None or not size or not 0 <= axis < len(shape):
            return None
        outer, inner = prod(shape[:axis]), prod(shape[axis + 1 :])
        if self._gated:
            return self._gate(shape, axis, outer, inner, kind, device)
        if inner == 1:
            plan = rows_plan(self._kernels, self._stem, False, kind, outer, shape[axis])
            sizes = {"rows": outer, "length": shape[axis]}
        else:
            cut = (outer, shape[axis], inner)
            plan = columns_plan(self._kernels, self._stem, False, kind, *cut)
            sizes = {"outer": outer, "length": shape[axis], "inner": inner}
        run = launcher(plan.kernel, kind, device, plan.constants)
        tail = self._tail(run, plan.kernel, {**sizes, **plan.constants})
        return None if tail is None else _Shaped(run, plan.grid, plan.block, tail, shape)

    def _gate(
        self, shape: tuple[int, ...], axis: int, outer: int, inner: int, kind: str, device: int
    ) -> _Shaped | None:
        if shape[axis] % 2:
            return None
        inner *= shape[axis] // 2
        kernel = self._kernels.find(self._stem, "tiles") if inner % VECTOR == 0 else None
        count, block = blocks(inner, tiling.TILE), tiling.THREADS
        if kernel is None:
            kernel = self._kernels.find(self._stem, "scalars")
            count, block = blocks(inner), THREADS
        run = launcher(kernel, kind, device)
        tail = self._tail(run, kernel, {"outer": outer, "inner": inner})
        halved = (*shape[:axis], shape[axis] // 2, *shape[axis + 1 :])
        grid = (count, min(outer, GRID), 1)
        return None if tail is None else _Shaped(run, grid, block, tail, halved)

    def _tail(self, run: Launcher, kernel: Any, sizes: Mapping[str, int]) -> list[float] | None:
        """Return the arguments behind the addresses, None for a kernel of other addresses."""
        names = argument_names(kernel)
        count = 3 if self._stem.startswith("vjp") else 2
        wanted = [("x",), ("dy",), ("out", "dx")] if count == 3 else [("x",), ("out",)]
        if any(name not in known for name, known in zip(names, wanted, strict=False)):
            return None
        given = {spelled(name, names): value for name, value in self._numbers.items()}
        taken = {name: value for name, value in given.items() if name in names}
        nowhere = dict.fromkeys(names[:count], 0)
        return run.flat({**nowhere, **taken, **sizes})[count:]
