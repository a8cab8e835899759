"""Functions that kernels call are compiled with the kernels alone, and whole where Python calls."""

from __future__ import annotations

import re
from pathlib import Path

import numba
import numpy as np
import pytest

from actgen.intrinsics import device, kernel

from .conftest import sample


@device
def plus_one(x):  # type: ignore[no-untyped-def]
    """Return x + 1."""
    return x + 1.0


@device
def plus_two(x):  # type: ignore[no-untyped-def]
    """Return x + 2."""
    return plus_one(plus_one(x))


@kernel
def add_two(x, out):  # type: ignore[no-untyped-def]
    """Add two to each element."""
    for i in range(x.size):
        out[i] = plus_two(x[i])


def test_kernels_inline_them_and_are_all_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTGEN_CACHE_DIR", str(tmp_path))
    x, out = np.arange(3.0), np.empty(3)
    add_two(x, out)
    np.testing.assert_array_equal(out, [2.0, 3.0, 4.0])
    (text,) = add_two.inspect_llvm().values()
    assert not re.search(r" call .*plus_", text)
    for compiled in (*plus_one.overloads.values(), *plus_two.overloads.values()):
        assert compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name) == 0
    assert [file.name.split("-")[0] for file in tmp_path.iterdir()] == [f"{__name__}.add_two"]


def test_python_may_call_them() -> None:
    assert plus_two(1.5) == 3.5
    assert plus_two(x=1.5) == 3.5
    with pytest.raises(TypeError, match="not enough arguments"):
        plus_two()


def test_scalars_serve_where_numba_takes_functions() -> None:
    silu = sample("silu")
    scalar, doubled = silu.scalar, silu.with_params(beta=2.0).scalar

    @numba.njit
    def apply(function, x):  # type: ignore[no-untyped-def]
        return function(x)

    @numba.vectorize(["float64(float64)"])
    def elementwise(x):  # type: ignore[no-untyped-def]
        return scalar(x, 1.0)

    @numba.cfunc("float64(float64)")
    def address(x):  # type: ignore[no-untyped-def]
        return scalar(x, 1.0)

    expected = scalar(2.0)
    assert apply(scalar, 2.0) == elementwise(2.0) == address.ctypes(2.0) == expected
    assert apply(doubled, 1.0) == expected / 2.0
