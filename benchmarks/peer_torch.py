"""Call PyTorch, eager and compiled: as its users do, with an output where it takes one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch._dynamo
import torch.nn.functional as F  # noqa: N812

from benchmarks.candidates import Candidate
from benchmarks.cases import Case, parameter
from benchmarks.data import Data

_nn, _aten = torch._C._nn, torch.ops.aten
_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805

# A lambda for each: what is compiled is found by its code, which must not be shared.
FORWARD: dict[str, Callable[..., Any]] = {
    "relu": lambda x: torch.relu(x),
    "sigmoid": lambda x: torch.sigmoid(x),
    "tanh": lambda x: torch.tanh(x),
    "silu": lambda x: F.silu(x),
    "gelu": lambda x: F.gelu(x),
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "mish": lambda x: F.mish(x),
    "softplus": lambda x: F.softplus(x),
    "elu": lambda x, alpha=1.0: F.elu(x, alpha),
    "celu": lambda x, alpha=1.0: F.celu(x, alpha),
    "selu": lambda x: F.selu(x),
    "log_sigmoid": lambda x: F.logsigmoid(x),
    "exponential": lambda x: torch.exp(x),
    "leaky_relu": lambda x, negative_slope=0.01: F.leaky_relu(x, negative_slope),
    "hard_silu": lambda x: F.hardswish(x),
    "hard_sigmoid": lambda x: F.hardsigmoid(x),
    "relu6": lambda x: F.relu6(x),
    "softsign": lambda x: F.softsign(x),
    "glu": lambda x: F.glu(x),
    "swiglu": lambda x: F.silu(x.chunk(2, -1)[0]) * x.chunk(2, -1)[1],
    "geglu": lambda x: F.gelu(x.chunk(2, -1)[0]) * x.chunk(2, -1)[1],
    "softmax": lambda x, dim: torch.softmax(x, dim),
    "log_softmax": lambda x, dim: torch.log_softmax(x, dim),
}
DIRECT = {  # the same without a Python function between
    **{"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "exponential": torch.exp},
    **{"gelu": F.gelu, "mish": _nn.mish, "silu": _nn.silu, "softplus": F.softplus},
    **{"selu": torch.selu, "log_sigmoid": F.logsigmoid, "elu": _nn.elu},
}
OUT = {
    "relu": partial(torch.clamp_min, min=0),  # what relu does; its own form with out= copies
    "selu": partial(_nn.elu, alpha=_ALPHA, scale=_SCALE),  # the same
    **{"sigmoid": torch.sigmoid, "tanh": torch.tanh, "exponential": torch.exp},
    **{"silu": _nn.silu, "gelu": F.gelu, "gelu_tanh": partial(F.gelu, approximate="tanh")},
    **{"mish": _nn.mish, "softplus": F.softplus, "elu": _nn.elu, "log_sigmoid": F.logsigmoid},
}
INPLACE = {
    **{"relu": torch.relu_, "sigmoid": torch.sigmoid_, "tanh": torch.tanh_},
    **{"exponential": torch.exp_, "silu": _nn.silu_, "gelu": _nn.gelu_, "mish": _nn.mish_},
    **{"gelu_tanh": partial(_nn.gelu_, approximate="tanh"), "elu": _nn.elu_, "selu": torch.selu_},
}
BACKWARD: dict[str, Callable[..., Any]] = {  # of dy and x
    "relu": partial(_aten.threshold_backward, threshold=0),
    "silu": _aten.silu_backward,
    "gelu": _aten.gelu_backward,
    "gelu_tanh": partial(_aten.gelu_backward, approximate="tanh"),
    "mish": _aten.mish_backward,
    "softplus": lambda dy, x: _aten.softplus_backward(dy, x, 1, 20),
    "elu": lambda dy, x: _aten.elu_backward(dy, 1, 1, 1, False, x),
    "selu": lambda dy, x: _aten.elu_backward(dy, _ALPHA, _SCALE, 1, False, x),
    "celu": lambda dy, x: _aten.elu_backward(dy, 1, 1, 1, False, x),
    "leaky_relu": lambda dy, x: _aten.leaky_relu_backward(dy, x, 0.01, False),
    "hard_silu": _aten.hardswish_backward,
    "hard_sigmoid": _aten.hardsigmoid_backward,
    "relu6": lambda dy, x: _aten.hardtanh_backward(dy, x, 0, 6),
    "glu": lambda dy, x: _aten.glu_backward(dy, x, -1),
}
SAVED: dict[str, Callable[..., Any]] = {  # of dy and the saved f(x): less work than from x
    "sigmoid": _aten.sigmoid_backward,
    "tanh": _aten.tanh_backward,
    "exponential": torch.mul,
    "softmax": lambda dy, y: _aten._softmax_backward_data(dy, y, -1, y.dtype),
    "log_softmax": lambda dy, y: _aten._log_softmax_backward_data(dy, y, -1, y.dtype),
}


def backward(name: str, dy: Any, x: Any) -> Callable[[], Any] | None:
    """Return the call that computes dy f'(x) from x, None where torch has none."""
    if name == "log_sigmoid":
        buffer = _aten.log_sigmoid_forward(x)[1]
        return partial(_aten.log_sigmoid_backward, dy, x, buffer)
    return partial(BACKWARD[name], dy, x) if name in BACKWARD else None


