"""Reduce the arguments of sine and cosine: a number in, quarters of a turn and what is left out.

Up to 2**40 by Cody and Waite: x - k π/2, π/2 in three parts. With fma the first part leaves no
error, so that what is left has twice the digits of float64, beside a multiple of π/2 too. Beyond,
by Payne and Hanek (1983): of the digits of 2/π those are chosen that x does not turn into whole
turns. Both are computed for every number, so that loops vectorise; the functions of near numbers
leave the second out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mpmath import mp

from actgen.codegen.functions.parts import (
    Function,
    Split,
    Steps,
    X,
    exact_sum,
    fast_sum,
    fma,
    number,
)
from actgen.codegen.ir import ZERO, Expr, absolute, apply, where

NEAR = 2.0**40
_BITS = 53  # of a chunk of 2/π
_LEVELS = (16, 8, 4, 2, 1)  # how many chunks are left out
_WINDOW = 5  # chunks that count
_TOP = 2 * _BITS + 1  # |x| below 2**107 after some chunks were left out

with mp.workprec(2000):
    _HALF_PI = mp.pi / 2
    _P1 = float(_HALF_PI)
    _P2 = float(_HALF_PI - _P1)
    _P3 = float(_HALF_PI - _P1 - _P2)
    _QUARTERS = float(1 / _HALF_PI)
    # chunk j stands for chunk * 2**(-53 j)
    _CHUNKS = [
        float(mp.mpf(int(mp.floor(2**_BITS * mp.frac(2 ** (_BITS * j) / _HALF_PI)))) / 2**_BITS)
        for j in range(18 + _WINDOW)
    ]


@dataclass(frozen=True)
class Angle:
    """x = (4 m + quarters) π/2 + rest for a whole m, |rest| at most a little over π/4."""

    quarters: Expr
    rest: Split


def angle(x: Expr, low: Expr, let: Steps, near_only: bool) -> Angle:
    """Reduce x + low, for any number x; beyond 2**40 `low` is not counted.

    With `near_only` the result there is anything.
    """
    k = let("k", apply("round", x * number(_QUARTERS)))
    left = let("left", fma(-k, number(_P1), x))
    step = let("step", k * number(_P2))
    step_low = let("step_low", fma(k, number(_P2), -step))
    r = exact_sum(left, -step)
    r_low = fma(-k, number(_P3), let("r_error", r.low) - step_low)
    turns = k - 4 * apply("round", number(0.25) * k)
    if near_only:
        only = fast_sum(let("nearly", r.high), r_low if low == ZERO else r_low + low)
        return Angle(let("quarters", turns), Split(let("r", only.high), let("r_low", only.low)))
    near = apply("le", absolute(x), number(NEAR))
    back = apply("lt", x, ZERO)
    far = [apply(name, absolute(x)) for name in ("far_quarters", "far_angle", "far_angle_low")]
    quarters, far_high, far_low = (where(back, -value, value) for value in far)
    high = let("nearly", where(near, r.high, far_high))
    rest = let("carried", where(near, r_low, far_low))
    if low != ZERO:
        rest = rest + where(near, low, ZERO)
    whole = fast_sum(high, rest)
    return Angle(
        let("quarters", where(near, turns, quarters)),
        Split(let("r", whole.high), let("r_low", whole.low)),
    )


def rough_angle(x: Expr, low: Expr, let: Steps, near_only: bool) -> tuple[Expr, Expr]:
    """Return quarters and rest as `angle` does, the rest as one number: to some ULP."""
    k = let("k", apply("round", x * number(_QUARTERS)))
    turns = k - 4 * apply("round", number(0.25) * k)
    left = let("left", fma(-k, number(_P2), fma(-k, number(_P1), x)))
    r = let("r_near", fma(-k, number(_P3), left) + low)
    if near_only:
        return let("quarters", turns), r
    near = apply("le", absolute(x), number(NEAR))
    size = absolute(x)
    far = apply("far_angle", size) + apply("far_angle_low", size)
    back = apply("lt", x, ZERO)
    quarters = apply("far_quarters", size)
    return (
        let("quarters", where(near, turns, where(back, -quarters, quarters))),
        let("r", where(near, r, where(back, -far, far))),
    )


def _chosen(size: Expr, let: Steps) -> tuple[Expr, Sequence[Expr]]:
    """Return a number times a power of two, and the chunks of 2/π for it."""
    chunks: list[Expr] = [number(chunk) for chunk in _CHUNKS]
    for level in _LEVELS:
        bound = 2.0 ** (_TOP + _BITS * (level - 1))
        beyond = let(f"beyond_{level}", apply("ge", size, number(bound)))
        size = let("size", where(beyond, size * number(2.0 ** (-_BITS * level)), size))
        count = level - 1 + _WINDOW
        chunks = [
            where(beyond, chunks[i + level], chunks[i]) if i + level < len(chunks) else chunks[i]
            for i in range(count)
        ]
        chunks = [let(f"chunk_{i}", chunk) for i, chunk in enumerate(chunks)]
    return size, chunks


def _turned(value: Expr) -> Expr:
    """Return a number without whole turns."""
    return fma(number(-4.0), apply("round", number(0.25) * value), value)


def _far(let: Steps) -> tuple[Expr, Expr, Expr]:
    """Return the quarters of a turn in x > 2**40, and the rest of the angle with its low part."""
    size, chunks = _chosen(X, let)
    high, low = [], []
    for i, chunk in enumerate(chunks):
        scaled = size if i == 0 else let("scaled", size * number(2.0 ** (-_BITS * i)))
        high.append(let(f"part_{i}", scaled * chunk))
        low.append(let(f"part_{i}_low", fma(scaled, chunk, -high[i])))
    first = _named(exact_sum(let("turns", _turned(high[0])), _turned(low[0])), "first", let)
    second = _named(exact_sum(let("turned", _turned(high[1])), low[1]), "second", let)
    both = _named(exact_sum(first.high, second.high), "both", let)
    three = _named(exact_sum(both.high, high[2]), "three", let)
    whole = let("whole", apply("round", three.high))
    # all these are tiny, but what is left may be tiny, too
    small: Expr = first.low
    error: Expr = ZERO
    for term in (both.low, three.low, second.low, low[2], high[3]):
        sum_ = _named(exact_sum(small, term), "small", let)
        small = sum_.high
        error = sum_.low if error == ZERO else let("errors", error + sum_.low)
    left = _named(exact_sum(three.high - whole, small), "left", let)
    rest = let("rest", left.low + (error + (low[3] + high[4])))
    turn = _named(fast_sum(left.high, rest), "turn", let)
    result = let("angle", turn.high * number(_P1))
    error = fma(turn.high, number(_P1), -result)
    tail = fma(turn.low, number(_P1), fma(turn.high, number(_P2), error))
    return let("quarters", _turned(whole)), result, tail


def _named(value: Split, name: str, let: Steps) -> Split:
    return Split(let(name, value.high), let(f"{name}_low", value.low))


def _functions() -> tuple[Function, ...]:
    let = Steps()
    bodies = _far(let)
    docs = (
        "Return the quarters of a turn in x > 2**40, whole turns left out.",
        "Return what is left of x > 2**40 beside quarters of a turn (Payne and Hanek, 1983).",
        "Return what rounding leaves of far_angle(x).",
    )
    names = ("far_quarters", "far_angle", "far_angle_low")
    return tuple(
        Function(name, ("x",), body, doc, let.names)
        for name, body, doc in zip(names, bodies, docs, strict=True)
    )


CIRCLE: tuple[Function, ...] = _functions()
