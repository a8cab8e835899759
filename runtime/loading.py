"""Compile a user's spec in memory.

In: the path of a spec, or the record and source that came of one. Out: an `Activation` whose
kernels live in a module without a file. The name of the module holds the hash of its source, so
that kernels of different formulas never meet, in the process or on disk.
"""

from __future__ import annotations

import hashlib
import linecache
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib.abc import InspectLoader
from importlib.util import module_from_spec, spec_from_loader
from types import CodeType, ModuleType
from typing import Any

from actgen.activation import Activation
from actgen.kernels import Kernels


class _SourceLoader(InspectLoader):
    """Imports one module from source text."""

    def __init__(self, fullname: str, source: str) -> None:
        self.path = f"<{fullname}>"
        self._source = source

    def get_source(self, fullname: str) -> str:
        return self._source

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._source, self.path)


class LoadedKernels(Kernels):
    """The kernels of one activation, from the source of a generated module, or of two.

    That for GPUs may be a function, which is called when it is needed.
    """

    def __init__(
        self, record: Mapping[str, Any], source: str, gpu_source: str | Callable[[], str] = ""
    ) -> None:
        super().__init__(record)
        self.source = source
        self._gpu_source = gpu_source
        self._digest = hashlib.sha256(source.encode()).hexdigest()
        self.identity = (record["name"], self._digest)

    @cached_property
    def gpu_source(self) -> str:
        """The source of the kernels for GPUs, empty where there is none."""
        return self._gpu_source if isinstance(self._gpu_source, str) else self._gpu_source()

    def origin(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return from_source, (self._record, self.source, self.gpu_source)

    def _import(self) -> ModuleType:
        return self._executed("loaded", self.source)

    def _import_for_gpu(self) -> ModuleType:
        if not self.gpu_source:
            raise NotImplementedError(f"{self._record['name']} has no kernels for GPUs")
        return self._executed("loaded.cuda", self.gpu_source)

    def _executed(self, package: str, source: str) -> ModuleType:
        name = f"actgen.{package}.{self._record['name']}_{self._digest[:16]}"
        known = sys.modules.get(name)
        if known is not None:
            return known
        loader = _SourceLoader(name, source)
        spec = spec_from_loader(name, loader)
        assert spec is not None
        module = module_from_spec(spec)
        loader.exec_module(module)
        lines = source.splitlines(keepends=True)
        linecache.cache[loader.path] = (len(source), None, lines, loader.path)
        # Numba finds the module by its name when it rebuilds kernels from disk.
        return sys.modules.setdefault(name, module)


def from_source(
    record: Mapping[str, Any], source: str, gpu_source: str | Callable[[], str] = ""
) -> Activation:
    """Return the activation of a record whose kernels are the functions of `source`.

    Those for GPUs are in `gpu_source`, or in what it returns.
    """
    return Activation(record, LoadedKernels(record, source, gpu_source))


def compile_file(path: Any) -> Activation:
    """Compile a spec file. Raises what the compiler raises for a spec that is wrong."""
    from actgen.codegen.single import compile_spec_file

    return from_source(*compile_spec_file(path))
