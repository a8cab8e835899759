"""Evaluate an activation, its derivatives and its gradients, whatever its kind.

In: the record and kernels of an activation, and a `Call`: arguments that have been checked. Out:
arrays. Shapes and dtypes of `out` and `dy` are checked here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from actgen import axiswise, elementwise, halves
from actgen.arrays import Array, as_array, as_floats, check_out
from actgen.kernels import Kernels, signature


@dataclass(frozen=True)
class Call:
    """Checked arguments of one call.

    `dtype` is that of the result, and for all but elementwise kinds that of `x`; `numbers` holds
    the parameters that kernels take, `randoms` the arrays drawn for the call; `axes` is empty for
    elementwise kinds; `group` is the length of a group; `at_defaults` tells that all parameters
    have their default values.
    """

    x: Array
    dtype: np.dtype[Any]
    suffix: str
    numbers: Mapping[str, Any]
    randoms: Mapping[str, Array]
    axes: tuple[int, ...]
    mask: Array | None
    group: int
    at_defaults: bool

    @property
    def elements(self) -> dict[str, Array]:
        """What kernels read besides parameters and `dy`."""
        mask = {} if self.mask is None else {"mask": self.mask}
        return {"x": self.x, **mask, **self.randoms}


class Evaluator:
    """Evaluates one activation by its kernels."""

    def __init__(self, record: Mapping[str, Any], kernels: Kernels) -> None:
        self.kernels = kernels
        self._kind = record["kind"]
        self._gate = record["gate"]
        self._pieces = record["pieces"]

    def shape(self, call: Call) -> tuple[int, ...]:
        """Return the shape of the result, leaving `where=` aside."""
        x: tuple[int, ...] = call.x.shape
        if self._kind == "elementwise":
            shapes = (np.shape(value) for value in call.numbers.values())
            return tuple(np.broadcast_shapes(x, *shapes))
        if self._kind == "normalization":
            return x
        axis = call.axes[0]
        if self._kind == "gated":
            length = x[axis] // 2
        elif call.group:
            length = x[axis] // call.group
        else:
            length = x[axis] * self._pieces
        return (*x[:axis], length, *x[axis + 1 :])

    def forward(self, call: Call, out: Any) -> Array:
        stem, x = f"forward{call.suffix}", call.x
        if self._kind == "elementwise":
            return self._elementwise(stem, call, {"x": x}, out)
        result = self._target(out, self.shape(call), call)
        if self._kind == "normalization":
            axiswise.fill(
                self.kernels, stem, call.axes, call.elements, call.numbers, ("out", result)
            )
        elif self._kind == "gated":
            inputs = halves.halves(x, call.axes[0], self._gate)
            targets = {"out": result}
            halves.fill(self.kernels, stem, inputs, call.numbers, targets, result)
        elif call.group:
            axiswise.reduce_groups(self.kernels, stem, call.axes[0], call.group, {"x": x}, result)
        else:
            parts = halves.pieces(result, call.axes[0], self._pieces)
            targets = {f"out_{index}": part for index, part in enumerate(parts)}
            halves.fill(self.kernels, stem, {"x": x}, call.numbers, targets, result)
        return result

    def pointwise(self, stem: str, call: Call, out: Any) -> Array:
        """Return the values of the elementwise kernels called `stem`."""
        return self._elementwise(f"{stem}{call.suffix}", call, {"x": call.x}, out)

    def cotangent(self, call: Call, dy: Any) -> Array:
        """Return `dy` in the dtype and shape of the result; ValueError where it does not fit."""
        shape = self.shape(call)
        given = as_array(dy, "dy")
        if self._kind != "elementwise":
            with np.errstate(all="ignore"):
                given = as_floats(given, "dy", call.dtype)
        try:
            return np.broadcast_to(given, shape)
        except ValueError:
            raise ValueError(f"dy has shape {given.shape}, the result has {shape}") from None

    def gradient(self, call: Call, dy: Array, out: Any) -> Array:
        """Return the gradient with respect to `x`: of its shape and dtype."""
        stem, x = f"vjp{call.suffix}", call.x
        if self._kind == "elementwise":
            if dy.shape == x.shape:
                return self._elementwise(stem, call, {"x": x, "dy": dy}, out)
            result = self._target(out, x.shape, call)
            full = self._elementwise(stem, call, {"x": x, "dy": dy}, None)
            result[...] = elementwise.sum_to(full, x.shape)
            return result
        result = self._target(out, x.shape, call)
        if self._kind == "normalization":
            inputs = call.elements | {"dy": dy}
            axiswise.fill(self.kernels, stem, call.axes, inputs, call.numbers, ("out", result))
        elif self._kind == "gated":
            axis = call.axes[0]
            inputs = halves.halves(x, axis, self._gate) | {"dy": dy}
            sides = halves.halves(result, axis, self._gate)
            targets = {"dgate": sides["gate"], "dvalue": sides["value"]}
            halves.fill(self.kernels, stem, inputs, call.numbers, targets, result)
        elif call.group:
            inputs = {"x": x, "dy": dy}
            axiswise.reduce_groups(self.kernels, stem, call.axes[0], call.group, inputs, result)
        else:
            parts = halves.pieces(dy, call.axes[0], self._pieces)
            inputs = {"x": x}
            inputs.update((f"dy_{index}", part) for index, part in enumerate(parts))
            targets = {"dx": result}
            halves.fill(self.kernels, stem, inputs, call.numbers, targets, result)
        return result

    def parameter_gradient(self, call: Call, dy: Array, name: str) -> Array:
        """Return the float64 gradient with respect to a parameter, of the parameter's shape."""
        stem, x = f"partial_{name}{call.suffix}", call.x
        if self._kind == "elementwise":
            operands = {"x": x, "dy": dy, **call.randoms}
            full = elementwise.partial(self.kernels, stem, operands, call.numbers, call.dtype)
            return elementwise.sum_to(full, np.shape(call.numbers[name]))
        full = np.zeros(dy.shape, np.float64)
        target = ("out64", full)
        if self._kind == "normalization":
            inputs = call.elements | {"dy": dy}
            axiswise.fill(self.kernels, stem, call.axes, inputs, call.numbers, target)
        else:
            inputs = halves.halves(x, call.axes[0], self._gate) | {"dy": dy}
            targets = dict([target])
            halves.fill(self.kernels, stem, inputs, call.numbers, targets, full)
        return np.asarray(np.sum(full))

    def draws(self, suffix: str) -> tuple[str, ...]:
        """Return the names of the parameters of the kernel of a variant, random arrays included."""
        ending = "ufunc" if self._kind == "elementwise" else "rows"
        return signature(self.kernels.find(f"forward{suffix}", ending))

    def _elementwise(self, stem: str, call: Call, operands: Mapping[str, Array], out: Any) -> Array:
        numbers = call.numbers
        if call.at_defaults and self.kernels.find(f"{stem}_default", "ufunc") is not None:
            stem, numbers = f"{stem}_default", {}
        return elementwise.evaluate(
            self.kernels,
            stem,
            {**operands, **call.randoms},
            numbers,
            call.dtype,
            out,
            call.mask,
        )

    @staticmethod
    def _target(out: Any, shape: tuple[int, ...], call: Call) -> Array:
        if out is not None:
            return check_out(out, shape, call.dtype)
        if call.x.shape == shape:
            return np.empty_like(call.x, call.dtype)
        return np.empty(shape, call.dtype)
