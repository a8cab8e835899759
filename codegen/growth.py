"""Find how an expression grows as x goes to an infinity: an expression in, its leading term out.

With t = |x|, every sub-expression gets an order of growth (`orders`), from those of its parts.
Signs of parameters that no constraint settles are tried both ways by the caller (`signs`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from actgen.codegen.evaluate import evaluate
from actgen.codegen.ir import (
    ONE,
    PI,
    ZERO,
    Apply,
    Const,
    Expr,
    Symbol,
    apply,
    sqrt,
    symbols,
    walk,
)
from actgen.codegen.orders import (
    NOTHING,
    UNKNOWN,
    End,
    Growth,
    even,
    finite,
    leading,
    logarithm,
    rank,
    scaled,
)
from actgen.codegen.simplify import simplify


def growth(expr: Expr, direction: int, signs: Mapping[str, int], end: End = "far") -> Growth:
    """Return the growth of `expr` for x → `direction` * ∞, given the signs of the parameters.

    With `end` "near" x goes to 0 from that side instead, and t is 1/|x|.
    """
    return trace(expr, direction, signs, end)[expr]


def trace(
    expr: Expr, direction: int, signs: Mapping[str, int], end: End = "far"
) -> dict[Expr, Growth]:
    """Return the growth of every sub-expression of `expr`."""
    done: dict[Expr, Growth] = {}
    scope = _Scope(direction, signs, end)
    for node in walk(expr):
        done[node] = scope.of(node, [done[arg] for arg in node.args])
    return done


@dataclass(frozen=True)
class _Scope:
    direction: int
    signs: Mapping[str, int]
    end: End

    def sign_of(self, expr: Expr) -> int:
        """Return the sign of a coefficient, 0 if it cannot be told."""
        names = symbols(expr)
        if any(not self.signs.get(s.name) for s in names):
            return 0
        # three magnitudes of every parameter must agree on the sign
        found = set()
        for size in ("0.37", "1.9", "11.3"):
            value = evaluate(
                expr,
                {s.name: self.signs[s.name] * evaluate(Const(Fraction(size)), {}) for s in names},
            )
            found.add((value > 0) - (value < 0))
        return found.pop() if len(found) == 1 else 0

    def of(self, node: Expr, args: list[Growth]) -> Growth:
        if isinstance(node, Const):
            return finite(node, (node.value > 0) - (node.value < 0)) if node.value else NOTHING
        if isinstance(node, Symbol):
            if node.name == "x":
                power = Fraction(1 if self.end == "far" else -1)
                return Growth("power", self.direction, power, Const(Fraction(self.direction)))
            return finite(node, self.signs.get(node.name, 0))
        assert isinstance(node, Apply)
        if node.op == "inf":
            return Growth("large", 1)
        if not node.args:
            return finite(node, 1)
        if node.op in _BINARY:
            return _BINARY[node.op](self, *args)
        if any(arg.kind == "unknown" for arg in args) and node.op != "where":
            return UNKNOWN
        if node.op in _UNARY:
            return _UNARY[node.op](self, args[0])
        if node.op == "pow":
            return self.pow(args[0], node.args[1])
        if node.op == "fma":
            return self.add(self.mul(args[0], args[1]), args[2])
        if node.op == "where":
            return self.where(node.args[0], args)
        if node.op == "rootratio":
            root = self.pow(args[0], Const(Fraction(1, 2)))
            if args[1].sign < 0:
                below = self.add(args[0], self.neg(self.mul(args[1], root)))
                return self.mul(args[2], self.inverse(below))
            return self.add(finite(ONE, 1), self.mul(args[1], self.inverse(root)))
        if node.op == "rootsum":
            root = self.pow(args[0], Const(Fraction(1, 2)))
            if args[1].sign < 0:
                return self.mul(args[2], self.inverse(self.add(root, self.neg(args[1]))))
            return self.add(root, args[1])
        return UNKNOWN

    def neg(self, a: Growth) -> Growth:
        return Growth(a.kind, -a.sign, a.power, simplify(-a.coef), a.rate)

    def add(self, a: Growth, b: Growth) -> Growth:
        if "unknown" in (a.kind, b.kind):
            return UNKNOWN
        rank_a, rank_b = rank(a), rank(b)
        if rank_a != rank_b:
            first, second = (a, b) if rank_a > rank_b else (b, a)
            if first.kind == "log" and second.kind == "power" and first.power == second.power:
                whole = simplify(leading(first) + leading(second))
                return Growth("log", first.sign, first.power, whole)
            return first
        if "bounded" in (a.kind, b.kind):
            return Growth("bounded", 0, a.power)
        if a.kind in ("tiny", "large"):
            return self.exponentials(a, b)
        if a.kind == "power":
            coef = simplify(a.coef + b.coef)
            sign = a.sign if a.sign == b.sign and a.sign else self.sign_of(coef)
            return UNKNOWN if coef == ZERO or not sign else Growth("power", sign, a.power, coef)
        return a if a.sign == b.sign and a.sign else UNKNOWN if a.kind != "zero" else a

    def exponentials(self, a: Growth, b: Growth) -> Growth:
        """Add two exponentials of the same kind."""
        if a.rate is not None and b.rate is not None:
            faster = self.add(a.rate, self.neg(b.rate))
            if faster.infinite and faster.sign:
                return a if faster.sign > 0 else b
            if a.sign == b.sign:
                return a
        elif a.sign == b.sign:
            return Growth(a.kind, a.sign)
        return Growth("tiny") if a.kind == "tiny" else UNKNOWN

    def mul(self, a: Growth, b: Growth) -> Growth:
        if "unknown" in (a.kind, b.kind):
            return UNKNOWN
        kinds = {a.kind, b.kind}
        sign = a.sign * b.sign
        if "zero" in kinds:
            return NOTHING
        if "tiny" in kinds or "large" in kinds:
            return self.exponential_product(a, b, sign)
        power = a.power + b.power
        if "bounded" in kinds:
            return Growth("bounded", 0, power) if "log" not in kinds else UNKNOWN
        if "log" in kinds:
            return Growth("log", sign, power, simplify(leading(a) * leading(b)))
        return Growth("power", sign, power, simplify(a.coef * b.coef))

    def exponential_product(self, a: Growth, b: Growth, sign: int) -> Growth:
        """Multiply where one factor at least is exponentially large or small."""
        rates = [g.rate for g in (a, b) if g.kind in ("large", "tiny")]
        known = [rate for rate in rates if rate is not None]
        rate = None if len(known) < len(rates) else known[0]
        if rate is not None and len(known) == 2:
            rate = self.add(known[0], known[1])
        if {a.kind, b.kind} >= {"large", "tiny"}:
            if rate is None or not rate.infinite or not rate.sign:
                return UNKNOWN
            return Growth("large" if rate.sign > 0 else "tiny", sign, rate=rate)
        if "tiny" in (a.kind, b.kind):
            return Growth("tiny", sign, rate=rate)
        return UNKNOWN if "bounded" in (a.kind, b.kind) else Growth("large", sign, rate=rate)

    def inverse(self, a: Growth) -> Growth:
        if a.kind in ("unknown", "zero", "bounded"):
            return UNKNOWN
        if a.kind in ("large", "tiny"):
            rate = None if a.rate is None else self.neg(a.rate)
            return Growth("tiny" if a.kind == "large" else "large", a.sign, rate=rate)
        return Growth(a.kind, a.sign, -a.power, simplify(1 / a.coef))

    def pow(self, a: Growth, exponent: Expr) -> Growth:
        if not isinstance(exponent, Const):
            return UNKNOWN
        n = exponent.value
        if a.kind == "zero":
            return a if n > 0 else UNKNOWN
        if a.kind == "bounded":
            return Growth("bounded", 0, a.power * n) if n > 0 else UNKNOWN
        odd = n.denominator == 1 and n.numerator % 2 == 1
        sign = a.sign if odd else 1
        if n.denominator != 1 and a.sign <= 0:
            return UNKNOWN
        if a.kind in ("large", "tiny"):
            grows = (a.kind == "large") == (n > 0)
            rate = (
                None if a.rate is None else self.mul(finite(exponent, 1 if n > 0 else -1), a.rate)
            )
            return Growth("large" if grows else "tiny", sign, rate=rate)
        return Growth(a.kind, sign, a.power * n, simplify(apply("pow", a.coef, n)))

    def where(self, condition: Expr, args: list[Growth]) -> Growth:
        if args[1] == args[2]:
            return args[1]
        decided = self.decide(condition)
        return UNKNOWN if decided is None else args[1] if decided else args[2]

    def decide(self, condition: Expr) -> bool | None:
        """Return what a condition says far out, or None."""
        if not isinstance(condition, Apply):
            return None
        if condition.op in ("and", "or", "not"):
            parts = [self.decide(arg) for arg in condition.args]
            if condition.op == "not":
                return None if parts[0] is None else not parts[0]
            stop = condition.op == "or"
            return stop if stop in parts else None if None in parts else not stop
        if condition.op not in _COMPARISONS:
            return None
        a, b = (growth(arg, self.direction, self.signs, self.end) for arg in condition.args)
        difference = self.add(a, self.neg(b))
        if not difference.sign or difference.kind in ("unknown", "bounded"):
            return None
        return _COMPARISONS[condition.op](difference.sign)

    def extremum(self, a: Growth, b: Growth, want: int) -> Growth:
        if a == b:
            return a
        difference = self.add(a, self.neg(b))
        if difference.kind in ("unknown", "bounded") or not difference.sign:
            return UNKNOWN
        return a if difference.sign == want else b

    def logarithm(self, name: str, a: Growth) -> Growth:
        if a.kind == "power" and a.power != 0 and a.sign > 0 and (a.power > 0 or name == "log"):
            return logarithm(a)
        return self.function(name, a, None, None, a if name == "log1p" else None)

    def asinh(self, a: Growth) -> Growth:
        if a.kind == "power" and a.power > 0 and a.sign:
            size = logarithm(scaled(a, Const(Fraction(2 * a.sign))))
            return size if a.sign > 0 else self.neg(size)
        return self.function("asinh", a, None, None, a)

    def function(
        self, name: str, a: Growth, plus: Growth | None, minus: Growth | None, small: Growth | None
    ) -> Growth:
        """Class f(a) by where its argument goes: +∞, -∞, 0 or a constant."""
        if a.infinite:
            chosen = plus if a.sign > 0 else minus if a.sign < 0 else None
            if chosen is not None and chosen.kind in ("large", "tiny") and name in _RATES:
                return replace(chosen, rate=_RATES[name](self, a))
            return UNKNOWN if chosen is None else chosen
        if a.vanishes:
            return UNKNOWN if small is None else small
        if a.constant:
            coef = simplify(apply(name, a.coef))
            sign = self.sign_of(coef)
            return finite(coef, sign) if sign else UNKNOWN
        return UNKNOWN


_ONE, _MINUS, _HALF = (
    finite(ONE, 1),
    finite(Const(Fraction(-1)), -1),
    finite(Const(Fraction(1, 2)), 1),
)
_LARGE, _MINUS_LARGE, _TINY = Growth("large", 1), Growth("large", -1), Growth("tiny", 1)
_TWO, _PI, _HALF_PI = finite(Const(Fraction(2)), 1), finite(PI, 1), finite(PI / 2, 1)
_MINUS_HALF_PI = finite(-(PI / 2), -1)
_BOUNDED = Growth("bounded")


def _decay(scope: _Scope, a: Growth) -> Growth:
    return scope.neg(scope.mul(a, a))


# the exponent of a function that grows or vanishes exponentially, to first order
_RATES: dict[str, Callable[[_Scope, Growth], Growth]] = {
    **dict.fromkeys(("exp", "expm1", "sigmoid", "softplus"), lambda s, a: a),
    **dict.fromkeys(("sinh", "cosh"), lambda s, a: even(a)),
    "sech2": lambda s, a: s.neg(scaled(even(a), Const(Fraction(2)))),
    **dict.fromkeys(("erfc", "normcdf"), _decay),
}
_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "lt": lambda s: s < 0,
    "le": lambda s: s < 0,
    "gt": lambda s: s > 0,
    "ge": lambda s: s > 0,
    "eq": lambda s: False,
    "ne": lambda s: True,
}
_BINARY: dict[str, Callable[[_Scope, Growth, Growth], Growth]] = {
    "add": lambda s, a, b: s.add(a, b),
    "sub": lambda s, a, b: s.add(a, s.neg(b)),
    "mul": lambda s, a, b: s.mul(a, b),
    "product": lambda s, a, b: s.mul(a, b),
    "div": lambda s, a, b: s.mul(a, s.inverse(b)),
    "min": lambda s, a, b: s.extremum(a, b, -1),
    "max": lambda s, a, b: s.extremum(a, b, 1),
    "hypot": lambda s, a, b: s.pow(s.add(s.mul(a, a), s.mul(b, b)), Const(Fraction(1, 2))),
    "straight_through": lambda s, a, b: a,
}
_UNARY: dict[str, Callable[[_Scope, Growth], Growth]] = {
    "neg": lambda s, a: s.neg(a),
    "abs": lambda s, a: even(a) if a.sign else a if a.kind in ("zero", "bounded") else UNKNOWN,
    "sign": lambda s, a: finite(Const(Fraction(a.sign)), a.sign) if a.sign else UNKNOWN,
    "sqrt": lambda s, a: s.pow(a, Const(Fraction(1, 2))),
    "stop_gradient": lambda s, a: a,
    "floor": lambda s, a: a if a.infinite else UNKNOWN,
    "ceil": lambda s, a: a if a.infinite else UNKNOWN,
    "round": lambda s, a: a if a.infinite else UNKNOWN,
    "exp": lambda s, a: s.function("exp", a, _LARGE, _TINY, _ONE) if a.kind != "log" else UNKNOWN,
    "expm1": lambda s, a: s.function("expm1", a, _LARGE, _MINUS, a),
    "log": lambda s, a: s.logarithm("log", a),
    "log1p": lambda s, a: s.logarithm("log1p", a),
    "sin": lambda s, a: _BOUNDED if a.infinite else s.function("sin", a, None, None, a),
    "cos": lambda s, a: _BOUNDED if a.infinite else s.function("cos", a, None, None, _ONE),
    "atan": lambda s, a: s.function("atan", a, _HALF_PI, _MINUS_HALF_PI, a),
    "acot": lambda s, a: s.function("acot", a, s.inverse(a), _PI, _HALF_PI),
    "sinh": lambda s, a: s.function("sinh", a, _LARGE, _MINUS_LARGE, a),
    "cosh": lambda s, a: s.function("cosh", a, _LARGE, _LARGE, _ONE),
    "tanh": lambda s, a: s.function("tanh", a, _ONE, _MINUS, a),
    "asinh": lambda s, a: s.asinh(a),
    "erf": lambda s, a: s.function("erf", a, _ONE, _MINUS, scaled(a, 2 / sqrt(PI))),
    "erfc": lambda s, a: s.function("erfc", a, _TINY, _TWO, _ONE),
    "sigmoid": lambda s, a: s.function("sigmoid", a, _ONE, _TINY, _HALF),
    "softplus": lambda s, a: s.function("softplus", a, a, _TINY, None),
    "sech2": lambda s, a: s.function("sech2", a, _TINY, _TINY, _ONE),
    "normcdf": lambda s, a: s.function("normcdf", a, _ONE, _TINY, _HALF),
    "logcosh": lambda s, a: s.function("logcosh", a, a, s.neg(a), None),
}
