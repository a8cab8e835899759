"""What GPUs compute is what CPUs compute, but for 16-bit ties, whatever the arrays look like."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import actgen
from tests.cuda.fake_cuda import FakeArray, FakeCuda, on_host

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
NEEDED: dict[str, dict[str, Any]] = {"prelu": {"weight": 0.25}, "maxout": {"groups": 3}}
ALONG_AN_AXIS = [n for n in actgen.names() if actgen.get(n).spec["kind"] == "normalization"]
OTHERS = [n for n in actgen.names() if n not in (*ALONG_AN_AXIS, "maxout")]
ELEMENTWISE = [n for n in OTHERS if actgen.get(n).spec["kind"] == "elementwise"]


def numbers(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Any:
    drawn = np.random.default_rng(seed).normal(scale=3, size=shape)
    return drawn.astype(dtype)


def same(found: Any, wanted: Any) -> None:
    found, wanted = on_host(found), np.asarray(wanted)
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    kind = {8: np.uint64, 4: np.uint32, 2: np.uint16}[found.itemsize]
    bits = found.view(kind), np.ascontiguousarray(wanted).view(kind)
    differs = bits[0] != bits[1]
    if found.itemsize == 2:  # computed by approximations, so that ties may go another way
        differs &= abs(bits[0].astype(int) - bits[1].astype(int)) != 1
    differs &= ~(np.isnan(found) & np.isnan(wanted))
    assert not differs.any(), (found[differs][:4], wanted[differs][:4])


@pytest.fixture(autouse=True)
def _quiet(fake: FakeCuda) -> Any:
    with np.errstate(all="ignore"):
        yield


CASES = [(name, np.float32) for name in OTHERS]
CASES += [(n, d) for n in ("gelu", "elu", "prelu", "swiglu", "crelu") for d in DTYPES]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_forward_and_vjp(name: str, dtype: Any) -> None:
    f, needed = actgen.get(name), NEEDED.get(name, {})
    x = numbers((10,), dtype)
    if name != "snake":  # the simulator's sine is that of math, which takes no infinity
        x[:4] = [np.nan, np.inf, -np.inf, -0.0]
    y = f(x, **needed)
    same(f(FakeArray(x), **needed), y)
    dy = numbers(y.shape, dtype, 1)
    same(f.vjp(FakeArray(x), FakeArray(dy), **needed), f.vjp(x, dy, **needed))


@pytest.mark.parametrize("size", [1, 1023, 1024, 1025])
def test_tiles_and_tails(fake: FakeCuda, size: int) -> None:
    f = actgen.mish
    x = numbers((size,), np.float32)
    same(f(FakeArray(x)), f(x))
    same(f(FakeArray(x[1:])), f(x[1:]))
    same(f.fast(FakeArray(x)), f.fast(x))
    same(f.derivative(FakeArray(x), order=2), f.derivative(x, order=2))
    assert fake.launches[0].name == "forward_tiles"
    if size > 1:
        assert fake.launches[1].name == "forward_strided"


def layouts() -> dict[str, Any]:
    base = numbers((4, 6, 10), np.float32)
    deep = numbers((3, 2, 3, 2, 3, 4), np.float32)
    return {
        "transposed": base.transpose(2, 0, 1),
        "stepped": base[::2, :, ::3],
        "backwards": base[::-1, :, ::-2],
        "stretched": np.broadcast_to(base[:1, :, :1], (4, 6, 5)),
        "one row": base[1, 2],
        "no axes": base[1, 2, 3],
        "empty": base[:0],
        "six axes": deep[:, ::-1, ::2, ::-1, ::2, ::3],
        "five axes": np.broadcast_to(deep[:, :1, :, :1, :, 0], (3, 2, 3, 2, 3))[:, :, ::-1],
    }


@pytest.mark.parametrize("layout", layouts())
def test_any_strides(layout: str) -> None:
    x = layouts()[layout]
    same(actgen.silu(FakeArray(x)), actgen.silu(x))
    dy = numbers(x.shape, np.float32, 2)
    same(actgen.silu.vjp(FakeArray(x), FakeArray(dy)), actgen.silu.vjp(x, dy))
    out = np.zeros((*x.shape, 3), np.float32)[..., 1]
    given = FakeArray(out)
    assert actgen.silu(FakeArray(x), out=given) is given
    same(given, actgen.silu(x))


def test_the_result_may_lie_where_an_input_does() -> None:
    for view in (np.s_[:], np.s_[::2], np.s_[::-1]):
        memory = numbers((40,), np.float32)
        x = memory[view]
        wanted = actgen.gelu(x)
        actgen.gelu(FakeArray(x), out=FakeArray(x))
        np.testing.assert_array_equal(x, wanted)
    memory = numbers((41,), np.float32)
    wanted = actgen.gelu(memory[:-1])
    actgen.gelu(FakeArray(memory[:-1]), out=FakeArray(memory[1:]))
    np.testing.assert_array_equal(memory[1:], wanted)


def test_masks() -> None:
    x = numbers((3, 8), np.float32)
    mask = np.array([True, False, True, True, False, False, True, False])
    same(actgen.gelu(FakeArray(x), where=FakeArray(mask)), actgen.gelu(x, where=mask))
    same(actgen.gelu(FakeArray(x), where=False), np.zeros_like(x))
    tall = np.broadcast_to(mask[:3, None], (4, 3, 8))
    same(actgen.gelu(FakeArray(x), where=FakeArray(tall)), actgen.gelu(x, where=tall))
    out, wanted = np.ones_like(x), np.ones_like(x)
    actgen.gelu(FakeArray(x), where=FakeArray(mask), out=FakeArray(out))
    np.testing.assert_array_equal(out, actgen.gelu(x, where=mask, out=wanted))


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda d: d.__name__)
def test_parameters_may_be_arrays(dtype: Any) -> None:
    x = numbers((2, 3, 4), dtype)
    weight = np.array([0.1, 0.25, -0.5], dtype)
    dy = numbers(x.shape, dtype, 1)
    on_gpu = FakeArray(x), FakeArray(weight)
    same(actgen.prelu(*on_gpu), actgen.prelu(x, weight))
    found = actgen.prelu.vjp(on_gpu[0], FakeArray(dy), wrt=("x", "weight"), weight=on_gpu[1])
    wanted = actgen.prelu.vjp(x, dy, wrt=("x", "weight"), weight=weight)
    same(found[0], wanted[0])
    np.testing.assert_allclose(on_host(found[1]), wanted[1], rtol=1e-6)
    assert found[1].dtype == np.dtype(dtype).name
    slope = np.array([[0.1], [0.2], [0.3], [0.4], [0.5]], dtype)
    row = numbers((4,), dtype)
    same(actgen.leaky_relu(FakeArray(row), FakeArray(slope)), actgen.leaky_relu(row, slope))
    tall = numbers((5, 4), dtype, 3)
    found = actgen.leaky_relu.vjp(FakeArray(row), FakeArray(tall), negative_slope=FakeArray(slope))
    np.testing.assert_allclose(
        on_host(found), actgen.leaky_relu.vjp(row, tall, negative_slope=slope), rtol=1e-6
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16], ids=lambda d: d.__name__)
def test_gradients_by_parameters(dtype: Any) -> None:
    x, dy = numbers((30, 20), dtype), numbers((30, 20), dtype, 1)
    for name, parameter in (
        ("elu", "alpha"),
        ("swiglu", "alpha"),
        ("leaky_relu", "negative_slope"),
    ):
        f = actgen.get(name)
        slope = dy if f.spec["kind"] == "elementwise" else dy[:, :10]
        found = f.vjp(FakeArray(x), FakeArray(slope), wrt=parameter)
        assert (found.shape, found.dtype) == ((), np.dtype(dtype).name)
        wanted = f.vjp(x, slope, wrt=parameter)
        np.testing.assert_allclose(
            on_host(found), wanted, rtol=1e-3 if dtype == np.float16 else 1e-6
        )


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ["swiglu", "crelu"])
def test_pieces_along_any_axis(name: str, axis: int) -> None:
    f = actgen.get(name)
    x = numbers((2, 2, 4), np.float32)
    for array in (x, x.transpose(2, 0, 1)[:2, :, :], np.zeros((2, 0, 2), np.float32)):
        y = f(array, axis=axis)
        same(f(FakeArray(array), axis=axis), y)
        dy = numbers(y.shape, np.float32, 1)
        wanted = f.vjp(array, dy, axis=axis)
        same(f.vjp(FakeArray(array), FakeArray(dy), axis=axis), wanted)
        same(f.vjp(FakeArray(array), 1.0, axis=axis), f.vjp(array, 1.0, axis=axis))
        out = np.zeros(y.shape[::-1], np.float32).transpose()
        f(FakeArray(array), axis=axis, out=FakeArray(out))
        np.testing.assert_array_equal(out, y)


def test_gates_by_tiles(fake: FakeCuda) -> None:
    x = numbers((2, 2064), np.float16)
    same(actgen.swiglu(FakeArray(x)), actgen.swiglu(x))
    same(actgen.swiglu.vjp(FakeArray(x), 1.0), actgen.swiglu.vjp(x, 1.0))
    tiles = [launch for launch in fake.launches if launch.name.endswith("_tiles")]
    assert [launch.grid for launch in tiles] == [(2, 2, 1)] * 2


def test_extreme_parameters_are_computed_in_float64() -> None:
    x = numbers((30,), np.float32) * np.float32(1e30)
    wide = {"alpha": 1e25}
    same(actgen.elu(FakeArray(x), **wide), actgen.elu(x, **wide))
    same(actgen.elu.vjp(FakeArray(x), FakeArray(x), **wide), actgen.elu.vjp(x, x, **wide))
    out = np.zeros((30, 2), np.float32)[:, 1]
    actgen.elu(FakeArray(x), out=FakeArray(out), **wide)
    np.testing.assert_array_equal(out, actgen.elu(x, **wide))


def test_bound_parameters_and_variants() -> None:
    x = numbers((50,), np.float32)
    for f in (actgen.elu.with_params(alpha=0.3), actgen.gelu_tanh, actgen.relu6, actgen.gelu.fast):
        same(f(FakeArray(x)), f(x))
        same(f.vjp(FakeArray(x), FakeArray(x)), f.vjp(x, x))


def test_slopes_are_broadcast_and_converted() -> None:
    x = numbers((3, 4), np.float32)
    for dy in (numbers((4,), np.float32), numbers((3, 1), np.float64), numbers((), np.float16)):
        wanted = actgen.gelu.vjp(x, dy.astype(np.float32))
        same(actgen.gelu.vjp(FakeArray(x), FakeArray(dy)), wanted)
    for number in (2, -0.5, np.float32(3)):
        same(actgen.gelu.vjp(FakeArray(x), number), actgen.gelu.vjp(x, np.float32(number)))


def test_random_numbers_come_again_with_their_seed(fake: FakeCuda) -> None:
    x = numbers((5, 7), np.float32)
    f = actgen.rrelu
    first = on_host(f(FakeArray(x), training=True, rng=3))
    again = on_host(f(FakeArray(np.asfortranarray(x)), training=True, rng=3))
    np.testing.assert_array_equal(first, again)
    again = on_host(f(FakeArray(x), training=True, rng=np.random.default_rng(3)))
    np.testing.assert_array_equal(first, again)
    assert (on_host(f(FakeArray(x), training=True, rng=4)) != first).any()
    slopes = first[x < 0] / x[x < 0]
    assert ((slopes > 1 / 8 - 1e-6) & (slopes < 1 / 3 + 1e-6)).all()
    assert len(np.unique(slopes)) == slopes.size
    gradient = f.vjp(FakeArray(x), 1.0, training=True, rng=3)
    np.testing.assert_allclose(on_host(gradient)[x < 0], slopes, rtol=1e-6)
    with pytest.raises(ValueError, match="rng= seed"):
        f.vjp(FakeArray(x), 1.0, training=True)
    same(f(FakeArray(x)), f(x))


def test_nothing_stays_allocated(fake: FakeCuda) -> None:
    x = FakeArray(numbers((30, 20), np.float32))
    for _ in range(5):
        actgen.swiglu.vjp(x, 1.0, wrt="alpha")
        actgen.elu(x, alpha=1e30)
    from actgen.cuda import pending

    pending._held.clear()
    assert not fake.held
