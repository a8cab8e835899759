"""Define float64 functions to some 2 ULP: fewer operations, every tail kept.

They carry no rounding errors along. What vanishes is held times a power of two until the last
multiplication, so that subnormal results round once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from actgen.codegen.coefficients import CDF_FAST, EXP, LOG1P_FAST
from actgen.codegen.functions.exponential import LOG2_HIGH, LOG2_LOW
from actgen.codegen.functions.parts import (
    INFINITY,
    LOW,
    NEVER,
    B,
    Function,
    Steps,
    X,
    at_least,
    at_most,
    endless,
    fma,
    number,
    polynomial,
)
from actgen.codegen.ir import HALF, ONE, TWO, ZERO, Expr, absolute, apply, where
from actgen.codegen.precision import FLOAT64

_LOG2_E = 1.4426950408889634
_LIFT, _FAR_LIFT = 64, 980
_FAR, _VANISHED = -690.0, -1386.0  # from where on a factor needs the lift, and what is 0
_CDF_CENTRE, _CDF_FAR = 5.0, 38.7


@dataclass(frozen=True)
class _Result:
    """value * back, and whatever it is multiplied by: 0 where `vanished`, else infinite where
    `endless`.
    """

    value: Expr
    back: Expr = ONE
    vanished: Expr = NEVER
    endless: Expr = NEVER


@dataclass(frozen=True)
class _Lift:
    """How the power of two is held: `shift` goes into the reduction, `down` undoes it."""

    shift: Expr
    down: Expr


def _lifted(x: Expr, factor: bool, let: Steps) -> _Lift:
    if not factor:
        return _Lift(number(FLOAT64.rounder + _LIFT), number(2.0**-_LIFT))
    far = apply("lt", x, number(_FAR))
    shift = where(far, number(FLOAT64.rounder + _FAR_LIFT), number(FLOAT64.rounder))
    return _Lift(let("shift", shift), let("down", where(far, number(2.0**-_FAR_LIFT), ONE)))


def _inside(low: Expr) -> Expr:
    """Return `low`, but 0 beside a number so large that its error may not be finite."""
    return low if low == ZERO else where(apply("lt", absolute(X), 2000), low, ZERO)


def _reduced(x: Expr, low: Expr, shift: Expr, let: Steps) -> tuple[Expr, Expr]:
    """Return t and p for exp(x + low) = 2**k (1 + p), with t = k + shift."""
    t = let("shifted", fma(x, number(_LOG2_E), shift))
    k = let("k", t - shift)
    high = let("high", fma(-k, number(LOG2_HIGH), x))
    last = fma(-k, number(LOG2_LOW), high if low == ZERO else low)
    r = let("r", last if low == ZERO else high + last)
    square = let("r2", r * r)
    p = let("p", fma(square, let("curve", polynomial(r, (0.5, *EXP))), r))
    return t, p


def _power(t: Expr, let: Steps) -> Expr:
    return let("scale", apply("power2_rounded", t))


def _exp(x: Expr, low: Expr, let: Steps, factor: bool) -> _Result:
    if not factor:
        # processors are quick to see that this is 0
        short = let("near", at_most(at_least(x, -7000.0), 710.0))
        t, p = _reduced(short, low, number(FLOAT64.rounder), let)
        return _Result(apply("times_power2", 1 + p, t))
    short = let("near", at_most(at_least(x, _VANISHED), -_VANISHED))
    falls, grows = apply("lt", x, number(_FAR)), apply("gt", x, number(-_FAR))
    shift = where(grows, number(FLOAT64.rounder - _FAR_LIFT), number(FLOAT64.rounder))
    shift = let("shift", where(falls, number(FLOAT64.rounder + _FAR_LIFT), shift))
    t, p = _reduced(short, low, shift, let)
    scale = _power(t, let)
    back = where(falls, number(2.0**-_FAR_LIFT), where(grows, number(2.0**_FAR_LIFT), ONE))
    ends = apply("le", x, number(_VANISHED)), apply("ge", x, number(-_VANISHED))
    return _Result(fma(p, scale, scale), back, *ends)


def _expm1(x: Expr, low: Expr, let: Steps, factor: bool) -> _Result:
    short = let("near", at_most(at_least(x, -40.0), 710.0))
    grows = apply("gt", x, number(700.0))
    shift = where(grows, number(FLOAT64.rounder - 4), number(FLOAT64.rounder))
    t, p = _reduced(short, low, let("shift", shift), let)
    scale = _power(t, let)
    m = fma(scale, p, scale - where(grows, number(1 / 16), ONE))
    whole = m * where(grows, number(16.0), ONE)
    return _Result(apply("copysign", whole, x if low == ZERO else x + low))


def _softplus(x: Expr, low: Expr, let: Steps, factor: bool) -> _Result:
    """Return max(x, 0) + log1p(e) for e = exp(-|x|)."""
    lift = _lifted(x, False, let)
    toward = low if low == ZERO else where(apply("lt", x, 0), low, -low)
    t, p = _reduced(let("near", at_least(-absolute(x), -746.0)), toward, lift.shift, let)
    scale = _power(t, let)
    e = let("e", fma(p, scale, scale) * lift.down)
    near = let("e_near", at_least(e, 2.0**-60))  # its square is not subnormal
    bent = fma(near, let("log_curve", polynomial(near, LOG1P_FAST)), ONE)
    most = at_least(x, 0.0)
    return _Result(
        fma(e, bent, most if low == ZERO else most + where(apply("gt", x, 0), low, ZERO))
    )


def _sigmoid(x: Expr, low: Expr, let: Steps, factor: bool) -> _Result:
    """Return a / (a + m), for exp(x) = a / m, a a power of two."""
    short = let("near", at_most(at_least(x, _VANISHED if factor else -746.0), 38.0))
    lift = _lifted(x, factor, let)
    t = let("shifted", fma(short, number(_LOG2_E), lift.shift))
    k = let("k", t - lift.shift)
    high = let("high", fma(k, number(LOG2_HIGH), -short))
    last = fma(k, number(LOG2_LOW), high if low == ZERO else -low)
    r = let("r", last if low == ZERO else high + last)
    p = let("p", fma(let("r2", r * r), let("curve", polynomial(r, (0.5, *EXP))), r))
    scale = let("scale", apply("power2_rounded", t))
    if not factor:
        unit = number(2.0**_LIFT)
        return _Result(scale / (scale + fma(p, unit, unit)))
    below = let("below", fma(scale, lift.down, 1 + p))
    return _Result(scale / below, lift.down, apply("le", x, number(_VANISHED)))


def _tanh(x: Expr, low: Expr, let: Steps, factor: bool) -> _Result:
    """Return -m / (2 + m) for m = expm1(-2|x|)."""
    size = let("near", at_least(-2 * absolute(x), -40.0))
    t, p = _reduced(size, ZERO, number(FLOAT64.rounder), let)
    scale = _power(t, let)
    m = let("m", fma(scale, p, scale - 1))
    return _Result(apply("copysign", m / (2 + m), x))


def _tanh_softplus(x: Expr, low: Expr, let: Steps, factor: bool) -> _Result:
    """Return n / (n + 2) for n = w (w + 2), w = exp(x)."""
    short = let("near", at_most(at_least(x, _VANISHED if factor else -746.0), 20.0))
    lift = _lifted(x, factor, let)
    t, p = _reduced(short, low, lift.shift, let)
    scale = _power(t, let)
    w = let("w", fma(p, scale, scale))
    n = let("n", w * fma(w, lift.down, TWO))
    if not factor:
        return _Result(n / (n + number(2.0 ** (_LIFT + 1))))
    return _Result(n / fma(n, lift.down, TWO), lift.down, apply("le", x, number(_VANISHED)))


def _normcdf(x: Expr, low: Expr, let: Steps, factor: bool) -> _Result:
    """Return exp(-x²/2) P(t) / (|x| + c), or what that leaves of 1."""
    y = let("near", at_most(absolute(x), _CDF_FAR if not factor else 52.0))
    toward = low if low == ZERO else where(apply("gt", x, 0), low, -low)
    area = let("area", y * y)
    rest = fma(y, y, -area)
    rest = rest if low == ZERO else fma(2 * y, toward, rest)
    fall = let("fall", -(HALF * area))
    lift = _lifted(fall, factor, let)
    t, p = _reduced(fall, -(HALF * rest), lift.shift, let)
    scale = _power(t, let)
    above, below = let("above", y - number(_CDF_CENTRE)), let("below", y + number(_CDF_CENTRE))
    inverse = let("inverse", ONE / below)
    ratio = let("ratio", above * inverse)
    t = let("t", fma(fma(-ratio, below, above), inverse, ratio))
    slow = let("slow", HALF * polynomial(t, CDF_FAST) * inverse)
    slowed = let("slowed", scale * slow)
    tail = let("tail", fma(p, slowed, slowed))
    left = apply("le", x, 0)
    value = where(left, tail if factor else tail * lift.down, fma(-tail, lift.down, ONE))
    if not factor:
        return _Result(value)
    return _Result(value, where(left, lift.down, ONE), apply("le", x, number(-52.0)))


_Core = Callable[[Expr, Expr, Steps, bool], _Result]


def _version(name: str, kind: str, core: _Core, doc: str, error: float) -> Function:
    twofold, factor = kind.startswith("_twofold"), kind.endswith("_times")
    let = Steps()
    result = core(X, _inside(LOW) if twofold else ZERO, let, factor)
    value = result.value
    if factor:
        value = value * B
    value = value if result.back == ONE else value * result.back
    if factor and result.endless != NEVER:
        value = where(endless(result.endless, B), B * INFINITY, let("result", value))
    if factor and result.vanished != NEVER:
        value = where(result.vanished, apply("copysign", ZERO, B), let("result", value))
    args = ("x", *(("low",) if twofold else ()), *(("b",) if factor else ()))
    said = f"{name}({'x + low' if twofold else 'x'}){' * b' if factor else ''}"
    text = f"Return {said}, error below {error} ULP: {doc}."
    return Function(f"{name}{kind}_fast", args, value, text, let.names, "float64", error)


_KINDS = ("", "_twofold", "_times", "_twofold_times")
_ROWS: tuple[tuple[str, _Core, str, float, tuple[str, ...]], ...] = (
    ("exp", _exp, "x = k log 2 + r, a polynomial for exp(r)", 1.5, _KINDS),
    ("expm1", _expm1, "x = k log 2 + r, a polynomial for exp(r)", 2.5, _KINDS[:2]),
    ("softplus", _softplus, "max(x, 0) + log1p(exp(-|x|))", 3.2, _KINDS[:2]),
    ("sigmoid", _sigmoid, "exp(-x) and one division", 2.5, _KINDS),
    ("tanh", _tanh, "-m / (2 + m) with m = expm1(-2|x|)", 2.5, ("",)),
    ("tanhsoftplus", _tanh_softplus, "n / (n + 2), n = w (w + 2), w = exp(x)", 3.0, _KINDS),
    ("normcdf", _normcdf, "exp(-x²/2) times a polynomial", 6.0, _KINDS),
)
QUICK_FUNCTIONS: tuple[Function, ...] = tuple(
    _version(name, kind, core, doc, error)
    for name, core, doc, error, kinds in _ROWS
    for kind in kinds
)
