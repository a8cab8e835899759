"""Derivatives through reductions: gradients against difference quotients over a slice."""

import pytest
from mpmath import mp

from actgen.codegen.evaluate import MEANING, number
from actgen.codegen.ir import DY, Apply, Const, Symbol, X, apply, is_op, walk
from actgen.codegen.reverse import canonical, invariant, pull_back, push_forward, total
from actgen.codegen.simplify import simplify
from actgen.codegen.stabilise import stabilise
from tests.codegen.algebraic import formula

SLICE = [mp.mpf(v) for v in ("0.3", "-1.2", "2.1", "0.9")]
UPSTREAM = [mp.mpf(v) for v in ("1.1", "-0.4", "0.7", "2.0")]
_STEP = mp.mpf(10) ** -25


def sliced(expr, xs, a="1.7"):
    """Return the values of an axis formula for the elements of a slice."""
    n = len(xs)
    done = {}
    with mp.workdps(60):
        for node in walk(expr):
            args = [done[arg] for arg in node.args]
            if isinstance(node, Const):
                values = [number(node.value)] * n
            elif isinstance(node, Symbol):
                named = {"x": xs, "dy": UPSTREAM, "index": list(range(n)), "a": [mp.mpf(a)] * n}
                values = named[node.name]
            elif is_op(node, "sum"):
                values = [mp.fsum(args[0])] * n
            elif is_op(node, "amax"):
                values = [max(args[0])] * n
            elif is_op(node, "argmax"):
                values = [args[0].index(max(args[0]))] * n
            elif is_op(node, "sparsemax_threshold"):
                values = [threshold(args[0])] * n
            elif is_op(node, "where"):
                values = [b if a else c for a, b, c in zip(*args, strict=True)]
            else:
                assert isinstance(node, Apply)
                values = [MEANING[node.op](*each) for each in zip(*args, strict=True)]
                values = values or [MEANING[node.op]()] * n
            done[node] = values
        return done[expr]


def threshold(values):
    ordered = sorted(values, reverse=True)
    support = max(k for k in range(1, len(values) + 1) if 1 + k * ordered[k - 1] > sum(ordered[:k]))
    return (sum(ordered[:support]) - 1) / support


FORMULAS = [
    "exp(x) / sum(exp(x))",
    "log(exp(x) / sum(exp(x)))",
    "exp(a * x) / (1 + sum(exp(a * x)))",
    "x - log(mean(exp(x)))",
    "x / sqrt(mean(x**2))",
    "(x - mean(x)) / sqrt(mean((x - mean(x))**2) + 1e-5)",
    "(x - amin(x)) / (amax(x) - amin(x))",
    "max(x - sparsemax_threshold(x), 0)",
    "x * sigmoid(sum(x * a))",
    "amax(a * x)",
]


@pytest.mark.parametrize("stable", [False, True])
@pytest.mark.parametrize("given_", FORMULAS)
def test_gradient(given_, stable):
    expr = canonical(formula(given_))
    gradient = pull_back(stabilise(expr)[0] if stable else expr, X)
    if stable:
        gradient = stabilise(gradient, last=True)[0]
    found = sliced(gradient, SLICE)
    for k in range(len(SLICE)):
        change = changes(expr, k)
        terms = [u * c for u, c in zip(UPSTREAM, change, strict=True)]
        # the upstream gradient of one number for the slice is one number as well
        wanted = UPSTREAM[k] * change[0] if invariant(expr) else mp.fsum(terms)
        assert abs(found[k] - wanted) < 1e-14


def changes(expr, k):
    """Return the slopes of all values with respect to element k."""
    with mp.workdps(60):
        more, less = (
            sliced(expr, [v + s * _STEP * (i == k) for i, v in enumerate(SLICE)]) for s in (1, -1)
        )
        return [(p - m) / (2 * _STEP) for p, m in zip(more, less, strict=True)]


@pytest.mark.parametrize("given_", [text for text in FORMULAS if "a *" in text or "* a" in text])
def test_derivative_with_respect_to_a_parameter(given_):
    expr = canonical(formula(given_))
    found = sliced(push_forward(expr, Symbol("a")), SLICE)
    with mp.workdps(60):
        more, less = (sliced(expr, SLICE, mp.mpf("1.7") + s * _STEP) for s in (1, -1))
        slopes = [(p - m) / (2 * _STEP) for p, m in zip(more, less, strict=True)]
    for value, slope in zip(found, slopes, strict=True):
        assert abs(value - slope) < 1e-14


def test_what_is_one_number_for_the_slice():
    assert invariant(formula("sum(x) + a"))
    assert not invariant(formula("sum(x) + x"))
    assert not invariant(DY)


def test_factors_outside_a_sum():
    assert total(formula("a * x")) == simplify(formula("a * sum(x)"))
    assert total(formula("0 * x")) == formula("0")
    assert canonical(formula("mean(x)")) == apply("sum", X) / apply("sum", 1)
