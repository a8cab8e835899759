"""Answer calls that are like earlier ones without going through their arguments again.

In: PyTorch and CuPy arrays without gaps, and what tells a call from others. Out: the result, or
None where the arrays are not plain. For short arrays the way to the kernel takes longest.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from actgen.binding import Binder
from actgen.cuda import tiling
from actgen.cuda.arguments import split
from actgen.cuda.evaluation import DeviceEvaluator
from actgen.cuda.launch import Launcher, launcher
from actgen.cuda.slice_shortcut import ReadySlices
from actgen.devices import library_of
from actgen.kernels import Kernels
from actgen.plan import Plan, Planner
from actgen.shortcut import Shortcuts
from actgen.wide import is_extreme

_HOMES = {"torch": "torch_tensors", "cupy": "cupy_arrays"}
_SHORT = ("elementwise", "normalization", "gated")
_QUANTITIES = ("forward", "derivative", "second_derivative", "vjp")


class _Ready:
    """A kernel of tiles and its parameters, for arrays of one library."""

    def __init__(self, library: Any, kernel: Any, numbers: tuple[float, ...]) -> None:
        self._library = library
        self._plain = library.plain
        self._stream = library.current_stream
        self._kernel = kernel
        self._parameters = [part for number in numbers for part in split(number)]
        self._runs: dict[tuple[Any, int], Launcher | None] = {}

    def __call__(self, x: Any, out: Any, dy: Any) -> Any:
        """Return the result, None where the arrays need the general way."""
        found = self._plain(x)
        if found is None:
            return None
        address, size, dtype, device = found
        try:
            run = self._runs[dtype, device]
        except KeyError:
            run = self._runs[dtype, device] = self._launcher(dtype, device)
        if run is None or not size:
            return None
        together = address
        numbers = [address]
        if dy is not None:
            other = self._plain(dy) if type(dy) is type(x) else None
            if other is None or other[1:] != found[1:] or dy.shape != x.shape:
                return None
            numbers.append(other[0])
            together |= other[0]
        if out is None:
            result = self._library.empty_like(x)
            written = self._library.address_of(result)
        else:
            target = self._plain(out) if type(out) is type(x) else None
            if target is None or target[1:] != found[1:] or out.shape != x.shape:
                return None
            written, reach = target[0], size * out.itemsize
            if any(0 < abs(written - read) < reach for read in numbers):
                return None
            result = out
        if (together | written) & 15:
            return None
        numbers += [written, size, *self._parameters]
        run.run((-(-size // tiling.TILE), 1, 1), tiling.THREADS, self._stream(device), numbers)
        return result

    def _launcher(self, dtype: Any, device: int) -> Launcher | None:
        kind = self._library.kind_of(dtype)
        return None if kind is None else launcher(self._kernel, kind, device)


class Recollection:
    """The calls of one activation with arrays of one type that were made before."""

    def __init__(self) -> None:
        self._calls: dict[str, Any] = {stem: Shortcuts() for stem in _QUANTITIES}

    def recall(
        self, stem: str, x: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], dy: Any = None
    ) -> Any:
        """Return the result of a call like an earlier one, None where it is not plain or new."""
        out = None
        if "out" in kwargs:
            kwargs = dict(kwargs)
            out = kwargs.pop("out")
        known: Any = self._calls[stem].recall(None, args, kwargs)
        return None if known is None else known(x, out, dy)

    def remember(
        self, stem: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Any
    ) -> None:
        named = {name: value for name, value in kwargs.items() if name != "out"}
        self._calls[stem].remember(None, args, named, known)


class DeviceCalls:
    """Evaluates an activation on GPUs, and remembers the calls that can be made shorter."""

    def __init__(
        self,
        record: Mapping[str, Any],
        kernels: Kernels,
        binder: Binder,
        planner: Planner,
        bound: Mapping[str, Any],
        recollections: dict[type, Recollection],
    ) -> None:
        self._evaluator = DeviceEvaluator(record, kernels, binder, planner, bound)
        self._planner = planner
        self._kind = record["kind"]
        self._has_short = self._kind in _SHORT and not record["random"]
        self._axis = bound.get("axis", binder.axis_default)
        self._recollections = recollections

    def forward(
        self, given: Mapping[str, Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        result = self._evaluator.forward(given)
        self._learn("forward", given, args, kwargs)
        return result

    def pointwise(self, stem: str, given: Mapping[str, Any], kwargs: Mapping[str, Any]) -> Any:
        result = self._evaluator.pointwise(stem, given)
        self._learn(stem, given, (), kwargs)
        return result

    def vjp(
        self, given: Mapping[str, Any], dy: Any, targets: list[str], kwargs: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        result = self._evaluator.vjp(given, dy, targets)
        if targets == ["x"]:
            self._learn("vjp", given, (), kwargs)
        return result

    def _learn(
        self,
        stem: str,
        given: Mapping[str, Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        """Remember how a call went that was like this one, if it can be made shorter."""
        x = given["x"]
        home = _HOMES.get(library_of(x) or "")
        if not self._has_short or home is None or "where" in given or "x" in kwargs:
            return
        if any(library_of(given[name]) for name in given if name not in ("x", "out")):
            return
        plan = self._planner.plan(given)
        if self._kind == "elementwise":
            known = self._ready(stem, plan, home)
        else:
            known = self._ready_slices(stem, plan, home, given.get("axis", self._axis))
        if known is not None:
            self._recollections.setdefault(type(x), Recollection()).remember(
                stem, args, kwargs, known
            )

    def _ready_slices(self, stem: str, plan: Plan, home: str, axis: Any) -> Any:
        floats = plan.floats
        if type(axis) is not int or floats is None or any(map(is_extreme, floats)):
            return None
        numbers = dict(zip(plan.numbers, floats, strict=True))
        return ReadySlices(
            import_module(f"actgen.cuda.libraries.{home}"),
            self._evaluator.kernels,
            f"{stem}{plan.suffix}",
            numbers,
            axis,
            self._kind == "gated",
        )

    def _ready(self, stem: str, plan: Plan, home: str) -> _Ready | None:
        name, numbers = f"{stem}{plan.suffix}", plan.floats
        find = self._evaluator.kernels.find
        if plan.at_defaults and find(f"{name}_default", "tiles") is not None:
            name, numbers = f"{name}_default", ()
        kernel = find(name, "tiles")
        if kernel is None or numbers is None or any(map(is_extreme, numbers)):
            return None
        return _Ready(import_module(f"actgen.cuda.libraries.{home}"), kernel, numbers)
