"""Mark all tests here as such that need a GPU, and bring arrays there and back."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from actgen.cuda import why_not
from actgen.cuda.driver import driver
from actgen.cuda.own import DeviceArray


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.gpu)


@pytest.fixture(scope="session", autouse=True)
def _device() -> None:
    reason = why_not()
    if reason is not None:
        pytest.fail(f"tests for a GPU need one: {reason}", pytrace=False)


def _library() -> Any:
    library = ctypes.CDLL("libcuda.so.1")
    library.cuMemcpyHtoD_v2.argtypes = (ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t)
    library.cuMemcpyDtoH_v2.argtypes = (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t)
    library.cuCtxSynchronize.argtypes = ()
    return library


def put(array: Any) -> DeviceArray:
    """Copy a NumPy array to the first GPU."""
    source = np.ascontiguousarray(array)
    made = DeviceArray(source.shape, source.dtype.name, 0, 0)
    if source.size:
        with driver().current(0):
            code = _library().cuMemcpyHtoD_v2(made.address, source.ctypes.data, source.nbytes)
        assert code == 0
    return made


def fetch(array: DeviceArray) -> Any:
    """Wait for an array on the first GPU and copy it back."""
    dtype = ml_dtypes.bfloat16 if array.dtype == "bfloat16" else array.dtype
    found = np.empty(array.shape, dtype)
    with driver().current(0):
        assert _library().cuCtxSynchronize() == 0
        if found.size:
            code = _library().cuMemcpyDtoH_v2(found.ctypes.data, array.address, found.nbytes)
            assert code == 0
    return found


def units_apart(a: Any, b: Any) -> Any:
    """Return how many numbers of the dtype lie between entries; 0 between NaNs, and zeros."""
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    kind: Any = {8: np.int64, 4: np.int32, 2: np.int16}[a.itemsize]

    def place(x: Any) -> Any:
        bits = np.ascontiguousarray(x).view(kind).astype(object if a.itemsize == 8 else np.int64)
        least = -(2 ** (8 * a.itemsize - 1))
        return np.where(bits < 0, least - bits, bits)

    both = np.isnan(a.astype(float)) & np.isnan(b.astype(float))
    return np.where(both, 0, abs(place(a) - place(b)))


def agree(found: Any, wanted: Any, units: int) -> None:
    """Hold results of a GPU to those of the CPU."""
    distance = units_apart(found, np.asarray(wanted))
    if distance.size and distance.max() > units:
        at = np.unravel_index(np.argmax(distance), distance.shape)
        raise AssertionError(f"{distance.max()} apart at {at}: {found[at]!r}, {wanted[at]!r}")
