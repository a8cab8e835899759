"""Walk along an axis by tiles: views of them, and reductions over explicit vectors.

In: arrays as kernels see them, and parts of their rows. Out: 1-D arrays over the same memory or
over a buffer, and numbers. Reductions keep a fixed number of partial results, whatever the CPU's
vectors hold: the bits are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic, overload
from numba.np.arrayobj import populate_array

from actgen import half

_FLOAT, _DOUBLE, _INT, _BIT = ir.FloatType(), ir.DoubleType(), ir.IntType(64), ir.IntType(1)
_INDEX = ir.IntType(32)
_LANES = 16  # numbers of one vector; reductions keep two vectors of partial results


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


@intrinsic
def window(typingctx: Any, array: Any, place: Any, start: Any, count: Any) -> Any:
    """View `array[place][start : start + count]`, contiguous: the last axis must be.

    `place` is a tuple of indices for all axes but the last. Nothing checks that it lies inside.
    """
    if not (isinstance(array, types.Array) and isinstance(place, types.BaseTuple)):
        return None
    result = types.Array(array.dtype, 1, "C")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = context.make_array(sig.args[0])(context, builder, args[0])
        strides = cgutils.unpack_tuple(builder, whole.strides, array.ndim)
        offset = builder.mul(args[2], whole.itemsize)
        for stride, index in zip(strides[:-1], cgutils.unpack_tuple(builder, args[1]), strict=True):
            offset = builder.add(offset, builder.mul(stride, index))
        raw = builder.bitcast(whole.data, ir.IntType(8).as_pointer())
        data = builder.bitcast(builder.gep(raw, [offset]), whole.data.type)
        return _array(context, builder, result, data, args[3])

    return signature(result, array, place, types.intp, types.intp), codegen


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


def _vector(kind: Any, count: int = _LANES) -> ir.VectorType:
    return ir.VectorType(kind, count)


def _all(kind: Any, value: Any) -> ir.Constant:
    return ir.Constant(_vector(kind), [value] * _LANES)


def _load(builder: Any, data: Any, at: Any, kind: Any) -> Any:
    loaded = builder.load(builder.bitcast(builder.gep(data, [at]), _vector(kind).as_pointer()))
    loaded.align = 4 if kind == _FLOAT else 8
    return loaded


def _load_some(builder: Any, data: Any, at: Any, count: Any, other: ir.Constant) -> Any:
    """Load the first `count` lanes, and take the rest from `other`."""
    vector = other.type
    kind = vector.element
    lanes = builder.insert_element(ir.Constant(_vector(_INT), ir.Undefined), count, _INDEX(0))
    zeros = ir.Constant(_vector(_INDEX), [0] * _LANES)
    lanes = builder.shuffle_vector(lanes, ir.Constant(_vector(_INT), ir.Undefined), zeros)
    mask = builder.icmp_signed("<", ir.Constant(_vector(_INT), list(range(_LANES))), lanes)
    pointer = vector.as_pointer()
    kinds = [pointer, _INDEX, _vector(_BIT), vector]
    name = f"llvm.masked.load.v{_LANES}{'f32' if kind == _FLOAT else 'f64'}.p0"
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, kinds), name)
    place = builder.bitcast(builder.gep(data, [at]), pointer)
    return builder.call(function, [place, _INDEX(4 if kind == _FLOAT else 8), mask, other])


_Step = Callable[[Sequence[Any], Any, Any], Sequence[Any]]


def _merged(
    builder: Any, first: tuple[Sequence[Any], Any], second: tuple[Sequence[Any], Any]
) -> list[Any]:
    """Return values by the block that control comes from."""
    values = []
    for a, b in zip(first[0], second[0], strict=True):
        phi = builder.phi(a.type)
        phi.add_incoming(a, first[1])
        phi.add_incoming(b, second[1])
        values.append(phi)
    return values


def _reduce(
    builder: Any, data: Any, count: Any, start: Sequence[Any], step: _Step, none: ir.Constant
) -> list[Any]:
    """Take two vectors at a time; element j belongs to lane j modulo 32."""
    kind = none.type.element
    entry = builder.block
    names = ("head", "body", "done", "full", "rest", "some", "end")
    head, body, done, full, rest, some, end = map(builder.append_basic_block, names)
    builder.branch(head)
    builder.position_at_end(head)
    j = builder.phi(_INT)
    j.add_incoming(_INT(0), entry)
    state = []
    for value in start:
        phi = builder.phi(value.type)
        phi.add_incoming(value, entry)
        state.append(phi)
    following = builder.add(j, _INT(2 * _LANES))
    builder.cbranch(builder.icmp_signed("<=", following, count), body, done)
    builder.position_at_end(body)
    second = builder.add(j, _INT(_LANES))
    values = step(state, _load(builder, data, j, kind), _load(builder, data, second, kind))
    for phi, value in zip((j, *state), (following, *values), strict=True):
        phi.add_incoming(value, body)
    builder.branch(head)
    builder.position_at_end(done)
    second = builder.add(j, _INT(_LANES))
    builder.cbranch(builder.icmp_signed("<=", second, count), full, rest)
    builder.position_at_end(full)
    values = step(state, _load(builder, data, j, kind), none)
    builder.branch(rest)
    builder.position_at_end(rest)
    *state, at = _merged(builder, ((*state, j), done), ((*values, second), full))
    builder.cbranch(builder.icmp_signed("<", at, count), some, end)
    builder.position_at_end(some)
    last = _load_some(builder, data, at, builder.sub(count, at), none)
    one = builder.icmp_signed("==", at, j)
    pair = builder.select(one, last, none), builder.select(one, none, last)
    values = step(state, *pair)
    builder.branch(end)
    builder.position_at_end(end)
    return _merged(builder, (state, rest), (values, some))


def _folded(builder: Any, value: Any, combine: Callable[[Any, Any], Any]) -> Any:
    """Combine the lanes of a vector, the lower half with the upper one, down to one."""
    count = value.type.count
    unused = ir.Constant(value.type, ir.Undefined)
    while count > 1:
        count //= 2
        for_both = [list(range(count)), list(range(count, 2 * count))]
        parts = []
        for lanes in for_both:
            order = ir.Constant(_vector(_INDEX, count), lanes)
            parts.append(builder.shuffle_vector(value, unused, order))
        value = combine(*parts)
        unused = ir.Constant(value.type, ir.Undefined)
    return builder.extract_element(value, _INDEX(0))


def _element(buffer: Any) -> Any:
    """Return the LLVM type of the elements of a contiguous array of floats, None for others."""
    if not isinstance(buffer, types.Array) or buffer.layout != "C" or buffer.ndim != 1:
        return None
    return {types.float32: _FLOAT, types.float64: _DOUBLE}.get(buffer.dtype)


def _opened_array(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Any, Any]:
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return array.data, cgutils.unpack_tuple(builder, array.shape, 1)[0]


@intrinsic
def sum_of(typingctx: Any, buffer: Any) -> Any:
    """Add the elements of a contiguous array in float64: 32 partial sums, then pairs of them."""
    kind = _element(buffer)
    if kind is None:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def step(state: Sequence[Any], *vectors: Any) -> Sequence[Any]:
            if kind == _FLOAT:
                vectors = tuple(builder.fpext(v, _vector(_DOUBLE)) for v in vectors)
            return [builder.fadd(s, v) for s, v in zip(state, vectors, strict=True)]

        zero = _all(_DOUBLE, 0.0)
        data, count = _opened_array(context, builder, sig, args)
        sums = _reduce(builder, data, count, (zero, zero), step, _all(kind, 0.0))
        return _folded(builder, builder.fadd(*sums), builder.fadd)

    return signature(types.float64, buffer), codegen


@intrinsic
def quick_sum_of(typingctx: Any, buffer: Any) -> Any:
    """Add the elements of a contiguous array of float32: pairs in float32, these in float64.

    Elements j and j + 16 of each 32 make a pair; of what is left, each stands alone.
    """
    if _element(buffer) != _FLOAT:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def step(state: Sequence[Any], v: Any, w: Any) -> Sequence[Any]:
            return [builder.fadd(state[0], builder.fpext(builder.fadd(v, w), _vector(_DOUBLE)))]

        data, count = _opened_array(context, builder, sig, args)
        zero, none = _all(_DOUBLE, 0.0), _all(_FLOAT, 0.0)
        (total,) = _reduce(builder, data, count, (zero,), step, none)
        return _folded(builder, total, builder.fadd)

    return signature(types.float64, buffer), codegen


@intrinsic
def largest_of(typingctx: Any, buffer: Any) -> Any:
    """Return the largest element of a contiguous array, NaN if one is there, -inf for none."""
    kind = _element(buffer)
    if kind is None:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def larger(a: Any, b: Any) -> Any:
            return builder.select(builder.fcmp_ordered(">", b, a), b, a)

        def step(state: Sequence[Any], v: Any, w: Any) -> Sequence[Any]:
            unordered = builder.or_(state[2], builder.fcmp_unordered("uno", v, w))
            return [larger(state[0], v), larger(state[1], w), unordered]

        none = _all(kind, float("-inf"))
        data, count = _opened_array(context, builder, sig, args)
        start = (none, none, ir.Constant(_vector(_BIT), [0] * _LANES))
        a, b, unordered = _reduce(builder, data, count, start, step, none)
        largest = _folded(builder, larger(a, b), larger)
        flags = ir.IntType(_LANES)
        any_nan = builder.icmp_unsigned("!=", builder.bitcast(unordered, flags), flags(0))
        return builder.select(any_nan, ir.Constant(kind, float("nan")), largest)

    return signature(buffer.dtype, buffer), codegen


@intrinsic
def position_of(typingctx: Any, buffer: Any, value: Any) -> Any:
    """Return where a contiguous array first equals `value`; it must do so somewhere."""
    kind = _element(buffer)
    if kind is None:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data, count = _opened_array(context, builder, sig, args)
        wanted = builder.insert_element(_all(kind, 0.0), args[1], _INDEX(0))
        order = ir.Constant(_vector(_INDEX), [0] * _LANES)
        wanted = builder.shuffle_vector(wanted, _all(kind, 0.0), order)
        entry = builder.block
        names = ("look", "full", "some", "found")
        look, full, some, found = map(builder.append_basic_block, names)
        builder.branch(look)
        builder.position_at_end(look)
        j = builder.phi(_INT)
        j.add_incoming(_INT(0), entry)
        following = builder.add(j, _INT(_LANES))
        builder.cbranch(builder.icmp_signed("<=", following, count), full, some)
        flags = ir.IntType(_LANES)

        def equal(vector: Any) -> Any:
            return builder.bitcast(builder.fcmp_ordered("==", vector, wanted), flags)

        builder.position_at_end(full)
        in_full = equal(_load(builder, data, j, kind))
        j.add_incoming(following, full)
        builder.cbranch(builder.icmp_unsigned("==", in_full, flags(0)), look, found)
        builder.position_at_end(some)
        left = _load_some(builder, data, j, builder.sub(count, j), _all(kind, float("nan")))
        in_some = equal(left)
        builder.branch(found)
        builder.position_at_end(found)
        (hits,) = _merged(builder, ((in_full,), full), ((in_some,), some))
        first = builder.cttz(hits, _BIT(0))
        return builder.add(j, builder.zext(first, _INT))

    return signature(types.intp, buffer, buffer.dtype), codegen
