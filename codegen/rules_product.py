"""Stabilise products and quotients: exponentials that overflow apart become bounded together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from actgen.codegen.algebra import Factor, factors, from_factors, power, terms
from actgen.codegen.ir import (
    ONE,
    ZERO,
    Apply,
    Const,
    Expr,
    absolute,
    apply,
    const_value,
    depends_on,
    exp,
    is_op,
    sech2,
    sigmoid,
    tanh,
    walk,
    where,
)
from actgen.codegen.simplify import simplify

Rule = tuple[str, str, Callable[[Expr], Expr | None]]
Polynomial = dict[int, Expr]
_MAX_DEGREE = 8


def _rebuild(coefficient: Fraction, parts: list[Factor], gone: set[int], *new: Factor) -> Expr:
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
    return _rebuild(coefficient, parts, {i for i, _ in found}, (exp(simplify(total)), Fraction(1)))


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
                return _rebuild(coefficient * scale**exponent.numerator, parts, {i}, new)
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
            return _rebuild(coefficient, parts, {i, j}, *[f for f in new if f[1] != 0])
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
                return _rebuild(coefficient, parts, {i, j}, *[f for f in new if f[1] != 0])
    return None


def _hyperbolic(node: Expr) -> Expr | None:
    """sinh/cosh = tanh, 1/cosh² = sech², e^u/cosh u = 2σ(2u), sin/cos = tan"""
    coefficient, parts = factors(node)
    at = {base: i for i, (base, _) in enumerate(parts)}
    for i, (base, exponent) in enumerate(parts):
        if not is_op(base, "cosh", "cos") or exponent >= 0:
            continue
        (u,) = base.args
        top, quotient = ("sinh", "tanh") if is_op(base, "cosh") else ("sin", "tan")
        j = at.get(apply(top, u))
        if j is not None and parts[j][1] > 0:
            n = min(parts[j][1], -exponent)
            left = [(apply(quotient, u), n), (parts[j][0], parts[j][1] - n), (base, exponent + n)]
            return _rebuild(coefficient, parts, {i, j}, *[f for f in left if f[1] != 0])
        if is_op(base, "cos"):
            continue
        for j, w in _exponential(parts):
            for sign in (1, -1):
                if simplify(w - sign * u) == ZERO:
                    new = [(sigmoid(simplify(2 * w)), Fraction(1)), (base, exponent + 1)]
                    rest = [f for f in new if f[1] != 0]
                    return _rebuild(2 * coefficient, parts, {i, j}, *rest)
        if exponent <= -2 and exponent.denominator == 1:
            n = -exponent.numerator // 2
            new = [(sech2(u), Fraction(n)), (base, exponent + 2 * n)]
            return _rebuild(coefficient, parts, {i}, *[f for f in new if f[1] != 0])
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
                return _rebuild(coefficient, parts, {i, j}, *[f for f in new if f[1] != 0])
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
                return _rebuild(coefficient, parts, {i, j}, (rest, Fraction(1)))
    return None


def _polynomial(expr: Expr, variable: Expr) -> Polynomial | None:
    """Return `expr` as a polynomial in exp(`variable`), or None; coefficients hold no such power."""
    if is_op(expr, "add", "sub"):
        total: Polynomial = {}
        for scale, term in terms(expr):
            inner = _polynomial(term, variable)
            if inner is None:
                return None
            for n, c in inner.items():
                total[n] = simplify(total.get(n, ZERO) + scale * c)
        return {n: c for n, c in total.items() if c != ZERO}
    coefficient, parts = factors(expr)
    result: Polynomial = {0: Const(coefficient)}
    for base, exponent in parts:
        step: Polynomial | None = None
        repeat = 1
        if is_op(base, "exp"):
            n = const_value(simplify(exponent * base.args[0] / variable))
            step = {int(n): ONE} if n is not None and n.denominator == 1 and n > 0 else None
        elif not depends_on(base, exp(variable)) and not any(is_op(e, "exp") for e in walk(base)):
            step = {0: power(base, exponent) if exponent > 0 else 1 / power(base, -exponent)}
        elif exponent.denominator == 1 and exponent > 0 and is_op(base, "add", "sub"):
            step, repeat = _polynomial(base, variable), exponent.numerator
        if step is None or repeat > _MAX_DEGREE:
            return None
        for _ in range(repeat):
            result = _multiply(result, step)
        if max(result, default=0) > _MAX_DEGREE:
            return None
    return result


def _multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    out: Polynomial = {}
    for n, a in p.items():
        for m, b in q.items():
            out[n + m] = simplify(out.get(n + m, ZERO) + a * b)
    return {n: c for n, c in out.items() if c != ZERO}


def _rational_in_exp(node: Expr) -> Expr | None:
    """P(e^u)/Q(e^u) is computed from z = e^-|u|, with both polynomials reversed for u > 0"""
    coefficient, parts = factors(node)
    below = [base for base, exponent in parts if exponent < 0 and is_op(base, "add", "sub")]
    for base in below:
        variables = {e.args[0] for e in walk(base) if is_op(e, "exp")}
        for u in sorted(variables, key=lambda e: (len(repr(e)), repr(e))):
            if any(is_op(part, "abs") for part in walk(u)):
                continue
            found = {
                i: (poly, exponent)
                for i, (part, exponent) in enumerate(parts)
                if exponent.denominator == 1
                and (poly := _polynomial(part, u)) is not None
                and max(poly, default=0) > 0
            }
            if any(parts[i][0] == base and len(found[i][0]) > 1 for i in found):
                return _reversed(coefficient, parts, u, found)
    return None


def _reversed(
    coefficient: Fraction,
    parts: list[Factor],
    u: Expr,
    found: dict[int, tuple[Polynomial, Fraction]],
) -> Expr:
    z = exp(simplify(-absolute(u)))
    degree = sum((max(poly) * exponent for poly, exponent in found.values()), Fraction(0))
    right: Expr = ONE if degree == 0 else exp(degree * u) if degree > 0 else power(z, -degree)
    left: Expr = ONE
    for poly, exponent in found.values():
        top = max(poly)
        right = right * _value({top - n: c for n, c in poly.items()}, z) ** exponent
        left = left * _value(poly, z) ** exponent
    chosen = where(apply("gt", u, 0), simplify(right), simplify(left))
    return _rebuild(coefficient, parts, set(found), (chosen, Fraction(1)))


def _value(poly: Polynomial, z: Expr) -> Expr:
    total: Expr = ZERO
    for n in sorted(poly):
        total = total + poly[n] * (power(z, Fraction(n)) if n else ONE)
    return simplify(total)


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
        return _rebuild(coefficient, parts, {i, j}, (shifted, Fraction(1)), (below, Fraction(-1)))
    return None


def _of_product(rule: Callable[[Expr], Expr | None]) -> Callable[[Expr], Expr | None]:
    def guarded(node: Expr) -> Expr | None:
        matches = isinstance(node, Apply) and node.op in ("mul", "div", "pow", "neg")
        return rule(node) if matches else None

    return guarded


_OVERFLOWS = "the exponential overflows long before the quotient does"
PRODUCT_RULES: tuple[Rule, ...] = (
    ("one exponential", "two exponentials overflow apart", _of_product(_merge_exponentials)),
    ("sigmoid quotient", _OVERFLOWS, _of_product(_reciprocal)),
    ("sigmoid reflection", _OVERFLOWS, _of_product(_sigmoid_times_exponential)),
    ("tanh quotient", "numerator and denominator overflow", _of_product(_expm1_times_sigmoid)),
    ("hyperbolic quotient", "numerator and denominator overflow", _of_product(_hyperbolic)),
    ("conjugate pair", "one factor cancels", _of_product(_conjugate_pair)),
    ("root ratio", "fewer roundings than the quotient", _of_product(_root_ratio)),
    ("max shift", "the exponentials of large inputs overflow", _of_product(_softmax)),
)
LAST_RULES: tuple[Rule, ...] = (
    ("rational in exp", "numerator and denominator overflow", _of_product(_rational_in_exp)),
)
