"""What does not go together is refused before anything is launched; the rest is launched well."""

from __future__ import annotations

import threading
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import actgen
from actgen import devices
from actgen.cuda import CudaSetupError, device

from .fake_cuda import FakeArray, FakeCuda, forget, install

X = np.ones((4, 8), np.float32)
READ_ONLY = FakeArray(X.copy(), read_only=True)


class Other(FakeArray):
    """An array of another library."""


devices._known[Other] = ("numba", lambda array: True)
RECORDS = np.zeros(6, [("a", "<f8"), ("b", "<i4")])


class Described:
    """An array that says of itself what it is told to."""

    def __init__(self, **described: Any) -> None:
        self.__cuda_array_interface__ = described | {"data": (0, False), "version": 3}
        if "strides" in described:
            self.__cuda_array_interface__ |= {"typestr": "<f4", "shape": (3,)}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: actgen.gelu(x, out=X.copy()), TypeError, "out does not.*pass out as"),
        (lambda x: actgen.gelu(x, where=X > 0), TypeError, "where does not"),
        (lambda x: actgen.gelu.vjp(x, X), TypeError, "dy does not"),
        (lambda x: actgen.gelu.vjp(x, [1.0]), TypeError, "dy does not"),
        (lambda x: actgen.prelu(x, X[0, :4]), TypeError, "weight does not"),
        (lambda x: actgen.gelu(X, out=x), TypeError, "out lies on a GPU and x does not"),
        (lambda x: actgen.gelu(X, where=x), TypeError, "where lies on a GPU"),
        (lambda x: actgen.gelu.vjp(X, x), TypeError, "dy lies on a GPU"),
        (lambda x: actgen.elu(X, x), TypeError, "alpha lies on a GPU"),
        (lambda x: actgen.elu.with_params(alpha=x), TypeError, "alpha lies on a GPU"),
        (
            lambda x: actgen.gelu(x, out=FakeArray(X.astype("f2"))),
            TypeError,
            "out has dtype float16",
        ),
        (lambda x: actgen.gelu(x, out=FakeArray(X[:2])), ValueError, r"out has shape \(2, 8\)"),
        (lambda x: actgen.gelu(x, out=READ_ONLY), ValueError, "out is read-only"),
        (
            lambda x: actgen.gelu(
                x, out=FakeArray(np.lib.stride_tricks.as_strided(X, (4, 8), (0, 4)))
            ),
            ValueError,
            "in the same place",
        ),
        (lambda x: actgen.gelu(x, where=x), TypeError, "where has dtype float32"),
        (lambda x: actgen.gelu.vjp(x, FakeArray(X[:, :3])), ValueError, "dy has shape"),
        (lambda x: actgen.gelu.vjp(x, x, where=FakeArray(X > 0)), TypeError, "takes no where"),
        (lambda x: actgen.gelu(x, out=Other(X)), TypeError, "arrays of one library"),
        (lambda x: actgen.swiglu(FakeArray(X[:, :3])), ValueError, "odd"),
        (lambda x: actgen.softmax(x, axis=2), ValueError, "axis 2 is out of bounds"),
        (lambda x: actgen.prelu(x, FakeArray(X[0, :3]), axis=1), ValueError, "length 3"),
        (lambda x: actgen.gelu(FakeArray(X.astype(complex))), TypeError, "dtype complex128"),
        (lambda x: actgen.gelu(FakeArray(X.astype(int))), TypeError, "not converted from int64"),
        (lambda x: actgen.gelu(x, approximate=x), TypeError, "approximate must be a number"),
        (lambda x: actgen.celu(x, alpha=-1.0), ValueError, "alpha must be > 0"),
        (lambda x: actgen.gelu(x, approx=1), TypeError, "did you mean|Did you mean"),
        (lambda x: actgen.softmax.derivative(x), TypeError, "use vjp"),
        (lambda x: actgen.gelu(x, out=1.0), TypeError, "out is a float, not a foreign array"),
        (lambda x: actgen.gelu(x, where=1), TypeError, "where is a int, not a foreign array"),
        (lambda x: actgen.gelu(FakeArray(RECORDS["a"])), TypeError, "strides of .12,. bytes"),
        (lambda x: actgen.prelu(x, FakeArray(X > 0)), TypeError, "it must be an integer, float16"),
        (lambda x: actgen.gelu(Described(shape=(3,))), TypeError, "describes itself wrongly"),
        (lambda x: actgen.gelu(Described(strides=(4, 4))), TypeError, "1 axes and 2 strides"),
    ],
)
def test_what_does_not_go_together(
    fake: FakeCuda, call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(FakeArray(X))
    assert not fake.launches


@pytest.mark.parametrize("capability", [(13, 0)])
def test_a_device_newer_than_the_packages(capability: tuple[int, int]) -> None:
    from actgen.cuda.compilation import compile_kernel
    from actgen.generated.cuda.relu import forward_default_tiles

    with pytest.raises(CudaSetupError, match=r"13\.0 is newer than .* update cuda-toolkit"):
        compile_kernel(forward_default_tiles, "float32", capability)


def test_arrays_on_two_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install(monkeypatch, FakeCuda(capabilities=((9, 0), (8, 0))))
    x, dy = X.copy(), X.copy()
    for device_number, array in enumerate((x, dy)):
        fake.held[array.__array_interface__["data"][0]] = device_number
    with pytest.raises(ValueError, match="x lies on GPU 0 and dy on GPU 1: move"):
        actgen.gelu.vjp(FakeArray(x), FakeArray(dy))
    fake.current.append(1000)
    actgen.gelu(FakeArray(dy))
    assert fake.launches[-1].device == 1
    assert fake.current[-1] == 1000  # as it was
    forget()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (FakeCuda(capabilities=((7, 0),)), r"compute capability 7\.0; kernels need 7\.5"),
        (
            FakeCuda(version=12040),
            r"runs CUDA 12\.4.*of CUDA 13\.0.*580 or newer.*actgen\[cuda12\]",
        ),
        (FakeCuda(capabilities=()), "no usable GPU: CUDA_ERROR_NO_DEVICE"),
    ],
)
def test_what_cannot_run(monkeypatch: pytest.MonkeyPatch, found: FakeCuda, message: str) -> None:
    install(monkeypatch, found)
    with pytest.raises(CudaSetupError, match=message):
        actgen.gelu(FakeArray(X))
    assert not actgen.cuda.is_available()
    assert not found.launches
    forget()


