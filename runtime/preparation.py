"""Turn the matched arguments of a call into a `Call` that kernels can be run on.

In: a record, the arguments by name, and the plan for the parameters. Out: a `Call`, with arrays
converted, axes normalised, random arrays drawn and parameters laid along their axis.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from actgen.arrays import Array, as_array, as_floats, as_mask, result_dtype
from actgen.binding import Binder
from actgen.evaluation import Call, Evaluator
from actgen.parameters import Value
from actgen.plan import Plan
from actgen.randomness import generator, open_uniform


def prepare(
    record: Mapping[str, Any],
    binder: Binder,
    evaluator: Evaluator,
    given: Mapping[str, Any],
    plan: Plan,
    axis: Any,
) -> Call:
    """Return the checked call. Raises TypeError or ValueError for what does not fit `x`."""
    x = as_array(given["x"], "x")
    dtype = result_dtype(x.dtype)
    assert dtype is not None
    if record["kind"] != "elementwise":
        x = as_floats(x, "x", dtype)
    group = group_of(record, plan.values)
    axes = axes_of(record, binder, axis, x, group)
    mask = as_mask(given.get("where"))
    if mask is not None and record["kind"] != "elementwise":
        mask = _spread(mask, x.shape)
    numbers = plan.numbers
    if plan.floats is None:
        along = {p.name for p in binder.parameters if p.along_axis}
        numbers = {
            name: _laid(number, x, axis, record, name in along) for name, number in numbers.items()
        }
    randoms: dict[str, Array] = {}
    if record["random"]:
        source = generator(given.get("rng"))
        taken = evaluator.draws(plan.suffix)
        for name in record["random"]:
            if name in taken:
                randoms[name] = open_uniform(source, x.shape)
    return Call(x, dtype, plan.suffix, numbers, randoms, axes, mask, group, plan.at_defaults)


def axes_of(
    record: Mapping[str, Any], binder: Binder, axis: Any, x: Array, group: int
) -> tuple[int, ...]:
    """Return the axes in increasing order, none of them negative."""
    if record["axis"] is None or record["kind"] == "elementwise":
        return ()
    name = record["name"]
    wanted = binder.check_axis(axis)
    if wanted is None:
        wanted = tuple(range(x.ndim))
    if wanted == () or x.ndim == 0:
        # A 0-d array has no axis: this raises AxisError, unless the axes are an empty tuple.
        normalize_axis_tuple(wanted or (0,), x.ndim, "axis")
        raise ValueError(f"{name}: axis must name at least one axis")
    axes: tuple[int, ...] = tuple(sorted(normalize_axis_tuple(wanted, x.ndim, "axis")))
    length = x.shape[axes[0]]
    if record["kind"] == "gated" and length % 2:
        raise ValueError(f"{name}: axis {axis} has length {length}, which is odd")
    if group and length % group:
        raise ValueError(f"{name}: axis {axis} has length {length}, no multiple of {group}")
    return axes


def group_of(record: Mapping[str, Any], values: Mapping[str, Value]) -> int:
    """Return the length of a group, 0 for activations without groups."""
    name = record["groups"]
    if name is None:
        return 0
    group = values[name]
    assert isinstance(group, int)
    if group < 1:
        raise ValueError(f"{record['name']}: {name} must be > 0, got {group}")
    return group


def _spread(mask: Array, shape: tuple[int, ...]) -> Array:
    try:
        return np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(f"where has shape {mask.shape}, x has {shape}") from None


def _laid(number: Any, x: Array, axis: Any, record: Mapping[str, Any], along: bool) -> Any:
    """Return a parameter as kernels take it: a number, or an array that broadcasts with `x`."""
    if not isinstance(number, np.ndarray):
        return float(number)
    if record["kind"] != "elementwise":
        if number.size == 1:
            return float(number.reshape(()))
        raise TypeError(f"{record['name']}: parameters must be numbers, got an array")
    if not along or axis is None or number.ndim != 1:
        return number
    if number.size == 1:
        return float(number[0])
    place = normalize_axis_index(operator.index(axis), x.ndim, "axis")
    if x.shape[place] not in (1, number.size):
        raise ValueError(
            f"{record['name']}: the parameter has length {number.size}, "
            f"axis {axis} of x has {x.shape[place]}"
        )
    return number.reshape((-1,) + (1,) * (x.ndim - place - 1))
