"""Speak with the libraries whose arrays lie on GPUs: one module for each, imported when needed.

In: a name from `actgen.devices`. Out: a `Library`, which takes arrays in, makes new ones and knows
the stream to work on.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from actgen.cuda.libraries.base import Library

_HOMES = {
    "torch": "torch_tensors",
    "cupy": "cupy_arrays",
    "jax": "jax_arrays",
    "numba": "numba_arrays",
    "interface": "foreign",
    "dlpack": "foreign",
}


@cache
def library(name: str) -> Library:
    """Return the library that arrays are of: `torch`, `cupy`, `jax`, `numba`, or any other one."""
    module = import_module(f"actgen.cuda.libraries.{_HOMES[name]}")
    made: Library = module.LIBRARY
    return made
