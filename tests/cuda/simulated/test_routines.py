"""The runtime's own kernels: random numbers as published, and sums over any axes."""

from __future__ import annotations

import numpy as np
import pytest

from actgen.cuda.libraries import library
from actgen.cuda.routines import philox
from actgen.cuda.sums import from_float64, summed_to
from tests.cuda.fake_cuda import FakeArray, FakeCuda, on_host


def test_random_words_are_those_of_the_paper() -> None:
    found = philox.py_func(0, 0) if hasattr(philox, "py_func") else philox(0, 0)
    assert [hex(word) for word in found] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]


@pytest.mark.parametrize(
    "shape", [(), (1,), (4,), (3, 1), (5, 3, 1), (5, 1, 4), (1, 3, 4), (5, 3, 4), (3, 4)]
)
def test_sums_over_any_axes(fake: FakeCuda, shape: tuple[int, ...]) -> None:
    numbers = np.random.default_rng(0).normal(size=(5, 3, 4)).astype(np.float32)
    ours = library("interface")
    view = ours.view(FakeArray(numbers))
    sums = from_float64(ours, summed_to(ours, view, shape), "float64")
    wide = numbers.astype(float)
    lengths = (1,) * (3 - len(shape)) + shape
    axes = tuple(axis for axis in range(3) if lengths[axis] != numbers.shape[axis])
    wanted = wide.sum(axes, keepdims=True).reshape(shape)
    np.testing.assert_allclose(on_host(sums.array), wanted, rtol=1e-12)
