"""The errors of float32 arithmetic along an axis, as GPUs compute it, against long doubles."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from tests.cuda.on_cpu import module

LENGTHS = (1, 2, 7, 16, 100, 1024, 5000)


def rows_of(length: int) -> Any:
    """Return rows: ordinary, wide apart, equal, dominated, tiny and huge values."""
    rng = np.random.default_rng(length)
    count = max(4, 20_000 // length)
    rows = [scale * rng.normal(size=(count, length)) for scale in (1, 1e-3, 10, 30)]
    rows += [shift + rng.normal(size=(count, length)) for shift in (3e4, -6e4, 7e4, -1e6)]
    rows.append(rng.uniform(-80, 0, (count, length)))
    rows[-1][:, 0] = rng.uniform(0, 20, count)
    return np.concatenate(rows).astype(np.float32)


def run(name: str, kernel: str, like: Any, *arrays: Any) -> Any:
    compiled = module(name)[kernel]
    out = np.empty_like(arrays[0])
    with np.errstate(all="ignore"):
        for index in range(len(out)):
            row = [array[index].ctypes.data for array in (*arrays, out)]
            compiled(*row, 1, out.shape[1], like)
    return out


def softmax(x: Any) -> Any:
    weights = np.exp(x - x.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def log_softmax(x: Any) -> Any:
    shifted = x - x.max(1, keepdims=True)
    place = shifted.argmax(1)
    weights = np.exp(shifted)
    weights[np.arange(len(x)), place] = 0
    return shifted - np.log1p(weights.sum(1, keepdims=True))


EXACT = {"softmax": softmax, "softmin": lambda x: softmax(-x), "log_softmax": log_softmax}


def softmax_gradient(x: Any, dy: Any) -> tuple[Any, Any]:
    """Return the gradient of softmax, and the size of its terms."""
    y = softmax(x)
    total = (y * dy).sum(1, keepdims=True)
    return y * (dy - total), y * np.maximum(abs(dy), abs(total))


def log_softmax_gradient(x: Any, dy: Any) -> tuple[Any, Any]:
    """Return the gradient of log_softmax, and the size of its terms."""
    others = softmax(x) * dy.sum(1, keepdims=True)
    return dy - others, np.maximum(abs(dy), abs(others))


GRADIENTS = {"softmax": softmax_gradient, "log_softmax": log_softmax_gradient}


def errors(found: Any, exact: Any, size: Any = 0) -> Any:
    """Return errors in units of the last place of the exact value, or of a larger size."""
    _, exponent = np.frexp(np.maximum(abs(exact), size))
    least, digits = {"float32": (-126, 23), "float16": (-14, 10), "bfloat16": (-126, 7)}[
        found.dtype.name
    ]
    unit = np.ldexp(np.longdouble(1), np.maximum(exponent - 1, least) - digits)
    return np.abs(found.astype(np.longdouble) - exact) / unit


@pytest.mark.parametrize("name", EXACT)
def test_forward(name: str) -> None:
    for length in LENGTHS:
        x = rows_of(length)
        exact = EXACT[name](x.astype(np.longdouble))
        found = run(name, "forward_narrow_online", np.float32(0), x)
        worst = errors(found, exact)
        place = np.unravel_index(worst.argmax(), worst.shape)
        assert worst[place] <= 2, (length, worst[place], x[place], found[place])


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16], ids=["float16", "bfloat16"])
def test_forward_in_16_bits(name: str, dtype: Any) -> None:
    """With an exact power of two; the hardware's is off by 2**-22."""
    like = np.uint16(0) if dtype is np.float16 else np.int16(0)
    for length in (2, 16, 100, 5000):
        x = rows_of(length)
        x = np.ascontiguousarray(x[np.abs(x).max(1) < 60_000]).astype(dtype)
        exact = EXACT[name](x.astype(np.longdouble))
        found = run(name, "forward_fast_narrow_online", like, x)
        worst = errors(found, exact)
        place = np.unravel_index(worst.argmax(), worst.shape)
        assert worst[place] <= 0.51, (length, worst[place], x[place], found[place])


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16], ids=["float16", "bfloat16"])
def test_gradients_in_16_bits(name: str, dtype: Any) -> None:
    like = np.uint16(0) if dtype is np.float16 else np.int16(0)
    for length in (2, 16, 100, 5000):
        x = rows_of(length)
        x = np.ascontiguousarray(x[np.abs(x).max(1) < 60_000]).astype(dtype)
        dy = np.random.default_rng(0).normal(size=x.shape).astype(dtype)
        exact, size = GRADIENTS[name](x.astype(np.longdouble), dy.astype(np.longdouble))
        found = run(name, "vjp_fast_narrow_online", like, x, dy)
        worst = errors(found, exact, size)
        place = np.unravel_index(worst.argmax(), worst.shape)
        assert worst[place] <= 0.51, (length, worst[place], x[place], found[place])
