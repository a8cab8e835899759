"""Check how large calls are cut into parts, and that no part shows in the result."""

from __future__ import annotations

import itertools
import platform
from typing import Any

import numpy as np
import pytest

import actgen
from actgen import launch
from actgen.activation import Activation
from actgen.intrinsics import is_large, kernel, stack_buffer, store_tile

Array = np.ndarray[Any, Any]


@kernel
def tiled(x, out):  # type: ignore[no-untyped-def]
    tile = stack_buffer(256, out)
    for start in range(0, out.size, 256):
        part = x[start : start + 256]
        for i in range(part.size):
            tile[i] = part[i]
        store_tile(tile, out, start)


@kernel
def goes_past_the_caches(out):  # type: ignore[no-untyped-def]
    return is_large(out)


def aligned(length: int, dtype: Any, offset: int = 0) -> Array:
    """An array that begins `offset` bytes behind a cache line."""
    size = length * np.dtype(dtype).itemsize
    buffer = np.zeros(size + 128, np.uint8)
    start = -buffer.ctypes.data % 64 + offset
    return buffer[start : start + size].view(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint16])
@pytest.mark.parametrize("offset", [0, 8, 1])
def test_tiles_fill_the_array_and_nothing_else(dtype: Any, offset: int) -> None:
    least = launch.STREAMED // np.dtype(dtype).itemsize
    for length in (0, 1, 255, 256, 257, 1000, least - 1, least, least + 1, least + 300):
        x = np.arange(length).astype(dtype)
        around = aligned(length + 2, dtype, offset)
        out = around[1:-1] if offset else around[:-2]
        tiled(x, out)
        np.testing.assert_array_equal(out, x)
        assert not around[-1]


def test_large_and_aligned_results_go_past_the_caches() -> None:
    least = launch.STREAMED // 4
    assert goes_past_the_caches(aligned(least, np.float32))
    assert not goes_past_the_caches(aligned(least - 1, np.float32))
    assert not goes_past_the_caches(aligned(least, np.float32, 4))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names instructions of x86")
def test_the_stores_are_those_that_do_not_read() -> None:
    factor = np.float32(1.0)  # a variable of the test, so that the kernel is compiled here

    @kernel
    def scaled(x, out):  # type: ignore[no-untyped-def]
        tile = stack_buffer(256, out)
        for start in range(0, out.size, 256):
            part = x[start : start + 256]
            for i in range(part.size):
                tile[i] = factor * part[i]
            store_tile(tile, out, start)

    x = np.ones(9, np.float32)
    scaled(x, x)
    (text,) = scaled.inspect_asm().values()
    assert "vmovntps" in text or "movntps" in text
    assert "sfence" in text


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("threads", [1, 3])
def test_bits_do_not_depend_on_threads_and_alignment(
    silu: Activation, dtype: Any, threads: int
) -> None:
    length = launch._LARGE // np.dtype(dtype).itemsize + 777
    pattern = np.linspace(-9, 9, 1009).astype(dtype)
    x = np.resize(pattern, length)
    expected = np.resize(silu(pattern), length)
    with actgen.num_threads(threads):
        for offset in (0, np.dtype(dtype).itemsize):
            out = aligned(length, dtype, offset)
            silu(x, out=out)
            np.testing.assert_array_equal(out, expected)
        silu(x, out=x)
        np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_parts_end_where_lines_do_and_miss_nothing(threads: int) -> None:
    large = launch._LARGE // 4
    with actgen.num_threads(threads):
        for length in (launch.SHARED, launch.SHARED + 1, large - 1, large + 5):
            for offset in (0, 4, 60):
                out = aligned(length, np.float32, offset)
                bounds = launch._line_bounds([np.empty(length, np.float32), out])
                assert bounds[0] == 0 and bounds[-1] == length and sorted(set(bounds)) == bounds
                assert all((out[b:].ctypes.data) % 64 == 0 for b in bounds[1:-1])
                whole = [stop - start for start, stop in itertools.pairwise(bounds[1:-1])]
                streams = out.nbytes >= launch._LARGE
                assert all((size * 4 >= launch.STREAMED) == streams for size in whole)


@pytest.mark.parametrize(
    "shape", [(4096, 600), (3, 400_000), (1, 800_000), (600_000, 3), (7, 9, 9000)]
)
def test_kernels_of_several_axes_are_cut_too(
    softmax: Activation, swiglu: Activation, crelu: Activation, shape: tuple[int, ...]
) -> None:
    x = np.random.default_rng(0).standard_normal((*shape[:-1], 2 * shape[-1])).astype(np.float32)
    mask = x > -1
    calls = [
        lambda: swiglu(x),
        lambda: crelu(x),
        lambda: softmax(x),
        lambda: softmax(x, axis=0),
        lambda: softmax(x, axis=-1, where=mask),
        lambda: softmax(x.swapaxes(0, 1), axis=0),
        lambda: softmax.vjp(x, x, axis=0),
        lambda: swiglu.vjp(x, x[..., : shape[-1]]),
    ]
    for call in calls:
        with actgen.num_threads(1):
            expected = call()
        with actgen.num_threads(3):
            np.testing.assert_array_equal(call(), expected)
