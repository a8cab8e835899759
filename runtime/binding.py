"""Match the arguments of a call with the signature of an activation.

In: a record, positional and keyword arguments, and parameters bound before. Out: the arguments by
name, with the values of all parameters checked. Raises TypeError and ValueError as a Python
function would, with the name of the activation.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from actgen.errors import suggestion
from actgen.parameters import REQUIRED, Parameter, Value, check_constraints, frozen, key


class Binder:
    """The calling convention of one activation: `x`, its parameters, then `axis=` and others."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.owner = str(record["name"])
        self.groups: str | None = record["groups"]
        self.parameters = [Parameter.from_record(entry) for entry in record["params"]]
        self.by_name = {p.name: p for p in self.parameters}
        self._aliases = {alias: p.name for p in self.parameters for alias in p.aliases}
        axis = self._axis = record["axis"]
        self.axis_default = REQUIRED if axis is None else axis["default"]
        self._extras: dict[str, Any] = {} if axis is None else {"axis": axis["default"]}
        if record["random"]:
            self._extras["rng"] = None
        self._keywords: dict[str, Any] = {"out": None}
        if record["kind"] == "elementwise":
            self._keywords["where"] = True
        elif record["mask"]:
            self._extras["where"] = None
        self._positional = ("x", *self.by_name, *self._extras)
        self.defaults: dict[str, Value] = {
            p.name: p.accept(p.default, self.owner) for p in self.parameters if not p.required
        }

    def canonical(self, name: str) -> str | None:
        """Return the name of the parameter that `name` means, None where there is none."""
        return name if name in self.by_name else self._aliases.get(name)

    def match(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments by name, aliases resolved; `x` among them."""
        if len(args) > len(self._positional):
            raise TypeError(
                f"{self.owner}() takes at most {len(self._positional)} positional arguments, "
                f"got {len(args)}"
            )
        given = dict(zip(self._positional, args, strict=False))
        for keyword, value in kwargs.items():
            name = self.canonical(keyword) or keyword
            if name not in self._positional and name not in self._keywords:
                known = (*self._positional, *self._aliases, *self._keywords)
                raise TypeError(
                    f"{self.owner}() got an unexpected keyword argument {keyword!r}."
                    f"{suggestion(keyword, known)}"
                )
            if name in given:
                raise TypeError(f"{self.owner}() got multiple values for argument {name!r}")
            given[name] = value
        if "x" not in given:
            raise TypeError(f"{self.owner}() missing the argument 'x'")
        return given

    def settle(
        self,
        given: Mapping[str, Any],
        bound: Mapping[str, Value],
        *,
        partial: bool = False,
        skipped: Collection[str] = (),
    ) -> dict[str, Value]:
        """Return the value of every parameter: given, bound before, or its default.

        With `partial`, a required parameter may be missing. What is `skipped` gets no value.
        """
        values: dict[str, Value] = {}
        for parameter in self.parameters:
            name = parameter.name
            if name in skipped:
                continue
            if name in given:
                values[name] = parameter.accept(given[name], self.owner)
            elif name in bound:
                values[name] = bound[name]
            elif not parameter.required:
                values[name] = self.defaults[name]
            elif not partial:
                raise TypeError(f"{self.owner}() missing the required parameter {name!r}")
        check_constraints(self.owner, self.parameters, values)
        return values

    def check_axis(self, axis: Any) -> int | tuple[int, ...] | None:
        """Return an `axis=` argument as int, tuple of ints or None; TypeError for anything else."""
        if axis is None and self._axis["none"]:
            return None
        try:
            if isinstance(axis, tuple | list) and self._axis["tuple"]:
                return tuple(operator.index(entry) for entry in axis)
            return operator.index(axis)
        except TypeError:
            wanted = "an int or a tuple of ints" if self._axis["tuple"] else "an int"
            raise TypeError(f"{self.owner}: axis must be {wanted}, got {axis!r}") from None

    def bind(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters, `axis` among them, as they are kept; none that equals its default."""
        given = dict(params)
        kept: dict[str, Any] = {}
        if self._axis is not None and "axis" in given:
            axis = self.check_axis(given.pop("axis"))
            if axis != self.axis_default:
                kept["axis"] = axis
        for name in given:
            if name not in self.by_name:
                hint = suggestion(name, (*self.by_name, *self._aliases))
                raise TypeError(f"{self.owner} has no parameter {name!r}.{hint}")
        settled = self.settle(given, {}, partial=True)
        values = {name: frozen(value) for name, value in settled.items()}
        changed = {
            name: values[name]
            for name in given
            if name not in self.defaults or key(values[name]) != key(self.defaults[name])
        }
        return changed | kept

    def signature(self, bound: Mapping[str, Any]) -> inspect.Signature:
        """Return the signature with bound values as defaults."""
        entry = inspect.Parameter
        either, keyword = entry.POSITIONAL_OR_KEYWORD, entry.KEYWORD_ONLY
        entries = [entry("x", either)]
        required_allowed = True
        for p in self.parameters:
            default = bound.get(p.name, p.default)
            required_allowed = required_allowed and default is REQUIRED
            shown = entry.empty if required_allowed else None if default is REQUIRED else default
            entries.append(entry(p.name, either, default=shown))
        for name, value in self._extras.items():
            entries.append(entry(name, either, default=bound.get(name, value)))
        entries += [entry(name, keyword, default=value) for name, value in self._keywords.items()]
        return inspect.Signature(entries)
