"""Take float64 numbers apart, and make powers of two: integer operations that LLVM vectorises.

Nothing needs an instruction beyond AVX2, and everything gives the same bits everywhere.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

_DOUBLE, _INT = ir.DoubleType(), ir.IntType(64)
_SINGLE = ir.FloatType()
_FRACTION = 52  # bits of the fraction
_BIAS = 1023
_ROUNDER = 1.5 * 2.0**52  # added to a small integral number, it leaves that in the low bits


def _bits(builder: Any, number: Any) -> Any:
    return builder.bitcast(number, _INT)


def _number(builder: Any, bits: Any) -> Any:
    return builder.bitcast(bits, _DOUBLE)


@intrinsic
def power2(typingctx: Any, n: Any) -> Any:
    """Return 2**n for an integral n from -1022 to 1023, and some finite number for any other."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        integer = _bits(builder, builder.fadd(args[0], _DOUBLE(_ROUNDER)))
        exponent = builder.shl(integer, _INT(_FRACTION))
        return _number(builder, builder.add(exponent, _INT(_BIAS << _FRACTION)))

    return signature(types.float64, types.float64), codegen


@intrinsic
def exponent(typingctx: Any, a: Any) -> Any:
    """Return the n with 2**n <= |a| < 2**(n+1), for a normal number; 1024 for infinity and NaN."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        size = builder.and_(_bits(builder, args[0]), _INT(2**63 - 1))
        biased = builder.lshr(size, _INT(_FRACTION))
        # the integer becomes the low bits of a number whose exponent makes them units
        shifted = _number(builder, builder.or_(biased, _INT((_BIAS + _FRACTION) << _FRACTION)))
        return builder.fsub(shifted, _DOUBLE(2.0**_FRACTION + _BIAS))

    return signature(types.float64, types.float64), codegen


@intrinsic
def mantissa(typingctx: Any, a: Any) -> Any:
    """Return |a| / 2**exponent(a), in [1, 2), for a normal number; something there for others."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        fraction = builder.and_(_bits(builder, args[0]), _INT(2**_FRACTION - 1))
        return _number(builder, builder.or_(fraction, _INT(_BIAS << _FRACTION)))

    return signature(types.float64, types.float64), codegen


@intrinsic
def power2_rounded(typingctx: Any, a: Any) -> Any:
    """Return 2**n for a = n + 1.5 * 2**52, n from -1022 to 1023: for an n rounded by that sum."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        exponent = builder.shl(_bits(builder, args[0]), _INT(_FRACTION))
        return _number(builder, builder.add(exponent, _INT(_BIAS << _FRACTION)))

    return signature(types.float64, types.float64), codegen


@intrinsic
def reciprocal(typingctx: Any, a: Any) -> Any:
    """Return 1 / a to 2**-45, for |a| from 2**-100 to 2**100: float32 division, one Newton step.

    A vector division in float64 costs more than all of it.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_DOUBLE, [_DOUBLE] * 3)
        fma = cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.f64")
        rough = builder.fdiv(_SINGLE(1.0), builder.fptrunc(args[0], _SINGLE))
        start = builder.fpext(rough, _DOUBLE)
        rest = builder.call(fma, [builder.fneg(args[0]), start, _DOUBLE(1.0)])
        return builder.call(fma, [rest, start, start])

    return signature(types.float64, types.float64), codegen
