"""Spell the conversions of 16-bit floats in LLVM: bits of float16 or bfloat16 to float32 and back.

In: an LLVM builder and a value (i16 bits, or float). Out: the converted value. Everything is
branch-free; float16 uses the CPU's own conversions where it has them, integer arithmetic with the
same results, NaN payloads included, where it would take a call into a library that may be absent.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

_I16, _I32 = ir.IntType(16), ir.IntType(32)
_FLOAT, _HALF = ir.FloatType(), ir.HalfType()

_PROBE = """
target triple = "{triple}"
define float @widen(i16 %bits) {{
  %half = bitcast i16 %bits to half
  %wide = fpext half %half to float
  ret float %wide
}}
"""


def _int(value: int) -> ir.Constant:
    return ir.Constant(_I32, value)


@cache
def _probe(codegen: Any) -> bool:
    module = llvm.parse_assembly(_PROBE.format(triple=codegen.magic_tuple()[0]))
    assembly = codegen._tm.emit_assembly(module)
    return "extendhfsf2" not in assembly and "gnu_h2f" not in assembly


def converts_in_hardware(context: Any) -> bool:
    """Tell whether the target of `context` converts float16 without calling a library."""
    return _probe(context.codegen())


def bfloat_to_float(builder: Any, bits: Any) -> Any:
    """Widen bfloat16 bits to float: they are the upper half of its bits."""
    wide = builder.shl(builder.zext(bits, _I32), _int(16))
    return builder.bitcast(wide, _FLOAT)


def float_to_bfloat(builder: Any, number: Any) -> Any:
    """Round a float to bfloat16 bits, to nearest even; a NaN keeps its top bits and is quiet."""
    bits = builder.bitcast(number, _I32)
    odd = builder.and_(builder.lshr(bits, _int(16)), _int(1))
    rounded = builder.add(builder.add(bits, _int(0x7FFF)), odd)
    is_nan = builder.fcmp_unordered("uno", number, number)
    rounded = builder.select(is_nan, builder.or_(bits, _int(0x400000)), rounded)
    return builder.trunc(builder.lshr(rounded, _int(16)), _I16)


def half_to_float(context: Any, builder: Any, bits: Any) -> Any:
    """Widen float16 bits to float, exactly."""
    if converts_in_hardware(context):
        return builder.fpext(builder.bitcast(bits, _HALF), _FLOAT)
    wide = builder.zext(bits, _I32)
    sign = builder.shl(builder.and_(wide, _int(0x8000)), _int(16))
    magnitude = builder.and_(wide, _int(0x7FFF))
    shifted = builder.shl(magnitude, _int(13))
    normal = builder.add(shifted, _int((127 - 15) << 23))
    special = builder.or_(shifted, _int(0x7F800000))
    is_nan = builder.icmp_unsigned(">", magnitude, _int(0x7C00))
    special = builder.select(is_nan, builder.or_(special, _int(0x400000)), special)
    tiny = builder.fmul(builder.uitofp(magnitude, _FLOAT), ir.Constant(_FLOAT, 2.0**-24))
    result = builder.select(
        builder.icmp_unsigned("<", magnitude, _int(0x0400)),
        builder.bitcast(tiny, _I32),
        builder.select(builder.icmp_unsigned(">=", magnitude, _int(0x7C00)), special, normal),
    )
    return builder.bitcast(builder.or_(result, sign), _FLOAT)


def float_to_half(context: Any, builder: Any, number: Any) -> Any:
    """Round a float to float16 bits, to nearest even; a NaN keeps its top bits and is quiet."""
    if converts_in_hardware(context):
        return builder.bitcast(builder.fptrunc(number, _HALF), _I16)
    bits = builder.bitcast(number, _I32)
    sign = builder.lshr(builder.and_(bits, _int(0x80000000)), _int(16))
    magnitude = builder.and_(bits, _int(0x7FFFFFFF))
    odd = builder.and_(builder.lshr(magnitude, _int(13)), _int(1))
    rebiased = builder.sub(magnitude, _int(((127 - 15) << 23) - 0xFFF))
    normal = builder.lshr(builder.add(rebiased, odd), _int(13))
    # 0.5 has the spacing of the subnormal halves, so the sum rounds where they do.
    shifted = builder.fadd(builder.bitcast(magnitude, _FLOAT), ir.Constant(_FLOAT, 0.5))
    tiny = builder.sub(builder.bitcast(shifted, _I32), _int(0x3F000000))
    payload = builder.and_(builder.lshr(magnitude, _int(13)), _int(0x3FF))
    is_nan = builder.icmp_unsigned(">", magnitude, _int(0x7F800000))
    special = builder.select(is_nan, builder.or_(payload, _int(0x7E00)), _int(0x7C00))
    result = builder.select(
        builder.icmp_unsigned("<", magnitude, _int((127 - 14) << 23)),
        tiny,
        builder.select(
            builder.icmp_unsigned(">=", magnitude, _int((127 + 16) << 23)), special, normal
        ),
    )
    return builder.trunc(builder.or_(result, sign), _I16)
