"""Add up columns, and turn rows into columns: float32 buffers in, sums or other buffers out.

Sixteen columns side by side go at a time; each is added as `reductions.py` adds a row, and gives
the same bits.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic

from actgen import lanes
from actgen.lanes import DOUBLE, FLOAT, INT, LANES, Sum, Values, every, vector
from actgen.reductions import element_of, opened_array


def _down(how: Sum, arrays: tuple[Any, Any], numbers: tuple[Any, Any, Any]) -> Any:
    """Return the signature and the code of an intrinsic that adds columns to their totals."""
    buffer, total = arrays
    kind = element_of(buffer)
    if kind is None or (how.only_float32 and kind != FLOAT) or element_of(total) != DOUBLE:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data, _ = opened_array(context, builder, sig.args[0], args[0])
        totals, _ = opened_array(context, builder, sig.args[4], args[4])
        rows, stride, count = args[1:4]
        partial = cgutils.alloca_once(builder, vector(DOUBLE), LANES)
        few = builder.icmp_signed("<", rows, INT(how.few))
        with cgutils.for_range_slice(builder, INT(0), count, INT(LANES), INT) as (column, _):
            with cgutils.for_range(builder, INT(LANES)) as loop:
                here = _Lane(builder, builder.gep(data, [column]), kind, rows, stride, loop.index)
                place = builder.gep(partial, [loop.index])
                with builder.if_else(few) as (then, otherwise):
                    with then:
                        builder.store(here.alone(), place)
                    with otherwise:
                        builder.store(how.end(builder, here.added(how)), place)
            sums = [builder.load(builder.gep(partial, [INT(k)])) for k in range(LANES)]
            while len(sums) > 1:
                half = len(sums) // 2
                pairs = zip(sums[:half], sums[half:], strict=True)
                sums = [builder.fadd(a, b) for a, b in pairs]
            before = lanes.load(builder, totals, column, DOUBLE)
            lanes.store(builder, builder.fadd(before, sums[0]), totals, column)
        return context.get_dummy_value()

    return signature(types.none, buffer, *(types.intp for _ in numbers), total), codegen


class _Lane:
    """Every 16th row of sixteen columns, from one of the first 16 on."""

    def __init__(
        self, builder: Any, data: Any, kind: Any, rows: Any, stride: Any, first: Any
    ) -> None:
        self.builder, self.data, self.kind = builder, data, kind
        self.rows, self.stride, self.first = rows, stride, first

    def load(self, row: Any) -> Any:
        at = self.builder.mul(row, self.stride)
        return lanes.load(self.builder, self.data, at, self.kind)

    def added(self, how: Sum) -> Values:
        """Add the rows, two at a time where both are in a whole 32."""
        builder = self.builder
        whole = builder.and_(self.rows, INT(-2 * LANES))
        begin = how.begin(self.kind)
        slots = [cgutils.alloca_once(builder, value.type) for value in begin]
        self.put(slots, begin)
        steps = (self.first, whole, INT(2 * LANES))
        with cgutils.for_range_slice(builder, *steps, INT) as (row, _):
            second = self.load(builder.add(row, INT(LANES)))
            self.put(slots, how.step(builder, self.got(slots), self.load(row), second))
        none = every(self.kind, 0.0)
        for place, one in ((0, True), (LANES, False)):
            row = builder.add(builder.add(whole, self.first), INT(place))
            with builder.if_then(builder.icmp_signed("<", row, self.rows)):
                value = self.load(row)
                pair = (value, none) if one else (none, value)
                self.put(slots, how.step(builder, self.got(slots), *pair))
        return self.got(slots)

    def alone(self) -> Any:
        """Return the sum of two rows at most: what there is where there is no whole 32."""
        builder = self.builder
        found = cgutils.alloca_once(builder, vector(DOUBLE))
        builder.store(every(DOUBLE, 0.0), found)
        for place in (0, LANES):
            row = builder.add(self.first, INT(place))
            with builder.if_then(builder.icmp_signed("<", row, self.rows)):
                value = lanes.widened(builder, self.load(row))
                builder.store(builder.fadd(builder.load(found), value), found)
        return builder.load(found)

    def put(self, slots: list[Any], values: Values) -> None:
        for slot, value in zip(slots, values, strict=True):
            self.builder.store(value, slot)

    def got(self, slots: list[Any]) -> Values:
        return [self.builder.load(slot) for slot in slots]


@intrinsic
def add_down(typingctx: Any, buffer: Any, rows: Any, stride: Any, count: Any, total: Any) -> Any:
    """Add to each of `count` totals the sum of its column in float64, as `sum_of` adds.

    `buffer` holds `rows` rows, each `stride` elements behind the last one. It and `total` must have
    room for a multiple of 16 columns; what is there beyond `count` means nothing.
    """
    return _down(lanes.EXACT, (buffer, total), (rows, stride, count))


@intrinsic
def quick_add_down(
    typingctx: Any, buffer: Any, rows: Any, stride: Any, count: Any, total: Any
) -> Any:
    """Add up columns like `add_down`, as `quick_sum_of` adds."""
    return _down(lanes.QUICK, (buffer, total), (rows, stride, count))


@intrinsic
def add_weights_down(
    typingctx: Any, buffer: Any, rows: Any, stride: Any, count: Any, total: Any
) -> Any:
    """Add up columns like `add_down`, as `sum_of_weights` adds."""
    return _down(lanes.WEIGHTS, (buffer, total), (rows, stride, count))


@intrinsic
def quick_add_weights_down(
    typingctx: Any, buffer: Any, rows: Any, stride: Any, count: Any, total: Any
) -> Any:
    """Add up columns like `add_down`, as `quick_sum_of_weights` adds."""
    return _down(lanes.QUICK_WEIGHTS, (buffer, total), (rows, stride, count))


@intrinsic
def add_rests_down(
    typingctx: Any, buffer: Any, rows: Any, stride: Any, count: Any, total: Any
) -> Any:
    """Add up columns like `add_down`, as `sum_of_rests` adds."""
    return _down(lanes.RESTS, (buffer, total), (rows, stride, count))
