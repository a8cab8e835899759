"""Check the parameters of activations and bring them into one form.

In: the `params` of a record and the values a caller gives. Out: `Parameter` objects, which turn a
value into a bool, int, float or read-only float64 array, and a check of all constraints at once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from actgen.arrays import Array, as_array, refuse_gpu

Value: TypeAlias = bool | int | float | Array | None

REQUIRED = object()
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of an activation, as its record describes it."""

    name: str
    kind: str
    default: Any
    aliases: tuple[str, ...]
    constraint: tuple[tuple[str, float | str], ...]
    null_means: float | None
    along_axis: bool

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Parameter:
        return cls(
            record["name"],
            record["type"],
            record.get("default", REQUIRED),
            tuple(record.get("aliases", ())),
            tuple((comparison, bound) for comparison, bound in record.get("constraint", ())),
            record.get("null_means"),
            bool(record.get("along_axis", False)),
        )

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    def accept(self, value: Any, owner: str) -> Value:
        """Return `value` in the form kept for this parameter; TypeError where it has none."""
        if type(value) is float and self.kind == "float":
            return value
        if value is None and self.null_means is not None:
            return None
        if self.kind == "bool" and isinstance(value, bool | np.bool_):
            return bool(value)
        if self.kind == "int" and not isinstance(value, bool | np.bool_):
            try:
                return operator.index(value)
            except TypeError:
                pass
        if self.kind in ("float", "array"):
            return self._number(value, owner)
        raise self._wrong_type(value, owner)

    def _number(self, value: Any, owner: str) -> Value:
        refuse_gpu(value, self.name)
        if type(value) is int:
            try:
                return float(value)
            except OverflowError:
                raise ValueError(f"{owner}: {self.name} is beyond the largest float64") from None
        try:
            array = as_array(value, self.name)
        except (TypeError, ValueError):
            raise self._wrong_type(value, owner) from None
        if array.dtype == np.bool_:
            raise self._wrong_type(value, owner)
        if array.ndim == 0:
            return float(array)
        return array

    def _wrong_type(self, value: Any, owner: str) -> TypeError:
        wanted = {"bool": "a bool", "int": "an int"}.get(self.kind, "a number or an array of them")
        return TypeError(f"{owner}: {self.name} must be {wanted}, got {value!r}")

    def number(self, value: Value) -> Any:
        """Return the number or array that stands for an accepted value."""
        return self.null_means if value is None else value

    def surely_allows(self, value: Any) -> bool:
        """Tell whether a number or array surely keeps the constraint; it may if this is False.

        Only constraints that name no other parameter are settled here, and quickly.
        """
        for comparison, limit in self.constraint:
            if isinstance(limit, str):
                return False
            outermost = value
            if isinstance(value, np.ndarray):
                if comparison in (">", ">="):
                    outermost = value.min()
                elif comparison in ("<", "<="):
                    outermost = value.max()
                else:
                    return False
            if not _COMPARISONS[comparison](outermost, limit):
                return False
        return True


def frozen(value: Value) -> Value:
    """Return an accepted value as it is kept: an array as a float64 copy that nobody changes."""
    if not isinstance(value, np.ndarray):
        return value
    kept = value.astype(np.float64)
    kept.flags.writeable = False
    return kept


def _holds(comparison: Callable[[Any, Any], Any], value: Any, bound: Any) -> bool:
    """Tell whether a comparison holds for all entries, which need not fit the memory twice."""
    if not isinstance(value, np.ndarray) and not isinstance(bound, np.ndarray):
        return bool(comparison(value, bound))
    both = np.nditer(
        [np.asarray(value), np.asarray(bound)],
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_dtypes=[np.dtype(np.float64)] * 2,
        casting="unsafe",
    )
    with both:
        return all(comparison(part, limit).all() for part, limit in both)


def check_constraints(
    owner: str, parameters: Sequence[Parameter], values: Mapping[str, Value]
) -> None:
    """Raise ValueError for the first value that breaks the constraint of its parameter.

    A parameter without a value is left alone, and so is a constraint that refers to one.
    """
    numbers = {p.name: p.number(values[p.name]) for p in parameters if p.name in values}
    for parameter in parameters:
        for comparison, limit in parameter.constraint:
            bound = numbers.get(limit) if isinstance(limit, str) else limit
            if parameter.name not in numbers or bound is None:
                continue
            if _holds(_COMPARISONS[comparison], numbers[parameter.name], bound):
                continue
            wanted = f"{comparison} {limit}"
            if isinstance(limit, str):
                wanted += f" ({values[limit]!r})"
            raise ValueError(
                f"{owner}: {parameter.name} must be {wanted}, got {values[parameter.name]!r}"
            )


def key(value: Any) -> Any:
    """Return a hashable stand-in for an accepted value; equal ones belong to equal values."""
    if isinstance(value, np.ndarray):
        return (value.shape, value.tobytes())
    if isinstance(value, float):
        return ("float", value.hex())
    return (type(value).__name__, value)
