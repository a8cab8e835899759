"""Evaluate expressions exactly enough: an expression and values in, a high-precision number out.

This is the meaning of every operation, in arbitrary precision. The compiler uses it to fold
constants, to fit polynomials and to see where a formula cancels; tests use an oracle of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath
from mpmath import mp

from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Apply, Const, Expr, Symbol, walk
from actgen.codegen.ops import (
    APPROX,
    CIRCULAR,
    NARROW,
    QUICK,
    RESTS,
    ROUGH,
    SLOPES,
    VANISHING,
    WITH_LOW,
)
from actgen.codegen.precision import FLOAT64

_HUGE = mpmath.mpf(10) ** 400  # beyond it e^a only costs memory


def _exp(a: Any) -> Any:
    if abs(a) > _HUGE:
        return mp.inf if a > 0 else mp.mpf(0)
    return mp.exp(a)


def _sign(a: Any) -> Any:
    return a if mpmath.isnan(a) else mpmath.sign(a)


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + _exp(-a)) if a >= 0 else _exp(a) / (1 + _exp(a))


def _pow(a: Any, b: Any) -> Any:
    if mp.isfinite(a) and mp.isfinite(b) and abs(b) > 2**53 and a != 0:
        return _exp(b * mp.log(abs(a)))  # an even integer in float64; exact powers would not end
    result = mp.power(a, b)
    return mp.nan if isinstance(result, mpmath.mpc) else result


def _real(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(a: Any) -> Any:
        result = function(a)
        return mp.nan if isinstance(result, mpmath.mpc) else result

    return call


def _twofold(function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: function(a + b)


def _rest(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what a function's value leaves of the float64 nearest to it."""

    def left(*args: Any) -> Any:
        exact = function(*args)
        return exact - mp.mpf(float(exact)) if mp.isfinite(exact) else mp.mpf(0)

    return left


def _quarters(a: Any) -> Any:
    with mp.extraprec(1100):
        return mp.nint(a * 2 / mp.pi)


def _angle(a: Any) -> Any:
    """Return what quarters of a turn leave of a number."""
    with mp.extraprec(1100):
        return a - _quarters(a) * mp.pi / 2


