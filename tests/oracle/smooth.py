"""Write down the activations with exponentials in them, for sweeps.

`build` takes the primitives (`extended` or `compiled`) and returns, by name, functions of one
input that give value and derivative, each a number or terms that may cancel. The forms are chosen
by hand so that each keeps the precision of its primitives over all inputs.
"""

from __future__ import annotations

from types import ModuleType

from mpmath import mp, mpf, pi, sqrt

from tests.oracle.table import Formula

_FAR = 60.0
"""From here on the gate of mish is 1 to any precision at hand."""


def build(m: ModuleType) -> dict[str, Formula]:
    return {**_exponential(m), **_hyperbolic(m), **_gates(m), **_normal(m), **_other(m)}


def _exponential(m: ModuleType) -> dict[str, Formula]:
    with mp.workdps(40):
        scale = mpf("1.0507009873554804934193349852946")
        steep = scale * mpf("1.6732632423543772848170429916717")
    scale, steep = m.constant(scale), m.constant(steep)

    def exponential(x):
        return m.exp(x), m.exp(x)

    def elu(x):
        below = m.minimum(x, 0.0)
        return m.where(x > 0, x, m.expm1(below)), m.where(x > 0, 1.0, m.exp(below))

    def selu(x):
        below = m.minimum(x, 0.0)
        value = m.where(x > 0, scale * x, steep * m.expm1(below))
        return value, m.where(x > 0, scale, steep * m.exp(below))

    def sigmoid(x):
        s = m.sigmoid(x)
        return s, s * m.sigmoid(-x)

    def softplus(x):
        return m.softplus(x), m.sigmoid(x)

    def log_sigmoid(x):
        return -m.softplus(-x), m.sigmoid(-x)

    return {f.__name__: f for f in (exponential, elu, selu, sigmoid, softplus, log_sigmoid)} | {
        "celu": elu
    }


def _hyperbolic(m: ModuleType) -> dict[str, Formula]:
    inner, inner_low = m.pair(mpf(0.67))
    outer = m.constant(mpf(1.7159))
    with mp.workdps(60):
        steep = m.constant(mpf(0.67) * mpf(1.7159))
        rate, rate_low = m.pair(mpf(1) / 50)

    def tanh(x):
        return m.tanh(x), m.sech2(x)

    def scaled_tanh(x):
        z, low = m.product(inner, x)
        return outer * m.tanh(z), steep * m.sech2(z, low + inner_low * x)

    def softcap(x):
        z, low = m.product(rate, x)
        return 50.0 * m.tanh(z), m.sech2(z, low + rate_low * x)

    def tanh_shrink(x):
        t = m.tanh(x)
        return m.tanh_shrink(x), t * t

    def lisht(x):
        t = m.tanh(x)
        return x * t, t + x * m.sech2(x)

    return {f.__name__: f for f in (tanh, scaled_tanh, softcap, tanh_shrink, lisht)}


def _gates(m: ModuleType) -> dict[str, Formula]:
    rate, rate_low = m.pair("1.702")
    with mp.workdps(60):
        first, first_low = m.pair(2 * sqrt(2 / pi))
        third, third_low = m.pair(2 * sqrt(2 / pi) * mpf("0.044715"))

    def silu(x):
        s = m.sigmoid(x)
        return x * s, m.terms(s, x * (s * m.sigmoid(-x)))

    def quick_gelu(x):
        z, low = m.product(rate, x)
        low = low + rate_low * x
        s = m.sigmoid(z, low)
        return x * s, m.terms(s, z * (s * m.sigmoid(-z, -low)))

    def gelu_tanh(x):
        square, square_low = m.product(x, x)
        cubic, cubic_low = m.product(third, square)
        factor, error = m.added(first, cubic)
        factor_low = error + cubic_low + first_low + (third * square_low + third_low * square)
        z, low = m.product(factor, x)
        low = low + factor_low * x
        s = m.sigmoid(z, low)
        slope = x * (first + 3.0 * cubic)
        return x * s, m.terms(s, slope * (s * m.sigmoid(-z, -low)))

    def mish(x):
        e = m.exp(m.minimum(x, _FAR))
        n = e * (e + 2.0)
        gate = n / (n + 2.0)
        slope = m.where(x < _FAR, 4.0 * e * (1.0 + e) / ((n + 2.0) * (n + 2.0)), 0.0)
        return x * gate, m.terms(gate, x * slope)

    return {f.__name__: f for f in (silu, quick_gelu, gelu_tanh, mish)}


def _normal(m: ModuleType) -> dict[str, Formula]:
    centre, width = m.constant(mpf(0.707107)), m.constant(mpf(0.282095))

    def gelu(x):
        below = m.normal(x)
        return x * below, m.terms(below, x * m.density(x))

    def clipped_gelu(x):
        below = m.normal(x)
        value = m.minimum(x * below, 10.0)
        inside = x <= 10
        first = m.where(inside, below, 0.0)
        return value, m.terms(first, m.where(inside, x * m.density(x), 0.0))

    def phish(x):
        below = m.normal(x)
        g = x * below
        t, s = m.tanh(g), x * m.sech2(g)
        return x * t, m.terms(t, s * (below + x * m.density(x)))

    def laplace(x):
        d, error = m.added(x, -centre)
        z = d / width
        back, rest = m.product(z, width)
        low = ((d - back) - rest + error) / width
        return m.normal(z, low), m.density(z, low) / width

    return {f.__name__: f for f in (gelu, clipped_gelu, phish, laplace)}


def _other(m: ModuleType) -> dict[str, Formula]:
    def squareplus(x):
        h = m.sqrt(x * x + 4.0)
        value = m.where(x > 0, (x + h) / 2.0, 2.0 / (h - m.minimum(x, 0.0)))
        return value, value / h

    def snake(x):
        s, c = m.sin(x), m.cos(x)
        return m.terms(x, s * s), m.terms(1.0 + 0.0 * x, 2.0 * s * c)

    return {f.__name__: f for f in (squareplus, snake)}
