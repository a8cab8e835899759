"""Walk along an axis by tiles: arrays as kernels see them in, views of parts of their rows out.

Views are 1-D arrays over the same memory, or over a buffer on the stack.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic, overload
from numba.np.arrayobj import populate_array

from actgen import half

_FLOAT, _INDEX = ir.FloatType(), ir.IntType(32)
_LINE = 64  # bytes of a cache line


def _array(context: Any, builder: Any, kind: types.Array, data: Any, count: Any) -> Any:
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


def _part(context: Any, builder: Any, kind: Any, array: Any, place: Any, start: Any) -> Any:
    """Return a pointer to `array[place][start]`."""
    whole = context.make_array(kind)(context, builder, array)
    strides = cgutils.unpack_tuple(builder, whole.strides, kind.ndim)
    offset = builder.mul(start, whole.itemsize)
    for stride, index in zip(strides[:-1], cgutils.unpack_tuple(builder, place), strict=True):
        offset = builder.add(offset, builder.mul(stride, index))
    raw = builder.bitcast(whole.data, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(raw, [offset]), whole.data.type)


@intrinsic
def window(typingctx: Any, array: Any, place: Any, start: Any, count: Any) -> Any:
    """View `array[place][start : start + count]`, contiguous: the last axis must be.

    `place` is a tuple of indices for all axes but the last. Nothing checks that it lies inside.
    """
    if not (isinstance(array, types.Array) and isinstance(place, types.BaseTuple)):
        return None
    result = types.Array(array.dtype, 1, "C")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _part(context, builder, sig.args[0], args[0], args[1], args[2])
        return _array(context, builder, result, data, args[3])

    return signature(result, array, place, types.intp, types.intp), codegen


@intrinsic
def fetch(typingctx: Any, array: Any, place: Any, start: Any, count: Any) -> Any:
    """Ask for `array[place][start : start + count]`, so that it is in the caches soon."""
    counts = (types.intp, types.intp)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _part(context, builder, sig.args[0], args[0], args[1], args[2])
        size = context.get_abi_sizeof(data.type.pointee)
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, _INDEX, _INDEX, _INDEX])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        step = ir.Constant(args[3].type, _LINE // size)
        zero = ir.Constant(args[3].type, 0)
        # to read, kept in the second cache, no instructions
        how = (_INDEX(0), _INDEX(2), _INDEX(1))
        with cgutils.for_range_slice(builder, zero, args[3], step, args[3].type) as (j, _):
            builder.call(function, [builder.bitcast(builder.gep(data, [j]), pointer), *how])
        return context.get_dummy_value()

    return signature(types.none, array, place, *counts), codegen


@intrinsic(prefer_literal=True)
def scratch(typingctx: Any, length: Any, like: Any) -> Any:
    """Return an uninitialised 1-D array on the stack, of elements of the type of `like`.

    `length` is a compile-time constant; the array must not outlive the kernel.
    """
    kind = types.unliteral(like)
    if not isinstance(length, types.IntegerLiteral) or not isinstance(kind, types.Float):
        return None
    result, count = types.Array(kind, 1, "C"), length.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        item = context.get_data_type(kind)
        with builder.goto_entry_block():
            block = builder.alloca(ir.ArrayType(item, count), name="scratch")
            block.align = 64
        data = builder.bitcast(block, item.as_pointer())
        length_ = context.get_constant(types.intp, count)
        return _array(context, builder, result, data, length_)

    return signature(result, length, like), codegen


@intrinsic
def single(typingctx: Any, value: Any) -> Any:
    """Widen or round a scalar of an element type to float32."""
    kind = types.unliteral(value)
    if kind not in (types.float32, types.float64, types.uint16, types.int16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if kind == types.uint16:
            return half.half_to_float(context, builder, args[0])
        if kind == types.int16:
            return half.bfloat_to_float(builder, args[0])
        return args[0] if kind == types.float32 else builder.fptrunc(args[0], _FLOAT)

    return signature(types.float32, value), codegen


def opened(array: Any, place: Any, start: Any, count: Any, buffer: Any) -> Any:
    """Return a part of a row as contiguous float32: a view, or a copy at the start of `buffer`."""
    raise NotImplementedError("for compiled code only")


def copied(part: Any, buffer: Any) -> Any:
    """Copy contiguous float32 numbers to the start of `buffer`, and return that."""
    raise NotImplementedError("for compiled code only")


@intrinsic
def room(
    typingctx: Any,
    direct: Any,
    array: Any,
    place: Any,
    start: Any,
    buffer: Any,
    at: Any,
    count: Any,
) -> Any:
    """Return where `count` float32 numbers are put: a part of a row, or of `buffer` from `at` on.

    The row is taken where `direct` holds and its elements are float32.
    """
    result = types.Array(types.float32, 1, "C")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        direct, array, place, start, buffer, at, count = args
        aside = context.make_array(sig.args[4])(context, builder, buffer)
        data = builder.gep(aside.data, [at])
        if sig.args[1].dtype == types.float32:
            there = _part(context, builder, sig.args[1], array, place, start)
            data = builder.select(direct, there, data)
        return _array(context, builder, result, data, count)

    numbers = (types.intp, types.intp)
    return signature(result, types.boolean, array, place, types.intp, buffer, *numbers), codegen


@overload(copied, jit_options={"error_model": "numpy", "boundscheck": False})
def _copied(part: Any, buffer: Any) -> Any:
    def copied(part: Any, buffer: Any) -> Any:
        taken = window(buffer, (), 0, len(part))
        for j in range(len(part)):
            taken[j] = part[j]
        return taken

    return copied


@overload(opened, jit_options={"error_model": "numpy", "boundscheck": False})
def _opened(array: Any, place: Any, start: Any, count: Any, buffer: Any) -> Any:
    if array.dtype == types.float32:

        def viewed(array: Any, place: Any, start: Any, count: Any, buffer: Any) -> Any:
            return window(array, place, start, count)

        return viewed

    def converted(array: Any, place: Any, start: Any, count: Any, buffer: Any) -> Any:
        given = window(array, place, start, count)
        taken = window(buffer, (), 0, count)
        for j in range(count):
            taken[j] = single(given[j])
        return taken

    return converted