def test_a_missing_wheel(monkeypatch: pytest.MonkeyPatch, fake: FakeCuda) -> None:
    import cuda.pathfinder

    def refuse(name: str) -> None:
        raise RuntimeError(name)

    device.check_packages.cache_clear()
    monkeypatch.setattr(cuda.pathfinder, "load_nvidia_dynamic_lib", refuse)
    with pytest.raises(CudaSetupError, match=r"NVVM.*pip install .actgen\[cuda13\]"):
        actgen.gelu(FakeArray(X))


def test_an_old_driver_without_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    class Old(FakeCuda):
        def __getitem__(self, name: str) -> Any:
            if name == "cuLibraryLoadData":
                raise AttributeError(name)
            return super().__getitem__(name)

    install(monkeypatch, Old())
    with pytest.raises(CudaSetupError, match="too old: it has no cuLibraryLoadData; install 525"):
        actgen.gelu(FakeArray(X))
    forget()


def test_errors_of_the_driver(fake: FakeCuda) -> None:
    fake.fails["cuLaunchKernelEx"] = 700
    with pytest.raises(actgen.cuda.CudaError, match="launching a kernel: ILLEGAL_ADDRESS"):
        actgen.gelu(FakeArray(X))
    fake.fails.clear()
    fake.memory = 100
    out = X.copy()
    with pytest.raises(MemoryError, match="no memory left"):
        actgen.gelu(FakeArray(X))
    actgen.gelu(FakeArray(X), out=FakeArray(out))
    assert len(fake.launches) == 1


