"""Hold sixteen numbers in one vector of LLVM: loads, constants, masks, and ways to add up.

In: an LLVM builder and values. Out: vectors of 16 lanes, whatever the CPU's own hold, so that the
bits of results are the same everywhere. A `Sum` says how partial sums are kept: elements j and
j + 16 of each 32 are added in one step, which leaves as many partial sums to add in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba.core import cgutils

FLOAT, DOUBLE, INT, BIT = ir.FloatType(), ir.DoubleType(), ir.IntType(64), ir.IntType(1)
INDEX = ir.IntType(32)
LANES = 16
_ABOVE = 2.0**32  # above what Fast2Sum adds to it

Values = Sequence[Any]


def vector(kind: Any, count: int = LANES) -> ir.VectorType:
    return ir.VectorType(kind, count)


def every(kind: Any, value: Any) -> ir.Constant:
    """Return a vector whose lanes are all the same constant."""
    return ir.Constant(vector(kind), [value] * LANES)


def spread(builder: Any, value: Any) -> Any:
    """Return a vector whose lanes are all the same value."""
    unused = ir.Constant(vector(value.type), ir.Undefined)
    lanes = builder.insert_element(unused, value, INDEX(0))
    return builder.shuffle_vector(lanes, unused, every(INDEX, 0))


def first_lanes(builder: Any, count: Any) -> Any:
    """Return a mask of the first `count` lanes."""
    return builder.icmp_signed(
        "<", ir.Constant(vector(INT), list(range(LANES))), spread(builder, count)
    )


def load(builder: Any, data: Any, at: Any, kind: Any) -> Any:
    place = builder.bitcast(builder.gep(data, [at]), vector(kind).as_pointer())
    return builder.load(place, align=_size(kind))


def load_some(builder: Any, data: Any, at: Any, mask: Any, other: Any) -> Any:
    """Load the lanes of a mask, and take the rest from `other`."""
    kind, pointer = other.type, other.type.as_pointer()
    name = f"llvm.masked.load.v{LANES}{_short(kind.element)}.p0"
    kinds = [pointer, INDEX, vector(BIT), kind]
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, kinds), name)
    place = builder.bitcast(builder.gep(data, [at]), pointer)
    return builder.call(function, [place, INDEX(_size(kind.element)), mask, other])


def store(builder: Any, value: Any, data: Any, at: Any) -> None:
    place = builder.bitcast(builder.gep(data, [at]), value.type.as_pointer())
    builder.store(value, place, align=_size(value.type.element))


def store_some(builder: Any, value: Any, data: Any, at: Any, mask: Any) -> None:
    """Store the lanes of a mask."""
    pointer = value.type.as_pointer()
    name = f"llvm.masked.store.v{LANES}{_short(value.type.element)}.p0"
    kinds = [value.type, pointer, INDEX, vector(BIT)]
    kind = ir.FunctionType(ir.VoidType(), kinds)
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    place = builder.bitcast(builder.gep(data, [at]), pointer)
    builder.call(function, [value, place, INDEX(_size(value.type.element)), mask])


def _size(kind: Any) -> int:
    return 4 if kind == FLOAT else 8


def _short(kind: Any) -> str:
    return "f32" if kind == FLOAT else "f64"


def merged(builder: Any, *ways: tuple[Values, Any]) -> list[Any]:
    """Return values by the block that control comes from."""
    found = []
    for values in zip(*(values for values, _ in ways), strict=True):
        phi = builder.phi(values[0].type)
        for value, (_, block) in zip(values, ways, strict=True):
            phi.add_incoming(value, block)
        found.append(phi)
    return found


def widened(builder: Any, value: Any) -> Any:
    """Return a vector of float64."""
    return value if value.type.element == DOUBLE else builder.fpext(value, vector(DOUBLE))


@dataclass(frozen=True)
class Sum:
    """How to add: partial sums to begin with, two vectors to add, and what they come to.

    `begin` is called with the type of the elements. `end` returns float64, one number for each
    lane. Fewer rows than `few` come to what adding them in float64 gives.
    """

    begin: Callable[[Any], Values]
    step: Callable[[Any, Values, Any, Any], Values]
    end: Callable[[Any, Values], Any]
    only_float32: bool = True
    few: int = 2 * LANES


def _each(builder: Any, state: Values, v: Any, w: Any) -> Values:
    added = (widened(builder, v), widened(builder, w))
    return [builder.fadd(s, a) for s, a in zip(state, added, strict=True)]


def _pair(builder: Any, state: Values, v: Any, w: Any) -> Values:
    return [builder.fadd(state[0], widened(builder, builder.fadd(v, w)))]


def _fast2sum(builder: Any, high: Any, low: Any, value: Any) -> tuple[Any, Any]:
    """Add `value`, below `high`; `low` gathers what the sum loses (Dekker, 1971)."""
    after = builder.fadd(high, value)
    lost = builder.fsub(value, builder.fsub(after, high))
    return after, builder.fadd(low, lost)


def _each_weight(builder: Any, state: Values, v: Any, w: Any) -> Values:
    return [
        *_fast2sum(builder, state[0], state[1], v),
        *_fast2sum(builder, state[2], state[3], w),
    ]


def _weight_pair(builder: Any, state: Values, v: Any, w: Any) -> Values:
    return _fast2sum(builder, state[0], state[1], builder.fadd(v, w))


def _weights(builder: Any, state: Values) -> Any:
    parts = []
    for high, low in zip(state[::2], state[1::2], strict=True):
        whole = builder.fsub(high, every(FLOAT, _ABOVE))  # exact
        parts.append(builder.fadd(widened(builder, whole), widened(builder, low)))
    return parts[0] if len(parts) == 1 else builder.fadd(*parts)


def _each_rest(builder: Any, state: Values, v: Any, w: Any) -> Values:
    return [builder.fadd(state[0], v), builder.fadd(state[1], w)]


def _all_lanes(builder: Any, state: Values) -> Any:
    wide = [widened(builder, value) for value in state]
    return wide[0] if len(wide) == 1 else builder.fadd(*wide)


def _zeros(kind: Any, count: int) -> Callable[[Any], Values]:
    return lambda _: [every(kind, 0.0)] * count


def _above(count: int) -> Callable[[Any], Values]:
    return lambda _: [every(FLOAT, _ABOVE), every(FLOAT, 0.0)] * count


EXACT = Sum(_zeros(DOUBLE, 2), _each, _all_lanes, only_float32=False)
QUICK = Sum(_zeros(DOUBLE, 1), _pair, _all_lanes)
WEIGHTS = Sum(_above(2), _each_weight, _weights)
QUICK_WEIGHTS = Sum(_above(1), _weight_pair, _weights, few=LANES + 1)
RESTS = Sum(_zeros(FLOAT, 2), _each_rest, _all_lanes)
