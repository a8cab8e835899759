"""Find the kernels of an activation: a record and the values of its parameters in, kernels out.

The generated module, and with it Numba, is imported at the first kernel that is asked for. A kernel
is asked for by its stem (`forward`, with the suffix of a variant) and its form (`contiguous`); on
the fast tier the one called `stem_fast_form` comes first, where the module has it. Arguments go to
kernels by the names that their parameters have there.
"""

from __future__ import annotations

import copy
import importlib
import os
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from types import ModuleType
from typing import Any, Self

from actgen.launch import launch
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
        self._is_fast = False
        self._found: dict[tuple[str, str], Any] = {}
        self.identity: tuple[str, ...] = (record["name"],)

    def on_tier(self, is_fast: bool) -> Self:
        """Return the kernels of the fast tier, or those of the accurate one."""
        if self._is_fast == is_fast:
            return self
        other = copy.copy(self)
        other._is_fast = is_fast
        other._found = {}
        return other

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

    @cached_property
    def gpu_module(self) -> ModuleType:
        """The module of the kernels for GPUs; NotImplementedError where there is none."""
        with _importing:
            return self._import_for_gpu()

    def _import_for_gpu(self) -> ModuleType:
        package, _, name = self._record["module"].rpartition(".cpu.")
        try:
            return importlib.import_module(f"{package}.cuda.{name}")
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith(f"{package}.cuda"):
                raise
            message = f"{self._record['name']} has no kernels for GPUs: generate them anew"
            raise NotImplementedError(message) from None

    @property
    def is_fast(self) -> bool:
        """Whether these are the kernels of the fast tier."""
        return self._is_fast

    def suffix(self, values: Mapping[str, Value]) -> str:
        """Return the suffix of the kernel names that the values of the bool parameters choose."""
        for when, suffix in self._record["variants"]:
            if all(values[name] == wanted for name, wanted in when.items()):
                return str(suffix)
        raise ValueError(f"{self._record['name']}: no formula for these parameters")

    def find(self, stem: str, form: str = "") -> Any:
        """Return the kernel of that stem and form, None where the module has none.

        Scalar functions have no form.
        """
        known = self._found.get((stem, form), self)
        if known is not self:
            return known
        ending = f"_{form}" if form else ""
        found = getattr(self.module, f"{stem}_fast{ending}", None) if self._is_fast else None
        if found is None:
            found = getattr(self.module, f"{stem}{ending}", None)
        self._found[stem, form] = found
        return found

    def run(
        self, stem: str, form: str, arguments: Mapping[str, Any], axes: tuple[int, ...] = (0,)
    ) -> None:
        """Call the kernel of that stem and form with those of `arguments` that it takes.

        Several threads may share the call, each with a part of the arrays along one of `axes`.
        """
        kernel = self.find(stem, form)
        launch(kernel, [arguments[name] for name in signature(kernel)], axes)


def signature(kernel: Any) -> tuple[str, ...]:
    """Return the names of the parameters of a kernel, ufunc or scalar function."""
    code = getattr(kernel, "py_func", kernel).__code__
    # a kernel spells a parameter that its own variables would hide with a _ behind it
    return tuple(name.removesuffix("_") for name in code.co_varnames[: code.co_argcount])
