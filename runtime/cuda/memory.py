"""Read and write arrays from kernels: addresses and indices in, numbers out, and back.

Element types are told by a scalar `like`: float64, float32, uint16 (the bits of float16) or int16
(those of bfloat16). The 16-bit types are read as float32 and rounded to nearest even when written.
A tile is what a block of 128 threads reads by 16 bytes a thread and access: 1,024 elements, eight
a thread. All other functions take one element.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import signature
from numba.extending import intrinsic

from actgen import half
from actgen.cuda.target import capability
from actgen.cuda.tiling import LANES, THREADS

_FLOAT, _DOUBLE = ir.FloatType(), ir.DoubleType()
_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_HALF, _BFLOAT = types.uint16, types.int16
_STORED = {types.float64: _DOUBLE, types.float32: _FLOAT, _HALF: _I16, _BFLOAT: _I16}
_SIZES = {types.float64: 8, types.float32: 4, _HALF: 2, _BFLOAT: 2}


def _element(like: Any) -> Any:
    kind = types.unliteral(like)
    return kind if kind in _STORED else None


def _number(element: Any) -> Any:
    """Return the type in which kernels have elements of a type."""
    return types.float64 if element == types.float64 else types.float32


def _global(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer(addrspace=1))


def _byte(builder: Any, address: Any, index: Any, size: int) -> Any:
    return builder.add(address, builder.mul(index, _I64(size)))


def _widen(builder: Any, bits: Any, element: Any) -> Any:
    if element == _HALF:
        return builder.fpext(builder.bitcast(bits, ir.HalfType()), _FLOAT)
    return half.bfloat_to_float(builder, bits) if element == _BFLOAT else bits


def _rounded(builder: Any, number: Any, element: Any) -> Any:
    """Round a float or double to what is stored, or to the float that is packed in pairs."""
    if element == types.float64:
        return number if number.type == _DOUBLE else builder.fpext(number, _DOUBLE)
    return builder.fptrunc(number, _FLOAT) if number.type == _DOUBLE else number


def _narrow(builder: Any, number: Any, element: Any) -> Any:
    """Return the bits of one element."""
    number = _rounded(builder, number, element)
    if element == _HALF:
        return builder.bitcast(builder.fptrunc(number, ir.HalfType()), _I16)
    if element == _BFLOAT:
        if capability() >= (8, 0):
            assembly = ir.InlineAsm(
                ir.FunctionType(_I16, [_FLOAT]), "cvt.rn.bf16.f32 $0, $1;", "=h,f"
            )
            return builder.call(assembly, [number])
        return half.float_to_bfloat(builder, number)
    return number


def _pair(builder: Any, low: Any, high: Any, element: Any) -> Any:
    """Return two rounded 16-bit elements in an i32."""
    if capability() >= (8, 0):
        name = "f16x2" if element == _HALF else "bf16x2"
        kind = ir.FunctionType(_I32, [_FLOAT, _FLOAT])
        assembly = ir.InlineAsm(kind, f"cvt.rn.{name}.f32 $0, $1, $2;", "=r,f,f")
        return builder.call(assembly, [high, low])
    bits = [builder.zext(_narrow(builder, n, element), _I32) for n in (low, high)]
    return builder.or_(bits[0], builder.shl(bits[1], _I32(16)))


@intrinsic
def load(typingctx: Any, address: Any, index: Any, like: Any) -> Any:
    """Return the element of an array: float64 for float64, else float32."""
    element = _element(like)
    if element is None:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _byte(builder, args[0], args[1], _SIZES[element])
        stored = builder.load(_global(builder, place, _STORED[element]), align=_SIZES[element])
        return _widen(builder, stored, element)

    return signature(_number(element), types.int64, types.int64, like), codegen


@intrinsic
def store(typingctx: Any, address: Any, index: Any, like: Any, value: Any) -> Any:
    """Write an element of an array: a float32 or float64, rounded to its type."""
    element, given = _element(like), types.unliteral(value)
    if element is None or given not in (types.float32, types.float64):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _byte(builder, args[0], args[1], _SIZES[element])
        bits = _narrow(builder, args[3], element)
        builder.store(bits, _global(builder, place, _STORED[element]), align=_SIZES[element])
        return context.get_dummy_value()

    return signature(types.void, types.int64, types.int64, like, given), codegen


@intrinsic
def narrow(typingctx: Any, value: Any, like: Any) -> Any:
    """Return a number in the type of `like`, float32 or float64."""
    kind, given = types.unliteral(like), types.unliteral(value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _rounded(builder, args[0], kind)

    return signature(kind, given, like), codegen


@intrinsic
def load_bool(typingctx: Any, address: Any, index: Any) -> Any:
    """Return an entry of an array of booleans, one byte each."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = ir.IntType(8)
        stored = builder.load(_global(builder, builder.add(args[0], args[1]), byte), align=1)
        return builder.icmp_unsigned("!=", stored, byte(0))

    return signature(types.boolean, types.int64, types.int64), codegen


