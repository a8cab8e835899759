"""Reach memory by its address: what compiled walks over arrays of any strides are made of.

In: addresses, and arrays whose type tells that of the elements. Out: contiguous arrays over that
memory, elements, and tiles filled.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array


@intrinsic
def address_of(typingctx: Any, array: Any) -> Any:
    """Return where the first element of an array lies."""
    if not isinstance(array, types.Array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, ir.IntType(64))

    return signature(types.int64, array), codegen


@intrinsic
def memory(typingctx: Any, address: Any, count: Any, like: Any) -> Any:
    """View memory as a contiguous array of `count` elements of the type that `like` has.

    Something else must keep it alive.
    """
    if not isinstance(like, types.Array):
        return None
    result = types.Array(like.dtype, 1, "C")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        item = context.get_data_type(like.dtype)
        made = context.make_array(result)(context, builder)
        size = context.get_constant(types.intp, context.get_abi_sizeof(item))
        populate_array(
            made,
            data=builder.inttoptr(args[0], item.as_pointer()),
            shape=cgutils.pack_array(builder, [args[1]]),
            strides=cgutils.pack_array(builder, [size]),
            itemsize=size,
            meminfo=None,
        )
        return made._getvalue()

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


@intrinsic(prefer_literal=True)
def take_every_second(
    typingctx: Any, address: Any, first: Any, count: Any, tile: Any, start: Any
) -> Any:
    """Copy every second element in memory, from the one called `first` on, to a part of a tile.

    `first`, 0 or 1, and `count` are compile-time constants; memory holds twice as many elements.
    Left to itself, LLVM gathers them one by one.
    """
    known = isinstance(first, types.IntegerLiteral) and isinstance(count, types.IntegerLiteral)
    if not (isinstance(tile, types.Array) and known):
        return None
    length = count.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        item = context.get_data_type(tile.dtype)
        size = context.get_abi_sizeof(item)
        pair, half = (ir.VectorType(item, 2 * length), ir.VectorType(item, length))
        source = builder.load(builder.inttoptr(args[0], pair.as_pointer()), align=size)
        places = list(range(first.literal_value, 2 * length, 2))
        seconds = ir.Constant(ir.VectorType(ir.IntType(32), length), places)
        taken = builder.shuffle_vector(source, ir.Constant(pair, ir.Undefined), seconds)
        data = context.make_array(sig.args[3])(context, builder, args[3]).data
        target = builder.bitcast(builder.gep(data, [args[4]]), half.as_pointer())
        builder.store(taken, target, align=size)
        return context.get_dummy_value()

    return signature(types.none, types.int64, first, count, tile, types.intp), codegen
