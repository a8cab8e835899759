"""Take powers of two, reciprocals and logarithms as GPUs approximate them: one instruction each.

In and out: float32, errors near 2**-22. Where `ftz` stands, subnormal numbers count as 0, those
that come out as well; to keep them would take three instructions more (`ex2`) or five (`rcp`).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import signature
from numba.extending import intrinsic

_FLOAT = ir.FloatType()


def _approximation(name: str, instruction: str, doc: str) -> Any:
    def approximate(typingctx: Any, a: Any) -> Any:
        if types.unliteral(a) != types.float32:
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            kind = ir.FunctionType(_FLOAT, [_FLOAT])
            assembly = ir.InlineAsm(kind, f"{instruction} $0, $1;", "=f,f")
            # what two functions take of the same number is computed once
            return builder.call(assembly, args, attrs=("readnone", "nounwind"))

        return signature(types.float32, types.float32), codegen

    approximate.__name__ = approximate.__qualname__ = name
    approximate.__doc__ = doc
    return intrinsic(approximate)


exp2_approx = _approximation(
    "exp2_approx", "ex2.approx.ftz.f32", "Return 2**a, 0 where that is subnormal."
)
reciprocal_approx = _approximation(
    "reciprocal_approx", "rcp.approx.ftz.f32", "Return 1 / a, 0 for |a| beyond 2**126."
)
log2_approx = _approximation(
    "log2_approx", "lg2.approx.f32", "Return the logarithm to base 2, of subnormal numbers too."
)
