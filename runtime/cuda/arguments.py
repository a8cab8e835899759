"""Tell what the arguments of a kernel are: names in, kinds out; and take parameters apart.

Kernels have no annotations: an argument's name says what it is, to the compiler of kernels and to
what launches them alike. What has no name of its own here is a parameter of the activation.
"""

from __future__ import annotations

import math
import struct
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["integer", "dimensions", "like", "split"]

_INTEGERS = frozenset(
    (
        *("x", "dy", "u", "mask", "out", "out64", "dx", "size", "seed", "lanes", "width"),
        *("outer", "inner", "rows", "length", "groups", "group"),
    )
)


def argument_names(kernel: Any) -> tuple[str, ...]:
    """Return the names of a kernel's arguments."""
    code = getattr(kernel, "py_func", kernel).__code__
    return tuple(code.co_varnames[: code.co_argcount])


def argument_kind(name: str) -> Kind:
    """Return what an argument is: an integer, four lengths or strides, `like`, or a parameter."""
    if name == "like":
        return "like"
    if name in _INTEGERS or name.endswith("_at"):
        return "integer"
    return "dimensions" if name == "shape" or name.endswith("_strides") else "split"


def split(value: float) -> tuple[float, float, float]:
    """Return a parameter as kernels take it: itself, the nearest float32, and what that leaves."""
    try:
        (high,) = struct.unpack("=f", struct.pack("=f", value))
    except OverflowError:
        high = math.copysign(math.inf, value)
    rest = value - high
    return value, high, rest if math.isfinite(rest) else 0.0
