"""Generate arrays of all kinds of strides, for property tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

Array = np.ndarray[Any, Any]


@st.composite
def views(draw: st.DrawFn, buffer: Array, shape: tuple[int, ...]) -> Array:
    """A view of that shape into a 1-D buffer: any order of axes, steps, directions, any offset."""
    order = draw(st.permutations(range(len(shape))))
    strides = [0] * len(shape)
    reach = 1
    for axis in order:
        strides[axis] = reach * draw(st.sampled_from([1, 1, 2]))
        reach = strides[axis] * shape[axis]
    offset = draw(st.integers(0, buffer.size - reach))
    byte_strides = [stride * buffer.itemsize for stride in strides]
    view = np.lib.stride_tricks.as_strided(buffer[offset:], shape, byte_strides)
    flips = tuple(slice(None, None, draw(st.sampled_from([1, 1, -1]))) for _ in shape)
    return view[flips]


@st.composite
def pairs(
    draw: st.DrawFn,
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    dtype: Any = np.float32,
) -> tuple[Array, Array]:
    """An input and an output of any strides that share, overlap or do not overlap."""
    size = 3 * max(int(np.prod(s)) * 2 ** len(s) for s in (shape, out_shape)) + 8
    values = np.random.default_rng(draw(st.integers(0, 99))).standard_normal(size)
    buffer = values.astype(dtype)
    x = draw(views(buffer, shape))
    if shape == out_shape and draw(st.booleans()):
        return x, x
    other = buffer if draw(st.booleans()) else np.zeros(size, dtype)
    return x, draw(views(other, out_shape))


SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
