"""Reduce rows: an array of floats side by side in, one number out.

Reductions keep a fixed number of partial results, whatever the CPU's vectors hold: element j
belongs to lane j modulo 32, and the bits are the same everywhere, also those of `downward.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from actgen import lanes
from actgen.lanes import BIT, DOUBLE, FLOAT, INDEX, INT, LANES, Sum, Values, every, vector

_Step = Callable[[Values, Any, Any], Values]


def _reduce(
    builder: Any, data: Any, count: Any, start: Values, step: _Step, none: ir.Constant
) -> list[Any]:
    """Take two vectors at a time; element j belongs to lane j modulo 32."""
    kind = none.type.element
    entry = builder.block
    names = ("head", "body", "done", "full", "rest", "some", "end")
    head, body, done, full, rest, some, end = map(builder.append_basic_block, names)
    builder.branch(head)
    builder.position_at_end(head)
    j = builder.phi(INT)
    j.add_incoming(INT(0), entry)
    state = []
    for value in start:
        phi = builder.phi(value.type)
        phi.add_incoming(value, entry)
        state.append(phi)
    following = builder.add(j, INT(2 * LANES))
    builder.cbranch(builder.icmp_signed("<=", following, count), body, done)
    builder.position_at_end(body)
    second = builder.add(j, INT(LANES))
    pair = (lanes.load(builder, data, at, kind) for at in (j, second))
    values = step(state, *pair)
    for phi, value in zip((j, *state), (following, *values), strict=True):
        phi.add_incoming(value, body)
    builder.branch(head)
    builder.position_at_end(done)
    second = builder.add(j, INT(LANES))
    builder.cbranch(builder.icmp_signed("<=", second, count), full, rest)
    builder.position_at_end(full)
    values = step(state, lanes.load(builder, data, j, kind), none)
    builder.branch(rest)
    builder.position_at_end(rest)
    *state, at = lanes.merged(builder, ((*state, j), done), ((*values, second), full))
    builder.cbranch(builder.icmp_signed("<", at, count), some, end)
    builder.position_at_end(some)
    mask = lanes.first_lanes(builder, builder.sub(count, at))
    last = lanes.load_some(builder, data, at, mask, none)
    one = builder.icmp_signed("==", at, j)
    values = step(state, builder.select(one, last, none), builder.select(one, none, last))
    builder.branch(end)
    builder.position_at_end(end)
    return lanes.merged(builder, (state, rest), (values, some))


def _folded(builder: Any, value: Any, combine: Callable[[Any, Any], Any]) -> Any:
    """Combine the lanes of a vector, the lower half with the upper one, down to one."""
    count = value.type.count
    unused = ir.Constant(value.type, ir.Undefined)
    while count > 1:
        count //= 2
        for_both = [list(range(count)), list(range(count, 2 * count))]
        parts = []
        for order in for_both:
            chosen = ir.Constant(vector(INDEX, count), order)
            parts.append(builder.shuffle_vector(value, unused, chosen))
        value = combine(*parts)
        unused = ir.Constant(value.type, ir.Undefined)
    return builder.extract_element(value, INDEX(0))


def element_of(buffer: Any) -> Any:
    """Return the LLVM type of the elements of a contiguous array of floats, None for others."""
    if not isinstance(buffer, types.Array) or buffer.layout != "C" or buffer.ndim != 1:
        return None
    return {types.float32: FLOAT, types.float64: DOUBLE}.get(buffer.dtype)


def opened_array(context: Any, builder: Any, kind: Any, value: Any) -> tuple[Any, Any]:
    """Return a pointer to the first element, and the length."""
    array = context.make_array(kind)(context, builder, value)
    return array.data, cgutils.unpack_tuple(builder, array.shape, 1)[0]


def _added(how: Sum, buffer: Any) -> Any:
    """Return the signature and the code of an intrinsic that adds the elements of an array."""
    kind = element_of(buffer)
    if kind is None or (how.only_float32 and kind != FLOAT):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def step(state: Values, v: Any, w: Any) -> Values:
            return how.step(builder, state, v, w)

        data, count = opened_array(context, builder, sig.args[0], args[0])
        state = _reduce(builder, data, count, how.begin(kind), step, every(kind, 0.0))
        return _folded(builder, how.end(builder, state), builder.fadd)

    return signature(types.float64, buffer), codegen


@intrinsic
def sum_of(typingctx: Any, buffer: Any) -> Any:
    """Add the elements of a contiguous array in float64: 32 partial sums, then pairs of them."""
    return _added(lanes.EXACT, buffer)


@intrinsic
def quick_sum_of(typingctx: Any, buffer: Any) -> Any:
    """Add the elements of a contiguous array of float32: pairs in float32, these in float64.

    Elements j and j + 16 of each 32 make a pair; of what is left, each stands alone.
    """
    return _added(lanes.QUICK, buffer)


@intrinsic
def sum_of_weights(typingctx: Any, buffer: Any) -> Any:
    """Add float32 numbers from 0 to 2**31 as `sum_of` does, in float32 with their rounding errors.

    It loses no more than 2**-8 or so: nothing, if one of them is near 2**30. NaN stays.
    """
    return _added(lanes.WEIGHTS, buffer)


@intrinsic
def quick_sum_of_weights(typingctx: Any, buffer: Any) -> Any:
    """Add float32 numbers from 0 to 2**31, in pairs as `quick_sum_of` does. NaN stays."""
    return _added(lanes.QUICK_WEIGHTS, buffer)


@intrinsic
def sum_of_rests(typingctx: Any, buffer: Any) -> Any:
    """Add float32 numbers in float32, which is enough for what a rounding leaves."""
    return _added(lanes.RESTS, buffer)


@intrinsic
def largest_of(typingctx: Any, buffer: Any) -> Any:
    """Return the largest number in a contiguous array, -inf for none; NaN is passed over."""
    kind = element_of(buffer)
    if kind is None:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def larger(a: Any, b: Any) -> Any:
            return builder.select(builder.fcmp_ordered(">", b, a), b, a)

        def step(state: Sequence[Any], v: Any, w: Any) -> Sequence[Any]:
            return [larger(state[0], v), larger(state[1], w)]

        none = every(kind, float("-inf"))
        data, count = opened_array(context, builder, sig.args[0], args[0])
        # as many again side by side: nobody needs to know in what order they are compared
        whole = builder.and_(count, INT(-4 * LANES))
        slots = [cgutils.alloca_once_value(builder, none) for _ in range(4)]
        with cgutils.for_range_slice(builder, INT(0), whole, INT(4 * LANES), INT) as (j, _):
            for k, slot in enumerate(slots):
                value = lanes.load(builder, data, builder.add(j, INT(k * LANES)), kind)
                builder.store(larger(builder.load(slot), value), slot)
        first = [builder.load(slot) for slot in slots]
        start = [larger(first[0], first[1]), larger(first[2], first[3])]
        rest = builder.gep(data, [whole])
        a, b = _reduce(builder, rest, builder.sub(count, whole), start, step, none)
        return _folded(builder, larger(a, b), larger)

    return signature(buffer.dtype, buffer), codegen


@intrinsic
def position_of(typingctx: Any, buffer: Any, value: Any) -> Any:
    """Return where a contiguous array first equals `value`; it must do so somewhere."""
    kind = element_of(buffer)
    if kind is None:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data, count = opened_array(context, builder, sig.args[0], args[0])
        wanted = lanes.spread(builder, args[1])
        entry = builder.block
        names = ("look", "full", "some", "found")
        look, full, some, found = map(builder.append_basic_block, names)
        builder.branch(look)
        builder.position_at_end(look)
        j = builder.phi(INT)
        j.add_incoming(INT(0), entry)
        following = builder.add(j, INT(LANES))
        builder.cbranch(builder.icmp_signed("<=", following, count), full, some)
        flags = ir.IntType(LANES)

        def equal(numbers: Any) -> Any:
            return builder.bitcast(builder.fcmp_ordered("==", numbers, wanted), flags)

        builder.position_at_end(full)
        in_full = equal(lanes.load(builder, data, j, kind))
        j.add_incoming(following, full)
        builder.cbranch(builder.icmp_unsigned("==", in_full, flags(0)), look, found)
        builder.position_at_end(some)
        mask = lanes.first_lanes(builder, builder.sub(count, j))
        in_some = equal(lanes.load_some(builder, data, j, mask, every(kind, float("nan"))))
        builder.branch(found)
        builder.position_at_end(found)
        (hits,) = lanes.merged(builder, ((in_full,), full), ((in_some,), some))
        first = builder.cttz(hits, BIT(0))
        return builder.add(j, builder.zext(first, INT))

    return signature(types.intp, buffer, buffer.dtype), codegen