@pytest.mark.parametrize(
    ("dtype", "element"),
    [("f8", "float64"), ("f4", "float32"), ("f2", "float16"), (ml_dtypes.bfloat16, "bfloat16")],
)
def test_a_kernel_gets_what_it_asks_for(fake: FakeCuda, dtype: Any, element: str) -> None:
    memory = np.zeros(3000, dtype)
    start = -memory.__array_interface__["data"][0] % 16 // memory.itemsize
    x = memory[start : start + 2000]
    result = actgen.elu(FakeArray(x, stream=7), alpha=0.1)
    (launch,) = fake.launches
    assert (launch.name, launch.element, launch.device) == ("forward_tiles", element, 0)
    assert (launch.grid, launch.block, launch.stream) == ((2, 1, 1), 128, 7)
    given = launch.arguments
    assert given["x"] == x.__array_interface__["data"][0]
    assert (given["out"], given["size"]) == (result.address, 2000)
    value, high, rest = given["alpha"]
    assert (value, high) == (0.1, np.float32(0.1))
    assert rest == np.float32(0.1 - float(np.float32(0.1)))
    assert (result.dtype, result.shape, result.stream) == (element, (2000,), 7)


def test_strided_launches(fake: FakeCuda) -> None:
    memory = np.zeros((6, 4, 5, 7), np.float32)
    mask = np.zeros(7, bool)
    actgen.gelu(FakeArray(memory[:, ::3, :, ::-1]), where=FakeArray(mask))
    (launch,) = fake.launches
    given = launch.arguments
    assert launch.name == "forward_strided"
    assert (launch.grid, launch.block) == ((2, 1, 1), 256)
    assert given["shape"] == (6, 2, 5, 7)
    assert given["x_strides"] == (140, 105, 7, -1)
    assert given["out_strides"] == (70, 35, 7, 1)
    assert given["mask_strides"] == (0, 0, 0, 1)
    assert given["mask"] == mask.__array_interface__["data"][0]


def test_columns_of_a_matrix_and_its_transpose(fake: FakeCuda) -> None:
    x = np.zeros((64, 64), np.float32)
    x = x[x.__array_interface__["data"][0] % 16 // 4 :]
    actgen.gelu(FakeArray(x.T), out=FakeArray(x.T))
    actgen.gelu(FakeArray(x.T), out=FakeArray(x))
    assert fake.names() == ["forward_tiles", "copied", "forward_tiles"]


def test_kernels_are_compiled_once_for_all_threads(fake: FakeCuda) -> None:
    x = FakeArray(np.zeros(100, np.float32))
    together = threading.Barrier(8)

    def work() -> None:
        together.wait()
        for _ in range(20):
            actgen.selu(x)

    fake.current[:] = [1000]
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake.code) == 1
    assert len(fake.launches) == 160


def test_a_thread_without_a_context(fake: FakeCuda) -> None:
    fake.current[:] = [0]
    actgen.gelu(FakeArray(X))
    assert fake.current == [0]
    assert len(fake.launches) == 1


def test_nothing_waits_for_the_device(fake: FakeCuda) -> None:
    for call in (
        lambda x: actgen.softmax(x, axis=0),
        lambda x: actgen.swiglu.vjp(x, 1.0, wrt="alpha"),
        lambda x: actgen.rrelu(x, training=True),
    ):
        call(FakeArray(X))
    assert not any("Synchronize" in name or "Memcpy" in name for name in fake.calls)


def test_what_a_stream_reads_stays_alive(fake: FakeCuda) -> None:
    from actgen.cuda import pending

    fake.done = False
    for _ in range(3):
        actgen.gelu(FakeArray(X.copy()))
    assert len(pending._held) == 3
    fake.done = True
    actgen.gelu(FakeArray(X.copy()))
    assert len(pending._held) == 2


def test_a_view_without_elements(fake: FakeCuda) -> None:
    result = actgen.gelu(FakeArray(np.zeros((0, 3), np.float32)))
    assert (result.shape, result.address) == ((0, 3), 0)
    assert not fake.launches
