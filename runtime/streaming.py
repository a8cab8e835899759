"""Write results in tiles, and large ones past the caches.

In: a tile that a kernel has filled, and the array it belongs to. A store past the caches (a
non-temporal one) does not read the line that it replaces: a third less to move, where the memory is
what a kernel waits for. It does not help arrays that fit the caches, nor those that are read
anyway because the kernel works in place.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from actgen.launch import STREAMED

TILE = 256  # elements
_LINE = 64  # bytes
_INT = ir.IntType(64)


def _array(context: Any, builder: Any, kind: types.Array, value: Any) -> tuple[Any, Any]:
    """Return the address of the first element of a 1-D array, and its length."""
    made = context.make_array(kind)(context, builder, value)
    return made.data, builder.extract_value(made.shape, 0)


def _large(context: Any, builder: Any, data: Any, length: Any) -> Any:
    size = context.get_abi_sizeof(data.type.pointee)
    enough = builder.icmp_unsigned(">=", length, _INT(STREAMED // size))
    offset = builder.and_(builder.ptrtoint(data, _INT), _INT(_LINE - 1))
    return builder.and_(enough, builder.icmp_unsigned("==", offset, _INT(0)))


@intrinsic
def is_large(typingctx: Any, out: Any) -> Any:
    """Tell whether a contiguous array is to be written past the caches: long, and aligned."""
    if not isinstance(out, types.Array) or out.layout != "C" or out.ndim != 1:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _large(context, builder, *_array(context, builder, sig.args[0], args[0]))

    return signature(types.boolean, out), codegen


def _copy_tile(builder: Any, source: Any, target: Any, size: int, *, past_caches: bool) -> None:
    """Copy a whole tile, line by line."""
    line = ir.VectorType(source.type.pointee, _LINE // size).as_pointer()
    source, target = builder.bitcast(source, line), builder.bitcast(target, line)
    for index in range(TILE * size // _LINE):
        value = builder.load(builder.gep(source, [_INT(index)]), align=_LINE)
        place = builder.gep(target, [_INT(index)])
        store = builder.store(value, place, align=_LINE if past_caches else 1)
        if past_caches:
            one = builder.module.add_metadata([ir.IntType(32)(1)])
            store.set_metadata("nontemporal", one)


def _fence(builder: Any) -> None:
    """Let nothing that follows come before the stores past the caches, which x86 does not order."""
    if builder.module.triple.startswith("x86_64"):
        kind = ir.FunctionType(ir.VoidType(), [])
        fence = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.sfence")
        builder.call(fence, [])


@intrinsic
def store_tile(typingctx: Any, tile: Any, out: Any, start: Any) -> Any:
    """Copy a tile to out[start:], as far as that reaches; past the caches if `out` is large.

    A tile is a `stack_buffer` of 256 elements; they are stored in the order of the array.
    """
    arrays = isinstance(tile, types.Array) and isinstance(out, types.Array)
    if not arrays or tile.dtype != out.dtype or out.layout != "C" or out.ndim != 1:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, _ = _array(context, builder, sig.args[0], args[0])
        data, length = _array(context, builder, sig.args[1], args[1])
        size = context.get_abi_sizeof(source.type.pointee)
        target = builder.gep(data, [args[2]])
        left = builder.sub(length, args[2])
        streams = _large(context, builder, data, length)
        with builder.if_else(builder.icmp_signed(">=", left, _INT(TILE))) as (whole, rest):
            with whole, builder.if_else(streams) as (past, plainly):
                with past:
                    _copy_tile(builder, source, target, size, past_caches=True)
                    with builder.if_then(builder.icmp_signed("<", left, _INT(2 * TILE))):
                        _fence(builder)
                with plainly:
                    _copy_tile(builder, source, target, size, past_caches=False)
            with rest:
                cgutils.raw_memcpy(builder, target, source, left, size)
        return context.get_dummy_value()

    return signature(types.none, tile, out, types.intp), codegen
