"""Lower expressions to what kernels compute: choose functions and working precision.

In: a stabilised and guarded expression, and the format to compute in. Out: one over arithmetic,
selections, the functions of `library` and those a target brings along. Constants become the
nearest numbers of the format, small powers products. The argument of a function that magnifies
its rounding error (`exp` at 700 makes 700 ULP of one) is computed with its rounding error beside
it (`twofold`), and goes to the `*_twofold` version of the function. Where rounding errors are
carried, float64 functions tell theirs, too (`*_rest`). Parameters are float64: what float32 cannot
hold of one is carried along like a rounding error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

from mpmath import mp

from actgen.codegen.algebra import Factor, factors, from_factors, without_common_symbol
from actgen.codegen.evaluate import constant
from actgen.codegen.ir import (
    INF,
    ONE,
    ZERO,
    Apply,
    Const,
    Expr,
    Symbol,
    absolute,
    apply,
    const_value,
    is_op,
    sqrt,
    symbols,
    walk,
    where,
)
from actgen.codegen.ops import OPS, RESTS, TWOFOLD, WITH_LOW
from actgen.codegen.precision import FLOAT64, Format
from actgen.codegen.tails import complete_tails, fused, tail_of
from actgen.codegen.twofold import RULES, Pair, add, finite, mul, normal, plus

Halves: TypeAlias = tuple[Symbol, Symbol]
_MAX_PRODUCT = 64  # larger whole powers call pow


def lower(expr: Expr, fmt: Format = FLOAT64, params: Mapping[Expr, Halves] | None = None) -> Expr:
    """Return `expr` as a kernel computes it in a format.

    `params` gives the names of the two parts of parameters that the format does not hold whole.
    """
    return _Lowering(fmt, params or {}).visit(complete_tails(expr, fmt))


def lower_twofold(expr: Expr, fmt: Format, params: Mapping[Expr, Halves]) -> Expr:
    """Return `expr` as `lower` does, but with all rounding errors carried.

    In float64 those of functions, too.
    """
    lowering = _Lowering(fmt, params, normal=True, carry=fmt is FLOAT64)
    expr = complete_tails(expr, fmt)
    pair = lowering.pair(expr)
    if pair.low is None:
        return pair.high
    finite = apply("lt", absolute(pair.low), INF)
    otherwise = pair.high if lowering.carry else lowering.visit(expr)
    return where(finite, pair.high + pair.low, otherwise)


class _Lowering:
    def __init__(
        self,
        fmt: Format,
        params: Mapping[Expr, Halves],
        normal: bool = False,
        carry: bool = False,
    ) -> None:
        self.fmt = fmt
        self.normal = normal  # whether the high part of a sum takes all that it can hold
        self.carry = carry  # whether pairs hold the rounding errors of functions
        self.params = params
        self.done: dict[Expr, Expr] = {}
        self.pairs: dict[Expr, Pair] = {}

    @cached_property
    def inner(self) -> _Lowering:
        """The lowering of arguments that functions magnify: it carries all errors it can."""
        carries = self.carry and not self.normal
        return (
            self
            if carries or self.fmt is not FLOAT64
            else _Lowering(self.fmt, self.params, carry=True)
        )

    def visit(self, expr: Expr) -> Expr:
        for node in walk(expr):
            if node not in self.done:
                self.done[node] = self._lower(node)
        return self.done[expr]

    def _lower(self, node: Expr) -> Expr:
        if isinstance(node, Const):
            return _nearest(node, self.fmt)
        if node in self.params:
            return self.params[node][0]
        if not isinstance(node, Apply) or not node.args:
            return self._named(node)
        if OPS[node.op].category in ("arith", "function"):
            folded = _fold(node, self.fmt)
            if folded is not None:
                return folded[0]
        node = fused(node)
        if node.op in ("product", "mul"):
            tail = self._vanishing(node)
            if tail is not None:
                return tail.high
        if node.op in ("mul", "div"):
            scaled = self._constant_multiple(node)
            if scaled is not None:
                return scaled
        if node.op == "pow":
            return self._power(node)
        if node.op in (WITH_LOW if self.carry else TWOFOLD):
            pair = self.inner.pair(without_common_symbol(node.args[0]))
            if pair.low is not None and pair.low != ZERO:
                return apply(f"{node.op}_twofold", pair.high, pair.low)
        if OPS[node.op].category == "compare":
            return self._compare(node)
        if node.op in ("stop_gradient", "straight_through"):
            return self.done[node.args[0]]
        return Apply(node.op, tuple(self.done[arg] for arg in node.args))

    def _named(self, node: Expr) -> Expr:
        folded = None if is_op(node, "inf") else _fold(node, self.fmt)
        return node if folded is None else folded[0]

    def _vanishing(self, node: Apply) -> Pair | None:
        """Return a product with factors that vanish exponentially, rounded when it is complete.

        Such a factor loses its digits among the subnormal numbers long before the product does.
        """
        guarded = node.op == "product"
        coefficient, parts = factors(node.args[0] if guarded else node)
        tiny = [f for f in parts if tail_of(f[0]) is not None and f[1] in (1, 2)]
        rest = [f for f in parts if f not in tiny]
        if not tiny or (not guarded and not any(symbols(base) for base, _ in rest)):
            return None
        inner = from_factors(coefficient, rest)
        if guarded:
            inner = node.args[1] if inner == ONE else apply("product", inner, node.args[1])
        inner, logarithm = _into_exponent(inner, tiny, self.fmt)
        value = self.pair(inner) if self.carry else Pair(self.visit(inner))
        for base, exponent in tiny:
            name, argument = tail_of(base) or ("", base)
            pair = self.inner.pair(without_common_symbol(argument))
            if name == "exp" and exponent == 1 and logarithm is not None:
                pair, logarithm = add(pair, logarithm), None
            for _ in range(int(exponent)):
                value = self._times(name, pair, value)
        return value

    def _times(self, name: str, at: Pair, value: Pair) -> Pair:
        """Return a value times a function that vanishes."""
        exact = at.low is None or at.low == ZERO
        name, args = (name, (at.high,)) if exact else (f"{name}_twofold", (at.high, at.low or ZERO))
        high = Apply(f"{name}_times", (*args, value.high))
        if not self.carry:
            return Pair(high)
        low: Expr = Apply(f"{name}_times_rest", high.args)
        return Pair(high, low if value.low is None else low + Apply(name, args) * value.low)

    def _constant_multiple(self, node: Apply) -> Expr | None:
        """Return a product with its inexact constants as one, as exact as one fma makes it."""
        coefficient, parts = factors(node)
        constants = [f for f in parts if not symbols(f[0])]
        rest = [f for f in parts if f not in constants]
        if not rest or not any(exponent > 0 for _, exponent in rest):
            return None
        if not constants and _exact_scale(coefficient, self.fmt):
            return None
        folded = _fold(from_factors(coefficient, constants), self.fmt)
        if folded is None:
            return None
        high, low = _same_signs(*folded, self.fmt)
        value = self.visit(from_factors(ONE.value, rest))
        return value * high if low is None else apply("fma", value, high, value * low)

    def _compare(self, node: Apply) -> Expr:
        """Return a comparison that sees the rounding errors of what it compares."""
        plain = Apply(node.op, tuple(self.done[arg] for arg in node.args))
        a, b = (self.pair(arg) for arg in node.args)
        error = plus(a.low, None if b.low is None else -b.low)
        if error is None:
            return plain
        if node.op in ("eq", "ne"):
            return self._equality(node, plain, error)
        tie = apply("and", apply("eq", a.high, b.high), apply(node.op, error, ZERO))
        strict = apply({"le": "lt", "ge": "gt"}.get(node.op, node.op), a.high, b.high)
        return apply("or", strict, tie)

    def _equality(self, node: Apply, plain: Expr, error: Expr) -> Expr:
        """Return a comparison with a parameter that sees what the format does not hold of it."""
        if not any(arg in self.params for arg in node.args):
            return plain
        whole = apply(node.op, error, ZERO)
        return apply("and" if node.op == "eq" else "or", plain, whole)

    def _power(self, node: Apply) -> Expr:
        base, exponent = self.done[node.args[0]], const_value(node.args[1])
        if exponent is None or exponent.denominator > 2 or abs(exponent) > _MAX_PRODUCT:
            return apply("pow", base, self.done[node.args[1]])
        if exponent == 2 and _is_sum_of_functions(node.args[0]):
            sum_ = self.inner.pair(node.args[0])  # a square doubles the error of what it squares
            if sum_.low is not None:
                return apply("fma", sum_.high, sum_.high, 2 * sum_.high * sum_.low)
        whole = abs(exponent.numerator) // exponent.denominator
        result = _product_of(base, whole)
        if exponent.denominator == 2:
            result = sqrt(base) if result is None else result * sqrt(base)
        result = ONE if result is None else result
        return result if exponent > 0 else ONE / result

    def pair(self, node: Expr) -> Pair:
        """Return `node` with the rounding error of its own arithmetic."""
        if node not in self.pairs:
            self.pairs[node] = self._pair(node)
        return self.pairs[node]

    def _pair(self, node: Expr) -> Pair:
        if node in self.params:
            return Pair(*self.params[node])
        plain = self.visit(node)
        if isinstance(node, (Symbol, Const)) or not isinstance(node, Apply):
            held = isinstance(node, Const) and isinstance(plain, Const)
            rest = _value(node) - _value(plain) if held else Fraction(0)
            return Pair(plain, _rounded(rest, self.fmt) if rest else None)
        folded = _fold(node, self.fmt)
        if folded is not None:
            return Pair(*folded)
        node = fused(node)
        if self.carry and node.op in ("product", "mul"):
            tail = self._vanishing(node)
            if tail is not None:
                return tail
        if self.carry and isinstance(plain, Apply) and plain.op in RESTS:
            return Pair(plain, Apply(f"{plain.op}_rest", plain.args))
        if node.op == "neg":
            inner = self.pair(node.args[0])
            return Pair(-inner.high, None if inner.low is None else -inner.low)
        if node.op == "where":
            condition, a, b = self.done[node.args[0]], *(self.pair(arg) for arg in node.args[1:])
            if a.low is None and b.low is None:
                return Pair(plain)
            either = apply("where", condition, a.low or ZERO, b.low or ZERO)
            return Pair(apply("where", condition, a.high, b.high), either)
        if node.op == "pow":
            return self._power_pair(node, plain)
        if node.op == "product":
            a, b = (self.pair(arg) for arg in node.args)
            low = mul(a, b).low
            zero = apply("eq", a.high, ZERO)
            high = apply("product", a.high, b.high)
            return Pair(high, None if low is None else where(zero, ZERO, low))
        rule = RULES.get(node.op)
        if rule is None:
            return Pair(plain)
        args = [self.pair(arg) for arg in node.args]
        cancels = self.normal and node.op in ("add", "sub") and any(arg.low for arg in args)
        if not cancels:
            return rule(*args)
        return finite(rule(*args)) if self.carry else normal(rule(*args))

    def _power_pair(self, node: Apply, plain: Expr) -> Pair:
        exponent = const_value(node.args[1])
        if exponent is None or exponent.denominator != 1 or not 1 < exponent <= 4:
            return Pair(plain)
        base = self.pair(node.args[0])
        result = base
        for _ in range(exponent.numerator - 1):
            result = mul(result, base)
        return result


def _is_sum_of_functions(node: Expr) -> bool:
    return is_op(node, "add", "sub") and all(
        isinstance(arg, Apply) and OPS[arg.op].category == "function" for arg in node.args
    )


def _into_exponent(inner: Expr, tiny: list[Factor], fmt: Format) -> tuple[Expr, Pair | None]:
    """Return a product without its irrational constants, and their logarithm.

    K e^u = e^(u + log K) rounds once less: the exponent carries its rounding errors along.
    """
    coefficient, parts = factors(inner)
    constants = [f for f in parts if not symbols(f[0])]
    if not constants or not any(is_op(base, "exp") and n == 1 for base, n in tiny):
        return inner, None
    folded = _fold(apply("log", from_factors(ONE.value, constants)), fmt)
    if folded is None:
        return inner, None
    return from_factors(coefficient, [f for f in parts if f not in constants]), Pair(*folded)


def _product_of(base: Expr, count: int) -> Expr | None:
    """Return base**count by repeated squaring, None for count 0."""
    if count == 0:
        return None
    half = _product_of(base, count // 2)
    if half is None:
        return base
    return half * half * base if count % 2 else half * half


def _fold(node: Expr, fmt: Format) -> tuple[Expr, Expr | None] | None:
    """Return the number nearest to an expression without symbols, and what it leaves over."""
    value = constant(node)
    if value is None or not mp.isfinite(value):
        return None
    high = _number(value, fmt)
    if math.isinf(high):
        return (INF if high > 0 else -INF), None
    with mp.workdps(60):
        low = value - high
        return Const(Fraction(high)), Const(Fraction(_number(low, fmt))) if low else None


def _number(value: Any, fmt: Format) -> float:
    number = float(value)
    return fmt.nearest(Fraction(number)) if math.isfinite(number) else number


def _same_signs(high: Expr, low: Expr | None, fmt: Format) -> tuple[Expr, Expr | None]:
    """Move a pair so that its parts have one sign: times infinity they give no NaN."""
    if low is None or _value(high) * _value(low) > 0:
        return high, low
    size = abs(_value(high))
    step = Fraction(2) ** (math.frexp(float(size))[1] - fmt.bits)
    below = (size - (step / 2 if fmt.holds(size - step / 2) else step)) * (
        1 if _value(high) > 0 else -1
    )
    return Const(below), _rounded(_value(high) - below + _value(low), fmt)


def _exact_scale(coefficient: Fraction, fmt: Format) -> bool:
    """Tell whether multiplying by a coefficient, or dividing by its denominator, rounds once."""
    q = coefficient.denominator
    if q & (q - 1) == 0 or (abs(coefficient.numerator) == 1 and q <= 1000):
        return abs(coefficient.numerator) < 1 << fmt.bits
    return False


def _rounded(value: Fraction, fmt: Format) -> Const:
    return Const(Fraction(fmt.nearest(value)))


def _nearest(node: Const, fmt: Format) -> Expr:
    number = fmt.nearest(node.value)
    if math.isinf(number):
        return INF if number > 0 else -INF
    return Const(Fraction(number))


def _value(node: Expr) -> Fraction:
    return const_value(node) or Fraction(0)
