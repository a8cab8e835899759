"""Take in the arguments of a call with arrays on a GPU, and check that they go together.

In: matched arguments. Out: a `DeviceCall` of views and numbers, all on one device and of one
library. Raises TypeError and ValueError before anything is launched or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from actgen.binding import Binder
from actgen.cuda.copying import contiguous
from actgen.cuda.device import capability
from actgen.cuda.driver import driver
from actgen.cuda.libraries import library
from actgen.cuda.libraries.base import Library
from actgen.cuda.sums import to_float64
from actgen.cuda.views import View, overlaps_itself, result_kind
from actgen.devices import library_of
from actgen.plan import Planner
from actgen.preparation import axes_of, group_of
from actgen.wide import is_extreme


@dataclass(frozen=True)
class DeviceCall:
    """Checked arguments of one call.

    `kind` is the dtype of the result; `numbers` has the parameters that kernels take, as floats or
    views that broadcast with `x`; `used` collects the views that kernels read, `randoms` those
    that were drawn.
    """

    library: Library
    x: View
    kind: str
    suffix: str
    numbers: Mapping[str, float | View]
    at_defaults: bool
    axes: tuple[int, ...]
    group: int
    mask: View | None
    stream: int
    used: list[View] = field(default_factory=list)
    randoms: dict[str, View] = field(default_factory=dict)

    @property
    def device(self) -> int:
        return self.x.device

    def widened(self) -> DeviceCall:
        """Return the same call in float64."""
        numbers = {
            name: float64_of(self.library, value) if isinstance(value, View) else value
            for name, value in self.numbers.items()
        }
        x = float64_of(self.library, self.x)
        return replace(self, x=x, kind="float64", numbers=numbers)

    @property
    def is_wide(self) -> bool:
        """Whether narrow arithmetic cannot hold the parameters."""
        values = self.numbers.values()
        return self.kind != "float64" and any(
            is_extreme(value) for value in values if isinstance(value, float)
        )


def float64_of(library: Library, view: View) -> View:
    """Return floats of any strides as contiguous float64."""
    return to_float64(library, contiguous(library, view))


class Intake:
    """Makes the calls of one activation."""

    def __init__(
        self,
        record: Mapping[str, Any],
        binder: Binder,
        planner: Planner,
        bound: Mapping[str, Any],
    ) -> None:
        self._record = record
        self._binder = binder
        self._planner = planner
        self._bound = bound

    def call(self, given: Mapping[str, Any]) -> DeviceCall:
        """Return the checked call of matched arguments."""
        name = library_of(given["x"])
        assert name is not None
        driver()  # tells that there is none, before anything of this goes wrong
        found = library(name)
        x = found.view(given["x"])
        kind = result_kind(x.kind)
        if kind is None:
            raise TypeError(_wrong_kind("x", x.kind))
        capability(x.device)
        for parameter in self._binder.parameters:
            if parameter.kind not in ("float", "array") and library_of(given.get(parameter.name)):
                raise TypeError(
                    f"{self._record['name']}: {parameter.name} must be a number, got an array"
                )
        arrays = {
            parameter.name: _beside(found, x, given[parameter.name], parameter.name)
            for parameter in self._binder.parameters
            if library_of(given.get(parameter.name)) is not None
        }
        plan = self._planner.plan(given, arrays)
        axis = given.get("axis", self._bound.get("axis", self._binder.axis_default))
        group = group_of(self._record, plan.values)
        view: Any = x  # has what is asked of an array here: shape and ndim
        axes = axes_of(self._record, self._binder, axis, view, group)
        mask = self._mask(found, x, given.get("where"))
        if x.kind != kind:
            x = found.cast(x, kind)
            kind = x.kind  # JAX has no float64 unless it was told to
        numbers: dict[str, float | View] = {}
        for name in (p.name for p in self._binder.parameters):
            if name in arrays:
                numbers[name] = self._laid(found, arrays[name], x, kind, axis, name)
            elif name in plan.numbers:
                numbers[name] = self._number(plan.numbers[name], name, found)
        return DeviceCall(
            found,
            x,
            kind,
            plan.suffix,
            numbers,
            plan.at_defaults,
            axes,
            group,
            mask,
            found.stream(x),
            [x],
        )

    def _mask(self, found: Library, x: View, where: Any) -> View | None:
        where = bool(where) if isinstance(where, np.bool_) else where
        if where is None or where is True:
            return None
        if where is False:
            return found.zeros((), "bool", x)
        mask = _beside(found, x, where, "where")
        if mask.kind != "bool":
            raise TypeError(f"where has dtype {mask.kind}, not bool")
        return mask

    def _number(self, value: Any, name: str, found: Library) -> float:
        if isinstance(value, np.ndarray):
            if value.size == 1:
                return float(value.reshape(()))
            raise TypeError(_elsewhere(name, found))
        return float(value)

    def _laid(self, found: Library, array: View, x: View, kind: str, axis: Any, name: str) -> View:
        """Return a parameter's array so that it broadcasts with `x`."""
        owner = self._record["name"]
        if array.kind == "bool" or result_kind(array.kind) is None:
            raise TypeError(_wrong_kind(name, array.kind, "an integer"))
        if self._record["kind"] != "elementwise":
            raise TypeError(f"{owner}: parameters must be numbers, got an array")
        array = array if array.kind == kind else found.cast(array, kind)
        along = self._binder.by_name[name].along_axis
        if not along or axis is None or array.ndim != 1:
            return array
        (length,) = array.shape
        place = normalize_axis_index(axis, x.ndim, "axis") if length != 1 else x.ndim - 1
        if length != 1 and x.shape[place] not in (1, length):
            raise ValueError(
                f"{owner}: the parameter has length {length}, axis {axis} of x has {x.shape[place]}"
            )
        behind = max(x.ndim - place - 1, 0)
        shape = (length, *(1,) * behind)
        return replace(array, shape=shape, strides=(*array.strides, *(0,) * behind))


