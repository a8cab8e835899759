"""PyTorch tensors: streams, graphs, layouts, memory, devices, threads."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

import actgen

from .conftest import agree

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def _torch_has_cuda() -> Any:
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no CUDA")
    yield
    torch.cuda.synchronize()
    torch.cuda.empty_cache()


def tensor(*shape: int, seed: int = 0) -> Any:
    drawn = np.random.default_rng(seed).normal(scale=3, size=shape).astype(np.float32)
    return torch.from_numpy(drawn).cuda()


def check(found: Any, wanted: Any, units: int = 0) -> None:
    agree(found.cpu().numpy(), wanted, units)


def busy(seconds: float = 0.3) -> None:
    """Keep the current stream at work."""
    torch.cuda._sleep(int(seconds * 1e9))


def test_the_current_stream_is_worked_on() -> None:
    wanted = actgen.gelu(np.ones(1000, np.float32))
    for stream in (torch.cuda.Stream(), torch.cuda.Stream(priority=-1)):
        actgen.gelu(torch.ones(1000, device="cuda"))
        with torch.cuda.stream(stream):
            x = torch.zeros(1000, device="cuda")
            busy()
            x.fill_(1)
            found = [actgen.gelu(x), actgen.gelu(x[1:]), actgen.softmax(x)]
        stream.synchronize()
        check(found[0], wanted)
        check(found[1], wanted[1:])
        torch.testing.assert_close(found[2], torch.softmax(x, 0))


def test_nothing_waits_for_the_device() -> None:
    x, dy = tensor(1000, 1000), tensor(1000, 1000, seed=1)
    out = torch.empty_like(x)

    def calls() -> None:
        actgen.gelu(x, out=out)
        actgen.gelu.vjp(x, dy)
        actgen.gelu(x.t())
        actgen.swiglu(x)
        actgen.softmax(x, axis=0)
        actgen.elu.vjp(x, dy, wrt="alpha")
        actgen.rrelu(x, training=True)
        actgen.gelu(x, where=x > 0)

    calls()
    torch.cuda.synchronize()
    before = time.perf_counter()
    busy(1.0)
    calls()
    assert time.perf_counter() - before < 0.4
    assert not torch.cuda.current_stream().query()


def test_graphs() -> None:
    x, dy = tensor(300, 400), tensor(300, 400, seed=1)

    def calls() -> list[Any]:
        return [
            actgen.mish(x),
            actgen.mish.vjp(x, dy),
            actgen.softmax(x),
            actgen.swiglu(x, axis=0),
            actgen.mish(x.t()),
        ]

    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        calls()
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found = calls()
    for seed in range(3):
        x.copy_(tensor(300, 400, seed=seed))
        graph.replay()
        torch.cuda.synchronize()
        for result, wanted in zip(found, calls(), strict=True):
            assert torch.equal(result, wanted)


def test_a_kernel_is_compiled_while_a_graph_is_captured() -> None:
    x = tensor(100)
    f = actgen.squareplus.fast
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found = f.derivative(x)
    graph.replay()
    assert torch.equal(found, f.derivative(x))


def test_layouts() -> None:
    x = tensor(6, 8, 5, 7)
    host = x.cpu().numpy()
    views = {
        "channels last": lambda a: a.transpose(0, 2, 3, 1),
        "reversed axes": lambda a: a.transpose(3, 2, 1, 0),
        "steps": lambda a: a[::2, 1::3],
        "stretched": lambda a: a[:1, :1],
    }
    for view in views.values():
        array = view(host)
        order = [int(i) for i in np.argsort([-s for s in array.strides])]
        base = torch.from_numpy(np.ascontiguousarray(array.transpose(order))).cuda()
        given = base.permute([order.index(i) for i in range(4)])
        check(actgen.gelu(given), actgen.gelu(array))
        check(actgen.softmax(given, axis=1), actgen.softmax(array, axis=1), 3)
    given = x[::2, 1::3]
    check(actgen.gelu(given), actgen.gelu(host[::2, 1::3]))
    check(
        actgen.gelu(x[:1, :1].expand(6, 8, 5, 7)),
        actgen.gelu(np.broadcast_to(host[:1, :1], host.shape)),
    )
    out = torch.zeros(8, 6, 5, 7, device="cuda").transpose(0, 1)
    assert actgen.gelu(x, out=out) is out
    check(out, actgen.gelu(host))
    deep = tensor(3, 4, 3, 4, 3, 4)[::2, ::3, ::2, ::3, ::2, ::3]
    check(actgen.gelu(deep), actgen.gelu(deep.cpu().numpy()))


def test_overlapping_memory() -> None:
    memory = tensor(100_001)
    wanted = actgen.gelu(memory[:-1].cpu().numpy())
    actgen.gelu(memory[:-1], out=memory[1:])
    check(memory[1:], wanted)


def test_masks_and_arrays_of_parameters() -> None:
    x, weight = tensor(10, 30, 20), tensor(30, seed=1)
    mask = tensor(30, 20, seed=2) > 0
    host = x.cpu().numpy()
    out = torch.ones_like(x)
    actgen.gelu(x, where=mask, out=out)
    check(out, actgen.gelu(host, where=mask.cpu().numpy(), out=np.ones_like(host)))
    check(actgen.prelu(x, weight), actgen.prelu(host, weight.cpu().numpy()), 1)
    found = actgen.prelu.vjp(x, torch.ones_like(x), wrt="weight", weight=weight)
    wanted = actgen.prelu.vjp(host, np.ones_like(host), wrt="weight", weight=weight.cpu().numpy())
    np.testing.assert_allclose(found.cpu().numpy(), wanted, rtol=1e-5)


def test_gradients_are_those_of_autograd() -> None:
    x, dy = tensor(50, 60).double(), tensor(50, 60, seed=1).double()
    for f, reference in (
        (actgen.gelu, torch.nn.functional.gelu),
        (actgen.silu, torch.nn.functional.silu),
        (actgen.softmax, lambda v: torch.softmax(v, -1)),
        (actgen.log_softmax, lambda v: torch.log_softmax(v, -1)),
    ):
        variable = x.clone().requires_grad_()
        reference(variable).backward(dy)
        torch.testing.assert_close(f.vjp(x, dy), variable.grad, rtol=1e-9, atol=1e-12)
    with pytest.raises(TypeError, match="detach"):
        actgen.gelu(x.requires_grad_())


def free() -> int:
    torch.cuda.empty_cache()
    return int(torch.cuda.mem_get_info()[0])


def test_more_elements_than_32_bits_count() -> None:
    size = 2**31 + 3000
    if free() < 5 * 2 * size:
        pytest.skip("takes 20 GB of the GPU's memory")
    x = torch.zeros(size, dtype=torch.float16, device="cuda")
    ends = torch.from_numpy(np.random.default_rng(0).normal(size=2500).astype(np.float16)).cuda()
    x[-2500:] = ends
    x[:2500] = ends
    wanted = actgen.gelu(ends)
    for view in (x, x[1:]):
        y = actgen.gelu(view)
        assert torch.equal(y[-2500:], wanted)
        assert torch.equal(y[:2000], wanted[:2000] if view is x else wanted[1:2001])
        assert not y[3000:-3000].any()
        del y
    y = actgen.gelu(x.reshape(-1, 1).expand(-1, 2)[:, 1])
    assert torch.equal(y[-2500:], wanted)
    actgen.gelu(x, out=x)
    assert torch.equal(x[-2500:], wanted)


def test_running_out_of_memory() -> None:
    size = int(free() * 0.6) // 4
    x = torch.full((size,), 2.0, device="cuda")
    with pytest.raises((torch.cuda.OutOfMemoryError, MemoryError)):
        actgen.gelu(x)
    assert float(x[-1]) == 2.0
    assert actgen.gelu(x, out=x) is x
    expected = float(actgen.gelu(np.float32(2)))
    assert float(x[0]) == float(x[-1]) == pytest.approx(expected)


def test_threads_with_streams_of_their_own() -> None:
    inputs = [tensor(500, 600, seed=seed) for seed in range(8)]
    wanted = [actgen.silu(x.cpu().numpy()) for x in inputs]
    results: list[Any] = [None] * 8

    def work(place: int) -> None:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.default_stream())
        with torch.cuda.stream(stream):
            for _ in range(100):
                results[place] = actgen.silu(inputs[place])
        stream.synchronize()

    torch.cuda.synchronize()
    threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for found, expected in zip(results, wanted, strict=True):
        check(found, expected)


def test_the_first_call_of_a_thread() -> None:
    x, found = tensor(1000), []
    thread = threading.Thread(target=lambda: found.append(actgen.tanh(x)))
    thread.start()
    thread.join()
    check(found[0], actgen.tanh(x.cpu().numpy()))


def test_several_devices() -> None:
    if torch.cuda.device_count() < 2:
        pytest.skip("there is one GPU")
    x = tensor(1000)
    other = x.to("cuda:1")
    found = actgen.gelu(other)
    assert found.device == other.device
    assert torch.cuda.current_device() == 0
    check(found, actgen.gelu(x.cpu().numpy()))
    with pytest.raises(ValueError, match="move one to the other"):
        actgen.gelu.vjp(x, other)
    with pytest.raises(ValueError, match="move one to the other"):
        actgen.gelu(x, out=torch.empty_like(other))


def test_wrong_arguments() -> None:
    x = tensor(10)
    for out in (torch.empty(10), torch.empty(10, device="cuda").half(), x[:5], np.ones(10, "f4")):
        with pytest.raises((TypeError, ValueError), match="out"):
            actgen.gelu(x, out=out)
    with pytest.raises(TypeError, match="dy does not"):
        actgen.gelu.vjp(x, torch.ones(10))
