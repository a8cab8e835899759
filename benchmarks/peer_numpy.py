"""Call NumPy: a formula for each function, the obvious one, evaluated pass by pass."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.candidates import Candidate
from benchmarks.cases import Case
from benchmarks.data import Data

_SCALE, _ALPHA = 1.0507009873554805, 1.6732632423543772


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Any) -> Any:
    return np.logaddexp(x, x.dtype.type(0))


def _gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


def _softmax(x: Any, axis: int) -> Any:
    weights = np.exp(x - x.max(axis, keepdims=True))
    weights /= weights.sum(axis, keepdims=True)
    return weights


def _log_softmax(x: Any, axis: int) -> Any:
    shifted = x - x.max(axis, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis, keepdims=True))
    return shifted


UFUNCS = {"tanh": np.tanh, "exponential": np.exp}
FORMULAS = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "gelu_tanh": _gelu_tanh,
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "softplus": _softplus,
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: _SCALE * np.where(x > 0, x, _ALPHA * np.expm1(x)),
    "log_sigmoid": lambda x: -_softplus(-x),
}
AXIS = {"softmax": _softmax, "log_softmax": _log_softmax}


class NumPy:
    """NumPy, which is always there and always on one thread."""

    def __init__(self, threads: int) -> None:
        pass

    def threads(self, count: int) -> bool:
        return count == 1

    def prepare(self, case: Case, data: Data) -> list[Candidate]:
        call = self._call(case, data)
        if call is None:
            return []
        if case.shape != "inplace":
            return [Candidate("numpy", call)]
        buffer = data.x.copy()
        call = partial(UFUNCS[case.function], buffer, out=buffer)
        return [Candidate("numpy", call, before=partial(np.copyto, buffer, data.x))]

    def _call(self, case: Case, data: Data) -> Any:
        name, x = case.function, data.x
        if name in UFUNCS and case.dtype != "bfloat16":
            if case.shape == "masked":
                return partial(UFUNCS[name], x, where=data.mask, out=data.empty)
            if case.shape in ("out", "inplace"):
                return partial(UFUNCS[name], x, out=data.empty)
            if case.shape in ("plain", "strided", "transposed"):
                return partial(UFUNCS[name], x)
        if name == "relu" and case.shape == "out":
            return partial(np.maximum, x, x.dtype.type(0), out=data.empty)
        if case.dtype == "float16" or case.dtype == "bfloat16":
            return None  # NumPy's arithmetic rounds after every step there
        if name in FORMULAS and case.shape in ("plain", "strided", "transposed"):
            return partial(FORMULAS[name], x)
        if name in AXIS and data.mask is None and case.shape != "vjp":
            return partial(AXIS[name], x, data.axis)
        return None
