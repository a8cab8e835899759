"""Prepare what is measured: a case in, calls without arguments out.

Here are the calls of actgen's two tiers, of actgen's plain float32 call that others are held
against, and of `np.copyto`. Those of other libraries are in `peer_*.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

import actgen
from benchmarks import data as arrays
from benchmarks.cases import Case, possible
from benchmarks.data import Data

COPY = "copy"
TIERS = ("accurate", "fast")
_COMPARED = ("inplace", "scalar-parameter", "array-parameter", "strided", "transposed", "masked")


@dataclass(frozen=True)
class Candidate:
    """One of those that are measured side by side.

    `values` turns what `call` returns into a NumPy array. `before` undoes a call in place.
    """

    name: str
    call: Callable[[], Any]
    values: Callable[[Any], Any] = np.asarray
    before: Callable[[], Any] | None = None


def tier(case: Case, data: Data, name: str) -> Candidate:
    """Return the call of one tier of actgen."""
    function = actgen.get(case.function)
    function = function.fast if name == "fast" else function
    x, more = data.x, dict(data.params)
    if case.kind == "normalization":
        more["axis"] = data.axis
    if case.shape == "inplace":
        buffer = x.copy()
        return Candidate(
            name, partial(function, buffer, out=buffer), before=partial(np.copyto, buffer, x)
        )
    if case.shape == "derivative":
        return Candidate(name, partial(function.derivative, x))
    if case.shape == "vjp":
        return Candidate(name, partial(function.vjp, x, data.dy, **more))
    if case.shape == "masked":
        return Candidate(name, partial(function, x, where=data.mask, out=data.empty, **more))
    if case.shape == "out":
        return Candidate(name, partial(function, x, out=data.empty, **more))
    return Candidate(name, partial(function, x, **more))


def plain(case: Case, name: str) -> Candidate | None:
    """Return the plain float32 call which the target table compares a case with, if any.

    A call in place is compared with one into another array, measured call by call as well.
    """
    if case.kind != "elementwise":
        return None
    if case.shape in _COMPARED:
        if not possible(replace(case, shape="plain")):
            return None
        other = replace(case, shape="out" if case.shape in ("inplace", "masked") else "plain")
    elif case.shape == "plain" and case.dtype != "float32":
        other = replace(case, dtype="float32")
    else:
        return None
    call = tier(other, arrays.make(other), name)
    before = call.call if case.shape == "inplace" else None
    return replace(call, name=f"{name}, plain", before=before)


def copy(case: Case, data: Data) -> Candidate:
    """Return `np.copyto` of as many elements as the input has."""
    source = np.zeros(data.x.shape, data.x.dtype)
    source[...] = data.x
    target = np.zeros_like(source)
    return Candidate(COPY, partial(np.copyto, target, source))
