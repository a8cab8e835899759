"""Tensors of PyTorch and arrays of JAX, which lie in memory of the host and pass for a GPU's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import actgen
from actgen import devices
from actgen.cuda import dlpack
from tests.cuda.fake_cuda import FakeCuda

torch = pytest.importorskip("torch")


@pytest.fixture
def tensors(fake: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    """Let tensors pass for such on the fake GPU."""
    from actgen.cuda.libraries import torch_tensors

    for kind in (torch.Tensor, torch.nn.Parameter):
        monkeypatch.setitem(devices._known, kind, ("torch", lambda tensor: True))
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.Tensor, "get_device", lambda tensor: 0)
    monkeypatch.setattr(torch_tensors, "current_stream", lambda device: 11)
    return fake


@pytest.fixture
def arrays(fake: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    """Let JAX arrays pass for such on the fake GPU."""
    jax = pytest.importorskip("jax")
    from actgen.cuda.libraries import jax_arrays

    class Held(jax_arrays._Held):  # type: ignore[misc]
        def __init__(self, source: Any, device: Any) -> None:
            self.source = source
            self.stream = 13
            self.capsule = source.__dlpack__()

    monkeypatch.setitem(devices._known, type(jax.numpy.ones(1)), ("jax", lambda array: True))
    monkeypatch.setattr(jax_arrays, "_Held", Held)
    monkeypatch.setattr(dlpack, "CUDA", 1)
    return fake


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(scale=3, size=shape).astype(np.float32)


def test_tensors_of_any_layout(tensors: FakeCuda) -> None:
    x = numbers(4, 6, 3)
    tensor = torch.from_numpy(x)
    for view in (tensor, tensor.permute(2, 0, 1), tensor[:, ::2], tensor[1, 2, 0], tensor[:0]):
        for _ in range(3):  # the first way, and the short one
            found = actgen.gelu(view)
            assert type(found) is torch.Tensor
            np.testing.assert_array_equal(found.numpy(), actgen.gelu(view.numpy()))
    assert {launch.stream for launch in tensors.launches} == {11}
    assert actgen.gelu(tensor.permute(2, 0, 1)).stride() == tensor.permute(2, 0, 1).stride()


def test_tensors_and_all_arguments(tensors: FakeCuda) -> None:
    x, dy = numbers(40), numbers(40, seed=1)
    t, s = torch.from_numpy(x), torch.from_numpy(dy)
    for _ in range(3):
        np.testing.assert_array_equal(actgen.elu(t, 0.3), actgen.elu(x, 0.3))
        np.testing.assert_array_equal(actgen.elu(t, alpha=0.3), actgen.elu(x, alpha=0.3))
        np.testing.assert_array_equal(actgen.elu.vjp(t, s), actgen.elu.vjp(x, dy))
        np.testing.assert_array_equal(
            actgen.gelu.derivative(t, 2, approximate=True),
            actgen.gelu.derivative(x, 2, approximate=True),
        )
        out = torch.zeros(40)
        assert actgen.elu(t, out=out) is out
        np.testing.assert_array_equal(out, actgen.elu(x))
        again = t.clone()
        actgen.elu(again, out=again)
        np.testing.assert_array_equal(again, actgen.elu(x))
        memory = torch.from_numpy(np.append(x, 0).astype(np.float32))
        actgen.elu(memory[:-1], out=memory[1:])
        np.testing.assert_array_equal(memory[1:], actgen.elu(x))
        where = actgen.elu(t, where=t > 0)
        np.testing.assert_array_equal(where, actgen.elu(x, where=x > 0))
    weight = torch.tensor([0.1, 0.2])
    square = t.reshape(20, 2)
    np.testing.assert_array_equal(
        actgen.prelu(square, weight), actgen.prelu(x.reshape(20, 2), weight.numpy())
    )


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("name", ["softmax", "swiglu"])
def test_short_ways_along_axes(tensors: FakeCuda, name: str, axis: int) -> None:
    f = actgen.get(name)
    x = numbers(2, 4, 3) if axis else numbers(2, 3, 4)
    x = x if axis != -1 else numbers(2, 3, 4)
    y = f(x, axis=axis)
    dy = numbers(*y.shape, seed=1)
    t, s = torch.from_numpy(x), torch.from_numpy(dy)
    for _ in range(3):
        torch.testing.assert_close(f(t, axis=axis), torch.from_numpy(y))
        slopes = f.vjp(t, s, axis=axis)
        torch.testing.assert_close(slopes, torch.from_numpy(f.vjp(x, dy, axis=axis)))
        out = torch.zeros(y.shape)
        assert f(t, axis=axis, out=out) is out
        torch.testing.assert_close(out, torch.from_numpy(y))
        again = t.clone()
        f.vjp(again, s, axis=axis, out=again)
        torch.testing.assert_close(again, slopes)
    kinds = {launch.name.rpartition("_")[2] for launch in tensors.launches}
    assert not kinds & {"copied", "strided"}
    with pytest.raises(ValueError, match="dy has shape"):
        f.vjp(t, s[:1, :1, :1].expand(5, 1, 1), axis=axis)
    memory = torch.from_numpy(np.append(x, x[:1, :1, :1]).astype(np.float32))
    if name == "softmax":
        f(memory[:-1].view(x.shape), axis=axis, out=memory[1:].view(x.shape))
        torch.testing.assert_close(memory[1:].view(x.shape), torch.from_numpy(y))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (torch.float64, torch.float64),
        (torch.bfloat16, torch.bfloat16),
        (torch.int64, torch.float64),
        (torch.int16, torch.float32),
        (torch.uint8, torch.float16),
        (torch.bool, torch.float16),
    ],
)
def test_dtypes_of_tensors(tensors: FakeCuda, given: Any, wanted: Any) -> None:
    x = torch.tensor([0, 1, 1]).to(given)
    found = actgen.relu(x)
    assert found.dtype == wanted
    assert found.tolist() == [0, 1, 1]
    with pytest.raises(TypeError, match="dtype complex64"):
        actgen.relu(x.to(torch.complex64))


def test_gradients_are_not_lost_silently(tensors: FakeCuda) -> None:
    x = torch.ones(3, requires_grad=True)
    parameter = torch.nn.Parameter(torch.ones(3))
    for tensor in (x, parameter, x * 2):
        with pytest.raises(TypeError, match=r"tensor.detach\(\)"):
            actgen.gelu(tensor)
    with torch.no_grad():
        assert not actgen.gelu(parameter).requires_grad
    assert actgen.gelu(x.detach()).shape == (3,)
    with pytest.raises(TypeError, match="to_dense"):
        actgen.gelu(torch.ones(2, 2).to_sparse())


def test_negated_views(tensors: FakeCuda) -> None:
    x = torch.complex(torch.zeros(3), torch.tensor([1.0, -2.0, 3.0])).conj().imag
    assert x.is_neg()
    assert actgen.relu(x).tolist() == [0, 2, 0]


def test_mixing_devices_of_tensors(tensors: FakeCuda) -> None:
    with pytest.raises(TypeError, match="pass out as a PyTorch array"):
        actgen.gelu(torch.ones(3), out=np.ones(3, np.float32))


def test_jax_arrays(arrays: FakeCuda) -> None:
    import jax

    x, dy = numbers(6, 8), numbers(6, 8, seed=1)
    a, b = jax.numpy.asarray(x), jax.numpy.asarray(dy)
    for found, wanted in (
        (actgen.gelu(a), actgen.gelu(x)),
        (actgen.gelu.vjp(a, b), actgen.gelu.vjp(x, dy)),
        (actgen.swiglu(a), actgen.swiglu(x)),
        (actgen.crelu(a, axis=0), actgen.crelu(x, axis=0)),
        (actgen.gelu(a, where=b > 0), actgen.gelu(x, where=dy > 0)),
        (actgen.softplus(a.astype("bfloat16")), None),
    ):
        assert isinstance(found, jax.Array)
        if wanted is not None:
            np.testing.assert_array_equal(np.asarray(found), wanted)
    assert {launch.stream for launch in arrays.launches} == {13}
    assert actgen.relu(jax.numpy.asarray([1, -1])).dtype == np.float32  # no float64 by default
    with pytest.raises(TypeError, match="JAX arrays never change"):
        actgen.gelu(a, out=b)


def test_memory_of_jax_results_is_freed(arrays: FakeCuda) -> None:
    import gc

    import jax

    from actgen.cuda import pending

    x = jax.numpy.asarray(numbers(1000))
    result = actgen.gelu(x)
    result.block_until_ready()
    del result, x
    pending._held.clear()
    gc.collect()
    assert not arrays.held
    assert not dlpack._held


def test_capsules_that_nobody_takes(arrays: FakeCuda) -> None:
    from actgen.cuda.own import DeviceArray

    array = DeviceArray((3,), "float32", 0, 0)
    capsule = array.__dlpack__()
    assert dlpack.opened(capsule).shape == (3,)
    assert dlpack._held
    del capsule
    assert not dlpack._held
    taken = torch.from_dlpack(array)
    assert taken.data_ptr() == array.address
    del array
    assert arrays.held
    del taken
    assert not arrays.held
