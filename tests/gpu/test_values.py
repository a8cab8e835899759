"""GPUs compute what CPUs compute, for every activation and dtype."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import actgen

from .conftest import agree, fetch, put, units_apart

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
NEEDED: dict[str, dict[str, Any]] = {"prelu": {"weight": 0.25}, "maxout": {"groups": 4}}
KINDS = {name: actgen.get(name).spec["kind"] for name in actgen.names()}
POINTWISE = [name for name, kind in KINDS.items() if kind == "elementwise"]
COUPLED = [name for name, kind in KINDS.items() if kind != "elementwise"]
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)


def samples(dtype: Any, count: int = 2**18, seed: int = 0) -> Any:
    """Return bit patterns from everywhere, ordinary numbers, and special ones."""
    source = np.random.default_rng(seed)
    if np.dtype(dtype).itemsize == 2:
        return np.arange(2**16, dtype=np.uint16).view(dtype)
    kind: Any = np.uint64 if dtype == np.float64 else np.uint32
    anything = source.integers(np.iinfo(kind).max, size=count, dtype=kind).view(dtype)
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype)
    return np.concatenate([anything, source.normal(scale=4, size=count).astype(dtype), special])


def close(dtype: Any) -> int:
    return 1 if np.dtype(dtype).itemsize < 8 else 4


@every_dtype
@pytest.mark.parametrize("name", POINTWISE)
def test_elementwise(name: str, dtype: Any) -> None:
    f, needed = actgen.get(name), NEEDED.get(name, {})
    x = samples(dtype)
    on_gpu = put(x)
    with np.errstate(all="ignore"):
        agree(fetch(f(on_gpu, **needed)), f(x, **needed), close(dtype))
        for order in (1, 2):
            found = fetch(f.derivative(on_gpu, order=order, **needed))
            agree(found, f.derivative(x, order=order, **needed), close(dtype))
        dy = np.random.default_rng(1).normal(size=x.shape).astype(dtype)
        agree(fetch(f.vjp(on_gpu, put(dy), **needed)), f.vjp(x, dy, **needed), 2 * close(dtype))


@pytest.mark.parametrize("dtype", DTYPES[:2], ids=lambda d: d.__name__)
def test_results_are_those_of_the_cpu_to_the_bit(dtype: Any) -> None:
    x = samples(dtype)
    differing = []
    with np.errstate(all="ignore"):
        for name in POINTWISE:
            f, needed = actgen.get(name), NEEDED.get(name, {})
            distance = units_apart(fetch(f(put(x), **needed)), f(x, **needed))
            if distance.any():
                differing.append(f"{name}: {int((distance > 0).sum())} of {x.size}")
    assert not differing


@every_dtype
@pytest.mark.parametrize("name", POINTWISE)
def test_fast_tier(name: str, dtype: Any) -> None:
    f, needed = actgen.get(name).fast, NEEDED.get(name, {})
    x = samples(dtype, 2**16)
    with np.errstate(all="ignore"):
        wanted = actgen.get(name)(x, **needed)
        agree(fetch(f(put(x), **needed)), wanted, {8: 9, 4: 5, 2: 1}[x.itemsize])


@every_dtype
@pytest.mark.parametrize("shape", [(64, 512), (3, 1000), (7, 10, 24), (1, 8)])
@pytest.mark.parametrize("name", COUPLED)
def test_coupled(name: str, shape: tuple[int, ...], dtype: Any) -> None:
    f, needed = actgen.get(name), NEEDED.get(name, {}) | {"axis": -1}
    if f.spec["random"]:
        pytest.skip("the random numbers of GPUs are others")
    x = np.random.default_rng(0).normal(scale=3, size=shape).astype(dtype)
    y = f(x, **needed)
    dy = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    tolerance = {8: 1e-13, 4: 1e-5, 2: 2e-2}[x.itemsize]
    for axis in range(-1, len(shape) - 1):
        moved, slopes = np.moveaxis(x, -1, axis), np.moveaxis(dy, -1, axis)
        found = fetch(f(put(moved), **needed | {"axis": axis}))
        near(np.moveaxis(found, axis, -1), y, tolerance)
        found = fetch(f.vjp(put(moved), put(slopes), **needed | {"axis": axis}))
        near(np.moveaxis(found, axis, -1), f.vjp(x, dy, **needed), tolerance)


def near(found: Any, wanted: Any, tolerance: float) -> None:
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(
        found.astype(float), wanted.astype(float), rtol=tolerance, atol=tolerance
    )


@every_dtype
@pytest.mark.parametrize("length", [1, 2, 31, 128, 1000, 1024, 1025, 4096, 16384, 50257, 131072])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_rows_of_any_length(name: str, length: int, dtype: Any) -> None:
    f = actgen.get(name)
    x = np.random.default_rng(0).normal(scale=3, size=(5, length)).astype(dtype)
    agree(fetch(f(put(x))), f(x), close(dtype) + 3)
    if length <= 4096:
        mask = np.random.default_rng(1).random(x.shape) < 0.5
        mask[0] = False
        tolerance = {8: 1e-13, 4: 1e-5, 2: 2e-2}[x.itemsize]
        with np.errstate(all="ignore"):
            near(fetch(f(put(x), where=put(mask))), f(x, where=mask), tolerance)


@pytest.mark.parametrize("name", ["elu", "leaky_relu", "swiglu", "softmax"])
def test_gradients_by_parameters(name: str) -> None:
    f = actgen.get(name)
    x = np.random.default_rng(0).normal(size=(500, 1000)).astype(np.float32)
    dy = np.random.default_rng(1).normal(size=f(x).shape).astype(np.float32)
    for parameter in f.spec["partials"]:
        first = fetch(f.vjp(put(x), put(dy), wrt=parameter))
        second = fetch(f.vjp(put(x), put(dy), wrt=parameter))
        assert first == second
        np.testing.assert_allclose(first, f.vjp(x, dy, wrt=parameter), rtol=1e-3)


def test_random_numbers() -> None:
    x = np.random.default_rng(0).normal(size=(300, 400)).astype(np.float32)
    f = actgen.rrelu
    first = fetch(f(put(x), training=True, rng=3))
    np.testing.assert_array_equal(first, fetch(f(put(x), training=True, rng=3)))
    slopes = first[x < 0] / x[x < 0]
    assert abs(slopes.mean() - (1 / 8 + 1 / 3) / 2) < 1e-3
    assert ((slopes > 1 / 8 - 1e-6) & (slopes < 1 / 3 + 1e-6)).all()
    drawn = fetch(actgen.gumbel_softmax(put(x), rng=1))
    np.testing.assert_allclose(drawn.sum(-1), 1, rtol=1e-5)
