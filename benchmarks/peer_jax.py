"""Call JAX on the CPU, compiled by `jax.jit`; its arrays have neither strides nor outputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.candidates import Candidate
from benchmarks.cases import Case, parameter
from benchmarks.data import Data

FORWARD: dict[str, Callable[..., Any]] = {
    **{"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "silu": jax.nn.silu},
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_tanh": partial(jax.nn.gelu, approximate=True),
    **{"mish": jax.nn.mish, "softplus": jax.nn.softplus, "elu": jax.nn.elu, "selu": jax.nn.selu},
    **{"log_sigmoid": jax.nn.log_sigmoid, "exponential": jnp.exp, "celu": jax.nn.celu},
    **{"leaky_relu": jax.nn.leaky_relu, "hard_silu": jax.nn.hard_silu, "relu6": jax.nn.relu6},
    **{"hard_sigmoid": jax.nn.hard_sigmoid, "softsign": jax.nn.soft_sign},
    # jax.nn.glu gates with the second half, as glu does
    "glu": jax.nn.glu,
    "swiglu": lambda x: jax.nn.silu(jnp.split(x, 2, -1)[0]) * jnp.split(x, 2, -1)[1],
    "geglu": lambda x: (
        jax.nn.gelu(jnp.split(x, 2, -1)[0], approximate=False) * jnp.split(x, 2, -1)[1]
    ),
    **{"softmax": jax.nn.softmax, "log_softmax": jax.nn.log_softmax},
}


class Jax:
    """JAX; how many threads it has was settled when it was imported."""

    def __init__(self, threads: int) -> None:
        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_platforms", "cpu")
        self._threads = threads
        self._compiled: dict[tuple[str, ...], Any] = {}

    def threads(self, count: int) -> bool:
        return count == self._threads

    def prepare(self, case: Case, data: Data) -> list[Candidate]:
        name = case.function
        if name not in FORWARD or data.mask is not None:
            return []
        arguments = [jnp.asarray(data.x)]
        function = FORWARD[name]
        if case.kind == "normalization":
            function = partial(function, axis=data.axis)
        if case.shape in ("vjp", "derivative"):
            ones = np.ones_like(data.dy)
            arguments.append(jnp.asarray(data.dy if case.shape == "vjp" else ones))
            function = partial(_gradient, function)
        elif case.shape == "scalar-parameter":
            if name not in ("elu", "celu", "leaky_relu"):
                return []
            arguments.append(jnp.asarray(data.params[str(parameter(name))], data.x.dtype))
        elif case.shape not in ("plain", *_AXES):
            return []
        key = (name, case.shape)
        compiled = self._compiled.setdefault(key, jax.jit(function))
        return [Candidate("jax", partial(_ready, compiled, *arguments), _values)]


_AXES = ("rows-16", "rows-1024", "rows-32768", "axis-0")


def _gradient(function: Any, x: Any, dy: Any) -> Any:
    return jax.vjp(function, x)[1](dy)[0]


def _ready(function: Any, *arguments: Any) -> Any:
    return function(*arguments).block_until_ready()


def _values(result: Any) -> Any:
    return np.asarray(result).astype(np.float64)
