"""Wrap generated functions for the GPU: as device function, kernel, or choice by element type.

In: Python functions of a generated module. Out: Numba-CUDA dispatchers. Device functions compile
without a driver, for no device in particular: they are LLVM code until a kernel takes them in.
Kernels are plain `cuda.jit` kernels; the runtime compiles them by `compilation.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cuda
from numba.cuda import types
from numba.cuda.compiler import compile_cuda
from numba.cuda.core.errors import TypingError
from numba.cuda.dispatcher import CUDADispatcher
from numpy import float64

from actgen.cache import Alternatives, KernelCache
from actgen.cuda.split import Split

# Any would do: what depends on the device is decided in kernels.
_CAPABILITY = (7, 5)

SPLIT = types.NamedTuple([types.float64, types.float32, types.float32], Split)


class DeviceFunction(CUDADispatcher):  # type: ignore[misc]
    """A dispatcher of a device function that asks for no current device.

    Nothing of it is kept on disk; its `_cache` has the fingerprint that kernels ask for.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function, targetoptions={"device": True, "forceinline": True})
        self._cache: KernelCache | Alternatives = KernelCache(function, "cuda device")

    def implementation(self, args: tuple[Any, ...]) -> Callable[..., Any]:
        """Return the Python function to compile for argument types."""
        return self.py_func  # type: ignore[no-any-return]

    def compile_device(self, args: tuple[Any, ...], return_type: Any = None) -> Any:
        if args not in self.overloads:
            compiled = compile_cuda(
                self.implementation(args),
                return_type,
                args,
                forceinline=True,
                nvvm_options={"opt": 3},
                cc=_CAPABILITY,
            )
            self.overloads[args] = compiled
            compiled.target_context.insert_user_function(
                compiled.entry_point, compiled.fndesc, [compiled.library]
            )
        return self.overloads[args]


class _Choice(DeviceFunction):
    """A device function of `like` and more: one of three, by the type of `like`."""

    def __init__(self, double: Any, single: Any, half: Any) -> None:
        def chosen(like: Any, *args: Any) -> Any:
            raise NotImplementedError("only compiled functions can call this")

        super().__init__(chosen)
        self._functions = {types.float64: double, types.float32: single}
        self._half = half
        self._cache = Alternatives([f._cache for f in (double, single, half)])

    def implementation(self, args: tuple[Any, ...]) -> Callable[..., Any]:
        element = types.unliteral(args[1][0])  # of what the asterisk stands for
        if element not in (types.float32, types.float64):  # in a kernel of a user's
            raise TypingError(f"activations take a float32 or float64, not {element}: convert it")
        function = self._functions.get(types.unliteral(args[0]), self._half)

        def chosen(like: Any, *args: Any) -> Any:
            return function(*args)

        return chosen


class _Widened(DeviceFunction):
    """A device function that takes its first one or two arguments to float64."""

    def __init__(self, function: Any, elements: int) -> None:
        def of_one(a: Any, *rest: Any) -> Any:
            return function(float64(a), *rest)

        def of_two(a: Any, b: Any, *rest: Any) -> Any:
            return function(float64(a), float64(b), *rest)

        super().__init__(of_one if elements == 1 else of_two)
        self._cache = Alternatives([function._cache])


def device(function: Callable[..., Any]) -> Any:
    """Compile a scalar function that kernels call; it is inlined."""
    return DeviceFunction(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that runs on a grid of threads; it takes addresses for arrays."""
    return cuda.jit(function)


def by_type(*, double: Any, single: Any, half: Any) -> Any:
    """Return a device function of `like` and more: one of three, by the element type of `like`."""
    return _Choice(double, single, half)


def widened(function: Any, elements: int = 1) -> Any:
    """Return a device function that takes its first one or two arguments to float64."""
    return _Widened(function, elements)
