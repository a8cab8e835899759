"""Take floats apart, and make powers of two: integer operations that LLVM vectorises.

In and out: float64, or float32. They need no instruction beyond AVX2, one apart where AVX-512 has a
better one, and give the same bits everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.cpu import CPUContext
from numba.core.typing import signature
from numba.extending import intrinsic

_DOUBLE, _SINGLE = ir.DoubleType(), ir.FloatType()


@dataclass(frozen=True)
class _Layout:
    """How a float lies in an integer of its width."""

    number: Any
    integer: Any
    fraction: int  # bits of the fraction
    bias: int

    @property
    def rounder(self) -> Any:
        """The number that leaves the exponent of 2**n in the low bits, if n is added to it."""
        return self.number(1.5 * 2.0**self.fraction + self.bias)

    @property
    def units(self) -> int:
        """The bits of 1.5 * 2**fraction."""
        return int(((self.bias + self.fraction) << self.fraction) + 2 ** (self.fraction - 1))

    def bits(self, builder: Any, number: Any) -> Any:
        return builder.bitcast(number, self.integer)

    def float(self, builder: Any, bits: Any) -> Any:
        return builder.bitcast(bits, self.number)

    def ldexp(self, builder: Any, number: Any, rounded: Any) -> Any:
        """Return number * 2**n for `rounded`, the bits of n + rounder; a slow call on many CPUs."""
        whole = ir.IntType(32)
        n = builder.sub(rounded, self.integer(self.units + self.bias))
        n = n if self.integer == whole else builder.trunc(n, whole)
        name = f"llvm.ldexp.f{self.integer.width}.i32"
        kind = ir.FunctionType(self.number, [self.number, whole])
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [number, n])

    def power2(self, builder: Any, rounded: Any) -> Any:
        exponent = builder.shl(self.bits(builder, rounded), self.integer(self.fraction))
        return self.float(builder, exponent)


_LAYOUTS = {
    types.float64: _Layout(_DOUBLE, ir.IntType(64), 52, 1023),
    types.float32: _Layout(_SINGLE, ir.IntType(32), 23, 127),
}


def _layout(argument: Any) -> tuple[Any, _Layout]:
    """Return the type that an argument is taken as, and how it lies in memory."""
    kind = types.unliteral(argument)
    kind = kind if kind == types.float32 else types.float64
    return kind, _LAYOUTS[kind]


@intrinsic
def power2(typingctx: Any, n: Any) -> Any:
    """Return 2**n for an integral n whose power is a normal number, and something for any other."""
    kind, layout = _layout(n)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return layout.power2(builder, builder.fadd(args[0], layout.rounder))

    return signature(kind, kind), codegen


@intrinsic
def power2_rounded(typingctx: Any, a: Any) -> Any:
    """Return 2**n for a = n + 1.5 * 2**52 + 1023, in float32 1.5 * 2**23 + 127.

    That sum rounds n, and leaves the exponent of the power in the low bits.
    """
    kind, layout = _layout(a)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return layout.power2(builder, args[0])

    return signature(kind, kind), codegen


@intrinsic
def times_power2(typingctx: Any, value: Any, a: Any) -> Any:
    """Return value * power2_rounded(a), rounded once however small it is.

    `value` is near 1, and no power above 2**127 (in float64 2**1023); all powers below the product
    of the two smallest normal ones count as 0.
    """
    kind, layout = _layout(a)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number, bits = args[0], layout.bits(builder, args[1])
        if isinstance(context, CPUContext) and "+avx512dq" in context.codegen().magic_tuple()[2]:
            return layout.ldexp(builder, number, bits)
        # by two powers, the first of which leaves a normal number
        both = builder.add(bits, layout.integer(layout.bias))
        least = layout.integer(layout.units)
        both = builder.select(builder.icmp_signed(">", both, least), both, least)
        half = builder.lshr(both, layout.integer(1))
        for power in (half, builder.sub(both, half)):
            factor = layout.float(builder, builder.shl(power, layout.integer(layout.fraction)))
            number = builder.fmul(number, factor)
        return number

    return signature(kind, kind, kind), codegen


@intrinsic
def exponent(typingctx: Any, a: Any) -> Any:
    """Return the n with 2**n <= |a| < 2**(n+1), for a normal number.

    For infinity and NaN it is the one beyond the largest.
    """
    kind, layout = _layout(a)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        integer, fraction = layout.integer, layout.fraction
        size = builder.and_(layout.bits(builder, args[0]), integer(2 ** (integer.width - 1) - 1))
        biased = builder.lshr(size, integer(fraction))
        # the integer becomes the low bits of a number whose exponent makes them units
        units = integer((layout.bias + fraction) << fraction)
        shifted = layout.float(builder, builder.or_(biased, units))
        return builder.fsub(shifted, layout.number(2.0**fraction + layout.bias))

    return signature(kind, kind), codegen


@intrinsic
def mantissa(typingctx: Any, a: Any) -> Any:
    """Return |a| / 2**exponent(a), in [1, 2), for a normal number; something there for others."""
    kind, layout = _layout(a)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        integer, fraction = layout.integer, layout.fraction
        kept = builder.and_(layout.bits(builder, args[0]), integer(2**fraction - 1))
        return layout.float(builder, builder.or_(kept, integer(layout.bias << fraction)))

    return signature(kind, kind), codegen
