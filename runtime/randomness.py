"""Draw the random arrays that some activations take.

In: an `rng=` argument and a shape. Out: float64 arrays of uniform numbers on the open interval
(0, 1), in C order of the shape, so that neither strides nor dtype of the input matter.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from actgen.arrays import Array


def generator(rng: Any) -> np.random.Generator:
    """Return the generator that `rng` (None, an int or a Generator) stands for.

    Raises TypeError for anything else, ValueError for a negative int.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    try:
        seed = operator.index(rng)
    except TypeError:
        seed = None
    if seed is None or isinstance(rng, bool | np.bool_):
        raise TypeError(f"rng must be None, an int or a numpy.random.Generator, got {rng!r}")
    if seed < 0:
        raise ValueError(f"rng must not be negative, got {seed}")
    return np.random.default_rng(seed)


def open_uniform(source: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw uniform numbers that are neither 0 nor 1."""
    drawn = source.random(shape)
    # random() gives multiples of 2**-53 below 1; half a step stands in for 0.
    return np.asarray(np.maximum(drawn, 2.0**-54))
