"""The runtime's own kernels, and functions for kernels of users, compile for any device."""

from __future__ import annotations

from typing import Any

import pytest
from numba import cuda
from numba.cuda import types
from numba.cuda.core.errors import TypingError

import actgen
from actgen.cuda import routines
from actgen.cuda.arguments import argument_kind, argument_names
from actgen.cuda.compilation import argument_types, report

CAPABILITIES = ((7, 5), (9, 0))
LANES = {"lanes": 32, "width": 4}
ROUTINES = ("fold", "copied", "copied_bools", "widened", "narrowed", "uniform")


@pytest.mark.parametrize("name", ROUTINES)
def test_routines_compile(name: str) -> None:
    kernel = getattr(routines, name)
    for element, capability in (("bfloat16", (8, 0)), ("float64", (7, 5)), ("float32", (9, 0))):
        found = report(kernel, element, capability)
        assert (found.spilled, found.local, found.stack) == (0, 0, 0)
        assert ".extern" not in found.ptx


def test_both_sides_agree_on_what_arguments_are() -> None:
    from actgen.generated.cuda import elu, softmax, swiglu

    kinds = {"integer": types.int64, "like": types.float32}
    for kernel in (
        *(getattr(routines, name) for name in ROUTINES),
        *(elu.forward_strided, elu.vjp_tiles, swiglu.vjp_scalars),
        *(getattr(softmax, name) for name in softmax.WIDTHS),
    ):
        found = zip(argument_names(kernel), argument_types(kernel, "float32", LANES), strict=True)
        for name, kind in found:
            what = argument_kind(name)
            if what in kinds:
                assert types.unliteral(kind) == kinds[what], name
            else:
                assert (len(kind) == 4) == (what == "dimensions"), name


def compiled(function: Any, inputs: int, capability: tuple[int, int]) -> str:
    """Return the PTX of a user's kernel that calls a device function."""
    if inputs == 1:

        def kernel(x, y, out):  # type: ignore[no-untyped-def]
            i = cuda.grid(1)
            out[i] = function(x[i])

    else:

        def kernel(x, y, out):  # type: ignore[no-untyped-def]
            i = cuda.grid(1)
            out[i] = function(x[i], y[i])

    array = types.float32[::1]
    text, result = cuda.compile_ptx(kernel, (array, array, array), cc=capability)
    assert result == types.void
    return str(text)


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_functions_in_kernels_of_users(capability: tuple[int, int]) -> None:
    scalar = actgen.cuda.scalar
    for given, inputs in (
        ("gelu", 1),
        ("swish", 1),
        (actgen.gelu.fast, 1),
        (actgen.gelu_tanh, 1),
        (actgen.elu.with_params(alpha=0.3), 1),
        (actgen.elu.with_params(alpha=0.3).fast, 1),
        ("swiglu", 2),
        (actgen.swiglu.with_params(alpha=1.5), 2),
    ):
        assert ".visible .entry" in compiled(scalar(given), inputs, capability)
    with pytest.raises(TypeError, match="no function of one element"):
        scalar("softmax")
    with pytest.raises(ValueError, match="Did you mean 'gelu'"):
        scalar("gellu")


def test_loaded_specs_have_kernels_for_gpus(tmp_path: Any) -> None:
    path = tmp_path / "cubic.yaml"
    path.write_text("name: cubic\nformula: x + x**3 / 3\n")
    assert ".visible .entry" in compiled(actgen.cuda.scalar(actgen.load(path)), 1, (8, 0))


@pytest.mark.parametrize("element", [types.int64, types.float16, types.boolean])
def test_functions_in_kernels_of_users_say_what_they_take(element: Any) -> None:
    gelu = actgen.cuda.scalar("gelu")

    def kernel(x: Any, out: Any) -> None:
        out[0] = gelu(x[0])

    with pytest.raises(TypingError, match=f"take a float32 or float64, not {element}: convert it"):
        cuda.compile_ptx(kernel, (element[::1], types.float32[::1]), cc=(9, 0))
