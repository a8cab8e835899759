"""Arrays of every library that is installed: types, streams, layouts, results without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import actgen

from .conftest import agree, fetch, put

X = np.random.default_rng(0).normal(scale=3, size=(40, 60)).astype(np.float32)
DY = np.random.default_rng(1).normal(size=X.shape).astype(np.float32)


def _torch() -> tuple[Any, Any]:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no CUDA")
    return lambda a: torch.from_numpy(a).cuda(), lambda t: t.cpu().numpy()


def _cupy() -> tuple[Any, Any]:
    cupy = pytest.importorskip("cupy")
    return cupy.asarray, cupy.asnumpy


def _jax() -> tuple[Any, Any]:
    jax = pytest.importorskip("jax")
    devices = [device for device in jax.devices() if device.platform in ("gpu", "cuda")]
    if not devices:
        pytest.skip("this JAX has no CUDA")
    return lambda a: jax.device_put(a, devices[0]), np.asarray


def _numba() -> tuple[Any, Any]:
    from numba import cuda

    return cuda.to_device, lambda a: a.copy_to_host()


def _own() -> tuple[Any, Any]:
    return put, fetch


LIBRARIES = {"torch": _torch, "cupy": _cupy, "jax": _jax, "numba": _numba, "own": _own}


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    return LIBRARIES[request.param]()


def test_results_are_of_the_same_library(library: tuple[Any, Any]) -> None:
    to, back = library
    x, dy = to(X), to(DY)
    for _ in range(3):
        for found, wanted in (
            (actgen.gelu(x), actgen.gelu(X)),
            (actgen.gelu.vjp(x, dy), actgen.gelu.vjp(X, DY)),
            (actgen.gelu(x, approximate=True), actgen.gelu(X, approximate=True)),
            (actgen.swiglu(x), actgen.swiglu(X)),
            (actgen.crelu(x, axis=0), actgen.crelu(X, axis=0)),
            (actgen.softmax(x, axis=0), actgen.softmax(X, axis=0)),
        ):
            assert type(found) is type(x)
            agree(back(found), wanted, 2)


def test_results_go_on_to_the_next_call(library: tuple[Any, Any]) -> None:
    to, back = library
    value, wanted = to(X), X
    for name in ("tanh", "gelu", "softmax", "selu", "silu") * 3:
        value, wanted = actgen.get(name)(value), actgen.get(name)(wanted)
    np.testing.assert_allclose(back(value), wanted, rtol=1e-4)


def test_out(library: tuple[Any, Any], request: pytest.FixtureRequest) -> None:
    to, back = library
    x, out = to(X), to(np.zeros_like(X))
    if request.node.callspec.params["library"] == "jax":
        with pytest.raises(TypeError, match="never change"):
            actgen.gelu(x, out=out)
        return
    assert actgen.gelu(x, out=out) is out
    agree(back(out), actgen.gelu(X), 0)
    assert actgen.gelu(x, out=x) is x
    agree(back(x), actgen.gelu(X), 0)


def test_cpu_arrays_are_refused(library: tuple[Any, Any]) -> None:
    to, _ = library
    with pytest.raises(TypeError, match="does not"):
        actgen.gelu.vjp(to(X), DY)
    with pytest.raises(TypeError, match="lies on a GPU"):
        actgen.gelu.vjp(X, to(DY))


@pytest.mark.parametrize("name", ["cupy", "numba"])
def test_other_streams(name: str) -> None:
    to, back = LIBRARIES[name]()
    if name == "cupy":
        import cupy

        stream = cupy.cuda.Stream(non_blocking=True)
        with stream:
            x = to(X)
            found = actgen.gelu(x)
        stream.synchronize()
    else:
        from numba import cuda

        stream = cuda.stream()
        x = cuda.to_device(X, stream=stream)
        found = actgen.gelu(x)
        stream.synchronize()
    agree(back(found), actgen.gelu(X), 0)


def test_integers() -> None:
    for name in ("torch", "cupy"):
        try:
            to, back = LIBRARIES[name]()
        except pytest.skip.Exception:
            continue
        for dtype in (np.int64, np.int32, np.int16, np.uint8, np.bool_):
            x = np.array([0, 1, 1, 0]).astype(dtype)
            agree(back(actgen.sigmoid(to(x))), actgen.sigmoid(x), 1)


def applied(function: Any) -> Any:
    """Return a kernel of a user that calls a device function."""
    from numba import cuda

    @cuda.jit
    def apply(x, out):  # type: ignore[no-untyped-def]
        i = cuda.grid(1)
        if i < x.size:
            out[i] = function(x[i])

    return apply


def test_functions_in_kernels_of_users() -> None:
    from numba import cuda

    for f in (actgen.gelu, actgen.gelu.fast, actgen.elu.with_params(alpha=0.3)):
        function = actgen.cuda.scalar(f)

        x = X.ravel()
        out = cuda.to_device(np.zeros_like(x))
        applied(function)[-(-x.size // 128), 128](cuda.to_device(x), out)
        agree(out.copy_to_host(), f(x), 1)
