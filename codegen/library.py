"""Define the functions that kernels call: each in the IR, from what the targets have.

A function here is printed, by name, into every generated file that uses it. The package
`functions` holds the elementary ones, as arithmetic and bit operations; here are those built on
them, or on what a target brings along. The argument names of `*_twofold` functions are `x` and
`low`: the function at x + low, where `low` is the rounding error of x.
"""

from __future__ import annotations

import math
from fractions import Fraction

from actgen.codegen.functions.circle import CIRCLE
from actgen.codegen.functions.circular import CIRCULAR
from actgen.codegen.functions.error_function import ERROR_FUNCTION
from actgen.codegen.functions.exponential import EXPONENTIAL
from actgen.codegen.functions.float32_error import FLOAT32_ERROR
from actgen.codegen.functions.float32_exponential import FLOAT32_EXPONENTIAL
from actgen.codegen.functions.float32_gates import FLOAT32_GATES
from actgen.codegen.functions.float32_logarithm import FLOAT32_LOGARITHM
from actgen.codegen.functions.float32_quotient import FLOAT32_QUOTIENT
from actgen.codegen.functions.float32_softmax import FLOAT32_SOFTMAX
from actgen.codegen.functions.float32_softplus import FLOAT32_SOFTPLUS
from actgen.codegen.functions.gpu_approx import GPU_APPROX
from actgen.codegen.functions.gpu_slopes import GPU_SLOPES
from actgen.codegen.functions.hyperbolic import HYPERBOLIC
from actgen.codegen.functions.logarithm import LOGARITHM
from actgen.codegen.functions.parts import Function
from actgen.codegen.functions.quick import QUICK_FUNCTIONS
from actgen.codegen.functions.rough import ROUGH_FUNCTIONS
from actgen.codegen.functions.slopes import SLOPES
from actgen.codegen.ir import (
    HALF,
    INF,
    ONE,
    Apply,
    Const,
    Expr,
    Symbol,
    X,
    absolute,
    apply,
    cosh,
    exp,
    log,
    log1p,
    sinh,
    sqrt,
    walk,
    where,
)

_LOG2 = Const(Fraction(math.log(2)))
_A, _B, _C = Symbol("a"), Symbol("b"), Symbol("c")
_LOW = Symbol("low")
_decay2 = exp(-2 * absolute(X))
# √a + b loses none where b helps, or where all of it has overflowed but for b
_keeps_digits = apply("or", apply("ge", _B, 0), apply("eq", _C, INF))


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
    Function("rootsum", ("a", "b", "c"), where(_keeps_digits, sqrt(_A) + _B,
                                               _C / (sqrt(_A) - _B)),
             "Return sqrt(a) + b, given c = a - b**2."),
    Function("rootratio", ("a", "b", "c"), where(_keeps_digits, 1 + _B / sqrt(_A),
                                                 _C / (_A - _B * sqrt(_A))),
             "Return 1 + b / sqrt(a), given c = a - b**2."),
    Function("sinh_twofold", ("x", "low"), _corrected(sinh(X), cosh(X) * _LOW, cosh(X)),
             "Return sinh(x + low)."),
    Function("cosh_twofold", ("x", "low"), _corrected(cosh(X), sinh(X) * _LOW),
             "Return cosh(x + low)."),
)  # fmt: skip

_ELEMENTARY = (
    *EXPONENTIAL,
    *LOGARITHM,
    *HYPERBOLIC,
    *CIRCLE,
    *CIRCULAR,
    *ERROR_FUNCTION,
    *ROUGH_FUNCTIONS,
    *QUICK_FUNCTIONS,
    *SLOPES,
)
_FLOAT32 = (
    *FLOAT32_ERROR,
    *FLOAT32_EXPONENTIAL,
    *FLOAT32_GATES,
    *FLOAT32_LOGARITHM,
    *FLOAT32_QUOTIENT,
    *FLOAT32_SOFTPLUS,
    *FLOAT32_SOFTMAX,
    *GPU_APPROX,
    *GPU_SLOPES,
)
LIBRARY: dict[str, Function] = {f.name: f for f in (*_FUNCTIONS, *_ELEMENTARY, *_FLOAT32)}


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
