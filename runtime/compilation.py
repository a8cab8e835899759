"""Wrap generated functions for compilation on demand: as device function, kernel or ufunc.

In: Python functions of a generated module. Out: Numba dispatchers, which compile for each
combination of argument types at its first use, and `LazyUfunc`, which makes one NumPy ufunc for
each element type. All of them divide as IEEE 754 says, never check bounds, and keep what they
compiled on disk (see `cache.py`).
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.ma  # Numba asks for it at the first call; a fork in that import hangs
from numba.core import cgutils, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.typing import signature
from numba.extending import intrinsic, overload
from numba.np.ufunc.ufuncbuilder import UFuncBuilder

from actgen.cache import Alternatives, KernelCache
from actgen.inlining import OVERLOAD_OPTIONS, InlinedFunction
from actgen.vectors import InterleavingCompiler, WideCompiler

# Parameters that hold elements of the array; every other parameter is a float64.
_ELEMENT_PARAMETERS = frozenset({"x", "dy"})

# A child forked while another thread compiles would inherit a lock that nobody releases.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )


def device(function: Callable[..., Any]) -> Any:
    """Compile a scalar function that kernels call; it is inlined, so that their loops vectorise."""
    return InlinedFunction(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function over arrays; it runs without the GIL, and on the widest vectors.

    Elementwise ones, which are called so, take several at once.
    """
    elementwise = function.__name__.endswith(("_contiguous", "_blocks"))
    compiler = InterleavingCompiler if elementwise else WideCompiler
    dispatcher = numba.njit(
        error_model="numpy", boundscheck=False, nogil=True, pipeline_class=compiler
    )(function)
    dispatcher._cache = KernelCache(function, "kernel")
    return dispatcher


@intrinsic
def doubled(typingctx: Any, values: Any) -> Any:
    """Widen what is float32 in a tuple: float64 functions take parameters as float64."""
    if not isinstance(values, types.BaseTuple):
        return None
    kinds = [types.float64 if kind == types.float32 else kind for kind in values]
    result = types.Tuple(kinds)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        given = cgutils.unpack_tuple(builder, args[0], len(kinds))
        made = [
            context.cast(builder, value, source, kind)
            for value, source, kind in zip(given, values, kinds, strict=True)
        ]
        return context.make_tuple(builder, result, made)

    return signature(result, values), codegen


def by_type(*, double: Any, single: Any, half: Any) -> Callable[..., Any]:
    """Return a device function of `like` and more: one of three, by the element type of `like`.

    Only the one that is called is compiled. The elements are float64 for `double`, else float32.
    """

    def chosen(like: Any, *args: Any) -> Any:
        raise NotImplementedError("only compiled functions can call this")

    @overload(chosen, jit_options=OVERLOAD_OPTIONS, strict=False)
    def choose(like: Any, *args: Any) -> Any:
        element = like.dtype if isinstance(like, types.Array) else types.unliteral(like)
        if element == types.float64:
            return lambda like, *args: double(*doubled(args))
        function = single if element == types.float32 else half
        return lambda like, *args: function(*args)

    chosen._cache = Alternatives([f._cache for f in (double, single, half)])  # type: ignore[attr-defined]
    return chosen


def widened(function: Any, elements: int = 1) -> Callable[..., Any]:
    """Return a device function that takes its first one or two arguments to float64."""

    def of_one(a: Any, *rest: Any) -> Any:
        raise NotImplementedError("only compiled functions can call this")

    def of_two(a: Any, b: Any, *rest: Any) -> Any:
        raise NotImplementedError("only compiled functions can call this")

    @overload(of_one, jit_options=OVERLOAD_OPTIONS, strict=False)
    def choose_one(a: Any, *rest: Any) -> Any:
        return lambda a, *rest: function(np.float64(a), *doubled(rest))

    @overload(of_two, jit_options=OVERLOAD_OPTIONS, strict=False)
    def choose_two(a: Any, b: Any, *rest: Any) -> Any:
        return lambda a, b, *rest: function(np.float64(a), np.float64(b), *doubled(rest))

    wide: Any = of_one if elements == 1 else of_two
    wide._cache = Alternatives([function._cache])
    return wide  # type: ignore[no-any-return]


class LazyUfunc:
    """Makes a NumPy ufunc of a scalar function, separately for each element type.

    One ufunc with many loops would not do: NumPy takes the first loop that fits, so a float64 loop
    would serve float32 arrays. Its arrays must be contiguous: where all inputs are, Numba's wrapper
    takes the output for contiguous, too.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.py_func = function
        self._ufuncs: dict[np.dtype[Any], np.ufunc] = {}
        self._cache = KernelCache(function, "ufunc")
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    def loops(self, element: np.dtype[Any]) -> np.ufunc:
        """Return the ufunc whose elements have the dtype `element`, compiling it at first use.

        Parameters that are no elements are float64. Raises TypeError for a dtype that is none of
        float64, float32, uint16 (float16 bits) and int16 (bfloat16 bits).
        """
        found = self._ufuncs.get(element)
        if found is not None:
            return found
        if element not in (np.float64, np.float32, np.uint16, np.int16):
            raise TypeError(f"{self.__name__} has no loop for elements of dtype {element}")
        with global_compiler_lock:
            if element not in self._ufuncs:
                self._ufuncs[element] = self._build(numba.from_dtype(element))
            return self._ufuncs[element]

    def _build(self, element: types.Type) -> np.ufunc:
        names = inspect.signature(self.py_func).parameters
        arguments = [element if n in _ELEMENT_PARAMETERS else types.float64 for n in names]
        builder = UFuncBuilder(self.py_func, targetoptions={"nopython": True})
        builder.nb_func.cache = self._cache
        # the loop around the function is compiled anew, even if the function comes from disk
        builder.nb_func.targetdescr.target_context.refresh()
        builder.add(tuple(arguments))
        made: np.ufunc = builder.build_ufunc()
        return made


def ufunc(function: Callable[..., Any]) -> LazyUfunc:
    """Make a `LazyUfunc` of a scalar function."""
    return LazyUfunc(function)
