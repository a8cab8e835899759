"""Open a package that specs of a user were compiled to: its import name in, its activations out.

`actgen generate --spec DIR --out PACKAGE` writes packages whose `__init__` calls `open_package`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from actgen.activation import Activation
from actgen.errors import suggestion
from actgen.kernels import Kernels


class PackagedKernels(Kernels):
    """The kernels of one activation of a user's package, wherever that lies."""

    def __init__(self, package: str, record: Mapping[str, Any]) -> None:
        super().__init__({**record, "module": f"{package}.cpu.{record['name']}"})
        self.package = package
        self.identity = (package, record["name"])

    def origin(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return restore, (self.package, self._record["name"])


def open_package(
    package: str,
) -> tuple[Callable[[str], Activation], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for the module `package`."""

    def attribute(name: str) -> Activation:
        found = None if name.startswith("_") else activation(package, name)
        if found is None:
            hint = suggestion(name, _names(package))
            raise AttributeError(f"module {package!r} has no attribute {name!r}.{hint}", name=name)
        return found

    return attribute, lambda: sorted(_names(package))


@cache
def activation(package: str, name: str) -> Activation | None:
    """Return the activation of that name or alias in a user's package, None where there is none."""
    records = _records(package)
    if name in records:
        return Activation(records[name], PackagedKernels(package, records[name]))
    for owner, record in records.items():
        if name in record["aliases"]:
            base = activation(package, owner)
            return base and base.with_params(**record["aliases"][name])
    return None


def restore(package: str, name: str) -> Activation:
    """Return an activation that was pickled; ImportError where the package has it no more."""
    found = activation(package, name)
    if found is None:
        raise ImportError(f"{package} has no activation {name!r}", name=package)
    return found


def _records(package: str) -> Mapping[str, Mapping[str, Any]]:
    records: Mapping[str, Mapping[str, Any]] = import_module(f"{package}.manifest").ACTIVATIONS
    return records


def _names(package: str) -> list[str]:
    records = _records(package)
    return [*records, *(alias for record in records.values() for alias in record["aliases"])]
