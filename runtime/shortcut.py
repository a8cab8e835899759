"""Answer calls that are like earlier ones without going through their arguments again.

In: the arrays of a call, and what tells it from others. Out: the result, or None where the arrays
are not plain: alike, and apart or in place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy import empty_like, may_share_memory, ndarray

from actgen import blocks
from actgen.array_calls import ArrayCall
from actgen.arrays import Array, element_dtype, result_for
from actgen.launch import SHARED, launch

# A kernel, the numbers it takes behind its arrays, and the dtype under which it sees those, if
# that is another one.
Shortcut: TypeAlias = tuple[Callable[..., None], tuple[float, ...], np.dtype[Any] | None]

_LIMIT = 256
_ARRAYS = (ndarray, type(None))
_PLAIN = frozenset({float, int, bool, type(None)})


def shortcut(
    kernel: Callable[..., None], numbers: tuple[float, ...], dtype: np.dtype[Any]
) -> Shortcut:
    """Return the shortcut to a kernel for arrays of a result dtype."""
    element = element_dtype(dtype)
    return kernel, numbers, None if element == dtype else element


def take(known: Shortcut, x: Array, out: Any, dy: Any = None) -> Any:
    """Return the result of a kernel on `x` and `dy`, None where these or `out` are not plain."""
    kernel, numbers, element = known
    flags = x.flags
    if not flags.c_contiguous:
        return _take_strided(known, x, out, dy)
    # each look at an attribute costs some 30 ns, so none is looked at twice
    dtype, shape = x.dtype, x.shape
    if dy is not None:
        if type(dy) is not ndarray or dy.shape != shape or dy.dtype is not dtype:
            return None
        if not dy.flags.c_contiguous:
            return None
    if out is None:
        result = empty_like(x)
    else:
        if type(out) is not ndarray or out.shape != shape or out.dtype is not dtype:
            return None
        if out is not x or dy is not None:
            written = out.flags
            if not written.c_contiguous or not written.writeable:
                return None
            if not (written.owndata and flags.owndata) and _touching(x, out):
                return None
            if dy is not None and _touching(dy, out):
                return None
        elif not flags.writeable:
            return None
        result = out
    if element is None and len(shape) == 1 and shape[0] < SHARED:
        if dy is None:
            kernel(x, result, *numbers)
        else:
            kernel(x, dy, result, *numbers)
        return result
    if not shape:
        return None
    arrays = [array.ravel() for array in ((x, result) if dy is None else (x, dy, result))]
    if element is not None:
        arrays = [array.view(element) for array in arrays]
    if x.size < SHARED:
        kernel(*arrays, *numbers)
    else:
        launch(kernel, (*arrays, *numbers))
    return result


def _take_strided(known: Shortcut, x: Array, out: Any, dy: Any) -> Any:
    """Return the result for an array with gaps, or with its axes in another order."""
    if x.flags.f_contiguous and type(out) in _ARRAYS and type(dy) in _ARRAYS:
        turned = take(known, x.T, None if out is None else out.T, None if dy is None else dy.T)
        if turned is not None:
            return turned.T if out is None else out
    kernel, numbers, element = known
    inputs = (x,) if dy is None else (x, dy)
    result = result_for(inputs, out)
    if result is None or not blocks.fill(kernel, inputs, result, numbers, element):
        return None
    return result


def _touching(array: Array, out: Array) -> bool:
    """Tell whether two arrays may share memory without being one."""
    if array is out or (array.flags.owndata and out.flags.owndata):
        return False
    return may_share_memory(array, out)


class Shortcuts:
    """The shortcuts to one quantity, each with the parameters of the calls that it serves."""

    def __init__(self) -> None:
        self.plain: dict[np.dtype[Any], Shortcut] = {}  # for calls without parameters
        self._of_floats: dict[Hashable, Shortcut] = {}
        self._of_others: dict[Hashable, Shortcut] = {}
        self._of_arrays: dict[Hashable, ArrayCall | None] = {}

    def recall(
        self, dtype: np.dtype[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Shortcut | None:
        """Return the shortcut for calls with these parameters, None where they are not known."""
        if not args and not kwargs:
            return self.plain.get(dtype)
        for value in (*args, *kwargs.values()):
            if type(value) is not float:
                return self._recall_others(dtype, args, kwargs)
        return self._of_floats.get((dtype, args, *kwargs.items()))

    def _recall_others(
        self, dtype: np.dtype[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Shortcut | None:
        types = (*map(type, args), *map(type, kwargs.values()))
        if not _PLAIN.issuperset(types):
            return None
        # 1, 1.0 and True are equal, and not all of them are good parameters
        return self._of_others.get((dtype, types, args, *kwargs.items()))

    def take_arrays(
        self, x: Array, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any, dy: Any
    ) -> Any:
        """Return the result of a call with array parameters, None where it is not like others."""
        known = self._of_arrays.get((x.dtype, len(args), *kwargs))
        values = (*args, *kwargs.values())
        if known is None or all(type(value) is not ndarray for value in values):
            return None
        return known.take(x, values, out, dy)

    def remember_arrays(
        self,
        dtype: np.dtype[Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        make: Callable[[], ArrayCall | None],
    ) -> None:
        """Keep what answers calls that give arrays for the same parameters."""
        key = (dtype, len(args), *kwargs)
        if key not in self._of_arrays:
            self._of_arrays[key] = make()

    def remember(
        self,
        dtype: np.dtype[Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        known: Shortcut,
    ) -> None:
        """Keep a shortcut for later calls, where nothing can mistake their parameters for others.

        Zeros are not kept: 0.0 equals -0.0, and these are different parameters.
        """
        if not args and not kwargs:
            self.plain[dtype] = known
            return
        values = (*args, *kwargs.values())
        if not all(type(value) in _PLAIN and (value or type(value) is bool) for value in values):
            return
        types = (*map(type, values),)
        table, key = self._of_others, (dtype, types, args, *kwargs.items())
        if set(types) == {float}:
            table, key = self._of_floats, (dtype, args, *kwargs.items())
        if len(table) >= _LIMIT:
            table.clear()
        table[key] = known
