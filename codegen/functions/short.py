"""Define the functions for results that are rounded to float32 or narrower.

The same methods in plain float64 with shorter polynomials: relative errors stay below 2**-32,
which is 0.004 ULP of float32. What vanishes stops at 1e-304 instead of 0; `product_short` takes
that for 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from actgen.codegen.coefficients import (
    CDF_SHORT,
    ERF_SHORT,
    ERFC_SHORT,
    EXP_SHORT,
    LOG_SHORT,
)
from actgen.codegen.functions.parts import (
    INFINITY,
    B,
    Function,
    Steps,
    X,
    at_least,
    at_most,
    fma,
    number,
    polynomial,
    power2,
)
from actgen.codegen.ir import HALF, ONE, TWO, ZERO, Expr, Symbol, absolute, apply, maximum, where

_LIMIT = 700.0
_VANISHED = 2.0**-960
_LOG2, _LOG2_E, _ROOT2 = number(math.log(2)), number(1 / math.log(2)), number(math.sqrt(2))
_A = Symbol("a")


def _reduced(x: Expr, let: Steps) -> tuple[Expr, Expr]:
    k = let("k", apply("round", x * _LOG2_E))
    return k, let("r", fma(-k, _LOG2, x))


def _exp(x: Expr, let: Steps, bounded: bool = False) -> Expr:
    short = at_least(x, -_LIMIT)
    k, r = _reduced(let("near", short if bounded else at_most(short, _LIMIT)), let)
    return let("e", polynomial(r, (1.0, 1.0, 0.5, *EXP_SHORT)) * power2(k))


def _expm1(x: Expr, let: Steps, bounded: bool = False) -> Expr:
    near = x if bounded else let("near", at_least(at_most(x, _LIMIT), -60.0))
    k, r = _reduced(near, let)
    scale = let("scale", power2(k))
    return fma(scale, let("p", r * polynomial(r, (1.0, 0.5, *EXP_SHORT))), scale - 1)


def _log_of(k: Expr, f: Expr, let: Steps) -> Expr:
    """Return k log 2 + log(1 + f)."""
    s = let("s", f / (2 + f))
    return fma(k, _LOG2, s * polynomial(s * s, (2.0, *LOG_SHORT)))


def _taken_apart(x: Expr, let: Steps) -> tuple[Expr, Expr, Expr]:
    """Return k, m - 1 and whether all of it is in range, for x = 2**k m, m in [√½, √2]."""
    m = let("m", apply("mantissa", x))
    above = apply("gt", m, _ROOT2)
    k = let("k", apply("exponent", x) + where(above, ONE, ZERO))
    inside = apply("and", apply("gt", x, 0), apply("lt", x, INFINITY))
    return k, where(above, HALF * m, m) - 1, inside


def _outside(x: Expr) -> Expr:
    """Return the logarithm of what is not in (0, ∞)."""
    return where(apply("eq", x, 0), -INFINITY, where(apply("gt", x, 0), x, (x - x) / ZERO))


def _log(x: Expr, let: Steps) -> Expr:
    k, f, inside = _taken_apart(x, let)
    return where(inside, let("result", _log_of(k, let("f", f), let)), _outside(x))


def _log1p(x: Expr, let: Steps) -> Expr:
    whole = let("whole", 1 + x)
    k, f, inside = _taken_apart(whole, let)
    f = let("f", where(apply("eq", k, 0), x, f))
    return where(inside, let("result", _log_of(k, f, let)), _outside(whole))


def _decay(x: Expr, let: Steps, rate: int = 1) -> Expr:
    size = absolute(x)
    return _exp(-size if rate == 1 else -rate * size, let, bounded=True)


def _softplus(x: Expr, let: Steps) -> Expr:
    e = _decay(x, let)
    above = apply("gt", e, number(math.sqrt(2) - 1))
    f = let("f", where(above, fma(HALF, e, -HALF), e))
    return maximum(x, 0) + _log_of(where(above, ONE, ZERO), f, let)


def _sigmoid(x: Expr, let: Steps) -> Expr:
    e = _decay(x, let)
    return where(apply("ge", x, 0), ONE, e) / (1 + e)


def _sech2(x: Expr, let: Steps) -> Expr:
    e = _decay(x, let, rate=2)
    below = let("below", 1 + e)
    return 4 * e / (below * below)


def _tanh(x: Expr, let: Steps) -> Expr:
    em1 = let("em1", _expm1(let("near", at_least(-2 * absolute(x), -60.0)), let, bounded=True))
    return em1 / (2 + em1)


def _tanh_softplus(x: Expr, let: Steps) -> Expr:
    e = _decay(x, let)
    right = apply("ge", x, 0)
    top = let("top", where(right, fma(TWO, e, ONE), e * (2 + e)))
    return top / (top + where(right, 2 * e * e, 2))


def _tail(
    x: Expr, fit: tuple[float, ...], shape: tuple[float, float, float, Expr], let: Steps
) -> Expr:
    """Return exp(-rate x²) P(t) / (1 + steep |x|), with one division for that and for t."""
    centre, far, steep, rate = shape
    size = let("size", absolute(x))
    y = let("y", at_most(size, far))
    unit = let("unit", fma(number(steep), y, ONE))
    below = let("below", y + number(centre))
    inverse = let("inverse", ONE / (unit * below))
    t = let("t", (y - number(centre)) * unit * inverse)
    slow = let("slow", polynomial(t, (fit[0], *fit[2:])) * below * inverse)
    return _exp(-rate * (size * size), let, bounded=True) * slow


def _normcdf(x: Expr, let: Steps) -> Expr:
    tail = let("tail", HALF * _tail(x, CDF_SHORT, (3.0, 16.0, 1.0, HALF), let))
    return where(apply("le", x, 0), tail, 1 - tail)


def _erfc(x: Expr, let: Steps) -> Expr:
    tail = let("tail", _tail(x, ERFC_SHORT, (2.0, 12.0, 1.5, ONE), let))
    return where(apply("ge", x, 0), tail, 2 - tail)


def _erf(x: Expr, let: Steps) -> Expr:
    far = 1 - let("tail", _tail(x, ERFC_SHORT, (2.0, 12.0, 1.5, ONE), let))
    near = let("near", absolute(x) * polynomial(x * x, (ERF_SHORT[0], *ERF_SHORT[2:])))
    return where(apply("lt", absolute(x), number(0.75)), near, far)


def _made(name: str, core: Callable[[Expr, Steps], Expr], doc: str, odd: bool) -> Function:
    let = Steps()
    body = core(X, let)
    body = apply("copysign", body, X) if odd else body
    text = f"Return {name}(x) to 2**-32: {doc}."
    return Function(f"{name}_short", ("x",), body, text, let.names)


_TAIL = "exp(-x²) times a polynomial in (|x| - c) / (|x| + c)"
_METHOD = "x = k log 2 + r, a polynomial for exp(r)"
_LOGARITHM = "the exponent taken off, then 2 atanh(f / (2 + f))"
SHORT_FUNCTIONS: tuple[Function, ...] = (
    Function(
        "product_short",
        ("a", "b"),
        where(apply("lt", absolute(_A), number(_VANISHED)), apply("copysign", ZERO, B), _A * B),
        "Return a * b, and 0 where a has vanished even if b is infinite.",
    ),
    _made("exp", _exp, _METHOD, False),
    _made("expm1", _expm1, _METHOD, True),
    _made("log", _log, _LOGARITHM, False),
    _made("log1p", _log1p, _LOGARITHM, True),
    _made("softplus", _softplus, "max(x, 0) + log1p(exp(-|x|))", False),
    _made("sigmoid", _sigmoid, "exp(-|x|) and one division", False),
    _made("sech2", _sech2, "4 z / (1 + z)² with z = exp(-2|x|)", False),
    _made("tanh", _tanh, "m / (2 + m) with m = expm1(-2|x|)", True),
    _made("tanhsoftplus", _tanh_softplus, "a quotient in exp(-|x|)", False),
    _made("normcdf", _normcdf, _TAIL, False),
    _made("erfc", _erfc, _TAIL, False),
    _made("erf", _erf, "x p(x²) near 0, else 1 - erfc(|x|)", True),
)
