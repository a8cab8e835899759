"""Round numbers on the GPU: to integers, and parameters to float32 with what that leaves over."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import signature
from numba.extending import intrinsic
from numpy import float32, float64

from actgen.cuda.dispatch import device
from actgen.cuda.split import Split
from actgen.intrinsics import float32_rest


def _rounding(name: str, mode: str, doc: str) -> Any:
    def rounded(typingctx: Any, a: Any) -> Any:
        kind = types.unliteral(a)
        kind = kind if kind == types.float32 else types.float64

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            single = kind == types.float32
            width, letter = ("f32", "f") if single else ("f64", "d")
            number = ir.FloatType() if single else ir.DoubleType()
            text = f"cvt.{mode}.{width}.{width} $0, $1;"  # NVVM lacks LLVM's intrinsics for this
            assembly = ir.InlineAsm(ir.FunctionType(number, [number]), text, f"={letter},{letter}")
            return builder.call(assembly, args)

        return signature(kind, kind), codegen

    rounded.__name__ = rounded.__qualname__ = name
    rounded.__doc__ = doc
    return intrinsic(rounded)


rint = _rounding("rint", "rni", "Return the nearest integer, ties to even.")
floor = _rounding("floor", "rmi", "Return the largest integer not above.")
ceil = _rounding("ceil", "rpi", "Return the smallest integer not below.")


@device
def in_parts(value):  # type: ignore[no-untyped-def]
    """Return a float64 parameter as functions take it."""
    return Split(value, float32(value), float32_rest(value))


@device
def in_parts_32(value):  # type: ignore[no-untyped-def]
    """Return a float32 parameter as functions take it."""
    return Split(float64(value), value, float32(0.0))
