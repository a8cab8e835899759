"""Find the kernels of an activation: a record and the values of its parameters in, kernels out.

The generated module, and with it Numba, is imported at the first kernel that is asked for.
Arguments go to kernels by the names that their parameters have there.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from types import ModuleType
from typing import Any

from actgen.parameters import Value

# A fork must not happen in the middle of an import: the child would wait for it for ever.
_importing = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_importing.acquire,
        after_in_parent=_importing.release,
        after_in_child=_importing.release,
    )


class Kernels:
    """The kernels of one activation: of the generated module that its record names.

    `identity` tells the kernels of one formula from those of another one.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record
        self._signatures: dict[str, tuple[str, ...]] = {}
        self.identity: tuple[str, ...] = (record["name"],)

    def origin(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return a function and its arguments that give the activation, in any process."""
        from actgen.registry import find

        return find, (self._record["name"],)

    @cached_property
    def module(self) -> ModuleType:
        with _importing:
            return self._import()

    def _import(self) -> ModuleType:
        return importlib.import_module(self._record["module"])

    def suffix(self, values: Mapping[str, Value]) -> str:
        """Return the suffix of the kernel names that the values of the bool parameters choose."""
        for when, suffix in self._record["variants"]:
            if all(values[name] == wanted for name, wanted in when.items()):
                return str(suffix)
        raise ValueError(f"{self._record['name']}: no formula for these parameters")

    def find(self, name: str) -> Any:
        """Return the kernel of that name, None where the module has none."""
        return getattr(self.module, name, None)

    def signature(self, name: str) -> tuple[str, ...]:
        """Return the names of the parameters of a kernel."""
        known = self._signatures.get(name)
        if known is None:
            made = getattr(self.module, name)
            code = getattr(made, "py_func", made).__code__
            known = code.co_varnames[: code.co_argcount]
            self._signatures[name] = known
        return known

    def run(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Call the kernel of that name with those of `arguments` that it takes."""
        getattr(self.module, name)(*(arguments[entry] for entry in self.signature(name)))
