"""Turn rows into columns and back: a matrix in, its transpose in float32 out, or the reverse.

Sixteen rows and columns go at a time.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic, overload

from actgen import half, lanes
from actgen.lanes import FLOAT, INDEX, INT, LANES, every, vector
from actgen.reductions import element_of, opened_array
from actgen.tiles import opened, window

_SIDE = INT(LANES)


def _exchanged(builder: Any, rows: list[Any]) -> list[Any]:
    """Transpose sixteen vectors: exchange blocks off the diagonal, of ever more lanes."""
    width = 1
    while width < LANES:
        low = [k if not k & width else LANES + k - width for k in range(LANES)]
        high = [k + width if not k & width else LANES + k for k in range(LANES)]
        orders = [ir.Constant(vector(INDEX), order) for order in (low, high)]
        after = list(rows)
        for k in (k for k in range(LANES) if not k & width):
            pair = rows[k], rows[k + width]
            after[k], after[k + width] = (builder.shuffle_vector(*pair, o) for o in orders)
        rows, width = after, 2 * width
    return rows


class _Block:
    """Sixteen rows and columns of a matrix, or what of them there is."""

    def __init__(self, builder: Any, source: tuple[Any, Any], target: tuple[Any, Any]) -> None:
        self.builder, self.source, self.target = builder, source, target

    def whole(self, row: Any, column: Any) -> None:
        builder, (data, stride) = self.builder, self.source
        found = []
        for k in range(LANES):
            at = builder.add(builder.mul(builder.add(row, INT(k)), stride), column)
            found.append(lanes.load(builder, data, at, FLOAT))
        data, stride = self.target
        for k, value in enumerate(_exchanged(builder, found)):
            at = builder.add(builder.mul(builder.add(column, INT(k)), stride), row)
            lanes.store(builder, value, data, at)

    def part(self, row: Any, column: Any, height: Any, width: Any) -> None:
        """Turn `height` rows and `width` columns, both 1 to 16 or more."""
        builder, (data, stride) = self.builder, self.source
        mask, zeros = lanes.first_lanes(builder, width), every(FLOAT, 0.0)
        found = []
        for k in range(LANES):
            inside = builder.icmp_signed("<", INT(k), height)
            taken = builder.select(inside, builder.add(row, INT(k)), row)
            at = builder.add(builder.mul(taken, stride), column)
            found.append(lanes.load_some(builder, data, at, mask, zeros))
        data, stride = self.target
        mask = lanes.first_lanes(builder, height)
        for k, value in enumerate(_exchanged(builder, found)):
            with builder.if_then(builder.icmp_signed("<", INT(k), width)):
                at = builder.add(builder.mul(builder.add(column, INT(k)), stride), row)
                lanes.store_some(builder, value, data, at, mask)


@intrinsic
def turn(
    typingctx: Any,
    source: Any,
    stride: Any,
    height: Any,
    width: Any,
    target: Any,
    target_stride: Any,
) -> Any:
    """Write `height` rows of `width` float32 numbers as the columns of `target`.

    Rows lie `stride` elements apart, those of `target` `target_stride`. Both arrays are 1-D views
    of the first row; they must not overlap, and nothing checks that all rows lie inside.
    """
    if element_of(source) != FLOAT or element_of(target) != FLOAT:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        given, _ = opened_array(context, builder, sig.args[0], args[0])
        made, _ = opened_array(context, builder, sig.args[4], args[4])
        height, width = args[2:4]
        block = _Block(builder, (given, args[1]), (made, args[5]))
        over_rows = cgutils.for_range_slice(builder, INT(0), height, _SIDE, INT)
        over_columns = cgutils.for_range_slice(builder, INT(0), width, _SIDE, INT)
        with over_rows as (row, _), over_columns as (column, _):
            left = builder.sub(height, row), builder.sub(width, column)
            full = [builder.icmp_signed(">=", count, _SIDE) for count in left]
            with builder.if_else(builder.and_(*full)) as (then, otherwise):
                with then:
                    block.whole(row, column)
                with otherwise:
                    block.part(row, column, *left)
        return context.get_dummy_value()

    counts = (types.intp, types.intp, types.intp)
    return signature(types.none, source, *counts, target, types.intp), codegen


@intrinsic
def _rounded(typingctx: Any, value: Any, like: Any) -> Any:
    """Round a float32 to the 16-bit element type of an array."""
    if value != types.float32 or like.dtype not in (types.uint16, types.int16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if like.dtype == types.uint16:
            return half.float_to_half(context, builder, args[0])
        return half.float_to_bfloat(builder, args[0])

    return signature(like.dtype, value, like), codegen


_OPTIONS = {"error_model": "numpy", "boundscheck": False}


def turn_rows(array: Any, first: Any, count: Any, buffer: Any, target: Any, stride: Any) -> None:
    """Write `count` rows of a 2-D array of any element type as the columns of `target`.

    `buffer` has room for the numbers of these rows.
    """
    raise NotImplementedError("for compiled code only")


def turn_back(source: Any, stride: Any, array: Any, first: Any, count: Any, buffer: Any) -> None:
    """Write the first `count` columns of `source` as rows of a 2-D array, rounded to its type."""
    raise NotImplementedError("for compiled code only")


@overload(turn_rows, jit_options=_OPTIONS)
def _turn_rows(array: Any, first: Any, count: Any, buffer: Any, target: Any, stride: Any) -> Any:
    if array.dtype == types.float32:

        def straight(
            array: Any, first: Any, count: Any, buffer: Any, target: Any, stride: Any
        ) -> None:
            length = array.shape[1]
            rows = window(array, (first,), 0, length)
            turn(rows, array.strides[0] // 4, count, length, target, stride)

        return straight

    def converted(
        array: Any, first: Any, count: Any, buffer: Any, target: Any, stride: Any
    ) -> None:
        length = array.shape[1]
        for r in range(count):
            opened(array, (first + r,), 0, length, window(buffer, (), r * length, length))
        turn(buffer, length, count, length, target, stride)

    return converted


@overload(turn_back, jit_options=_OPTIONS)
def _turn_back(source: Any, stride: Any, array: Any, first: Any, count: Any, buffer: Any) -> Any:
    if array.dtype == types.float32:

        def straight(
            source: Any, stride: Any, array: Any, first: Any, count: Any, buffer: Any
        ) -> None:
            length = array.shape[1]
            rows = window(array, (first,), 0, length)
            turn(source, stride, length, count, rows, array.strides[0] // 4)

        return straight

    def converted(
        source: Any, stride: Any, array: Any, first: Any, count: Any, buffer: Any
    ) -> None:
        length = array.shape[1]
        turn(source, stride, length, count, buffer, length)
        for r in range(count):
            row = window(array, (first + r,), 0, length)
            for j in range(length):
                row[j] = _rounded(buffer[r * length + j], array)

    return converted
