"""Reach memory by its address: what compiled walks over arrays of any strides are made of.

In: addresses, and arrays whose type tells that of the elements. Out: contiguous arrays over that
memory, or over tiles on the stack.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

TILE = 1024  # elements
LANES = 16  # elements that are copied at once
_KINDS: dict[str, Any] = {
    "n": types.float64,
    "s": types.Array(types.float32, 1, "C"),
    "d": types.Array(types.float64, 1, "C"),
}


def _contiguous(context: Any, builder: Any, kind: types.Array, data: Any, count: Any) -> Any:
    """Return a contiguous 1-D array over memory that something else keeps alive."""
    made = context.make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(data.type.pointee))
    populate_array(
        made,
        data=data,
        shape=cgutils.pack_array(builder, [count]),
        strides=cgutils.pack_array(builder, [size]),
        itemsize=size,
        meminfo=None,
    )
    return made._getvalue()


@intrinsic
def memory(typingctx: Any, address: Any, count: Any, like: Any) -> Any:
    """View memory as a contiguous array of `count` elements of the type that `like` has."""
    if not isinstance(like, types.Array):
        return None
    result = types.Array(like.dtype, 1, "C")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        item = context.get_data_type(like.dtype)
        data = builder.inttoptr(args[0], item.as_pointer())
        return _contiguous(context, builder, result, data, args[1])

    return signature(result, types.int64, types.intp, like), codegen


@intrinsic
def peek(typingctx: Any, address: Any, like: Any) -> Any:
    """Return the element at an address, of the type that `like` has."""
    if not isinstance(like, types.Array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        item = context.get_data_type(like.dtype)
        return builder.load(builder.inttoptr(args[0], item.as_pointer()))

    return signature(like.dtype, types.int64, like), codegen


@intrinsic
def poke(typingctx: Any, address: Any, value: Any) -> Any:
    """Write an element to an address."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[1], builder.inttoptr(args[0], args[1].type.as_pointer()))
        return context.get_dummy_value()

    return signature(types.none, types.int64, value), codegen


@intrinsic
def take_evens(typingctx: Any, address: Any, tile: Any, start: Any) -> Any:
    """Copy every second one of 32 elements in memory to tile[start : start + 16].

    Left to itself, LLVM gathers them one by one.
    """
    if not isinstance(tile, types.Array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        item = context.get_data_type(tile.dtype)
        size = context.get_abi_sizeof(item)
        pair, half = (ir.VectorType(item, 2 * LANES), ir.VectorType(item, LANES))
        source = builder.load(builder.inttoptr(args[0], pair.as_pointer()), align=size)
        evens = ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(range(0, 2 * LANES, 2)))
        taken = builder.shuffle_vector(source, ir.Constant(pair, ir.Undefined), evens)
        data = context.make_array(sig.args[1])(context, builder, args[1]).data
        target = builder.bitcast(builder.gep(data, [args[2]]), half.as_pointer())
        builder.store(taken, target, align=size)
        return context.get_dummy_value()

    return signature(types.none, types.int64, tile, types.intp), codegen


@intrinsic(prefer_literal=True)
def tiles_like(typingctx: Any, kinds: Any, numbers: Any) -> Any:
    """Return a tuple with a tile on the stack for each "s" or "d" of `kinds`, float32 or float64.

    Each "n" stands for the next one of `numbers` instead. `kinds` is a compile-time constant.
    """
    if not isinstance(kinds, types.StringLiteral):
        return None
    text = kinds.literal_value
    result = types.Tuple([_KINDS[kind] for kind in text])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[1])(context, builder, args[1]).data
        made: list[Any] = []
        taken = 0
        for kind in text:
            if kind == "n":
                place = builder.gep(data, [ir.IntType(64)(taken)])
                made.append(builder.load(place))
                taken += 1
                continue
            item = context.get_data_type(_KINDS[kind].dtype)
            block = cgutils.alloca_once(builder, ir.ArrayType(item, TILE), name="tile")
            block.align = 64
            start = builder.bitcast(block, item.as_pointer())
            length = context.get_constant(types.intp, TILE)
            made.append(_contiguous(context, builder, _KINDS[kind], start, length))
        return context.make_tuple(builder, result, made)

    return signature(result, kinds, numbers), codegen
