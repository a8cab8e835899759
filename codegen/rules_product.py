"""Stabilise products and quotients: exponentials that overflow apart become bounded together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from actgen.codegen.algebra import Factor, factors, from_factors, terms
from actgen.codegen.ir import (
    ONE,
    ZERO,
    Apply,
    Expr,
    apply,
    const_value,
    cosh,
    exp,
    is_op,
    log,
    sech2,
    sigmoid,
    tanh,
    walk,
)
from actgen.codegen.simplify import simplify

Rule = tuple[str, str, Callable[[Expr], Expr | None]]


def rebuilt(coefficient: Fraction, parts: list[Factor], gone: set[int], *new: Factor) -> Expr:
    kept = [part for i, part in enumerate(parts) if i not in gone]
    return simplify(from_factors(coefficient, [*new, *kept]))


def _exponential(parts: list[Factor]) -> Iterator[tuple[int, Expr]]:
    """Yield the position and the whole exponent of each factor exp(u)**n."""
    for i, (base, exponent) in enumerate(parts):
        if is_op(base, "exp"):
            yield i, base.args[0] if exponent == 1 else simplify(exponent * base.args[0])


def _merge_exponentials(node: Expr) -> Expr | None:
    """e^a * e^b = e^(a+b), (e^a)^n = e^(na)"""
    coefficient, parts = factors(node)
    found = list(_exponential(parts))
    if not found or (len(found) == 1 and parts[found[0][0]][1] == 1):
        return None
    total = found[0][1]
    for _, exponent in found[1:]:
        total = total + exponent
    return rebuilt(coefficient, parts, {i for i, _ in found}, (exp(simplify(total)), Fraction(1)))


def _reciprocal(node: Expr) -> Expr | None:
    """1 / (1 + e^u) = σ(-u)"""
    coefficient, parts = factors(node)
    for i, (base, exponent) in enumerate(parts):
        if exponent >= 0 or not is_op(base, "add", "sub"):
            continue
        listed = terms(base)
        if len(listed) != 2 or listed[0][0] != listed[1][0] or exponent.denominator != 1:
            continue
        scale = listed[0][0]
        for one, other in ((0, 1), (1, 0)):
            if listed[one][1] == ONE and is_op(listed[other][1], "exp"):
                u = listed[other][1].args[0]
                new = (sigmoid(simplify(-u)), -exponent)
                return rebuilt(coefficient * scale**exponent.numerator, parts, {i}, new)
    return None


def _sigmoid_times_exponential(node: Expr) -> Expr | None:
    """e^(-ku) σ(u)^n = e^((j-k)u) σ(-u)^j σ(u)^(n-j), j = min(k, n)"""
    coefficient, parts = factors(node)
    for i, exponent in _exponential(parts):
        for j, (base, count) in enumerate(parts):
            if not is_op(base, "sigmoid") or count <= 0 or count.denominator != 1:
                continue
            u = base.args[0]
            k = const_value(simplify(-exponent / u))
            if k is None or k <= 0 or k.denominator != 1:
                continue
            moved = min(k, count)
            new = [(sigmoid(simplify(-u)), moved), (base, count - moved)]
            new.append((exp(simplify((moved - k) * u)), Fraction(1)))
            return rebuilt(coefficient, parts, {i, j}, *[f for f in new if f[1] != 0])
    return None


def _expm1_times_sigmoid(node: Expr) -> Expr | None:
    """(e^u - 1) σ(-u) = tanh(u/2)"""
    coefficient, parts = factors(node)
    for i, (base, exponent) in enumerate(parts):
        if not is_op(base, "expm1") or exponent <= 0:
            continue
        other = sigmoid(simplify(-base.args[0]))
        for j, (candidate, count) in enumerate(parts):
            if candidate == other and count >= exponent:
                new = [(tanh(simplify(base.args[0] / 2)), exponent), (other, count - exponent)]
                return rebuilt(coefficient, parts, {i, j}, *[f for f in new if f[1] != 0])
    return None


def _hyperbolic(node: Expr) -> Expr | None:
    """sinh/cosh = tanh, cosh/sinh = 1/tanh, 1/cosh² = sech², e^u/cosh u = 2σ(2u), sin/cos = tan"""
    coefficient, parts = factors(node)
    at = {base: i for i, (base, _) in enumerate(parts)}
    for i, (base, exponent) in enumerate(parts):
        if not is_op(base, "cosh", "cos", "sinh") or exponent >= 0:
            continue
        (u,) = base.args
        if is_op(base, "sinh"):
            j = at.get(apply("cosh", u))
            if j is not None and parts[j][1] > 0:
                n = min(parts[j][1], -exponent)
                left = [(tanh(u), -n), (parts[j][0], parts[j][1] - n), (base, exponent + n)]
                return rebuilt(coefficient, parts, {i, j}, *[f for f in left if f[1] != 0])
            continue
        top, quotient = ("sinh", "tanh") if is_op(base, "cosh") else ("sin", "tan")
        j = at.get(apply(top, u))
        if j is not None and parts[j][1] > 0:
            n = min(parts[j][1], -exponent)
            left = [(apply(quotient, u), n), (parts[j][0], parts[j][1] - n), (base, exponent + n)]
            return rebuilt(coefficient, parts, {i, j}, *[f for f in left if f[1] != 0])
        if is_op(base, "cos"):
            continue
        for j, w in _exponential(parts):
            for sign in (1, -1):
                if simplify(w - sign * u) == ZERO:
                    new = [(sigmoid(simplify(2 * w)), Fraction(1)), (base, exponent + 1)]
                    rest = [f for f in new if f[1] != 0]
                    return rebuilt(2 * coefficient, parts, {i, j}, *rest)
        if exponent <= -2 and exponent.denominator == 1:
            pairs = Fraction(-exponent.numerator // 2)
            new = [(sech2(u), pairs), (base, exponent + 2 * pairs)]
            return rebuilt(coefficient, parts, {i}, *[f for f in new if f[1] != 0])
    return None


def _half_angle(node: Expr) -> Expr | None:
    """sinh u = 2 sinh(u/2) cosh(u/2), sin u likewise, beside a power of sinh(u/2) or sin(u/2)"""
    coefficient, parts = factors(node)
    for i, (base, exponent) in enumerate(parts):
        if not is_op(base, "sinh", "sin") or exponent >= 0 or exponent.denominator != 1:
            continue
        assert isinstance(base, Apply)
        half = simplify(base.args[0] / 2)
        if any(other == apply(base.op, half) for other, _ in parts):
            even = apply("cosh" if base.op == "sinh" else "cos", half)
            scale = Fraction(2) ** exponent.numerator
            whole = from_factors(coefficient * scale, [*parts[:i], *parts[i + 1 :]])
            new = from_factors(Fraction(1), [(apply(base.op, half), exponent), (even, exponent)])
            return simplify(whole * new)
    return None


def _sigmoid_to_cosh(node: Expr) -> Expr | None:
    """e^(-u/2) σ(u) = 1 / (2 cosh(u/2))"""
    coefficient, parts = factors(node)
    for i, exponent in _exponential(parts):
        for j, (base, count) in enumerate(parts):
            if not is_op(base, "sigmoid") or count != 1:
                continue
            sized = any(is_op(e, "abs") for e in walk(base))  # the last form of 1/cosh
            if not sized and simplify(2 * exponent + base.args[0]) == ZERO:
                new = (cosh(simplify(base.args[0] / 2)), Fraction(-1))
                return rebuilt(coefficient / 2, parts, {i, j}, new)
    return None


def _one_power(node: Expr) -> Expr | None:
    """u^p u^q = u^(p+q), where p is no number"""
    coefficient, parts = factors(node)
    powers = [(i, base) for i, (base, n) in enumerate(parts) if is_op(base, "pow") and n == 1]
    for i, base in powers:
        u, p = base.args
        for j, (other, n) in enumerate(parts):
            if other == u:
                new = (apply("pow", u, simplify(p + n)), Fraction(1))
                return rebuilt(coefficient, parts, {i, j}, new)
            if j != i and is_op(other, "pow") and other.args[0] == u and n == 1:
                new = (apply("pow", u, simplify(p + other.args[1])), Fraction(1))
                return rebuilt(coefficient, parts, {i, j}, new)
    return None


def _power_of_exponential(node: Expr) -> Expr | None:
    """e^u with any spelling: c^u = e^(u log c), (e^u)^p = e^(pu), (1 + e^u)^p = σ(-u)^-p"""
    if not is_op(node, "pow") or const_value(node.args[1]) is not None:
        return None
    base, p = node.args
    value = const_value(base)
    if is_op(base, "e"):
        return exp(p)
    if value is not None and value > 0:
        return exp(p * log(base))
    if is_op(base, "exp"):
        return exp(simplify(p * base.args[0]))
    inverse = _reciprocal(simplify(1 / base))
    if inverse is not None and is_op(inverse, "sigmoid"):
        return apply("pow", inverse, simplify(-p))
    return None


def _root_ratio(node: Expr) -> Expr | None:
    """(√a + b) / √a = 1 + b / √a"""
    coefficient, parts = factors(node)
    for i, (base, exponent) in enumerate(parts):
        if not is_op(base, "rootsum") or exponent != 1:
            continue
        for j, (root, power_of_root) in enumerate(parts):
            if root == base.args[0] and power_of_root <= Fraction(-1, 2):
                left = power_of_root + Fraction(1, 2)
                new = [(Apply("rootratio", base.args), Fraction(1)), (root, left)]
                return rebuilt(coefficient, parts, {i, j}, *[f for f in new if f[1] != 0])
    return None


def _conjugate_pair(node: Expr) -> Expr | None:
    """(√a + b)(√a - b) = a - b²"""
    coefficient, parts = factors(node)
    for i, (base, exponent) in enumerate(parts):
        if not is_op(base, "rootsum") or exponent != 1:
            continue
        a, b, rest = base.args
        other = apply("rootsum", a, simplify(-b), rest)
        for j, candidate in enumerate(parts):
            if candidate == (other, Fraction(1)):
                return rebuilt(coefficient, parts, {i, j}, (rest, Fraction(1)))
    return None


def _softmax(node: Expr) -> Expr | None:
    """e^u / sum(e^u) = e^(u-m) / sum(e^(u-m)) with m = amax(u)"""
    coefficient, parts = factors(node)
    for i, (base, exponent) in enumerate(parts):
        if exponent != -1:
            continue
        listed = terms(base)
        sums = [(c, t) for c, t in listed if is_op(t, "sum") and is_op(t.args[0], "exp")]
        others = [(c, t) for c, t in listed if t == ONE]
        if len(sums) != 1 or len(sums) + len(others) != len(listed):
            continue
        u = sums[0][1].args[0].args[0]
        if any(is_op(e, "amax") for e in walk(u)):
            continue
        j = next((j for j, f in enumerate(parts) if f == (exp(u), Fraction(1))), None)
        if j is None:
            continue
        m = apply("amax", u) if not others else apply("max", apply("amax", u), 0)
        m = apply("stop_gradient", m)
        shifted = exp(u - m)
        below = sums[0][0] * apply("sum", shifted)
        if others:
            below = below + others[0][0] * exp(-m)
        return rebuilt(coefficient, parts, {i, j}, (shifted, Fraction(1)), (below, Fraction(-1)))
    return None


def of_product(rule: Callable[[Expr], Expr | None]) -> Callable[[Expr], Expr | None]:
    def guarded(node: Expr) -> Expr | None:
        matches = isinstance(node, Apply) and node.op in ("mul", "div", "pow", "neg")
        return rule(node) if matches else None

    return guarded


_OVERFLOWS = "the exponential overflows long before the quotient does"
PRODUCT_RULES: tuple[Rule, ...] = (
    ("one exponential", "two exponentials overflow apart", of_product(_merge_exponentials)),
    ("sigmoid quotient", _OVERFLOWS, of_product(_reciprocal)),
    ("sigmoid reflection", _OVERFLOWS, of_product(_sigmoid_times_exponential)),
    ("tanh quotient", "numerator and denominator overflow", of_product(_expm1_times_sigmoid)),
    ("hyperbolic quotient", "numerator and denominator overflow", of_product(_hyperbolic)),
    ("half angle", "numerator and denominator overflow, or are 0", of_product(_half_angle)),
    ("sech", "the exponential and the sigmoid overflow", of_product(_sigmoid_to_cosh)),
    ("one power", "two powers are infinite or 0 apart", of_product(_one_power)),
    ("power of an exponential", _OVERFLOWS, of_product(_power_of_exponential)),
    ("conjugate pair", "one factor cancels", of_product(_conjugate_pair)),
    ("root ratio", "fewer roundings than the quotient", of_product(_root_ratio)),
    ("max shift", "the exponentials of large inputs overflow", of_product(_softmax)),
)
