"""Settle once what calls with the same parameters share.

In: an activation's binder and kernels, and parameters given and bound. Out: a `Plan`: values,
kernel names and numbers, kept for the next call with the same ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from actgen.arrays import result_dtype
from actgen.binding import Binder
from actgen.kernels import Kernels
from actgen.parameters import Value, key
from actgen.rowwise import Rows, rows
from actgen.shortcut import Shortcut, shortcut, take
from actgen.wide import is_wide

_PLAIN = frozenset({float, int, bool, type(None)})
_LIMIT = 64


@dataclass(frozen=True)
class Plan:
    """What depends on the parameters alone: their values, and what kernels get of them.

    At the defaults of all parameters some activations have kernels that take none.
    """

    values: Mapping[str, Value]
    suffix: str
    numbers: Mapping[str, Any]
    kernels: Kernels
    at_defaults: bool

    @cached_property
    def floats(self) -> tuple[float, ...] | None:
        """The numbers as contiguous kernels take them, None where one is an array."""
        if any(isinstance(number, np.ndarray) for number in self.numbers.values()):
            return None
        return tuple(float(number) for number in self.numbers.values())

    @cached_property
    def _shortcuts(self) -> dict[tuple[str, np.dtype[Any]], Shortcut | None]:
        return {}

    @cached_property
    def _rows(self) -> dict[tuple[str, np.dtype[Any]], Rows | None]:
        return {}

    def shortcut(self, stem: str, dtype: np.dtype[Any]) -> Shortcut | None:
        """Return the shortcut to the contiguous kernel called `stem`, None where there is none."""
        if (stem, dtype) not in self._shortcuts:
            name, numbers = f"{stem}{self.suffix}", self.floats
            if self.at_defaults and self.kernels.find(f"{name}_default", "contiguous") is not None:
                name, numbers = f"{name}_default", ()
            kernel = self.kernels.find(name, "contiguous")
            usable = kernel is not None and numbers is not None and not is_wide(numbers, dtype)
            made = shortcut(kernel, numbers or (), dtype) if usable else None
            self._shortcuts[stem, dtype] = made
        return self._shortcuts[stem, dtype]

    def rows(self, stem: str, dtype: np.dtype[Any], gate: str | None) -> Rows | None:
        """Return the short way to the kernel over rows called `stem`, None where there is none."""
        if (stem, dtype) not in self._rows:
            usable = self.floats is not None and not is_wide(self.floats, dtype)
            name = f"{stem}{self.suffix}"
            made = rows(self.kernels, name, self.numbers, dtype, gate) if usable else None
            self._rows[stem, dtype] = made
        return self._rows[stem, dtype]

    def quick(self, stem: str, x: Any, out: Any, dy: Any = None) -> Any:
        """Return the result where all arrays are plain; a lone float counts as plain.

        None means that the call needs the general way.
        """
        if isinstance(x, float | np.floating) and out is None and dy is None:
            single = self.quick(stem, np.array([x]), None)
            return None if single is None else single[0]
        if type(x) is not np.ndarray or result_dtype(x.dtype) != x.dtype:
            return None
        known = self.shortcut(stem, x.dtype)
        return None if known is None else take(known, x, out, dy)


class Planner:
    """Makes plans for one activation with bound values, and keeps the latest."""

    def __init__(self, binder: Binder, kernels: Kernels, bound: Mapping[str, Value]) -> None:
        self._binder = binder
        self._kernels = kernels
        self._bound = bound
        self._known: dict[Any, Plan] = {}
        self._skipped = {p.name for p in binder.parameters if p.kind == "bool"}
        if binder.groups is not None:
            self._skipped.add(binder.groups)

    def plan(self, given: Mapping[str, Any], skipped: Collection[str] = ()) -> Plan:
        """Return the plan for the arguments of a call; it leaves out what is `skipped`.

        Raises TypeError and ValueError for parameters that are missing, of a wrong type or beyond
        their constraint.
        """
        named = {name: given[name] for name in given if name in self._binder.by_name}
        if skipped:
            return self._make(named, skipped)
        given_values = tuple((name, type(value), _exact(value)) for name, value in named.items())
        plain = all(type(value) in _PLAIN for value in named.values())
        found = self._known.get(given_values) if plain else None
        if found is not None:
            return found
        plan = self._make(named)
        if plain:
            if len(self._known) >= _LIMIT:
                self._known.clear()
            self._known[given_values] = plan
        return plan

    def _make(self, named: Mapping[str, Any], skipped: Collection[str] = ()) -> Plan:
        values = self._binder.settle(named, self._bound, skipped=skipped)
        numbers = {
            p.name: p.number(values[p.name])
            for p in self._binder.parameters
            if p.name not in self._skipped and p.name not in skipped
        }
        defaults = self._binder.defaults
        at_defaults = not skipped and all(
            name in defaults
            and not isinstance(values[name], np.ndarray)
            and key(values[name]) == key(defaults[name])
            for name in numbers
        )
        return Plan(values, self._kernels.suffix(values), numbers, self._kernels, at_defaults)


def _exact(value: Any) -> Any:
    """Return a stand-in for a value that tells -0.0 from 0.0."""
    return str(value) if type(value) is float and value == 0 else value
