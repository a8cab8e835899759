"""Pass numbers between threads: through registers within a warp, through shared memory in a block.

In: numbers, or tuples of them. Out: those of other threads.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from actgen.cuda.memory import _SIZES, _element

_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
_WARP = _I32(-1)
_SHARED = 3


def _shuffled(builder: Any, word: Any, step: Any) -> Any:
    """Return the 32-bit word of the thread whose number in the warp differs by the bit `step`."""
    result = ir.LiteralStructType((_I32, _I1))
    kind = ir.FunctionType(result, [_I32] * 5)
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.nvvm.shfl.sync.i32")
    return builder.extract_value(builder.call(function, [_WARP, _I32(3), word, step, _I32(31)]), 0)


def _exchanged(builder: Any, value: Any, step: Any) -> Any:
    kind = value.type
    if isinstance(kind, ir.BaseStructType | ir.ArrayType):
        count = kind.count if isinstance(kind, ir.ArrayType) else len(kind.elements)
        for k in range(count):
            entry = _exchanged(builder, builder.extract_value(value, k), step)
            value = builder.insert_value(value, entry, k)
        return value
    if kind == ir.FloatType():
        return builder.bitcast(_shuffled(builder, builder.bitcast(value, _I32), step), kind)
    bits = builder.bitcast(value, _I64) if kind == ir.DoubleType() else value
    low = _shuffled(builder, builder.trunc(bits, _I32), step)
    high = _shuffled(builder, builder.trunc(builder.lshr(bits, _I64(32)), _I32), step)
    high = builder.shl(builder.zext(high, _I64), _I64(32))
    return builder.bitcast(builder.or_(builder.zext(low, _I64), high), kind)


@intrinsic
def exchange(typingctx: Any, value: Any, step: Any) -> Any:
    """Return the value of the thread whose number in the warp differs by the bit `step`."""
    value = types.unliteral(value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _exchanged(builder, args[0], builder.trunc(args[1], _I32))

    return signature(value, value, types.int64), codegen


@intrinsic(prefer_literal=True)
def slots(typingctx: Any, value: Any, count: Any) -> Any:
    """Return the address of `count` entries of shared memory, for values like this one."""
    if not isinstance(count, types.IntegerLiteral):
        return None
    size = count.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        name = builder.module.get_unique_name(f"{builder.function.name[:64]}_slots")
        array = cgutils.add_global_variable(builder.module, ir.ArrayType(kind, size), name, _SHARED)
        array.align = 8
        array.linkage = "internal"  # several functions may bring the one with it along
        array.initializer = ir.Constant(array.value_type, ir.Undefined)
        return builder.ptrtoint(array, _I64)

    return signature(types.int64, types.unliteral(value), count), codegen


def _slot(context: Any, builder: Any, address: Any, index: Any, kind: Any) -> Any:
    first = builder.inttoptr(address, kind.as_pointer(addrspace=_SHARED))
    return builder.gep(first, [index])


@intrinsic
def put(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
    """Write an entry of shared memory."""
    value = types.unliteral(value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _slot(context, builder, args[0], args[1], args[2].type))
        return context.get_dummy_value()

    return signature(types.void, types.int64, types.int64, value), codegen


@intrinsic
def taken(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
    """Read an entry of shared memory, of the type of `value`."""
    value = types.unliteral(value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_slot(context, builder, args[0], args[1], args[2].type))

    return signature(value, types.int64, types.int64, value), codegen


@intrinsic
def larger(typingctx: Any, a: Any, b: Any) -> Any:
    """Return the larger of two float32, in one instruction; of NaN and a number the number."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.FloatType(), [ir.FloatType()] * 2)
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.maxnum.f32")
        return builder.call(function, args)

    return signature(types.float32, types.float32, types.float32), codegen


@intrinsic
def size_of(typingctx: Any, like: Any) -> Any:
    """Return how many bytes an element has."""
    element = _element(like)
    if element is None:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _I64(_SIZES[element])

    return signature(types.int64, like), codegen
