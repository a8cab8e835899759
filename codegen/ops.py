"""Name every operation of the IR: one table, one row an operation.

Other stages add their own column as a table keyed by these names: the exact meaning (`evaluate`),
the derivative (`differentiate`), and one spelling per printer (`emit`). A test holds all of them
against this table, so an operation cannot be half known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Category = Literal[
    "constant", "arith", "function", "compare", "logic", "select", "reduction", "structure"
]


@dataclass(frozen=True)
class Op:
    """One operation; `arity` None means one or more, `formula` whether a spec may write it."""

    name: str
    arity: int | None
    category: Category
    doc: str
    formula: bool = True


# functions that magnify the rounding error of their argument
TWOFOLD = (
    "exp",
    "expm1",
    "sigmoid",
    "softplus",
    "sech2",
    "normcdf",
    "erfc",
    "sin",
    "cos",
    "sinh",
    "cosh",
    "tanhsoftplus",
    "sech2softplus",
    "siluslope",
)
# functions that vanish exponentially: `*_times` rounds the product of the smallest once
VANISHING = ("exp", "sigmoid", "sech2", "normcdf", "erfc", "tanhsoftplus", "sech2softplus")
# functions that take their argument with its rounding error where theirs matters
WITH_LOW = (*TWOFOLD, "tanh", "log", "log1p")
# the sine and the cosine, and those for arguments up to 2**40 alone
CIRCULAR = ("sin", "cos", "sin_near", "cos_near")
# functions that have a plain and a shorter version for results rounded to float32
ROUGH = (*VANISHING, "expm1", "log", "log1p", "softplus", "tanh", "erf")
# of those only such versions: products of two that share an exponential, and exp(-a²/2)
MERGED = ("sigmoidslope", "mishbump", "bell")
SLOPE = "normcdfslope_short"
# functions that have float32 versions: their names with `_twofold` and `_times`, and how many
# arguments those take
NARROW = {
    f"{name}{kind}": arity
    for name in ROUGH
    for kind, arity in (("", 1), ("_twofold", 2), ("_times", 2), ("_twofold_times", 3))
    if ("twofold" not in kind or name in TWOFOLD)
    and ("times" not in kind or name in (*VANISHING, "expm1", "softplus", "tanh"))
}
# functions that have float64 versions of fewer digits, `_fast`: the kinds of each
QUICK = {
    f"{name}{kind}": arity
    for name in ("exp", "sigmoid", "tanhsoftplus", "normcdf")
    for kind, arity in (("", 1), ("_twofold", 2), ("_times", 2), ("_twofold_times", 3))
} | {"tanh": 1, "expm1": 1, "expm1_twofold": 2, "softplus": 1, "softplus_twofold": 2}
# functions that tell what rounding left of their result, `_rest`: the kinds of each
RESTS = {
    f"{name}{kind}": arity
    for name in (*VANISHING, "expm1", "softplus", "tanh", "log", "log1p", *CIRCULAR)
    for kind, arity in (("", 1), ("_twofold", 2), ("_times", 2), ("_twofold_times", 3))
    if name in VANISHING or "times" not in kind
}
# derivatives of x sigmoid(x) and x normcdf(x): what kinds of each there are in float32
SLOPES = {"siluslope": 1, "siluslope_twofold": 2, "normcdfslope": 1}
# products x sigmoid(x) and x normcdf(x) in float32; `_twofold`, of another factor of the same sign
GATES = {"sigmoidgate": 1, "sigmoidgate_twofold": 3, "normcdfgate": 1}
# functions that have versions for 16-bit results on GPUs, `_approx`
APPROX = {name: arity for name, arity in NARROW.items() if "twofold" not in name} | SLOPES

_ROWS = (
    # constants
    Op("pi", 0, "constant", "the circle's circumference over its diameter"),
    Op("e", 0, "constant", "the base of the natural logarithm"),
    Op("inf", 0, "constant", "positive infinity"),
    # arithmetic
    Op("add", 2, "arith", "a + b"),
    Op("sub", 2, "arith", "a - b"),
    Op("mul", 2, "arith", "a * b"),
    Op("div", 2, "arith", "a / b"),
    Op("neg", 1, "arith", "-a"),
    Op("pow", 2, "arith", "a to the power b"),
    Op("fma", 3, "arith", "a * b + c, rounded once", formula=False),
    Op("copysign", 2, "arith", "the size of a with the sign of b", formula=False),
    Op("power2", 1, "arith", "2 to an integral power that float64 holds", formula=False),
    Op("power2_rounded", 1, "arith", "2 to the power of a - 1.5 * 2**52 - 1023", formula=False),
    Op("times_power2", 2, "arith", "a * power2_rounded(b), rounded once", formula=False),
    Op("exponent", 1, "arith", "the integer below log2 |a|", formula=False),
    Op("mantissa", 1, "arith", "|a| / 2**exponent(a)", formula=False),
    Op("abs", 1, "arith", "the absolute value"),
    Op("sign", 1, "arith", "-1, 0 or 1; keeps NaN and the sign of zero"),
    Op("min", 2, "arith", "the smaller one; NaN if either is"),
    Op("max", 2, "arith", "the larger one; NaN if either is"),
    Op("floor", 1, "arith", "the largest integer not above"),
    Op("ceil", 1, "arith", "the smallest integer not below"),
    Op("round", 1, "arith", "the nearest integer, ties to even"),
    # functions
    Op("sqrt", 1, "function", "the square root"),
    Op("exp", 1, "function", "e to the power a"),
    Op("expm1", 1, "function", "exp(a) - 1"),
    Op("log", 1, "function", "the natural logarithm"),
    Op("log1p", 1, "function", "log(1 + a)"),
    Op("sin", 1, "function", "the sine"),
    Op("cos", 1, "function", "the cosine"),
    Op("tan", 1, "function", "the tangent"),
    Op("asin", 1, "function", "the inverse sine"),
    Op("acos", 1, "function", "the inverse cosine"),
    Op("atan", 1, "function", "the inverse tangent"),
    Op("sinh", 1, "function", "the hyperbolic sine"),
    Op("cosh", 1, "function", "the hyperbolic cosine"),
    Op("tanh", 1, "function", "the hyperbolic tangent"),
    Op("asinh", 1, "function", "the inverse hyperbolic sine"),
    Op("acosh", 1, "function", "the inverse hyperbolic cosine"),
    Op("atanh", 1, "function", "the inverse hyperbolic tangent"),
    Op("erf", 1, "function", "the error function"),
    Op("erfc", 1, "function", "1 - erf(a)"),
    Op("sigmoid", 1, "function", "1 / (1 + exp(-a))"),
    Op("softplus", 1, "function", "log(1 + exp(a))"),
    Op("hypot", 2, "function", "sqrt(a**2 + b**2)"),
    Op("sech2", 1, "function", "1 / cosh(a)**2", formula=False),
    Op("normcdf", 1, "function", "(1 + erf(a / sqrt(2))) / 2", formula=False),
    Op("tanhsoftplus", 1, "function", "tanh(softplus(a))", formula=False),
    Op("siluslope", 1, "function", "the derivative of a sigmoid(a)", formula=False),
    Op("normcdfslope", 1, "function", "the derivative of a normcdf(a)", formula=False),
    Op("sech2softplus", 1, "function", "sech2(softplus(a))", formula=False),
    Op("far_quarters", 1, "function", "the quarters of a turn in a", formula=False),
    Op("far_angle", 1, "function", "what they leave of a", formula=False),
    Op("far_angle_low", 1, "function", "what rounding far_angle leaves", formula=False),
    Op("logcosh", 1, "function", "log(cosh(a))", formula=False),
    Op("acot", 1, "function", "pi / 2 - atan(a)", formula=False),
    Op("rootsum", 3, "function", "sqrt(a) + b, given c = a - b**2", formula=False),
    Op("rootratio", 3, "function", "1 + b / sqrt(a), given c = a - b**2", formula=False),
    Op("log1mexp", 1, "function", "log(1 - exp(a)), a < 0", formula=False),
    # the same at a + b, b the rounding error of a
    *(
        Op(f"{name}_twofold", 2, "function", f"{name}(a + b), b tiny beside a", formula=False)
        for name in WITH_LOW
    ),
    # the same times the last argument
    *(Op(f"{name}_times", 2, "function", f"{name}(a) * b", formula=False) for name in VANISHING),
    *(
        Op(f"{name}_twofold_times", 3, "function", f"{name}(a + b) * c", formula=False)
        for name in VANISHING
    ),
    # what rounding the same to float64 leaves over
    *(
        Op(f"{name}_rest", arity, "function", f"what rounding {name} leaves", formula=False)
        for name, arity in RESTS.items()
    ),
    # the same to a few ULP, and to 2**-32; the product takes what has vanished to 1e-290 for 0
    *(
        Op(f"{name}_plain", 1, "function", f"{name}(a), nearly", formula=False)
        for name in (*ROUGH, *MERGED)
    ),
    *(
        Op(f"{name}_short", 1, "function", f"{name}(a), roughly", formula=False)
        for name in (*ROUGH, *MERGED)
    ),
    *(
        Op(f"{name}_near{kind}", arity, "function", f"{name}, for |a| up to 2**40", formula=False)
        for name in ("sin", "cos")
        for kind, arity in (("", 1), ("_twofold", 2))
    ),
    *(
        Op(f"{name}{kind}_plain", arity, "function", f"{name}(a), nearly", formula=False)
        for name in CIRCULAR
        for kind, arity in (("", 1), ("_twofold", 2))
    ),
    Op(SLOPE, 1, "function", "the derivative of a normcdf(a), roughly", formula=False),
    Op("product_rough", 2, "select", "a * b, and 0 where a has vanished", formula=False),
    # the same in float32, to less than 1 ULP and to a few
    *(
        Op(f"{name}{tier}", arity, "function", f"{name.split('_')[0]} in float32", formula=False)
        for name, arity in NARROW.items()
        for tier in ("_f32", "_f32_fast")
    ),
    Op("weight_f32", 3, "function", "exp(a) * 2**(b - 1.5 * 2**23), 0 for a < c", formula=False),
    Op("weight_f64", 1, "function", "exp(a) for a <= 0, 0 for a < -700", formula=False),
    Op("weight_low_f32", 3, "function", "what rounding that to float32 loses", formula=False),
    *(
        Op(f"{name}_fast", arity, "function", f"{name.split('_')[0]}, fast", formula=False)
        for name, arity in QUICK.items()
    ),
    *(
        Op(f"{name}{tier}", arity, "function", f"{name} in float32", formula=False)
        for name, arity in (SLOPES | GATES).items()
        for tier in ("_f32", "_f32_fast")
    ),
    # what GPUs have instructions for, to about 2**-22, and functions over them
    Op("exp2_approx", 1, "function", "2**a, 0 where that is subnormal", formula=False),
    Op("reciprocal_approx", 1, "function", "1 / a, 0 beyond 2**126", formula=False),
    Op("log2_approx", 1, "function", "the logarithm to base 2", formula=False),
    *(
        Op(f"{name}_approx", arity, "function", f"{name.split('_')[0]}, for 16 bits", formula=False)
        for name, arity in APPROX.items()
    ),
    Op("mishslope_approx", 1, "function", "the derivative of a tanhsoftplus(a)", formula=False),
    Op("sigmoidpart_approx", 2, "function", "sigmoid(a) (1 + b sigmoid(-a))", formula=False),
    # the same in float32, and with the rounding errors of both
    Op("sigmoidpart", 2, "function", "sigmoid(a) (1 + b sigmoid(-a))", formula=False),
    Op("sigmoidparts", 4, "function", "the same of a + b and c + d", formula=False),
    Op("sigmoidparts_f32", 4, "function", "the same in float32", formula=False),
    Op("sigmoidparts_f32_fast", 4, "function", "the same, fast", formula=False),
    # comparisons, logic, selection
    Op("lt", 2, "compare", "a < b"),
    Op("le", 2, "compare", "a <= b"),
    Op("gt", 2, "compare", "a > b"),
    Op("ge", 2, "compare", "a >= b"),
    Op("eq", 2, "compare", "a == b"),
    Op("ne", 2, "compare", "a != b"),
    Op("and", 2, "logic", "both"),
    Op("or", 2, "logic", "either"),
    Op("not", 1, "logic", "negation"),
    Op("where", 3, "select", "b where a holds, else c"),
    Op("product", 2, "select", "a * b, and 0 wherever a is 0", formula=False),
    # reductions over the axis of the kernel
    Op("sum", 1, "reduction", "the sum over the axis"),
    Op("mean", 1, "reduction", "the mean over the axis"),
    Op("amax", 1, "reduction", "the largest value along the axis"),
    Op("amin", 1, "reduction", "the smallest value along the axis"),
    Op("argmax", 1, "reduction", "the index of the first largest value along the axis"),
    Op("sparsemax_threshold", 1, "reduction", "t with sum(max(a - t, 0)) = 1"),
    # structure: what a formula says beside the value
    Op("stop_gradient", 1, "structure", "the value, with derivative 0"),
    Op("straight_through", 2, "structure", "the value of a, with the derivative of b"),
    Op("concat", None, "structure", "the arguments one after the other along the axis"),
)

OPS: dict[str, Op] = {op.name: op for op in _ROWS}
