"""Compute what the sample activations should give, by NumPy, from copies of their inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def silu(x: Array, beta: Any = 1.0) -> Array:
    wide = x.astype(np.float64)
    return np.asarray((wide / (1.0 + np.exp(-beta * wide))).astype(x.dtype))


def silu_slope(x: Array, beta: Any = 1.0) -> Array:
    s = 1.0 / (1.0 + np.exp(-beta * x))
    return np.asarray(s * (1.0 + beta * x * (1.0 - s)))


def softmax(x: Array, axis: Any, mask: Any = True) -> Array:
    mask = np.broadcast_to(mask, x.shape)
    shifted = np.where(mask, x.astype(np.float64), -np.inf)
    top = shifted.max(axis, keepdims=True)
    weights = np.exp(shifted - np.where(np.isfinite(top), top, 0.0))
    total = weights.sum(axis, keepdims=True)
    return np.asarray((weights / np.where(total == 0, 1, total)).astype(x.dtype))


def swiglu(x: Array, axis: int) -> Array:
    gate, value = np.split(x.astype(np.float64), 2, axis)
    return np.asarray((gate / (1.0 + np.exp(-gate)) * value).astype(x.dtype))


def crelu(x: Array, axis: int) -> Array:
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis)


def maxout(x: Array, groups: int, axis: int) -> Array:
    axis %= x.ndim
    shape = (*x.shape[:axis], x.shape[axis] // groups, groups, *x.shape[axis + 1 :])
    return np.asarray(x.reshape(shape).max(axis + 1))
