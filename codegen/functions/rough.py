"""Define the functions for results that are rounded to float32 or narrower.

The same methods without the tails: `*_plain` with errors of a few ULP of float64, for sums that
may cancel, and `*_short` with shorter polynomials and relative errors below 2**-32, which is 0.004
ULP of float32. What vanishes stops at 1e-304 instead of 0; `product_rough` takes that for 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from actgen.codegen.coefficients import (
    CDF,
    CDF_SHORT,
    ERF,
    ERF_SHORT,
    ERFC,
    ERFC_SHORT,
    EXP,
    EXP_SHORT,
    LOG,
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


@dataclass(frozen=True)
class _Tail:
    """A polynomial for exp(rate x²) tail(x) (1 + steep x) in t, for 0 <= x <= far."""

    fit: tuple[float, ...]
    centre: float
    far: float
    steep: float
    rate: Expr


@dataclass(frozen=True)
class _Fits:
    """The polynomials of one set of functions."""

    exp: tuple[float, ...]
    log: tuple[float, ...]
    erf: tuple[float, ...]
    erfc: _Tail
    cdf: _Tail


_SHORT = _Fits(
    EXP_SHORT,
    LOG_SHORT,
    ERF_SHORT,
    _Tail(ERFC_SHORT, 2.0, 12.0, 1.5, ONE),
    _Tail(CDF_SHORT, 3.0, 16.0, 1.0, HALF),
)
_PLAIN = _Fits(EXP, LOG, ERF, _Tail(ERFC, 3.0, 38.0, 1.5, ONE), _Tail(CDF, 4.0, 53.0, 1.0, HALF))


def _outside(x: Expr) -> Expr:
    """Return the logarithm of what is not in (0, ∞)."""
    return where(apply("eq", x, 0), -INFINITY, where(apply("gt", x, 0), x, (x - x) / ZERO))


class _Functions:
    """The functions over one set of polynomials, each with the names of its steps."""

    def __init__(self, fits: _Fits) -> None:
        self.fits, self.let = fits, Steps()

    def reduced(self, x: Expr) -> tuple[Expr, Expr]:
        k = self.let("k", apply("round", x * _LOG2_E))
        return k, self.let("r", fma(-k, _LOG2, x))

    def exp(self, x: Expr, bounded: bool = False) -> Expr:
        short = at_least(x, -_LIMIT)
        k, r = self.reduced(self.let("near", short if bounded else at_most(short, _LIMIT)))
        return self.let("e", polynomial(r, (1.0, 1.0, 0.5, *self.fits.exp)) * power2(k))

    def expm1(self, x: Expr, bounded: bool = False) -> Expr:
        near = x if bounded else self.let("near", at_least(at_most(x, _LIMIT), -60.0))
        k, r = self.reduced(near)
        scale = self.let("scale", power2(k))
        return fma(scale, self.let("p", r * polynomial(r, (1.0, 0.5, *self.fits.exp))), scale - 1)

    def log_of(self, k: Expr, f: Expr) -> Expr:
        """Return k log 2 + log(1 + f)."""
        s = self.let("s", f / (2 + f))
        return fma(k, _LOG2, s * polynomial(s * s, (2.0, *self.fits.log)))

    def taken_apart(self, x: Expr) -> tuple[Expr, Expr, Expr]:
        """Return k, m - 1 and whether all of it is in range, for x = 2**k m, m in [√½, √2]."""
        m = self.let("m", apply("mantissa", x))
        above = apply("gt", m, _ROOT2)
        k = self.let("k", apply("exponent", x) + where(above, ONE, ZERO))
        inside = apply("and", apply("gt", x, 0), apply("lt", x, INFINITY))
        return k, where(above, HALF * m, m) - 1, inside

    def log(self, x: Expr) -> Expr:
        k, f, inside = self.taken_apart(x)
        return where(inside, self.let("result", self.log_of(k, self.let("f", f))), _outside(x))

    def log1p(self, x: Expr) -> Expr:
        whole = self.let("whole", 1 + x)
        k, f, inside = self.taken_apart(whole)
        f = self.let("f", where(apply("eq", k, 0), x, f))
        return where(inside, self.let("result", self.log_of(k, f)), _outside(whole))

    def decay(self, x: Expr, rate: int = 1) -> Expr:
        size = absolute(x)
        return self.exp(-size if rate == 1 else -rate * size, bounded=True)

    def softplus(self, x: Expr) -> Expr:
        e = self.decay(x)
        above = apply("gt", e, number(math.sqrt(2) - 1))
        f = self.let("f", where(above, fma(HALF, e, -HALF), e))
        return maximum(x, 0) + self.log_of(where(above, ONE, ZERO), f)

    def sigmoid(self, x: Expr) -> Expr:
        e = self.decay(x)
        return where(apply("ge", x, 0), ONE, e) / (1 + e)

    def sech2(self, x: Expr) -> Expr:
        e = self.decay(x, rate=2)
        below = self.let("below", 1 + e)
        return 4 * e / (below * below)

    def tanh(self, x: Expr) -> Expr:
        em1 = self.let(
            "em1", self.expm1(self.let("near", at_least(-2 * absolute(x), -60.0)), bounded=True)
        )
        return em1 / (2 + em1)

    def tanh_softplus(self, x: Expr) -> Expr:
        e = self.decay(x)
        right = apply("ge", x, 0)
        top = self.let("top", where(right, fma(TWO, e, ONE), e * (2 + e)))
        return top / (top + where(right, 2 * e * e, 2))

    def sech2_softplus(self, x: Expr) -> Expr:
        e = self.decay(x)
        right = apply("ge", x, 0)
        top = self.let("top", 2 * where(right, e, ONE) * (1 + e))
        ratio = self.let("ratio", top / fma(2 + where(right, 2 * e, e), e, where(right, ONE, TWO)))
        return ratio * ratio

    def tail(self, x: Expr, shape: _Tail) -> Expr:
        """Return exp(-rate x²) P(t) / (1 + steep |x|), with one division for that and for t."""
        size = self.let("size", absolute(x))
        y = self.let("y", at_most(size, shape.far))
        unit = self.let("unit", fma(number(shape.steep), y, ONE))
        below = self.let("below", y + number(shape.centre))
        inverse = self.let("inverse", ONE / (unit * below))
        t = self.let("t", (y - number(shape.centre)) * unit * inverse)
        slow = self.let("slow", polynomial(t, (shape.fit[0], *shape.fit[2:])) * below * inverse)
        return self.exp(-shape.rate * (size * size), bounded=True) * slow

    def normcdf(self, x: Expr) -> Expr:
        tail = self.let("tail", HALF * self.tail(x, self.fits.cdf))
        return where(apply("le", x, 0), tail, 1 - tail)

    def erfc(self, x: Expr) -> Expr:
        tail = self.let("tail", self.tail(x, self.fits.erfc))
        return where(apply("ge", x, 0), tail, 2 - tail)

    def erf(self, x: Expr) -> Expr:
        far = 1 - self.let("tail", self.tail(x, self.fits.erfc))
        near = self.let(
            "near", absolute(x) * polynomial(x * x, (self.fits.erf[0], *self.fits.erf[2:]))
        )
        return where(apply("lt", absolute(x), number(0.75)), near, far)


_TAIL = "exp(-x²) times a polynomial in (|x| - c) / (|x| + c)"
_REDUCED = "x = k log 2 + r, a polynomial for exp(r)"
_LOGARITHM = "the exponent taken off, then 2 atanh(f / (2 + f))"
_METHODS: dict[str, tuple[Callable[[_Functions, Expr], Expr], str]] = {
    "exp": (_Functions.exp, _REDUCED),
    "expm1": (_Functions.expm1, _REDUCED),
    "log": (_Functions.log, _LOGARITHM),
    "log1p": (_Functions.log1p, _LOGARITHM),
    "softplus": (_Functions.softplus, "max(x, 0) + log1p(exp(-|x|))"),
    "sigmoid": (_Functions.sigmoid, "exp(-|x|) and one division"),
    "sech2": (_Functions.sech2, "4 z / (1 + z)² with z = exp(-2|x|)"),
    "tanh": (_Functions.tanh, "m / (2 + m) with m = expm1(-2|x|)"),
    "tanhsoftplus": (_Functions.tanh_softplus, "a quotient in exp(-|x|)"),
    "sech2softplus": (_Functions.sech2_softplus, "a quotient in exp(-|x|), squared"),
    "normcdf": (_Functions.normcdf, _TAIL),
    "erfc": (_Functions.erfc, _TAIL),
    "erf": (_Functions.erf, "x p(x²) near 0, else 1 - erfc(|x|)"),
}
_ODD = ("expm1", "log1p", "tanh", "erf")


def _function(name: str, kind: str, fits: _Fits, error: str) -> Function:
    functions = _Functions(fits)
    method, doc = _METHODS[name]
    body = method(functions, X)
    body = apply("copysign", body, X) if name in _ODD else body
    text = f"Return {name}(x) to {error}: {doc}."
    return Function(f"{name}_{kind}", ("x",), body, text, functions.let.names)


_PRODUCT = where(apply("lt", absolute(_A), number(_VANISHED)), apply("copysign", ZERO, B), _A * B)
ROUGH_FUNCTIONS: tuple[Function, ...] = (
    Function(
        "product_rough",
        ("a", "b"),
        _PRODUCT,
        "Return a * b, and 0 where a has vanished even if b is infinite.",
    ),
    *(_function(name, "plain", _PLAIN, "some ULP") for name in _METHODS),
    *(_function(name, "short", _SHORT, "2**-32") for name in _METHODS),
)