def _times(function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: MEANING["product"](function(a), b)


def _twofold_times(function: Callable[[Any], Any]) -> Callable[[Any, Any, Any], Any]:
    return lambda a, b, c: MEANING["product"](function(a + b), c)


def _settling(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Take the limit of a function for numbers whose exponents would need much memory."""

    def call(a: Any) -> Any:
        return function(a) if abs(a) <= _HUGE else function(mp.inf if a > 0 else -mp.inf)

    return call


def _periodic(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Leave numbers far beyond float64 without a value: they would need as many digits of pi."""

    def call(a: Any) -> Any:
        return function(a) if not mp.isfinite(a) or mp.mag(a) < 2000 else mp.nan

    return call


_KINDS: dict[tuple[bool, bool], Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    (False, False): lambda function: function,
    (True, False): _twofold,
    (False, True): _times,
    (True, True): _twofold_times,
}

MEANING: dict[str, Callable[..., Any]] = {
    "pi": lambda: +mp.pi,
    "e": lambda: +mp.e,
    "inf": lambda: mp.inf,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b if b != 0 else mp.nan,
    "neg": lambda a: -a,
    "pow": _pow,
    "fma": lambda a, b, c: a * b + c,
    "copysign": lambda a, b: abs(a) if b >= 0 else -abs(a),
    "power2": lambda n: mp.ldexp(1, int(n)),
    "power2_rounded": lambda a: mp.ldexp(1, int(a - mp.mpf(FLOAT64.rounder))),
    "times_power2": lambda a, b: mp.ldexp(a, int(b - mp.mpf(FLOAT64.rounder))),
    "exponent": lambda a: mp.mpf(mp.frexp(a)[1] - 1),
    "mantissa": lambda a: 2 * abs(mp.frexp(a)[0]),
    "abs": abs,
    "sign": _sign,
    "min": lambda a, b: mp.nan if mp.isnan(a) or mp.isnan(b) else min(a, b),
    "max": lambda a, b: mp.nan if mp.isnan(a) or mp.isnan(b) else max(a, b),
    "floor": lambda a: mp.floor(a),
    "ceil": lambda a: mp.ceil(a),
    "round": lambda a: mp.nint(a),
    "sqrt": _real(mp.sqrt),
    "exp": _exp,
    "expm1": lambda a: mp.expm1(a) if abs(a) < 1 else _exp(a) - 1,
    "log": _real(lambda a: mp.log(a) if a != 0 else -mp.inf),
    "log1p": _real(lambda a: mp.log1p(a) if a != -1 else -mp.inf),
    "sin": _periodic(mp.sin),
    "cos": _periodic(mp.cos),
    "tan": _periodic(mp.tan),
    "asin": _real(mp.asin),
    "acos": _real(mp.acos),
    "atan": _settling(mp.atan),
    "sinh": lambda a: mp.sinh(a) if abs(a) < 1 else (_exp(a) - _exp(-a)) / 2,
    "cosh": lambda a: (_exp(a) + _exp(-a)) / 2,
    "tanh": _settling(mp.tanh),
    "asinh": mp.asinh,
    "acosh": _real(mp.acosh),
    "atanh": _real(mp.atanh),
    "erf": _settling(mp.erf),
    "erfc": _settling(mp.erfc),
    "sigmoid": _sigmoid,
    "softplus": lambda a: mp.log1p(_exp(a)) if a < 0 else a + mp.log1p(_exp(-a)),
    "hypot": mp.hypot,
    "sech2": lambda a: 4 / (_exp(a) + _exp(-a)) ** 2,
    "normcdf": _settling(lambda a: mp.erfc(-a / mp.sqrt(2)) / 2),
    "acot": lambda a: mp.atan(1 / a) if a > 0 else mp.pi / 2 - mp.atan(a),
    "rootratio": lambda a, b, c: 1 + b / mp.sqrt(a) if b >= 0 else c / (a - b * mp.sqrt(a)),
    "rootsum": lambda a, b, c: mp.sqrt(a) + b if b >= 0 else c / (mp.sqrt(a) - b),
    "siluslope": lambda a: _sigmoid(a) * (1 + MEANING["product"](_sigmoid(-a), a)),
    "normcdfslope": lambda a: (
        MEANING["normcdf"](a) + MEANING["product"](_exp(-a * a / 2), a) / mp.sqrt(2 * mp.pi)
    ),
    "sech2softplus": lambda a: MEANING["sech2"](MEANING["softplus"](a)),
    "tanhsoftplus": lambda a: mp.tanh(MEANING["softplus"](a)),
    "far_quarters": lambda a: _quarters(a) - 4 * mp.nint(_quarters(a) / 4),
    "far_angle": lambda a: _angle(a),
    "far_angle_low": lambda a: _rest(_angle)(a),
    "logcosh": lambda a: (
        mp.log(mp.cosh(a)) if abs(a) < 1 else abs(a) + mp.log1p(_exp(-2 * abs(a))) - mp.log(2)
    ),
    "log1mexp": _real(lambda a: mp.log(-mp.expm1(a)) if a != 0 else -mp.inf),
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
    "product": lambda a, b: mp.mpf(0) if a == 0 else a * b,
    "stop_gradient": lambda a: a,
    "straight_through": lambda a, b: a,
}

MEANING.update({f"{name}_twofold": _twofold(MEANING[name]) for name in WITH_LOW})
for _kind in ("plain", "short"):
    MEANING.update({f"{name}_{_kind}": MEANING[name] for name in ROUGH})
    MEANING[f"sigmoidslope_{_kind}"] = lambda a: _sigmoid(a) * _sigmoid(-a)
    MEANING[f"mishbump_{_kind}"] = lambda a: MEANING["sech2softplus"](a) * _sigmoid(a)
    MEANING[f"bell_{_kind}"] = lambda a: _exp(-a * a / 2)
MEANING["normcdfslope_short"] = MEANING["normcdfslope"]
for _tier in ("_f32", "_f32_fast"):
    MEANING.update({f"{name}{_tier}": MEANING[name] for name in SLOPES})
    MEANING[f"sigmoidgate{_tier}"] = lambda a: a * _sigmoid(a)
    MEANING[f"sigmoidgate_twofold{_tier}"] = lambda a, low, b: b * _sigmoid(a + low)
    MEANING[f"normcdfgate{_tier}"] = lambda a: a * MEANING["normcdf"](a)
MEANING["product_rough"] = MEANING["product"]
MEANING.update({f"{name}_times": _times(MEANING[name]) for name in VANISHING})
MEANING.update({f"{name}_twofold_times": _twofold_times(MEANING[name]) for name in VANISHING})
for _name in ("sin", "cos"):
    MEANING[f"{_name}_near"] = MEANING[_name]
    MEANING[f"{_name}_near_twofold"] = MEANING[f"{_name}_twofold"]
for _name in CIRCULAR:
    MEANING[f"{_name}_plain"] = MEANING[_name]
    MEANING[f"{_name}_twofold_plain"] = MEANING[f"{_name}_twofold"]
MEANING.update({f"{name}_rest": _rest(MEANING[name]) for name in RESTS})
MEANING.update({f"{name}_fast": MEANING[name] for name in QUICK})
for _name in NARROW:
    _base, _twofold_too, _times_too = _name.split("_")[0], "_twofold" in _name, "_times" in _name
    for _tier in ("_f32", "_f32_fast"):
        MEANING[_name + _tier] = _KINDS[_twofold_too, _times_too](MEANING[_base])
MEANING.update({f"{name}_approx": MEANING[f"{name}_f32_fast"] for name in APPROX})
MEANING["mishslope_approx"] = lambda a: (
    MEANING["tanhsoftplus"](a) + MEANING["product"](MEANING["sech2softplus"](a) * _sigmoid(a), a)
)
MEANING["sigmoidpart"] = MEANING["sigmoidpart_approx"] = lambda a, b: (
    _sigmoid(a) + MEANING["product"](_sigmoid(a) * _sigmoid(-a), b)
)
for _tier in ("", "_f32", "_f32_fast"):
    MEANING[f"sigmoidparts{_tier}"] = lambda a, low, b, b_low: MEANING["sigmoidpart"](
        a + low, b + b_low
    )
MEANING["exp2_approx"] = lambda a: mp.power(2, a)
MEANING["reciprocal_approx"] = lambda a: 1 / a if a != 0 else mp.inf
MEANING["log2_approx"] = _real(lambda a: mp.log(a, 2) if a != 0 else -mp.inf)
MEANING["weight_f32"] = lambda a, b, c: (
    mp.mpf(0) if a < c else _exp(a) * mp.power(2, b - mp.mpf(3 * 2**22))
)
MEANING["weight_f64"] = lambda a: mp.mpf(0) if a < -700 else _exp(a)
MEANING["weight_low_f32"] = lambda a, b, c: mp.mpf(0)


_CLOSED = frozenset((*MEANING, "where"))


def number(value: Fraction) -> Any:
    """Return an exact rational as a number of the current working precision."""
    return mp.mpf(value.numerator) / value.denominator


def evaluate(expr: Expr, values: Mapping[str, Any], digits: int = 30) -> Any:
    """Return the value of `expr`, an `mpmath.mpf` (a bool for a comparison), at `digits` digits.

    `values` maps the names of the symbols to numbers. Branches of `where` that are not taken are
    not computed. Where the real function has no value the result is NaN. Raises `CompilerError`
    for a symbol without a value, and for reductions, which have no value at a point.
    """
    with mp.workdps(digits):
        done: dict[Expr, Any] = {}

        def visit(node: Expr) -> Any:
            if node not in done:
                done[node] = compute(node)
            return done[node]

        def compute(node: Expr) -> Any:
            if isinstance(node, Const):
                return number(node.value)
            if isinstance(node, Symbol):
                if node.name not in values:
                    raise CompilerError(f"no value for symbol '{node.name}'")
                return mp.mpf(values[node.name])
            assert isinstance(node, Apply)
            if node.op == "where":
                return visit(node.args[1] if visit(node.args[0]) else node.args[2])
            if node.op not in MEANING:
                raise CompilerError(f"operation '{node.op}' has no value at a point")
            return MEANING[node.op](*(visit(arg) for arg in node.args))

        try:
            return visit(expr)
        except (OverflowError, ZeroDivisionError, ValueError):
            return mp.nan


def constant(expr: Expr, digits: int = 60) -> Any | None:
    """Return the value of an expression without symbols and reductions, or None when it has any."""
    for node in walk(expr):
        if isinstance(node, Symbol) or (isinstance(node, Apply) and node.op not in _CLOSED):
            return None
    return evaluate(expr, {}, digits)