@intrinsic
def store_bool(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
    """Write an entry of an array of booleans, one byte each."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = ir.IntType(8)
        place = _global(builder, builder.add(args[0], args[1]), byte)
        truth = context.cast(builder, args[2], sig.args[2], types.boolean)
        builder.store(builder.zext(truth, byte), place, align=1)
        return context.get_dummy_value()

    return signature(types.void, types.int64, types.int64, types.boolean), codegen


def _thread(builder: Any) -> Any:
    kind = ir.FunctionType(_I32, [])
    name = "llvm.nvvm.read.ptx.sreg.tid.x"
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.zext(builder.call(function, []), _I64)


def _vectors(builder: Any, address: Any, start: Any, element: Any) -> list[Any]:
    """Return where the 16-byte parts lie that a thread has of the tile beginning at `start`."""
    size = _SIZES[element]
    first = _byte(builder, address, start, size)
    mine = builder.add(first, builder.mul(_thread(builder), _I64(16)))
    return [
        builder.add(mine, _I64(part * 16 * THREADS)) if part else mine
        for part in range(LANES * size // 16)
    ]


@intrinsic
def load_tile(typingctx: Any, address: Any, start: Any, like: Any) -> Any:
    """Return the eight elements that a thread has of a tile; their order is that of `store_tile`.

    `address` is a multiple of 16, and the whole tile lies in the array.
    """
    element = _element(like)
    if element is None:
        return None
    result = types.UniTuple(_number(element), LANES)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        narrow = _STORED[element] == _I16
        kind = ir.VectorType(
            _I32 if narrow else _STORED[element], 4 if narrow else 16 // _SIZES[element]
        )
        numbers = []
        for place in _vectors(builder, args[0], args[1], element):
            vector = builder.load(_global(builder, place, kind), align=16)
            for lane in range(kind.count):
                entry = builder.extract_element(vector, _I32(lane))
                if not narrow:
                    numbers.append(entry)
                    continue
                low = builder.trunc(entry, _I16)
                high = builder.trunc(builder.lshr(entry, _I32(16)), _I16)
                numbers += [_widen(builder, bits, element) for bits in (low, high)]
        return context.make_tuple(builder, result, numbers)

    return signature(result, types.int64, types.int64, like), codegen


@intrinsic
def store_tile(typingctx: Any, address: Any, start: Any, like: Any, values: Any) -> Any:
    """Write the eight elements that a thread has of a tile, each rounded to the type of `like`."""
    element = _element(like)
    if element is None or not isinstance(values, types.BaseTuple) or len(values) != LANES:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        given = [builder.extract_value(args[3], lane) for lane in range(LANES)]
        numbers = [_rounded(builder, number, element) for number in given]
        if _STORED[element] == _I16:
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            numbers = [_pair(builder, low, high, element) for low, high in pairs]
        width = len(numbers) * (4 if _STORED[element] == _I16 else _SIZES[element]) // 16
        count = len(numbers) // width
        kind = ir.VectorType(numbers[0].type, count)
        for part, place in enumerate(_vectors(builder, args[0], args[1], element)):
            vector = ir.Constant(kind, ir.Undefined)
            for lane in range(count):
                vector = builder.insert_element(vector, numbers[part * count + lane], _I32(lane))
            builder.store(vector, _global(builder, place, kind), align=16)
        return context.get_dummy_value()

    return signature(types.void, types.int64, types.int64, like, values), codegen
