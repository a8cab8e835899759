"""Define functions for 16-bit results on GPUs, over what the hardware approximates: ex2 and rcp.

Errors are near 2**-18, a hundredth of the last place of float16, over all inputs of either 16-bit
type. What vanishes is the square of h = exp(x/2): h is never subnormal where the result is a
number, so that `exp2_approx` may flush, and a factor comes between the two. A rounding error of
the argument is below what is kept, and dropped, but beside a zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from actgen.codegen.coefficients import (
    CDF_APPROX,
    CDF_SLOPE_APPROX,
    ERF_APPROX,
    EXPM1_APPROX,
    LOG1P_APPROX,
    SILU_SLOPE_APPROX,
    SOFTPLUS_APPROX,
    TANH_APPROX,
)
from actgen.codegen.functions.float32_parts import FAR, single
from actgen.codegen.functions.parts import (
    LOW,
    NEVER,
    B,
    Function,
    Steps,
    X,
    at_most,
    fma,
    number,
)
from actgen.codegen.functions.slopes import CDF_ZERO, SILU_ZERO, rest_of
from actgen.codegen.ir import ONE, ZERO, Expr, absolute, apply, where
from actgen.codegen.ops import APPROX

_LOG2_E = 1 / math.log(2)
_CDF_SLOPE, _BEND_SLOPE = 0.305, 0.5  # of y in p = 1 / (1 + slope · y)
_FLAT = 18.0  # from here on the normal distribution has vanished, or is whole


@dataclass(frozen=True)
class _Result:
    """first * last, and 0 where `vanished` whatever it is multiplied by; a factor goes between."""

    first: Expr
    last: Expr = ONE
    vanished: Expr = NEVER


def exp2(a: Expr) -> Expr:
    return apply("exp2_approx", a)


def reciprocal(a: Expr) -> Expr:
    return apply("reciprocal_approx", a)


def _power(x: Expr, rate: float, let: Steps) -> Expr:
    """Return exp(rate · x)."""
    return let("h", exp2(x * single(rate * _LOG2_E)))


def _series(t: Expr, coefficients: tuple[float, ...]) -> Expr:
    """Return a polynomial by Horner's scheme: one instruction a term."""
    total: Expr = number(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = fma(total, t, number(c))
    return total


def _exp(x: Expr, low: Expr, let: Steps) -> _Result:
    h = _power(x, 0.5, let)
    return _Result(h, h, apply("le", x, single(FAR)))


def _expm1(x: Expr, low: Expr, let: Steps) -> _Result:
    h = _power(x, 0.5, let)
    near = apply("lt", absolute(x), single(0.2))
    return _Result(where(near, x * _series(x, EXPM1_APPROX), fma(h, h, -ONE)))


def _log(x: Expr, low: Expr, let: Steps) -> _Result:
    away = let("away", x - 1)
    near = apply("lt", absolute(away), single(0.2))
    far = apply("log2_approx", x) * single(math.log(2))
    return _Result(where(near, away * _series(away, LOG1P_APPROX), far))


def _log1p(x: Expr, low: Expr, let: Steps) -> _Result:
    near = apply("lt", absolute(x), single(0.2))
    far = apply("log2_approx", 1 + x) * single(math.log(2))
    return _Result(where(near, x * _series(x, LOG1P_APPROX), far))


def _sigmoid(x: Expr, low: Expr, let: Steps) -> _Result:
    """Return r or h² r for h = exp(-|x|/2), r = 1 / (1 + h²)."""
    h = _power(absolute(x), -0.5, let)
    r = let("r", reciprocal(fma(h, h, ONE)))
    part = let("part", where(apply("lt", x, 0), h, ONE))
    return _Result(part * r, part, apply("le", x, single(FAR)))


def _softplus(x: Expr, low: Expr, let: Steps) -> _Result:
    h = _power(absolute(x), -0.5, let)
    e = let("e", h * h)
    above = where(apply("lt", x, 0), ZERO, x)
    return _Result(fma(e, let("curve", _series(e, SOFTPLUS_APPROX)), above))


def _tanh(x: Expr, low: Expr, let: Steps) -> _Result:
    """Return 1 - 2 / (1 + exp(2|x|)), and x p(x²) near 0."""
    r = reciprocal(1 + _power(absolute(x), 2.0, let))
    far = apply("copysign", fma(r, number(-2.0), ONE), x)
    near = apply("lt", absolute(x), single(0.25))
    return _Result(where(near, x * _series(let("x2", x * x), TANH_APPROX), far))


def _sech2(x: Expr, low: Expr, let: Steps) -> _Result:
    """Return (2h / (1 + h²))² for h = exp(-|x|)."""
    h = _power(absolute(x), -1.0, let)
    root = let("root", (h + h) * reciprocal(fma(h, h, ONE)))
    return _Result(root, root, apply("ge", absolute(x), single(-FAR / 2)))


def _tanh_softplus(x: Expr, low: Expr, let: Steps) -> _Result:
    """Return n / (n + 2) for n = w (w + 2), w = exp(x), or 1 - 2 / (n + 2)."""
    h = _power(x, 0.5, let)
    w = let("w", h * h)
    plus = let("plus", w + 2)
    r = let("r", reciprocal(fma(w, plus, number(2.0))))
    above = apply("gt", x, 0)
    first = where(above, fma(r, number(-2.0), ONE), plus * r * h)
    return _Result(first, where(above, ONE, h), apply("le", x, single(FAR)))


def _sech2_softplus(x: Expr, low: Expr, let: Steps) -> _Result:
    """Return (k / (1 + k))² for k = 2u (u + 1), u = exp(-x), or (1 - 1 / (1 + k))²."""
    u = _power(x, -1.0, let)
    k = let("k", (u + u) * (u + 1))
    r = let("r", reciprocal(1 + k))
    root = let("root", where(apply("gt", x, 0), k * r, 1 - r))
    return _Result(root, root, apply("ge", x, single(-FAR / 2)))


def _tail(y: Expr, scale: float, let: Steps) -> tuple[Expr, Expr]:
    """Return h and q, h² q the normal distribution at -scale · y."""
    h = let("h", exp2(let("area", y * y) * single(-0.25 * scale * scale * _LOG2_E)))
    p = let("p", reciprocal(fma(y, single(_CDF_SLOPE * scale), ONE)))
    return h, let("q", p * _series(p, CDF_APPROX))


def _normcdf(x: Expr, low: Expr, let: Steps) -> _Result:
    h, q = _tail(absolute(x), 1.0, let)
    part = let("part", h * q)
    above = apply("gt", x, 0)
    first = where(above, fma(-part, h, ONE), part)
    return _Result(first, where(above, ONE, h), apply("le", x, single(-_FLAT)))


def _erfc(x: Expr, low: Expr, let: Steps) -> _Result:
    h, q = _tail(absolute(x), math.sqrt(2), let)
    part = let("part", number(2.0) * h * q)
    below = apply("lt", x, 0)
    first = where(below, fma(-part, h, number(2.0)), part)
    return _Result(first, where(below, ONE, h), apply("ge", x, single(_FLAT / math.sqrt(2))))


def _erf(x: Expr, low: Expr, let: Steps) -> _Result:
    h, q = _tail(absolute(x), math.sqrt(2), let)
    far = apply("copysign", fma(number(-2.0) * h * q, h, ONE), x)
    near = apply("lt", absolute(x), single(0.5))
    return _Result(where(near, x * _series(let("x2", x * x), ERF_APPROX), far))


def _both_sides(tail: Expr) -> _Result:
    """Return a tail for x <= 0, and what it leaves of 1 for x > 0."""
    return _Result(where(apply("gt", X, 0), 1 - tail, tail))


def _silu_slope(x: Expr, low: Expr, let: Steps) -> _Result:
    """Return h² (1 + u + h²) / (1 + h²)² for u = -|x|, h = exp(u/2)."""
    size = let("size", at_most(absolute(x), 200.0))
    h = _power(size, -0.5, let)
    below = let("below", fma(h, h, ONE))
    r = let("r", reciprocal(below))
    t = single(-SILU_ZERO) - size
    if low != ZERO:
        t = t - where(apply("lt", x, 0), -low, low)
    t = let("away", t - rest_of(SILU_ZERO))
    near = apply("lt", absolute(t), number(0.25))
    factor = where(near, t * _series(t, SILU_SLOPE_APPROX), below - size)
    return _both_sides(let("tail", factor * r * h * r * h))


def _cdf_slope(x: Expr, low: Expr, let: Steps) -> _Result:
    y = let("y", at_most(absolute(x), 20.0))
    h = let("h", exp2(let("area", y * y) * single(-0.25 * _LOG2_E)))
    p = let("p", reciprocal(fma(y, number(_BEND_SLOPE), ONE)))
    away = (single(CDF_ZERO) - y) + rest_of(CDF_ZERO)
    return _both_sides(let("tail", away * h * _series(p, CDF_SLOPE_APPROX) * h))


_Core = Callable[[Expr, Expr, Steps], _Result]
_ROWS: Mapping[str, tuple[_Core, str]] = {
    "exp": (_exp, "exp(x/2)²"),
    "expm1": (_expm1, "exp(x) - 1, a polynomial near 0"),
    "log": (_log, "log2(x) log 2, a polynomial near 1"),
    "log1p": (_log1p, "log2(1 + x) log 2, a polynomial near 0"),
    "sigmoid": (_sigmoid, "exp(-|x|) and one division"),
    "softplus": (_softplus, "a polynomial in exp(-|x|)"),
    "tanh": (_tanh, "1 - 2 / (1 + exp(2|x|)), a polynomial near 0"),
    "sech2": (_sech2, "exp(-|x|) and one division, squared"),
    "tanhsoftplus": (_tanh_softplus, "a quotient in exp(x)"),
    "sech2softplus": (_sech2_softplus, "a quotient in exp(-x), squared"),
    "normcdf": (_normcdf, "exp(-x²/2) times a polynomial in 1 / (1 + c |x|)"),
    "erfc": (_erfc, "exp(-x²) times a polynomial in 1 / (1 + c |x|)"),
    "erf": (_erf, "x p(x²) near 0, else 1 - erfc(|x|)"),
    "siluslope": (_silu_slope, "its zero a factor"),
    "normcdfslope": (_cdf_slope, "its zero a factor"),
}


def _version(name: str) -> Function:
    """Return the function called `name`, a base with `_twofold` or `_times`."""
    base = name.split("_")[0]
    twofold, factor = "_twofold" in name, name.endswith("_times")
    core, doc = _ROWS[base]
    let = Steps()
    result = core(X, LOW if twofold else ZERO, let)
    middle = result.first * B if factor else result.first
    value = middle if result.last == ONE else middle * result.last
    if factor and result.vanished != NEVER:
        value = where(result.vanished, apply("copysign", ZERO, B), let("result", value))
    args = ("x", *(("low",) if twofold else ()), *(("b",) if factor else ()))
    said = f"{base}({'x + low' if twofold else 'x'}){' * b' if factor else ''}"
    text = f"Return {said} to about 2**-18: {doc}."
    return Function(f"{name}_approx", args, value, text, let.names, "float32")


GPU_APPROX: tuple[Function, ...] = tuple(map(_version, APPROX))
