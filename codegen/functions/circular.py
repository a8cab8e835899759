"""Define sin and cos: the argument reduced to an eighth of a turn, then a polynomial for each.

sin(r) = r + r³ s(r²) and cos(r) = 1 - r²/2 + r⁴ c(r²), |r| at most π/4, as unevaluated sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from actgen.codegen.coefficients import COS, SIN
from actgen.codegen.functions.circle import angle, rough_angle
from actgen.codegen.functions.family import Core, family
from actgen.codegen.functions.parts import (
    LOW,
    NEVER,
    Function,
    Scaled,
    Split,
    Steps,
    X,
    chosen,
    fast_sum,
    fma,
    normal,
    number,
    polynomial,
)
from actgen.codegen.ir import HALF, ONE, ZERO, Expr, absolute, apply, where


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
def _eighth(x: Expr, low: Expr, near: bool) -> tuple[Expr, Split, Split, Steps]:
    """Return the quarters of a turn in x + low, and sine and cosine of the rest.

    The functions share their steps.
    """
    let = Steps()
    reduced = angle(x, low, let, near)
    return reduced.quarters, _sine(reduced.rest, let), _cosine(reduced.rest, let), let


def _chosen_sign(quarters: Expr, ahead: int, let: Steps) -> Expr:
    opposite = apply("eq", absolute(quarters), number(2.0))
    down = apply("or", opposite, apply("eq", quarters, number(1.0 if ahead else -1.0)))
    return let("sign", where(down, -ONE, ONE))


def _core(ahead: int, near: bool) -> Core:
    """Return what computes sin(x + low), or cos with `ahead` = 1: a quarter of a turn ahead."""

    def circular(x: Expr, low: Expr, let: Steps) -> Scaled:
        quarters, sine, cosine, steps = _eighth(x, low, near)
        let.names.update(steps.names)
        crossed = apply("eq", absolute(quarters), ONE)
        value = chosen(crossed, sine, cosine) if ahead else chosen(crossed, cosine, sine)
        sign = _chosen_sign(quarters, ahead, let)
        return Scaled(sign * value.high, sign * value.low, ONE, NEVER)

    return circular


def _rough(name: str, ahead: int, near: bool, low: Expr) -> Function:
    """Return the function without compensation, for results rounded to float32."""
    let = Steps()
    quarters, r = rough_angle(X, low, let, near)
    z = let("z", r * r)
    sine = fma(let("cube", z * r), let("s", polynomial(z, SIN)), r)
    cosine = fma(z, fma(z, let("c", polynomial(z, COS)), number(-0.5)), ONE)
    crossed = apply("eq", absolute(quarters), ONE)
    value = where(crossed, *((sine, cosine) if ahead else (cosine, sine)))
    body = _chosen_sign(quarters, ahead, let) * value
    body = body if ahead else where(apply("eq", X, ZERO), X, body)
    args, twofold = (("x",), "") if low == ZERO else (("x", "low"), "_twofold")
    doc = f"Return {name}({' + '.join(args)}) to 3 ULP{', for |x| up to 2**40' * near}."
    full = f"{name}{'_near' if near else ''}{twofold}_plain"
    return Function(full, args, body, doc, let.names)


def _functions() -> Iterator[Function]:
    for near in (False, True):
        suffix = "_near" if near else ""
        for ahead, name in enumerate(("sin", "cos")):
            core = _core(ahead, near)
            doc = f"the {name} for |x| up to 2**40" if near else _METHOD
            yield from family(f"{name}{suffix}", core, doc, zero=not ahead)
            for low in (ZERO, LOW):
                yield _rough(name, ahead, near, low)


_METHOD = "quarters of a turn taken off, a polynomial for the rest"
CIRCULAR: tuple[Function, ...] = tuple(_functions())
