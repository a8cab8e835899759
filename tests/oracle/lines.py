"""Write down the activations made of straight lines and parabolas, and softsign, for sweeps.

`build` takes the primitives (`extended` or `compiled`) and returns, by name, functions of one
input that give value and derivative.
"""

from __future__ import annotations

from types import ModuleType

from mpmath import mp, mpf

from tests.oracle.table import Formula


def build(m: ModuleType) -> dict[str, Formula]:
    with mp.workdps(60):
        sixth, leak = m.constant(mpf(1) / 6), m.constant(mpf(0.01))
        mean = m.constant((mpf(0.125) + mpf(1 / 3)) / 2)

    def linear(x):
        return x, m.where(x > 0, 1.0, 1.0)

    def relu(x):
        return m.where(x > 0, x, 0.0), m.where(x > 0, 1.0, 0.0)

    def relu6(x):
        inside = (x > 0) & (x < 6)
        return m.minimum(m.maximum(x, 0.0), 6.0), m.where(inside, 1.0, 0.0)

    def relu2(x):
        above = m.maximum(x, 0.0)
        return above * above, 2.0 * above

    def leaky_relu(x):
        return m.where(x > 0, x, leak * x), m.where(x > 0, 1.0, leak)

    def rrelu(x):
        return m.where(x > 0, x, mean * x), m.where(x > 0, 1.0, mean)

    def hard_silu(x):
        bend = m.where(x > -3, x * (x + 3.0) / 6.0, 0.0)
        inside = m.absolute(x) < 3
        first = m.where(x >= 3, 1.0, m.where(inside, x / 3.0, 0.0))
        return m.where(x >= 3, x, bend), m.terms(first, m.where(inside, 0.5, 0.0))

    def hard_sigmoid(x):
        inside = m.absolute(x) < 3
        first = m.where(x >= 3, 1.0, m.where(inside, x / 6.0, 0.0))
        return m.terms(first, m.where(inside, 0.5, 0.0)), m.where(inside, sixth, 0.0)

    def hard_tanh(x):
        return m.minimum(m.maximum(x, -1.0), 1.0), m.where(m.absolute(x) < 1, 1.0, 0.0)

    def hard_shrink(x):
        outside = m.absolute(x) > 0.5
        return m.where(outside, x, 0.0), m.where(outside, 1.0, 0.0)

    def soft_shrink(x):
        outside = m.absolute(x) > 0.5
        shrunk = m.where(x > 0, x - 0.5, x + 0.5)
        return m.where(outside, shrunk, 0.0), m.where(outside, 1.0, 0.0)

    def thresholded_relu(x):
        return m.where(x > 1, x, 0.0), m.where(x > 1, 1.0, 0.0)

    def softsign(x):
        below = 1.0 + m.absolute(x)
        return x / below, 1.0 / below / below

    def sparse_plus(x):
        bend = m.where(x > -1, (x + 1.0) * (x + 1.0) / 4.0, 0.0)
        slope = m.where(x > -1, (x + 1.0) / 2.0, 0.0)
        return m.where(x >= 1, x, bend), m.where(x >= 1, 1.0, slope)

    def sparse_sigmoid(x):
        line = m.minimum(m.maximum((x + 1.0) / 2.0, 0.0), 1.0)
        edge = m.where(m.absolute(x) == 1, 0.25, 0.0)
        return line, m.where(m.absolute(x) < 1, 0.5, edge)

    def step(x):
        return m.where(x > 0, 1.0, 0.0), m.where(x > 0, 0.0, 0.0)

    return {
        **{f.__name__: f for f in (linear, relu, relu6, relu2, leaky_relu, rrelu)},
        **{f.__name__: f for f in (hard_silu, hard_sigmoid, hard_tanh, hard_shrink, soft_shrink)},
        **{f.__name__: f for f in (thresholded_relu, softsign, sparse_plus, sparse_sigmoid, step)},
        "shrink": hard_shrink,
        "threshold": relu,
    }
