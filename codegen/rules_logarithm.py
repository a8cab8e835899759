"""Stabilise logarithms: what they are taken of neither overflows nor rounds to 1."""

from __future__ import annotations

from fractions import Fraction

from actgen.codegen.algebra import factors, from_factors, from_terms, terms
from actgen.codegen.ir import (
    ONE,
    TWO,
    ZERO,
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
    softplus,
    symbols,
    tanh,
    walk,
    where,
)
from actgen.codegen.rules_function import Rule, of_function
from actgen.codegen.simplify import simplify


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
    return (
        apply("log1mexp", u.args[0].args[0])
        if is_op(u, "neg") and is_op(u.args[0], "expm1")
        else None
    )


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
    """log(p e^a + q e^b) = b' + softplus(a' - b') with a' = a + log p, b' = b + log q > a'"""
    listed = terms(u) if is_op(u, "add", "sub") else []
    if len(listed) != 2 or any(scale <= 0 for scale, _ in listed):
        return None
    if any(term != ONE and not is_op(term, "exp") for _, term in listed):
        return None
    a, b = (_logarithm(scale, term) for scale, term in listed)
    if not symbols(a):
        a, b = b, a
    if a == ZERO or b == ZERO:
        return None  # softplus as it is
    # each branch has the whole derivative, where max(a, b) + softplus(-|a - b|) has none at a = b
    return where(apply("gt", a, b), a + softplus(b - a), b + softplus(a - b))


def _one_softplus(node: Expr) -> Expr | None:
    """a + softplus(b - a) if a > b, else b + softplus(a - b): max(a, b) + softplus(-|a - b|)"""
    if not is_op(node, "where") or not is_op(node.args[0], "gt"):
        return None
    a, b = node.args[0].args
    if node.args[1:] != (simplify(a + softplus(b - a)), simplify(b + softplus(a - b))):
        return None
    return maximum(a, b) + softplus(-absolute(simplify(a - b)))


def _logarithm(scale: Fraction, term: Expr) -> Expr:
    """Return the logarithm of scale * term, where term is 1 or e^u."""
    constant = ZERO if scale == 1 else log(Const(scale))
    return constant if term == ONE else simplify(term.args[0] + constant)


def _log_of_shifted_cosh(u: Expr) -> Expr | None:
    """log(2c cosh u + d) = |u| + log(c + d e^-|u| + c e^-2|u|)"""
    listed = terms(u) if is_op(u, "add", "sub") else []
    scales = {term: scale for scale, term in listed}
    (arg,) = {term.args[0] for term in scales if is_op(term, "cosh")} or (None,)
    if arg is None or len(listed) != 2 or ONE not in scales or min(scales.values()) <= 0:
        return None
    size, c = absolute(arg), scales[apply("cosh", arg)] / 2
    return size + log(c + scales[ONE] * exp(-size) + c * exp(-2 * size))


def _log_of_product(u: Expr) -> Expr | None:
    """log(r σ(v)^n (1 + e^w)^m) = log r + n log σ(v) + m log(1 + e^w)"""
    coefficient, parts = factors(u)
    if len(parts) + (coefficient != 1) < 2:
        return None
    positive = [f for f in parts if _is_growing_and_positive(f[0])]
    if not positive:
        return None
    rest = from_factors(coefficient, [f for f in parts if f not in positive])
    total: Expr = ZERO if rest == ONE else log(rest)
    for base, n in positive:
        total = total + n * log(base)
    return total


def _is_growing_and_positive(base: Expr) -> bool:
    if is_op(base, "sigmoid", "exp", "cosh"):
        return True
    listed = terms(base) if is_op(base, "add") else []
    return any(is_op(term, "exp") for _, term in listed) and all(
        scale > 0 and (term == ONE or is_op(term, "exp")) for scale, term in listed
    )


def _log_of_twice_sigmoid(u: Expr) -> Expr | None:
    """log(2σ(v)) = log1p(tanh(v/2)), or log 2 - softplus(-v), which keeps the digits of its tail"""
    if not is_op(u, "mul") or not is_op(u.args[1], "sigmoid") or const_value(u.args[0]) != 2:
        return None
    (v,) = u.args[1].args
    return where(apply("gt", v, -1), log1p(tanh(v / 2)), log(TWO) - softplus(-v))


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
    """log(1 + c e^u) = softplus(u + log c)"""
    coefficient, parts = factors(u)
    if len(parts) != 1 or parts[0][1] != 1 or not is_op(parts[0][0], "exp") or coefficient <= 0:
        return None
    return softplus(_logarithm(coefficient, parts[0][0]))


def _log1p_of_cosh(u: Expr) -> Expr | None:
    """log1p(2c cosh u + d - 1): see log(2c cosh u + d)"""
    return _log_of_shifted_cosh(simplify(1 + u))


def _log1p_of_minus(u: Expr) -> Expr | None:
    """log(1 - σ(u)) = -softplus(u), log(1 - e^u) = log1mexp(u)"""
    if not is_op(u, "neg"):
        return None
    inner = u.args[0]
    if is_op(inner, "sigmoid"):
        return -softplus(inner.args[0])
    return apply("log1mexp", inner.args[0]) if is_op(inner, "exp") else None


_SMALL = "1 + u drops the digits of a small u"
_OVERFLOW = "the exponential overflows or leaves 1 + 0"
LOGARITHM_RULES: tuple[Rule, ...] = (
    ("log of exp", _OVERFLOW, of_function("log", _log_of_exp)),
    ("log of sigmoid", _OVERFLOW, of_function("log", _log_of_sigmoid)),
    ("log of twice sigmoid", "log 2 cancels", of_function("log", _log_of_twice_sigmoid)),
    ("log1mexp", "1 - exp(u) cancels for small u", of_function("log", _log_of_expm1)),
    ("asinh", "the root and its partner cancel", of_function("log", _log_of_rootsum)),
    ("log of cosh", "cosh overflows, and cancels near 0", of_function("log", _log_of_cosh)),
    ("log of cosh and a number", "cosh overflows", of_function("log", _log_of_shifted_cosh)),
    ("log of cosh and a number", "cosh overflows", of_function("log1p", _log1p_of_cosh)),
    ("logaddexp", _OVERFLOW, of_function("log", _log_of_exponentials)),
    ("log-sum-exp", _OVERFLOW, of_function("log", _log_of_sum)),
    ("log of a product", "its factors overflow or underflow", of_function("log", _log_of_product)),
    ("log1p", _SMALL, of_function("log", _log_of_one_plus)),
    ("softplus", _OVERFLOW, of_function("log1p", _log1p_of_exp)),
    ("log of complement", _SMALL, of_function("log1p", _log1p_of_minus)),
)
LAST_LOGARITHM_RULES: tuple[Rule, ...] = (
    ("one softplus", "one logarithm for the two branches", _one_softplus),
)
