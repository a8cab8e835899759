"""Arrays on a GPU are told from others by their type, and nothing of CUDA is imported for that."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import actgen
from actgen.devices import library_of

from .fake_cuda import FakeArray

IMPORTS = """
import sys
import numpy as np
import actgen
heavy = {"cuda", "numba_cuda", "cupy", "torch", "jax", "actgen.cuda.driver"}
actgen.gelu(np.ones(3, np.float32))
actgen.softmax([1.0, 2.0], where=[True, False])
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert actgen.cuda.is_available() in (True, False)
"""
WITHOUT_PACKAGES = """
import sys
sys.modules["numba_cuda"] = None
import actgen
from actgen.cuda import device
from actgen.cuda.errors import CudaSetupError
try:
    actgen.cuda.scalar("gelu")
except CudaSetupError as error:
    assert 'pip install "actgen[cuda13]"' in str(error), error
else:
    raise AssertionError("found a function")
"""


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True)


def test_importing_brings_in_no_package_of_cuda() -> None:
    run(IMPORTS)


def test_without_the_extra_the_message_says_what_to_install() -> None:
    run(WITHOUT_PACKAGES)


class OnHost:
    def __dlpack__(self) -> None: ...

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class OnGpu(OnHost):
    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 1


class Both(FakeArray, OnGpu):
    pass


@pytest.mark.parametrize(
    ("value", "library"),
    [
        *((value, None) for value in (1, 1.0, True, None, "x", [1.0], (), {}, np.ones(2))),
        *((value, None) for value in (np.float32(1), np.ma.array([1.0]), object(), int, OnHost())),
        (FakeArray(np.ones(2)), "interface"),
        (OnGpu(), "dlpack"),
        (Both(np.ones(2)), "interface"),
    ],
)
def test_what_lies_on_a_gpu(value: Any, library: str | None) -> None:
    assert library_of(value) == library
    assert library_of(value) == library  # the second time from the table


def test_libraries_are_known_by_their_types() -> None:
    torch = pytest.importorskip("torch")
    jnp = pytest.importorskip("jax.numpy")
    assert library_of(torch.ones(2)) is None
    assert library_of(torch.nn.Parameter(torch.ones(2))) is None
    assert library_of(jnp.ones(2)) is None
    for module, name, library in (
        ("cupy", "ndarray", "cupy"),
        ("numba.cuda.cudadrv.devicearray", "DeviceNDArrayBase", "numba"),
    ):
        kind = type(name, (), {"__module__": module})
        assert library_of(kind()) == library


def test_without_a_driver_every_call_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from actgen.cuda import driver

    def refuse(name: str) -> None:
        raise OSError(name)

    driver.driver.cache_clear()
    monkeypatch.setattr(driver, "_opened", refuse)
    x = FakeArray(np.ones(3))
    for call in (actgen.gelu, actgen.gelu.derivative, actgen.softmax, actgen.swiglu):
        with pytest.raises(actgen.cuda.CudaSetupError, match=r"no NVIDIA driver.*install one"):
            call(x)
    with pytest.raises(actgen.cuda.CudaSetupError, match="no NVIDIA driver"):
        actgen.gelu.vjp(x, 1.0)
    assert not actgen.cuda.is_available()
    assert "install one" in str(actgen.cuda.why_not())
