"""Define the functions for results that are rounded to float32 or narrower.

The same methods without the tails: `*_plain` with errors of a few ULP of float64, for sums that
may cancel, and `*_short` with shorter polynomials and relative errors below 2**-32, which is 0.004
ULP of float32. What vanishes stops at 1e-304 instead of 0, and `product_rough` knows of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from actgen.codegen.coefficients import (
    CDF_PLAIN,
    CDF_SHORT,
    ERF,
    ERF_SHORT,
    ERFC_PLAIN,
    ERFC_SHORT,
    EXP,
    EXP_SHORT,
    EXP_WHOLE,
    EXP_WHOLE_SHORT,
    LOG,
    LOG_SHORT,
    SLOPE_SHORT,
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
)
from actgen.codegen.ir import HALF, ONE, TWO, ZERO, Expr, Symbol, absolute, apply, maximum, where
from actgen.codegen.precision import FLOAT64

_LIMIT = 700.0
_LARGEST = 2.0**200  # in float32 infinite, and 0 times exp(-_LIMIT), four times over
_ROUNDER = number(FLOAT64.rounder)
_LOG2, _LOG2_E, _ROOT2 = number(math.log(2)), number(1 / math.log(2)), number(math.sqrt(2))
_A = Symbol("a")


@dataclass(frozen=True)
class _Tail:
    """A polynomial for exp(rate x²) tail(x) (x + centre) in t, for 0 <= x <= far."""

    fit: tuple[float, ...]
    centre: float
    far: float
    rate: Expr


@dataclass(frozen=True)
class _Fits:
    """The polynomials of one set of functions."""

    whole: tuple[float, ...]
    exp: tuple[float, ...]
    log: tuple[float, ...]
    erf: tuple[float, ...]
    erfc: _Tail
    cdf: _Tail


_SHORT = _Fits(
    EXP_WHOLE_SHORT,
    EXP_SHORT,
    LOG_SHORT,
    ERF_SHORT,
    _Tail(ERFC_SHORT, 3.0, 11.0, ONE),
    _Tail(CDF_SHORT, 3.5, 15.0, HALF),
)
_PLAIN = _Fits(
    EXP_WHOLE,
    EXP,
    LOG,
    ERF,
    _Tail(ERFC_PLAIN, 3.5, 11.0, ONE),
    _Tail(CDF_PLAIN, 5.0, 16.0, HALF),
)
_SLOPE = _Tail(SLOPE_SHORT, 3.0, 15.0, HALF)
# normcdf(x) + x φ(x) is 0 at minus this
_ZERO_HIGH, _ZERO_LOW = 0.7517915246935645, -1.4956759177009883e-17


def _outside(x: Expr) -> Expr:
    """Return the logarithm of what is not in (0, ∞)."""
    return where(apply("eq", x, 0), -INFINITY, where(apply("gt", x, 0), x, (x - x) / ZERO))


class _Functions:
    """The functions over one set of polynomials, each with the names of its steps.

    Divisions are multiplications by `inverse`: sums of functions of one argument share it.
    """

    def __init__(self, fits: _Fits) -> None:
        self.fits, self.let = fits, Steps()

    def inverse(self, a: Expr) -> Expr:
        return self.let("inverse", ONE / a)

    def reduced(self, x: Expr) -> tuple[Expr, Expr]:
        """Return 2**k and r for x = k log 2 + r."""
        shifted = self.let("shifted", fma(x, _LOG2_E, _ROUNDER))
        k = self.let("k", shifted - _ROUNDER)
        scale = self.let("scale", apply("power2_rounded", shifted))
        return scale, self.let("r", fma(-k, _LOG2, x))

    def exp(self, x: Expr, bounded: bool = False) -> Expr:
        short = at_least(x, -_LIMIT)
        scale, r = self.reduced(self.let("near", short if bounded else at_most(short, _LIMIT)))
        return self.let("e", polynomial(r, self.fits.whole) * scale)

    def expm1(self, x: Expr, bounded: bool = False) -> Expr:
        near = x if bounded else self.let("near", at_least(at_most(x, _LIMIT), -60.0))
        scale, r = self.reduced(near)
        return fma(scale, self.let("p", r * polynomial(r, (1.0, 0.5, *self.fits.exp))), scale - 1)

    def log_of(self, k: Expr, f: Expr) -> Expr:
        """Return k log 2 + log(1 + f)."""
        s = self.let("s", f * self.inverse(2 + f))
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
        inverse = self.inverse(1 + e)
        return where(apply("ge", x, 0), inverse, self.let("left", e * inverse))

    def sigmoid_slope(self, x: Expr) -> Expr:
        e = self.decay(x)
        inverse = self.inverse(1 + e)
        return self.let("left", e * inverse) * inverse

    def sech2(self, x: Expr) -> Expr:
        e = self.decay(x, rate=2)
        inverse = self.inverse(1 + e)
        return 4 * e * (inverse * inverse)

    def tanh(self, x: Expr) -> Expr:
        em1 = self.let(
            "em1", self.expm1(self.let("near", at_least(-2 * absolute(x), -60.0)), bounded=True)
        )
        return em1 * self.inverse(2 + em1)

    def of_softplus(self, x: Expr) -> tuple[Expr, Expr, Expr, Expr]:
        """Return exp(-|x|), whether x >= 0, and top and 1 / (1 + w²) of tanh(softplus(x))."""
        e = self.decay(x)
        right = apply("ge", x, 0)
        top = self.let("top", where(right, fma(TWO, e, ONE), e * (2 + e)))
        inverse = self.inverse(self.let("below", top + where(right, 2 * e * e, 2)))
        return e, right, top, inverse

    def tanh_softplus(self, x: Expr) -> Expr:
        _, _, top, inverse = self.of_softplus(x)
        return top * inverse

    def sech2_softplus(self, x: Expr) -> Expr:
        e, right, _, inverse = self.of_softplus(x)
        ratio = self.let("ratio", 2 * where(right, e, ONE) * (1 + e) * inverse)
        return ratio * ratio

    def mish_bump(self, x: Expr) -> Expr:
        """Return sech2(softplus(x)) sigmoid(x)."""
        e, right, _, inverse = self.of_softplus(x)
        first = self.let("first", fma(e, e, e))
        return 4 * (where(right, e, ONE) * first) * (inverse * inverse)

    def bell(self, x: Expr) -> Expr:
        return self.exp(-(HALF * (x * x)), bounded=True)

    def quotient(self, x: Expr, shape: _Tail) -> tuple[Expr, Expr, Expr]:
        """Return y = |x|, at most far, 1 / (y + centre), and the polynomial in t."""
        y = self.let("y", at_most(absolute(x), shape.far))
        inverse = self.inverse(y + number(shape.centre))
        t = self.let("t", (y - number(shape.centre)) * inverse)
        return y, inverse, self.let("slow", polynomial(t, shape.fit))

    def tail(self, x: Expr, shape: _Tail) -> Expr:
        """Return exp(-rate x²) P(t) / (|x| + centre)."""
        _, inverse, slow = self.quotient(x, shape)
        square = x * x
        e = self.exp(-square if shape.rate == ONE else -(shape.rate * square), bounded=True)
        return e * (slow * inverse)

    def normcdf(self, x: Expr) -> Expr:
        tail = self.let("tail", HALF * self.tail(x, self.fits.cdf))
        return where(apply("le", x, 0), tail, 1 - tail)

    def normcdf_slope(self, x: Expr) -> Expr:
        """Return the derivative of x normcdf(x), with its zero as a factor."""
        y, _, slow = self.quotient(x, _SLOPE)
        below = self.let("below", (number(_ZERO_HIGH) - y) + number(_ZERO_LOW))
        tail = self.let("tail", self.bell(x) * (below * slow))
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
_LOGARITHM = "the exponent taken off, then 2 atanh(f * self.inverse(2 + f))"
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
    "bell": (_Functions.bell, _REDUCED),
    "sigmoidslope": (_Functions.sigmoid_slope, "exp(-|x|) and one division"),
    "mishbump": (_Functions.mish_bump, "a quotient in exp(-|x|)"),
    "erfc": (_Functions.erfc, _TAIL),
    "erf": (_Functions.erf, "x p(x²) near 0, else 1 - erfc(|x|)"),
}
_ODD = ("expm1", "log1p", "tanh", "erf")


def _function(name: str, kind: str, fits: _Fits, error: str) -> Function:
    functions = _Functions(fits)
    method, doc = _METHODS.get(name) or (_Functions.normcdf_slope, "its zero is a factor")
    body = method(functions, X)
    body = apply("copysign", body, X) if name in _ODD else body
    text = f"Return {name}(x) to {error}: {doc}."
    return Function(f"{name}_{kind}", ("x",), body, text, functions.let.names)


_PRODUCT = _A * at_least(at_most(B, _LARGEST), -_LARGEST)
ROUGH_FUNCTIONS: tuple[Function, ...] = (
    Function(
        "product_rough",
        ("a", "b"),
        _PRODUCT,
        "Return a * b, with 2**200 for what is larger: to float32 infinity, but 0 times exp(-700).",
    ),
    *(_function(name, "plain", _PLAIN, "some ULP") for name in _METHODS),
    *(_function(name, "short", _SHORT, "2**-32") for name in _METHODS),
    _function("normcdfslope", "short", _SHORT, "2**-32"),
)
