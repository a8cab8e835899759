"""Define derivatives for 16-bit results on GPUs: functions that are 0 at an irrational place.

As in `gpu_approx`, over what the hardware approximates. Beside a zero the distance from it is a
factor, or the compiler adds a piece (`beside_zeros`).
"""

from __future__ import annotations

from actgen.codegen.coefficients import CDF_SLOPE_APPROX, SILU_SLOPE_APPROX
from actgen.codegen.functions.float32_parts import FAR, single
from actgen.codegen.functions.gpu_approx import power, reciprocal, series
from actgen.codegen.functions.parts import (
    LOW,
    B,
    Function,
    Steps,
    X,
    at_least,
    at_most,
    fma,
    number,
)
from actgen.codegen.functions.slopes import CDF_ZERO, SILU_ZERO, rest_of
from actgen.codegen.ir import ONE, ZERO, Expr, absolute, apply, where

_BEND = 0.5  # of p = 1 / (1 + _BEND · y)


def _both_sides(tail: Expr) -> Expr:
    """Return a tail for x <= 0, and what it leaves of 1 for x > 0."""
    return where(apply("gt", X, 0), 1 - tail, tail)


def _silu(low: Expr, let: Steps) -> Expr:
    """Return h² (1 + u + h²) / (1 + h²)² for u = -|x|, h = exp(u/2)."""
    size = let("size", at_most(absolute(X), 200.0))
    h = power(size, -0.5, let)
    below = let("below", fma(h, h, ONE))
    r = let("r", reciprocal(below))
    t = single(-SILU_ZERO) - size
    if low != ZERO:
        t = t - where(apply("lt", X, 0), -low, low)
    t = let("away", t - rest_of(SILU_ZERO))
    near = apply("lt", absolute(t), number(0.25))
    factor = where(near, t * series(t, SILU_SLOPE_APPROX), below - size)
    return _both_sides(let("tail", factor * r * h * r * h))


def _normcdf(let: Steps) -> Expr:
    y = let("y", at_most(absolute(X), 20.0))
    h = power(let("area", y * y), -0.25, let)
    p = let("p", reciprocal(fma(y, number(_BEND), ONE)))
    away = (single(CDF_ZERO) - y) + rest_of(CDF_ZERO)
    return _both_sides(let("tail", away * h * series(p, CDF_SLOPE_APPROX) * h))


def _mish(let: Steps) -> Expr:
    """Return w (4 (x + 1) + w (4x + 6 + w (4 + w))) / (2 + w (2 + w))² for w = exp(x)."""
    x = let("near", at_most(at_least(X, -250.0), 20.0))
    h = power(x, 0.5, let)
    w = let("w", h * h)
    last = let("last", fma(x, number(4.0), number(4.0)))
    top = fma(w, fma(w, w + 4, last + 2), last)
    r = let("r", reciprocal(fma(w, w + 2, number(2.0))))
    return let("top", top) * r * h * r * h


def _sigmoid_part(let: Steps) -> Expr:
    """Return s (1 + b t) for s = 1 / (1 + exp(-x)), t = 1 - s."""
    h = power(absolute(X), -0.5, let)
    r = let("r", reciprocal(fma(h, h, ONE)))
    below = apply("lt", X, 0)
    part, other = let("part", where(below, h, ONE)), let("other", where(below, ONE, h))
    factor = let("factor", where(apply("lt", absolute(X), single(-FAR)), B, ZERO))
    return part * r * fma(factor * r, other * other, ONE) * part


def _functions() -> tuple[Function, ...]:
    made = []
    for low in (ZERO, LOW):
        let = Steps()
        args, suffix = (("x",), "") if low == ZERO else (("x", "low"), "_twofold")
        text = f"Return (x sigmoid(x))' at {' + '.join(args)} to about 2**-18."
        name = f"siluslope{suffix}_approx"
        made.append(Function(name, args, _silu(low, let), text, let.names, "float32"))
    rest = (
        ("normcdfslope", ("x",), _normcdf, "the derivative of x normcdf(x)"),
        ("mishslope", ("x",), _mish, "the derivative of x tanh(softplus(x)), but beside its zero,"),
        ("sigmoidpart", ("x", "b"), _sigmoid_part, "sigmoid(x) (1 + b sigmoid(-x))"),
    )
    for base, args, core, said in rest:
        let = Steps()
        text = f"Return {said} to about 2**-18."
        made.append(Function(f"{base}_approx", args, core(let), text, let.names, "float32"))
    return tuple(made)


GPU_SLOPES: tuple[Function, ...] = _functions()
