"""Define sin and cos: the argument reduced to an eighth of a turn, then a polynomial for each.

sin(r) = r + r³ s(r²) and cos(r) = 1 - r²/2 + r⁴ c(r²), |r| at most π/4, as unevaluated sums.
"""

from __future__ import annotations

from functools import cache

from actgen.codegen.coefficients import COS, SIN
from actgen.codegen.functions.circle import angle
from actgen.codegen.functions.family import family
from actgen.codegen.functions.parts import (
    NEVER,
    Function,
    Scaled,
    Split,
    Steps,
    chosen,
    fast_sum,
    fma,
    normal,
    number,
    polynomial,
)
from actgen.codegen.ir import HALF, ONE, Expr, absolute, apply, where


def _sine(r: Split, let: Steps) -> Split:
    z = let("z", r.high * r.high)
    cube = let("cube", z * r.high)
    slope = fma(z, fma(z, number(1 / 24), number(-0.5)), ONE)
    tail = fma(cube, let("s", polynomial(z, SIN)), r.low * slope)
    return normal(Split(r.high, let("sine_tail", tail)))


def _cosine(r: Split, let: Steps) -> Split:
    z = let("z", r.high * r.high)
    z_low = fma(r.high, r.high, -z)
    half = let("half", HALF * z)
    one = fast_sum(ONE, -half)
    slope = let("lost", r.high * fma(z, fma(z, number(1 / 120), number(-1 / 6)), ONE))
    rest = fma(-slope, r.low, fma(number(-0.5), z_low, one.low))
    tail = fma(z * z, let("c", polynomial(z, COS)), rest)
    return normal(Split(let("beside_one", one.high), let("cosine_tail", tail)))


@cache
def _eighth(x: Expr, low: Expr) -> tuple[Expr, Split, Split, Steps]:
    """Return the quarters of a turn in x + low, and sine and cosine of the rest.

    The functions share their steps.
    """
    let = Steps()
    reduced = angle(x, low, let)
    return reduced.quarters, _sine(reduced.rest, let), _cosine(reduced.rest, let), let


def _circular(x: Expr, low: Expr, let: Steps, ahead: int) -> Scaled:
    """Return sin(x + low), or cos with `ahead` = 1: a quarter of a turn ahead of it."""
    quarters, sine, cosine, steps = _eighth(x, low)
    let.names.update(steps.names)
    crossed = apply("eq", absolute(quarters), ONE)
    value = chosen(crossed, sine, cosine) if ahead else chosen(crossed, cosine, sine)
    opposite = apply("eq", absolute(quarters), number(2.0))
    down = apply("or", opposite, apply("eq", quarters, number(1.0 if ahead else -1.0)))
    sign = let("sign", where(down, -ONE, ONE))
    return Scaled(sign * value.high, sign * value.low, ONE, NEVER)


def _sin(x: Expr, low: Expr, let: Steps) -> Scaled:
    return _circular(x, low, let, 0)


def _cos(x: Expr, low: Expr, let: Steps) -> Scaled:
    return _circular(x, low, let, 1)


_METHOD = "quarters of a turn taken off, a polynomial for the rest"
CIRCULAR: tuple[Function, ...] = (
    *family("sin", _sin, _METHOD, zero=True),
    *family("cos", _cos, _METHOD),
)