def cotangent(call: DeviceCall, dy: Any, shape: tuple[int, ...]) -> View:
    """Return `dy` in the dtype of the result, broadcast to its shape."""
    if isinstance(dy, bool | int | float | np.generic) or (
        isinstance(dy, np.ndarray) and dy.ndim == 0
    ):
        view = call.library.number(float(dy), call.kind, call.x)
    else:
        view = _beside(call.library, call.x, dy, "dy")
        if result_kind(view.kind) is None:
            raise TypeError(_wrong_kind("dy", view.kind))
        view = view if view.kind == call.kind else call.library.cast(view, call.kind)
    call.used.append(view)
    try:
        return view if view.shape == shape else view.broadcast(shape)
    except ValueError:
        raise ValueError(f"dy has shape {view.shape}, the result has {shape}") from None


def target(call: DeviceCall, out: Any, shape: tuple[int, ...], kind: str) -> View | None:
    """Return where an `out=` argument lies once it is known to fit, None where there is none."""
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    if out is None:
        return None
    if not call.library.is_mutable:
        raise TypeError(f"{call.library.title} arrays never change: leave out=, take the result")
    view = _beside(call.library, call.x, out, "out")
    if view.kind != kind:
        raise TypeError(f"out has dtype {view.kind}, the result has {kind}")
    if view.shape != shape:
        raise ValueError(f"out has shape {view.shape}, the result has {shape}")
    if view.read_only:
        raise ValueError("out is read-only")
    if view.size and overlaps_itself(view):
        raise ValueError("out has elements that lie in the same place")
    return view


def _beside(found: Library, x: View, value: Any, what: str) -> View:
    """Return the view of an array that must lie where `x` does."""
    name = library_of(value)
    if name is None and isinstance(value, bool | int | float | tuple):
        raise TypeError(f"{what} is a {type(value).__name__}, not a {found.title} array")
    if name is None:
        raise TypeError(_elsewhere(what, found))
    other = library(name)
    if other is not found:
        raise TypeError(
            f"x is a {found.title} array and {what} a {other.title} array: pass arrays of one "
            "library, they work on streams of their own"
        )
    view = found.view(value)
    if view.device != x.device and view.size:
        raise ValueError(
            f"x lies on GPU {x.device} and {what} on GPU {view.device}: move one to the other"
        )
    return view


def _elsewhere(what: str, found: Library) -> str:
    return (
        f"x lies on a GPU and {what} does not: pass {what} as a {found.title} array on the same "
        "GPU, or x as a NumPy array; nothing is copied between the two unasked"
    )


def _wrong_kind(what: str, kind: str, beside: str = "bool, an integer") -> str:
    return f"{what} has dtype {kind}; it must be {beside}, float16, bfloat16, float32 or float64"
