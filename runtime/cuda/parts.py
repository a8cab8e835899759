"""Read and write parts of a row or column: what one thread has of it, in registers.

A part is a tuple of `width` numbers. The `lanes` threads that share a slice have 16 bytes of it in
turn, which are read at once where the arrays allow it, else one by one. Beyond the end of the slice
a part repeats elements of it, which `inside` tells. `lanes` and `width` are constants of the
compilation.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import signature
from numba.extending import intrinsic

from actgen.cuda.memory import (
    _DOUBLE,
    _I16,
    _I32,
    _I64,
    _SIZES,
    _STORED,
    _byte,
    _element,
    _global,
    _narrow,
    _number,
    _pair,
    _rounded,
    _widen,
)
from actgen.cuda.slices import SLICE

_I8 = ir.IntType(8)
_Shape = tuple[int, int, int]  # lanes, width, elements of 16 bytes


def _constant(kind: Any) -> int | None:
    return kind.literal_value if isinstance(kind, types.IntegerLiteral) else None


class _Places:
    """Where the elements of a part lie: a walk over them in the order of the part."""

    def __init__(self, builder: Any, place: Any, start: Any, kind: Any, shape: _Shape) -> None:
        self.builder = builder
        self.held = _constant(kind) == 0
        start = _I32(0) if self.held else start
        self.lanes, self.width, vector = shape
        self.vector = min(vector, self.width)
        names = ("base", "stride", "length", "rank", "whole", "live")
        self.of = {name: builder.extract_value(place, k) for k, name in enumerate(names)}
        self.start = start

    def vectors(self) -> list[Any]:
        """Return the position of the first element of each vector."""
        builder, kind = self.builder, self._kind
        rank = builder.trunc(self.of["rank"], kind) if self.held else self.of["rank"]
        first = builder.add(self.start, builder.mul(rank, kind(self.vector)))
        return [builder.add(first, kind(k * self.lanes)) for k in range(0, self.width, self.vector)]

    def positions(self) -> list[Any]:
        """Return the position of each element."""
        return [
            self.builder.add(first, self._kind(k))
            for first in self.vectors()
            for k in range(self.vector)
        ]

    @property
    def _kind(self) -> Any:
        """The type of positions: rows that are held are short, 32 bits do for them."""
        return _I32 if self.held else _I64

    def wide(self, position: Any) -> Any:
        return self.builder.sext(position, _I64) if position.type == _I32 else position

    def inside(self, position: Any) -> Any:
        length = self.of["length"]
        if position.type == _I32:
            length = self.builder.trunc(length, _I32)
        return self.builder.icmp_signed("<", position, length)

    def address(self, array: Any, position: Any, size: int) -> Any:
        builder = self.builder
        offset = builder.mul(self.wide(position), self.of["stride"])
        offset = builder.add(self.of["base"], offset)
        return _byte(builder, array, offset, size)


def _shape(lanes: Any, width: Any, like: Any) -> _Shape | None:
    """Return lanes, width, and the elements of 16 bytes."""
    across, count, element = _constant(lanes), _constant(width), _element(like)
    if across is None or count is None or element is None:
        return None
    return across, count, 16 // _SIZES[element]


def _chosen(builder: Any, condition: Any, ways: Any) -> list[Any]:
    """Return what one of two ways gives, which may not both be gone."""
    blocks, results = [], []
    with builder.if_else(condition) as branches:
        for branch, way in zip(branches, ways, strict=True):
            with branch:
                results.append(way())
                blocks.append(builder.block)
    merged = []
    for values in zip(*results, strict=True):
        phi = builder.phi(values[0].type)
        for value, block in zip(values, blocks, strict=True):
            phi.add_incoming(value, block)
        merged.append(phi)
    return merged


def _loaded(builder: Any, array: Any, at: _Places, size: int, kind: Any) -> list[Any]:
    """Return the stored elements of a part; those beyond the end are the first of the walk."""

    def by_vectors() -> list[Any]:
        found = []
        count = at.vector
        grain = min(16, count * size)
        word = ir.IntType(8 * min(size, 4)) if size < 4 else kind
        lanes, word = (grain // 4, _I32) if size < 4 and grain >= 4 else (grain // size, word)
        for position in at.vectors():
            position = builder.select(at.inside(position), position, at.start)
            place = at.address(array, position, size)
            for part in range(count * size // grain):
                here = builder.add(place, _I64(part * grain)) if part else place
                vector = ir.VectorType(word, lanes)
                whole = builder.load(_global(builder, here, vector), align=grain)
                for lane in range(lanes):
                    found += _unpacked(builder, builder.extract_element(whole, _I32(lane)), size)
        return found

    def one_by_one() -> list[Any]:
        found = []
        for position in at.positions():
            position = builder.select(at.inside(position), position, at.start)
            place = at.address(array, position, size)
            found.append(builder.load(_global(builder, place, kind), align=size))
        return found

    if at.vector == 1:
        return one_by_one()
    return _chosen(builder, at.of["whole"], (by_vectors, one_by_one))


def _unpacked(builder: Any, word: Any, size: int) -> list[Any]:
    """Return the elements in a word of memory."""
    if word.type != _I32 or size == 4:
        return [word]
    kind = ir.IntType(8 * size)
    shifts = range(0, 32, 8 * size)
    return [builder.trunc(builder.lshr(word, _I32(s)) if s else word, kind) for s in shifts]


@intrinsic(prefer_literal=True)
def load_part(
    typingctx: Any, array: Any, place: Any, start: Any, like: Any, of: Any, lanes: Any, width: Any
) -> Any:
    """Return the part of an array that begins at `start` of a slice, in the numbers of kernels.

    Elements of the array have the type of `of`, those of the kernel that of `like`.
    """
    shape, element = _shape(lanes, width, like), _element(of)
    if shape is None or element is None:
        return None
    result = types.UniTuple(_number(element), shape[1])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        at = _Places(builder, args[1], args[2], start, shape)
        found = _loaded(builder, args[0], at, _SIZES[element], _STORED[element])
        numbers = [_widen(builder, bits, element) for bits in found]
        return context.make_tuple(builder, result, numbers)

    given = (types.int64, SLICE, start, like, of, lanes, width)
    return signature(result, *given), codegen


@intrinsic(prefer_literal=True)
def load_mask(
    typingctx: Any, mask: Any, place: Any, start: Any, like: Any, lanes: Any, width: Any
) -> Any:
    """Return which elements of a part lie inside the slice and are selected by a mask."""
    shape = _shape(lanes, width, like)
    if shape is None:
        return None
    result = types.UniTuple(types.boolean, shape[1])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        at = _Places(builder, args[1], args[2], start, shape)
        found = _loaded(builder, args[0], at, 1, _I8)
        kept = [builder.icmp_unsigned("!=", byte, _I8(0)) for byte in found]
        within = [at.inside(position) for position in at.positions()]
        both = [builder.and_(a, b) for a, b in zip(kept, within, strict=True)]
        return context.make_tuple(builder, result, both)

    return signature(result, types.int64, SLICE, start, like, lanes, width), codegen


@intrinsic(prefer_literal=True)
def inside(typingctx: Any, place: Any, start: Any, like: Any, lanes: Any, width: Any) -> Any:
    """Return which elements of a part lie inside the slice."""
    shape = _shape(lanes, width, like)
    if shape is None:
        return None
    result = types.UniTuple(types.boolean, shape[1])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        at = _Places(builder, args[0], args[1], start, shape)
        within = [at.inside(position) for position in at.positions()]
        return context.make_tuple(builder, result, within)

    return signature(result, SLICE, start, like, lanes, width), codegen


@intrinsic(prefer_literal=True)
def positions(typingctx: Any, place: Any, start: Any, like: Any, lanes: Any, width: Any) -> Any:
    """Return where the elements of a part stand in the slice."""
    shape = _shape(lanes, width, like)
    if shape is None:
        return None
    result = types.UniTuple(types.int64, shape[1])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        at = _Places(builder, args[0], args[1], start, shape)
        return context.make_tuple(builder, result, list(map(at.wide, at.positions())))

    return signature(result, SLICE, start, like, lanes, width), codegen


@intrinsic(prefer_literal=True)
def store_part(
    typingctx: Any, array: Any, place: Any, start: Any, like: Any, of: Any, lanes: Any, values: Any
) -> Any:
    """Write a part, each number rounded to the type of `of`, nothing beyond the slice."""
    count = len(values) if isinstance(values, types.UniTuple) else 0
    element, across, vector = _element(of), _constant(lanes), _element(like)
    if element is None or across is None or vector is None or not count:
        return None
    shape = across, count, 16 // _SIZES[vector]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        at = _Places(builder, args[1], args[2], start, shape)
        given = [builder.extract_value(args[6], k) for k in range(count)]
        numbers = [_rounded(builder, number, element) for number in given]
        size = _SIZES[element]

        def one_by_one() -> None:
            for number, position in zip(numbers, at.positions(), strict=True):
                within = builder.and_(at.inside(position), at.of["live"])
                bits = _narrow(builder, number, element)
                with builder.if_then(within):
                    where = _global(builder, at.address(args[0], position, size), bits.type)
                    builder.store(bits, where, align=size)

        if at.vector == 1:
            one_by_one()
            return context.get_dummy_value()
        with builder.if_else(at.of["whole"]) as (then, otherwise):
            with then:
                for position, k in zip(at.vectors(), range(0, count, at.vector), strict=True):
                    within = builder.and_(at.inside(position), at.of["live"])
                    packed = _packed(builder, numbers[k : k + at.vector], element)
                    with builder.if_then(within):
                        where = at.address(args[0], position, size)
                        for part, vector_ in enumerate(packed):
                            here = builder.add(where, _I64(16 * part)) if part else where
                            pointer = _global(builder, here, vector_.type)
                            builder.store(vector_, pointer, align=16)
            with otherwise:
                one_by_one()
        return context.get_dummy_value()

    given = (types.int64, SLICE, start, like, of, lanes, values)
    return signature(types.void, *given), codegen


def _packed(builder: Any, numbers: list[Any], element: Any) -> list[Any]:
    """Return vectors of 16 bytes with rounded numbers."""
    words = numbers
    if _STORED[element] == _I16:
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        words = [_pair(builder, low, high, element) for low, high in pairs]
    count = 2 if words[0].type == _DOUBLE else 4
    kind = ir.VectorType(words[0].type, count)
    vectors = []
    for first in range(0, len(words), count):
        vector = ir.Constant(kind, ir.Undefined)
        for lane in range(count):
            vector = builder.insert_element(vector, words[first + lane], _I32(lane))
        vectors.append(vector)
    return vectors
