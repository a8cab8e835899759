"""Compile functions that kernels call no further than kernels need: to IR that they can inline.

In: a scalar function. Out: a Numba dispatcher for compiled code to call. LLVM optimises a function
where it was inlined, in the kernel; on its own it is neither optimised nor made machine code of,
nor wrapped for Python. That takes a fifth of the time off the first call of a kernel.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_machinery import register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering

from actgen.cache import KernelCache, UnkeptCache
from actgen.lowering import LoweringCompiler

_OPTIONS = {"error_model": "numpy", "boundscheck": False, "forceinline": True}
_UNWRAPPED = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

# For what `numba.extending.overload` compiles: it makes dispatchers of Numba's own.
OVERLOAD_OPTIONS = _OPTIONS | _UNWRAPPED


class _LinkedLibrary(JITCodeLibrary):  # type: ignore[misc]
    """IR with all that it calls, for others to link in; nothing of it can be run."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _InlinedLowering(NativeLowering):  # type: ignore[misc]
    _name = "actgen_inlined_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _LinkedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        key = object()  # what Numba finds the function by, in the place of an address
        state["cr"] = state["cr"]._replace(cfunc=key)
        state.targetctx.insert_user_function(key, state["cr"].fndesc, [state.library])
        return True


class _InlinedCompiler(LoweringCompiler):
    lowering = _InlinedLowering


class InlinedFunction(CPUDispatcher):  # type: ignore[misc]
    """A function that compiled code calls, or Python: then `whole` is compiled."""

    def __init__(self, function: Any) -> None:
        options = {"nopython": True, **OVERLOAD_OPTIONS}
        super().__init__(function, targetoptions=options, pipeline_class=_InlinedCompiler)
        self._cache = UnkeptCache(function, "device")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.whole(*args, **kwargs)

    def add_overload(self, cres: Any) -> None:
        self.overloads[tuple(cres.signature.args)] = cres

    @cached_property
    def whole(self) -> Any:
        """The same function as Numba compiles it, for any use; it is kept on disk."""
        dispatcher = numba.njit(**_OPTIONS)(self.py_func)
        dispatcher._cache = KernelCache(self.py_func, "device")
        return dispatcher
