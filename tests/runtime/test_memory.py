"""Check that no call with `out=` takes memory that grows with the array, whatever that is."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import actgen

from .conftest import sample

N = 2**21
X = np.linspace(-5, 5, 2 * N, dtype=np.float32)
OUT = np.zeros(2 * N, np.float32)
SQUARE = X.reshape(2048, -1)
MASK = X > 0
LIMIT = 3 * 2**20  # bytes; a copy of N elements of any dtype, or a mask of 2 N, is more


def silu(x: Any, out: Any = OUT, **more: Any) -> Callable[[], Any]:
    return lambda: sample("silu")(x, out=out, **more)


CALLS = {
    "plain": silu(X),
    "in place": silu(OUT),
    "transposed": silu(SQUARE.T, OUT.reshape(SQUARE.T.shape)),
    "backwards": silu(X[::-1]),
    "strided": silu(X[::2], OUT[::2]),
    "integers": silu(np.arange(2 * N) % 9, np.zeros(2 * N)),
    "small integers": silu(np.ones(2 * N, np.int16)),
    "booleans": silu(MASK, np.zeros(2 * N, np.float16)),
    "foreign byte order": silu(X.astype(">f4")),
    "float16": silu(X.astype(np.float16), np.zeros(2 * N, np.float16)),
    "bfloat16": silu(X.astype(ml_dtypes.bfloat16), np.zeros(2 * N, ml_dtypes.bfloat16)),
    "masked": silu(X, where=MASK),
    "masked and strided": silu(X[::2], OUT[::2], where=MASK[::2]),
    "masked rows": silu(SQUARE, OUT.reshape(SQUARE.shape), where=MASK[: SQUARE.shape[1]]),
    "array parameter": silu(X, beta=np.full(2 * N, 0.5)),
    "float32 parameter": silu(X, beta=np.full(2 * N, 0.5, np.float32)),
    "column of parameters": silu(
        SQUARE, OUT.reshape(SQUARE.shape), beta=np.full((SQUARE.shape[0], 1), 0.5)
    ),
    "extreme parameter": silu(X, beta=1e-30),
    "broadcast": silu(X[:2048], OUT.reshape(-1, 2048), beta=np.ones((OUT.size // 2048, 1))),
    "derivative": lambda: sample("silu").derivative(X, out=OUT),
    "strided derivative": lambda: sample("silu").derivative(X[::2], out=OUT[::2]),
    "vjp": lambda: sample("silu").vjp(X, X, out=OUT),
    "vjp of a number": lambda: sample("silu").vjp(X, 1.0, out=OUT),
    "vjp of float64": lambda: sample("silu").vjp(X, np.broadcast_to(0.5, X.shape), out=OUT),
    "rows": lambda: sample("softmax")(SQUARE, out=OUT.reshape(SQUARE.shape)),
    "columns": lambda: sample("softmax")(SQUARE, axis=0, out=OUT.reshape(SQUARE.shape)),
    "masked slices": lambda: sample("softmax")(
        SQUARE, where=MASK.reshape(SQUARE.shape), out=OUT.reshape(SQUARE.shape)
    ),
    "vjp of rows": lambda: sample("softmax").vjp(SQUARE, SQUARE, out=OUT.reshape(SQUARE.shape)),
    "gate": lambda: sample("swiglu")(X, out=OUT[:N]),
    "groups": lambda: sample("maxout")(SQUARE, 2, out=OUT[:N].reshape(2048, -1)),
}


def peak(call: Callable[[], Any]) -> int:
    """Return the most bytes allocated at once during a call, its kernels compiled before."""
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_no_memory_grows_with_the_array(name: str) -> None:
    with actgen.num_threads(2):
        assert peak(CALLS[name]) < LIMIT