def tensor(array: Any) -> Any:
    """View a NumPy array as a tensor; there are none of bfloat16 in NumPy's own types."""
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def values(result: Any) -> Any:
    """Return a tensor as an array, bfloat16 widened."""
    return (result.float() if result.dtype == torch.bfloat16 else result).numpy()


class Eager:
    """PyTorch as it is."""

    def __init__(self, threads: int) -> None:
        torch.set_grad_enabled(False)
        self.threads(threads)

    def threads(self, count: int) -> bool:
        torch.set_num_threads(count)
        return True

    def prepare(self, case: Case, data: Data) -> list[Candidate]:
        if case.shape in ("vjp", "derivative"):
            return self._backward(case, data)
        call, before = self._call(case, data), None
        if call is None:
            return []
        if case.shape == "inplace":
            x = tensor(data.x)
            buffer = x.clone()
            call, before = partial(call, buffer), partial(buffer.copy_, x)
        return [Candidate("torch", call, values, before)]

    def _call(self, case: Case, data: Data) -> Any:
        name, x = case.function, tensor(data.x)
        if case.shape == "out":
            return partial(OUT[name], x, out=torch.zeros_like(x)) if name in OUT else None
        if case.shape == "inplace":
            return INPLACE.get(name)
        if name == "prelu":
            return partial(F.prelu, x, tensor(data.params["weight"]))
        if name not in FORWARD or data.mask is not None or case.shape == "array-parameter":
            return None
        if case.kind == "normalization":
            return partial(FORWARD[name], x, data.axis)
        if case.shape == "scalar-parameter":
            return _with_number(name, x, data)
        return partial(DIRECT.get(name, FORWARD[name]), x)

    def _backward(self, case: Case, data: Data) -> list[Candidate]:
        x = tensor(data.x)
        dy = tensor(data.dy) if case.shape == "vjp" else torch.ones_like(x)
        found, name = [], case.function
        if name in SAVED:
            more = {"dim": data.axis} if case.kind == "normalization" else {}
            y = FORWARD[name](x, **more)
            found.append(Candidate("torch, saved f(x)", partial(SAVED[name], dy, y), values))
            again = partial(_from_input, SAVED[name], partial(FORWARD[name], **more), dy, x)
            found.append(Candidate("torch", again, values))
        elif (call := backward(name, dy, x)) is not None:
            found.append(Candidate("torch", call, values))
        return found


class Compiled:
    """torch.compile of the same functions: static for the first size, dynamic for others."""

    def __init__(self, threads: int) -> None:
        torch.set_grad_enabled(False)
        torch._dynamo.config.recompile_limit = 64
        torch._inductor.config.cpp.threads = threads
        self._compiled: dict[str, Any] = {}
        self._threads = threads

    def threads(self, count: int) -> bool:
        return count == self._threads

    def prepare(self, case: Case, data: Data) -> list[Candidate]:
        fits = case.shape in ("plain", "scalar-parameter") or case.kind == "normalization"
        name = case.function
        if name not in FORWARD or not fits or data.mask is not None or case.shape == "vjp":
            return []
        compiled = self._compiled.setdefault(name, torch.compile(FORWARD[name]))
        x = tensor(data.x)
        if case.kind == "normalization":
            return [Candidate("compile", partial(compiled, x, data.axis), values)]
        if case.shape == "scalar-parameter":
            call = _with_number(name, x, data, compiled)
            return [Candidate("compile", call, values)] if call else []
        return [Candidate("compile", partial(compiled, x), values)]


def _with_number(name: str, x: Any, data: Data, function: Any = None) -> Any:
    """Return a call with a parameter that is a number, where torch has the same one."""
    if name not in ("elu", "celu", "leaky_relu"):
        return None
    return partial(function or FORWARD[name], x, data.params[str(parameter(name))])


def _from_input(backward: Any, forward: Any, dy: Any, x: Any) -> Any:
    return backward(dy, forward(x))
