"""Stabilise function calls: a function of a rounded or overflowing argument becomes one of a good one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from actgen.codegen.algebra import factors, from_factors, from_terms, terms
from actgen.codegen.ir import (
    ONE,
    TWO,
    Apply,
    Const,
    Expr,
    absolute,
    apply,
    const_value,
    exp,
    is_op,
    log,
    log1p,
    maximum,
    normcdf,
    sigmoid,
    softplus,
    walk,
)
from actgen.codegen.simplify import simplify

Rule = tuple[str, str, Callable[[Expr], Expr | None]]


def _log_of_one_plus(u: Expr) -> Expr | None:
    """log(1 + u) = log1p(u)"""
    if not is_op(u, "add", "sub"):
        return None
    listed = terms(u)
    if (Fraction(1), ONE) not in listed:
        return None
    return log1p(from_terms(t for t in listed if t != (Fraction(1), ONE)))


def _log_of_exp(u: Expr) -> Expr | None:
    """log(e^u r) = u + log r, log(r^-n) = -n log r"""
    coefficient, parts = factors(u)
    for i, (base, exponent) in enumerate(parts):
        if is_op(base, "exp"):
            rest = from_factors(coefficient, parts[:i] + parts[i + 1 :])
            inner = exponent * base.args[0]
            return inner if rest == ONE else inner + log(rest)
    if coefficient == 1 and len(parts) == 1 and parts[0][1] < 0:
        return parts[0][1] * log(parts[0][0])
    return None


def _log_of_sigmoid(u: Expr) -> Expr | None:
    """log σ(u) = -softplus(-u)"""
    return -softplus(-u.args[0]) if is_op(u, "sigmoid") else None


def _log_of_expm1(u: Expr) -> Expr | None:
    """log(-(e^u - 1)) = log1mexp(u)"""
    return apply("log1mexp", u.args[0].args[0]) if is_op(u, "neg") and is_op(u.args[0], "expm1") else None


def _log_of_rootsum(u: Expr) -> Expr | None:
    """log(√(b² + 1) + b) = asinh(b)"""
    return apply("asinh", u.args[1]) if is_op(u, "rootsum") and u.args[2] == ONE else None


def _log_of_cosh(u: Expr) -> Expr | None:
    """log(c cosh u) = log(c/2) + |u| + softplus(-2|u|)"""
    coefficient, parts = factors(u)
    if len(parts) != 1 or parts[0][1] != 1 or not is_op(parts[0][0], "cosh"):
        return None
    arg = parts[0][0].args[0]
    if coefficient == 1:
        return apply("logcosh", arg)
    size = absolute(arg)
    rest = size + softplus(-2 * size)
    return rest if coefficient == 2 else rest + log(Const(coefficient / 2))


def _log_of_exponentials(u: Expr) -> Expr | None:
    """log(e^a + e^b) = max(a, b) + softplus(-|a - b|)"""
    if not is_op(u, "add"):
        return None
    listed = terms(u)
    if len(listed) != 2 or any(scale != 1 or not is_op(t, "exp") for scale, t in listed):
        return None
    a, b = (t.args[0] for _, t in listed)
    return maximum(a, b) + softplus(-absolute(simplify(a - b)))


def _log_of_sum(u: Expr) -> Expr | None:
    """log sum(e^u) = m + log sum(e^(u-m)) with m = amax(u)"""
    if not is_op(u, "sum") or not is_op(u.args[0], "exp"):
        return None
    inner = u.args[0].args[0]
    if any(is_op(e, "amax") for e in walk(inner)):
        return None
    m = apply("stop_gradient", apply("amax", inner))
    return m + log(apply("sum", exp(inner - m)))


def _log1p_of_exp(u: Expr) -> Expr | None:
    """log(1 + e^u) = softplus(u)"""
    return softplus(u.args[0]) if is_op(u, "exp") else None


def _log1p_of_minus(u: Expr) -> Expr | None:
    """log(1 - σ(u)) = -softplus(u), log(1 - e^u) = log1mexp(u)"""
    if not is_op(u, "neg"):
        return None
    inner = u.args[0]
    if is_op(inner, "sigmoid"):
        return -softplus(inner.args[0])
    return apply("log1mexp", inner.args[0]) if is_op(inner, "exp") else None


def _exp_of_log(u: Expr) -> Expr | None:
    """e^log(u) = u"""
    return u.args[0] if is_op(u, "log") else None


def _exp_of_softplus(u: Expr) -> Expr | None:
    """e^-softplus(u) = σ(-u)"""
    if is_op(u, "neg") and is_op(u.args[0], "softplus"):
        return sigmoid(-u.args[0].args[0])
    return None


def _erfc_of_root_half(u: Expr) -> Expr | None:
    """erfc(-u/√2) = 2 Φ(u)"""
    coefficient, parts = factors(u)
    for i, (base, exponent) in enumerate(parts):
        if base == TWO and abs(exponent) == Fraction(1, 2):
            scale = -coefficient if exponent < 0 else -2 * coefficient
            rest = from_factors(scale, parts[:i] + parts[i + 1 :])
            return 2 * normcdf(rest)
    return None


def _sqrt_of_square(u: Expr) -> Expr | None:
    """√(u²) = |u|"""
    if is_op(u, "pow") and const_value(u.args[1]) == 2:
        return absolute(u.args[0])
    return None


def _of(op: str, rule: Callable[[Expr], Expr | None]) -> Callable[[Expr], Expr | None]:
    def guarded(node: Expr) -> Expr | None:
        if not isinstance(node, Apply) or node.op != op:
            return None
        found = rule(node.args[0])
        return None if found is None else simplify(found)

    return guarded


_SMALL = "1 + u drops the digits of a small u"
_OVERFLOW = "the exponential overflows or leaves 1 + 0"
FUNCTION_RULES: tuple[Rule, ...] = (
    ("log of exp", _OVERFLOW, _of("log", _log_of_exp)),
    ("log of sigmoid", _OVERFLOW, _of("log", _log_of_sigmoid)),
    ("log1mexp", "1 - exp(u) cancels for small u", _of("log", _log_of_expm1)),
    ("asinh", "the root and its partner cancel", _of("log", _log_of_rootsum)),
    ("log of cosh", "cosh overflows, and cancels near 0", _of("log", _log_of_cosh)),
    ("logaddexp", _OVERFLOW, _of("log", _log_of_exponentials)),
    ("log-sum-exp", _OVERFLOW, _of("log", _log_of_sum)),
    ("log1p", _SMALL, _of("log", _log_of_one_plus)),
    ("softplus", _OVERFLOW, _of("log1p", _log1p_of_exp)),
    ("log of complement", _SMALL, _of("log1p", _log1p_of_minus)),
    ("exp of log", "an inverse pair", _of("exp", _exp_of_log)),
    ("exp of softplus", _OVERFLOW, _of("exp", _exp_of_softplus)),
    ("normal cdf", "rounding u/√2 costs u² ULP in the tail", _of("erfc", _erfc_of_root_half)),
    ("root of square", "u² overflows", _of("sqrt", _sqrt_of_square)),
)
