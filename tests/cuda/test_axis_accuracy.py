"""The errors of float32 arithmetic along an axis, as GPUs compute it, against long doubles."""

from __future__ import annotations

from typing import Any

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


def run(name: str, kernel: str, *arrays: Any) -> Any:
    compiled = module(name)[kernel]
    out = np.empty_like(arrays[0])
    with np.errstate(all="ignore"):
        for index in range(len(out)):
            row = [array[index].ctypes.data for array in (*arrays, out)]
            compiled(*row, 1, out.shape[1], np.float32(0))
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


def errors(found: Any, exact: Any) -> Any:
    """Return errors in units of the last place of the exact value."""
    _, exponent = np.frexp(exact)
    unit = np.ldexp(np.longdouble(1), np.maximum(exponent - 1, -126) - 23)
    return np.abs(found.astype(np.longdouble) - exact) / unit


@pytest.mark.parametrize("name", EXACT)
def test_forward(name: str) -> None:
    for length in LENGTHS:
        x = rows_of(length)
        exact = EXACT[name](x.astype(np.longdouble))
        found = run(name, "forward_narrow_online", x)
        worst = errors(found, exact)
        place = np.unravel_index(worst.argmax(), worst.shape)
        assert worst[place] <= 2, (length, worst[place], x[place], found[place])
