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

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from actgen.codegen import tails
from actgen.codegen.algebra import (
    constants_inside,
    factors,
    from_factors,
    is_sum_of_functions,
    repeated,
    scaled,
    terms,
    without_common_symbol,
)
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
from actgen.codegen.rounding import (
    exact_scale,
    fold,
    nearest,
    rounded,
    same_signs,
    value_of,
    with_zeros,
)
from actgen.codegen.signs import sign_of
from actgen.codegen.twofold import (
    RULES,
    Pair,
    add,
    add_to_constant,
    finite,
    inverse,
    mul,
    normal,
    plus,
)

Halves: TypeAlias = tuple[Symbol, Symbol]
_MAX_PRODUCT = 64  # larger whole powers call pow


def lower(expr: Expr, fmt: Format = FLOAT64, params: Mapping[Expr, Halves] | None = None) -> Expr:
    """Return `expr` as a kernel computes it in a format.

    `params` gives the names of the two parts of parameters that the format does not hold whole.
    """
    return _Lowering(fmt, params or {}).visit(tails.complete_tails(expr, fmt))


def lower_twofold(expr: Expr, fmt: Format, params: Mapping[Expr, Halves]) -> Expr:
    """Return `expr` as `lower` does, all rounding errors carried; in float64 functions' errors."""
    lowering = _Lowering(fmt, params, normal=True, carry=fmt is FLOAT64)
    return lowering.closed(tails.complete_tails(expr, fmt))


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
            return nearest(node, self.fmt)
        if node in self.params:
            return self.params[node][0]
        if not isinstance(node, Apply) or not node.args:
            return self._named(node)
        if OPS[node.op].category in ("arith", "function"):
            folded = fold(node, self.fmt)
            if folded is not None:
                return folded[0]
        node = tails.fused(node)
        if node.op in ("product", "mul", "div"):
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
            pair = self.inner.argument(node.args[0])
            if pair.low is not None and pair.low != ZERO:
                return apply(f"{node.op}_twofold", pair.high, pair.low)
        if node.op == "sigmoidpart":
            pairs = [self.inner.argument(arg) for arg in node.args]
            return apply("sigmoidparts", *(n or ZERO for p in pairs for n in (p.high, p.low)))
        if OPS[node.op].category == "compare":
            return self._compare(node)
        if node.op in ("stop_gradient", "straight_through"):
            return self.done[node.args[0]]
        plain = Apply(node.op, tuple(self.done[arg] for arg in node.args))
        if node.op in ("add", "sub"):
            return self._whole_sum(node, plain)
        if self._divides_by_parameter(node):
            return self.done[node.args[0]] * (ONE / self.done[node.args[1]])
        return plain

    def _whole_sum(self, node: Apply, plain: Expr) -> Expr:
        """Return a sum with what the format does not hold of a parameter in it."""
        left, right = (self.params[arg][1] if arg in self.params else None for arg in node.args)
        if right is not None:
            plain = Apply(node.op, (plain, right))
        return plain if left is None else plain + left

    def _named(self, node: Expr) -> Expr:
        folded = None if is_op(node, "inf") else fold(node, self.fmt)
        return node if folded is None else folded[0]

    def _vanishing(self, node: Apply) -> Pair | None:
        """Return a product with factors that vanish exponentially, rounded when it is complete.

        Such a factor loses its digits among the subnormal numbers long before the product does.
        """
        guarded = node.op == "product"
        coefficient, parts = factors(node.args[0] if guarded else node)
        tiny = [f for f in parts if tails.tail_of(f[0]) is not None and f[1] in (1, 2)]
        rest = [f for f in parts if f not in tiny]
        inner = from_factors(coefficient, rest)
        if not tiny or not (guarded or tails.worth_joining(node, inner, tiny, self.fmt)):
            return None
        if guarded:
            inner = node.args[1] if inner == ONE else apply("product", inner, node.args[1])
        inner, logarithm = tails.into_exponent(inner, tiny, self.fmt)
        value = self.pair(inner) if self.carry else Pair(self.visit(inner))
        for base, exponent in tiny:
            name, argument = tails.tail_of(base) or ("", base)
            pair = self.inner.argument(argument)
            if name == "exp" and exponent == 1 and logarithm is not None:
                pair, logarithm = add(pair, logarithm), None
            for _ in range(int(exponent)):
                value = self._times(name, pair, value)
            if is_op(node, "div") and symbols(inner) and name == "exp":
                value = tails.infinite_first(value, pair.high, self.visit(inner))
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
        if not constants and exact_scale(coefficient, self.fmt):
            return None
        folded = fold(from_factors(coefficient, constants), self.fmt)
        if folded is None:
            return None
        high, low = same_signs(*folded, self.fmt)
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
        strict = {"le": "lt", "ge": "gt"}.get(node.op, node.op)
        if isinstance(node.args[1], Const) and a.low is None:
            below = value_of(b.high) < value_of(node.args[1])
            inclusive = {"lt": "le", "gt": "ge"}[strict]
            return apply(inclusive if below == (strict == "lt") else strict, a.high, b.high)
        tie = apply("and", apply("eq", a.high, b.high), apply(node.op, error, ZERO))
        return apply("or", apply(strict, a.high, b.high), tie)

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
        if exponent == 2 and is_sum_of_functions(node.args[0]):
            sum_ = self.inner.pair(node.args[0])  # a square doubles the error of what it squares
            if sum_.low is not None:
                return apply("fma", sum_.high, sum_.high, 2 * sum_.high * sum_.low)
        whole = abs(exponent.numerator) // exponent.denominator
        result = repeated(base, whole)
        if exponent.denominator == 2:
            result = sqrt(base) if result is None else result * sqrt(base)
        result = ONE if result is None else result
        return result if exponent > 0 else ONE / result

    def pair(self, node: Expr) -> Pair:
        """Return `node` with the rounding error of its own arithmetic."""
        if node not in self.pairs:
            self.pairs[node] = self._pair(node)
        return self.pairs[node]

    def argument(self, node: Expr) -> Pair:
        """Return the argument of a function that magnifies its rounding error, as a pair.

        In float32 its low part may be more than the rounding error of the high one; in float64 it
        may not, as results of less precision do without.
        """
        node = without_common_symbol(node)
        if self.fmt is FLOAT64:
            return self.pair(node)
        if is_op(node, "mul") and isinstance(node.args[0], Symbol):
            found = self._beside_constant(node.args[1])
            return self.pair(node) if found is None else mul(self.pair(node.args[0]), found)
        return self._beside_constant(node) or self.pair(node)

    def _beside_constant(self, node: Expr) -> Pair | None:
        """Return a sum of a constant and a product of its sign, None for anything else.

        It is exact up to 2**9 times the constant. Beyond 2**7, functions of float32 numbers have
        reached their limits, or magnify nothing.
        """
        if len(terms(node)) != 2:
            return None
        one, other = (scaled(*term) for term in terms(node))
        constant, product = (other, one) if symbols(one) else (one, other)
        coefficient, parts = factors(product)
        varying = [f for f in parts if symbols(f[0])]
        rest = from_factors(ONE.value, varying)
        offset = fold(constant, self.fmt)
        slope = fold(from_factors(coefficient, [f for f in parts if f not in varying]), self.fmt)
        if offset is None or slope is None or abs(value_of(offset[0])) < Fraction(1, 4):
            return None
        if sign_of(offset[0]) * sign_of(slope[0]) <= 0 or sign_of(rest) <= 0:
            return None
        return add_to_constant(Pair(*with_zeros(*offset, self.fmt)), Pair(*slope), self.pair(rest))

    def closed(self, node: Expr) -> Expr:
        """Return `node` as one number, rounded when all errors are in it."""
        if not self.carry:
            node = constants_inside(node)
            if node in self.params or isinstance(node, Const):
                return self.visit(node)
            exponent = tails.as_exponent(node, self.fmt)
            if exponent is not None:
                pair = add(self.argument(exponent[0]), exponent[1])
                return apply("exp_twofold", pair.high, pair.low or ZERO)
            if is_op(node, "where"):
                condition, a, b = node.args
                return where(self.visit(condition), self.closed(a), self.closed(b))
            if is_op(node, "neg"):
                return -self.closed(node.args[0])
            if is_op(node, "mul", "product"):
                return self._closed_product(node, *map(self.pair, node.args))
            if self._divides_by_parameter(node):
                return self._closed_product(
                    node, self.pair(node.args[0]), inverse(self.pair(node.args[1]))
                )
        pair = self.pair(node)
        if pair.low is None:
            return pair.high
        # an error that is no smaller is not finite, or stands beside a zero, which keeps its sign
        smaller = apply("lt", absolute(pair.low), INF if self.carry else absolute(pair.high))
        return where(smaller, pair.high + pair.low, pair.high if self.carry else self.visit(node))

    def _divides_by_parameter(self, node: Expr) -> bool:
        return is_op(node, "div") and node.args[1] in self.params  # many, by the same number

    def _closed_product(self, node: Expr, a: Pair, b: Pair) -> Expr:
        """Return a product, its last step an fma: what the first would round is not needed."""
        errors = [this.low * other.high for this, other in ((a, b), (b, a)) if this.low is not None]
        if not errors:
            return self.visit(node)
        error = sum(errors[1:], errors[0])
        smaller = apply("lt", absolute(error), absolute(a.high * b.high))
        whole = apply("fma", a.high, b.high, where(smaller, error, -ZERO))
        return where(apply("eq", a.high, ZERO), a.high, whole) if is_op(node, "product") else whole

    def _pair(self, node: Expr) -> Pair:
        if node in self.params:
            return Pair(*self.params[node])
        plain = self.visit(node)
        if isinstance(node, (Symbol, Const)) or not isinstance(node, Apply):
            held = isinstance(node, Const) and isinstance(plain, Const)
            rest = value_of(node) - value_of(plain) if held else Fraction(0)
            return Pair(plain, rounded(rest, self.fmt) if rest else None)
        folded = fold(node, self.fmt)
        if folded is not None:
            return Pair(*folded)
        node = tails.fused(node)
        if self.carry and node.op in ("product", "mul", "div"):
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
        args = [self.pair(arg) for arg in node.args]
        if self._divides_by_parameter(node):
            return mul(args[0], inverse(args[1]))
        rule = RULES.get(node.op)
        if rule is None:
            return Pair(plain)
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
