"""Define functions for 16-bit results on GPUs, over what the hardware approximates: ex2 and rcp.

Errors are near 2**-18, a hundredth of the last place of float16, over all inputs of either 16-bit
type. What vanishes is the square of h = exp(x/2): h is never subnormal where the result is a
number, so that `exp2_approx` may flush, and a factor comes between the two. A rounding error of
the argument is below what is kept, and dropped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from actgen.codegen.coefficients import (
    CDF_APPROX,
    ERF_APPROX,
    EXPM1_APPROX,
    LOG1P_APPROX,
    SOFTPLUS_APPROX,
    TANH_APPROX,
)
from actgen.codegen.functions.float32_parts import FAR, single
from actgen.codegen.functions.parts import (
    NEVER,
    B,
    Function,
    Steps,
    X,
    fma,
    number,
)
from actgen.codegen.ir import ONE, ZERO, Expr, absolute, apply, where
from actgen.codegen.ops import APPROX, SLOPES

_LOG2_E = 1 / math.log(2)
_STEEP = 0.305  # p = 1 / (1 + _STEEP · y)
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


def power(x: Expr, rate: float, let: Steps) -> Expr:
    """Return exp(rate · x)."""
    return let("h", exp2(x * single(rate * _LOG2_E)))


def series(t: Expr, coefficients: tuple[float, ...]) -> Expr:
    """Return a polynomial by Horner's scheme: one instruction a term."""
    total: Expr = number(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = fma(total, t, number(c))
    return total


def _exp(x: Expr, let: Steps) -> _Result:
    h = power(x, 0.5, let)
    return _Result(h, h, apply("le", x, single(FAR)))


def _expm1(x: Expr, let: Steps) -> _Result:
    h = power(x, 0.5, let)
    near = apply("lt", absolute(x), single(0.2))
    return _Result(where(near, x * series(x, EXPM1_APPROX), fma(h, h, -ONE)))


def _log(x: Expr, let: Steps) -> _Result:
    away = let("away", x - 1)
    near = apply("lt", absolute(away), single(0.2))
    far = apply("log2_approx", x) * single(math.log(2))
    return _Result(where(near, away * series(away, LOG1P_APPROX), far))


def _log1p(x: Expr, let: Steps) -> _Result:
    near = apply("lt", absolute(x), single(0.2))
    far = apply("log2_approx", 1 + x) * single(math.log(2))
    return _Result(where(near, x * series(x, LOG1P_APPROX), far))


def _sigmoid(x: Expr, let: Steps) -> _Result:
    """Return r or h² r for h = exp(-|x|/2), r = 1 / (1 + h²)."""
    h = power(absolute(x), -0.5, let)
    r = let("r", reciprocal(fma(h, h, ONE)))
    part = let("part", where(apply("lt", x, 0), h, ONE))
    return _Result(part * r, part, apply("le", x, single(FAR)))


def _softplus(x: Expr, let: Steps) -> _Result:
    h = power(absolute(x), -0.5, let)
    e = let("e", h * h)
    above = where(apply("lt", x, 0), ZERO, x)
    return _Result(fma(e, let("curve", series(e, SOFTPLUS_APPROX)), above))


def _tanh(x: Expr, let: Steps) -> _Result:
    """Return 1 - 2 / (1 + exp(2|x|)), and x p(x²) near 0."""
    r = reciprocal(1 + power(absolute(x), 2.0, let))
    far = apply("copysign", fma(r, number(-2.0), ONE), x)
    near = apply("lt", absolute(x), single(0.25))
    return _Result(where(near, x * series(let("x2", x * x), TANH_APPROX), far))


def _sech2(x: Expr, let: Steps) -> _Result:
    """Return (2h / (1 + h²))² for h = exp(-|x|)."""
    h = power(absolute(x), -1.0, let)
    root = let("root", (h + h) * reciprocal(fma(h, h, ONE)))
    return _Result(root, root, apply("ge", absolute(x), single(-FAR / 2)))


def _tanh_softplus(x: Expr, let: Steps) -> _Result:
    """Return n / (n + 2) for n = w (w + 2), w = exp(x), or 1 - 2 / (n + 2)."""
    h = power(x, 0.5, let)
    w = let("w", h * h)
    plus = let("plus", w + 2)
    r = let("r", reciprocal(fma(w, plus, number(2.0))))
    above = apply("gt", x, 0)
    first = where(above, fma(r, number(-2.0), ONE), plus * r * h)
    return _Result(first, where(above, ONE, h), apply("le", x, single(FAR)))


def _sech2_softplus(x: Expr, let: Steps) -> _Result:
    """Return (k / (1 + k))² for k = 2u (u + 1), u = exp(-x), or (1 - 1 / (1 + k))²."""
    u = power(x, -1.0, let)
    k = let("k", (u + u) * (u + 1))
    r = let("r", reciprocal(1 + k))
    root = let("root", where(apply("gt", x, 0), k * r, 1 - r))
    return _Result(root, root, apply("ge", x, single(-FAR / 2)))


def _tail(y: Expr, scale: float, let: Steps) -> tuple[Expr, Expr]:
    """Return h and q, h² q the normal distribution at -scale · y."""
    h = let("h", exp2(let("area", y * y) * single(-0.25 * scale * scale * _LOG2_E)))
    p = let("p", reciprocal(fma(y, single(_STEEP * scale), ONE)))
    return h, let("q", p * series(p, CDF_APPROX))


def _normcdf(x: Expr, let: Steps) -> _Result:
    h, q = _tail(absolute(x), 1.0, let)
    part = let("part", h * q)
    above = apply("gt", x, 0)
    first = where(above, fma(-part, h, ONE), part)
    return _Result(first, where(above, ONE, h), apply("le", x, single(-_FLAT)))


def _erfc(x: Expr, let: Steps) -> _Result:
    h, q = _tail(absolute(x), math.sqrt(2), let)
    part = let("part", number(2.0) * h * q)
    below = apply("lt", x, 0)
    first = where(below, fma(-part, h, number(2.0)), part)
    return _Result(first, where(below, ONE, h), apply("ge", x, single(_FLAT / math.sqrt(2))))


def _erf(x: Expr, let: Steps) -> _Result:
    h, q = _tail(absolute(x), math.sqrt(2), let)
    far = apply("copysign", fma(number(-2.0) * h * q, h, ONE), x)
    near = apply("lt", absolute(x), single(0.5))
    return _Result(where(near, x * series(let("x2", x * x), ERF_APPROX), far))


_Core = Callable[[Expr, Steps], _Result]
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
}


def _version(name: str) -> Function:
    """Return the function called `name`, a base or one with `_times`."""
    base, factor = name.removesuffix("_times"), name.endswith("_times")
    core, doc = _ROWS[base]
    let = Steps()
    result = core(X, let)
    middle = result.first * B if factor else result.first
    value = middle if result.last == ONE else middle * result.last
    if factor and result.vanished != NEVER:
        value = where(result.vanished, apply("copysign", ZERO, B), let("result", value))
    args = ("x", "b") if factor else ("x",)
    text = f"Return {base}(x){' * b' if factor else ''} to about 2**-18: {doc}."
    return Function(f"{name}_approx", args, value, text, let.names, "float32")


GPU_APPROX: tuple[Function, ...] = tuple(_version(n) for n in APPROX if n not in SLOPES)
