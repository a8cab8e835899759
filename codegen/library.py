"""Define the functions that kernels call: each in the IR, from what the targets have.

A function here is printed, by name, into every generated file that uses it. What it is built from
is arithmetic, and the functions a target brings along (`exp`, `expm1`, `log`, … of the C library
on the CPU). The argument names of `*_twofold` functions are `x` and `low`: the function at
x + low, where `low` is the rounding error of x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from mpmath import mp

from actgen.codegen.ir import (
    HALF,
    ONE,
    TWO,
    X,

    Apply,
    Const,
    Expr,
    Symbol,
    absolute,
    apply,
    cos,
    cosh,
    erfc,
    exp,
    log,
    log1p,
    maximum,
    sigmoid,
    sin,
    sinh,
    softplus,
    sqrt,
    tanh,
    walk,
    where,
)


@dataclass(frozen=True)
class Function:
    """A library function: its argument names, its body over them, and a sentence on the method."""

    name: str
    args: tuple[str, ...]
    body: Expr
    doc: str


def _split(value: str) -> tuple[Const, Const]:
    """Return the float64 nearest to a constant expression of mpmath, and what it leaves over."""
    with mp.workdps(60):
        exact = {"sqrt(1/2)": lambda: mp.sqrt(mp.mpf(1) / 2), "log 2": lambda: mp.log(2)}[value]()
        high = float(exact)
        return Const(Fraction(high)), Const(Fraction(float(exact - high)))


_ROOT_HALF, _ROOT_HALF_LOW = _split("sqrt(1/2)")
_LOG2, _ = _split("log 2")
_TWO_BY_ROOT_PI = Const(Fraction(2 / math.sqrt(math.pi)))
_ROOT_2PI = Const(Fraction(math.sqrt(2 * math.pi)))
_A, _B, _C = Symbol("a"), Symbol("b"), Symbol("c")
_LOW = Symbol("low")

_decay = exp(-absolute(X))
_decay2 = exp(-2 * absolute(X))
_sum, _sum2 = 1 + _decay, 1 + _decay2
_lost, _lost2 = (1 - _sum) + _decay, (1 - _sum2) + _decay2
_ratio = where(apply("ge", X, 0), 1, _decay) / _sum
_square = 4 * _decay2 / (_sum2 * _sum2)
_scaled = -X * _ROOT_HALF
_error = -apply("fma", X, _ROOT_HALF, _scaled) - X * _ROOT_HALF_LOW
# the low part of an infinite argument is NaN
_low = where(apply("lt", absolute(X), apply("inf")), _LOW, 0)


def _corrected(plain: Expr, correction: Expr, size: Expr | None = None) -> Expr:
    """Return plain + correction, but `plain` where its size is 0, infinite or NaN."""
    size = plain if size is None else size
    inside = apply("and", apply("gt", size, 0), apply("lt", size, apply("inf")))
    return where(inside, plain + correction, plain)


_FUNCTIONS = (
    Function("sign", ("x",), where(apply("gt", X, 0), 1, where(apply("lt", X, 0), -1, X)),
             "Return -1 or 1 with the sign of x, and x where it is zero or NaN."),
    Function("product", ("a", "b"), where(apply("eq", _A, 0), _A, _A * _B),
             "Return a * b, and 0 where a is 0 even if b is infinite."),
    Function("sigmoid", ("x",), _ratio - _ratio * (_lost / _sum),
             "Return 1 / (1 + exp(-x)), from exp(-|x|), with what rounding 1 + exp(-|x|) loses."),
    Function("softplus", ("x",), maximum(X, 0) + log1p(_decay),
             "Return log(1 + exp(x)) as max(x, 0) + log1p(exp(-|x|))."),
    Function("sech2", ("x",), _square - _square * (2 * _lost2 / _sum2),
             "Return 1 / cosh(x)**2 from exp(-2|x|), with what rounding 1 + exp(-2|x|) loses."),
    Function("normcdf", ("x",), HALF * apply("erfc_twofold", _scaled, _error),
             "Return erfc(-x / sqrt(2)) / 2, with what rounding x / sqrt(2) leaves over."),
    Function("logcosh", ("x",),
             where(apply("lt", absolute(X), 1), HALF * log1p(sinh(X) * sinh(X)),
                   absolute(X) + log1p(_decay2) - _LOG2),
             "Return log(cosh(x)): log1p(sinh(x)**2) / 2 near 0, |x| + log1p(exp(-2|x|)) - log 2."),
    Function("log1mexp", ("x",),
             where(apply("gt", X, -_LOG2), log(-apply("expm1", X)), log1p(-exp(X))),
             "Return log(1 - exp(x)) for x < 0 (Maechler, 2012)."),
    Function("acot", ("x",), where(apply("gt", X, 0), apply("atan", ONE / X),
                                   Const(Fraction(math.pi / 2)) - apply("atan", X)),
             "Return pi / 2 - atan(x), from atan(1 / x) for x > 0."),
    Function("rootsum", ("a", "b", "c"), where(apply("ge", _B, 0), sqrt(_A) + _B,
                                               _C / (sqrt(_A) - _B)),
             "Return sqrt(a) + b, given c = a - b**2."),
    Function("rootratio", ("a", "b", "c"), where(apply("ge", _B, 0), 1 + _B / sqrt(_A),
                                                 _C / (_A - _B * sqrt(_A))),
             "Return 1 + b / sqrt(a), given c = a - b**2."),
    Function("exp_twofold", ("x", "low"), _corrected(exp(X), exp(X) * _LOW),
             "Return exp(x + low)."),
    Function("expm1_twofold", ("x", "low"), _corrected(apply("expm1", X), exp(X) * _LOW, exp(X)),
             "Return expm1(x + low)."),
    Function("sigmoid_twofold", ("x", "low"),
             sigmoid(X) + sigmoid(X) * sigmoid(-X) * _low,
             "Return sigmoid(x + low)."),
    Function("softplus_twofold", ("x", "low"), softplus(X) + sigmoid(X) * _low,
             "Return softplus(x + low)."),
    Function("sech2_twofold", ("x", "low"),
             apply("sech2", X) - TWO * tanh(X) * apply("sech2", X) * _low,
             "Return sech2(x + low)."),
    Function("normcdf_twofold", ("x", "low"),
             apply("normcdf", X) + exp(-HALF * X * X) / _ROOT_2PI * _low,
             "Return normcdf(x + low)."),
    Function("erfc_twofold", ("x", "low"), erfc(X) - _TWO_BY_ROOT_PI * exp(-X * X) * _low,
             "Return erfc(x + low)."),
    Function("sin_twofold", ("x", "low"), sin(X) + cos(X) * _low, "Return sin(x + low)."),
    Function("cos_twofold", ("x", "low"), cos(X) - sin(X) * _low, "Return cos(x + low)."),
    Function("sinh_twofold", ("x", "low"), _corrected(sinh(X), cosh(X) * _LOW, cosh(X)),
             "Return sinh(x + low)."),
    Function("cosh_twofold", ("x", "low"), _corrected(cosh(X), sinh(X) * _LOW),
             "Return cosh(x + low)."),
)  # fmt: skip

LIBRARY: dict[str, Function] = {function.name: function for function in _FUNCTIONS}


def used_functions(exprs: list[Expr]) -> list[Function]:
    """Return the library functions that `exprs` call, directly or not, callees first."""
    found: dict[str, Function] = {}

    def visit(expr: Expr) -> None:
        for node in walk(expr):
            if isinstance(node, Apply) and node.op in LIBRARY and node.op not in found:
                function = LIBRARY[node.op]
                visit(function.body)
                found[node.op] = function

    for expr in exprs:
        visit(expr)
    return list(found.values())


