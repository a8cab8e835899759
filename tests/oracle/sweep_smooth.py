"""Give float64 array references of the activations with exponentials in them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

Array = np.ndarray
Pair = tuple[Callable[[Array], Array], Callable[[Array], Array]]
_ALPHA, _SCALE = 1.6732632423543772848, 1.0507009873554804934
_K, _C = 2 * np.sqrt(2 / np.pi), 0.044715

sigma = special.expit


def _rise(x: Array, inside: Array) -> Array:
    """Return `inside`, with the limits 0 and inf of x times a gate at both ends."""
    return np.where(np.isinf(x), np.maximum(x, 0), inside)


def _step(x: Array, inside: Array) -> Array:
    """Return `inside`, with the limits 0 and 1 of the slope of x times a gate."""
    return np.where(np.isinf(x), 1.0 * (x > 0), inside)


def sech2(x: Array) -> Array:
    small = np.exp(-2 * np.abs(x))
    return 4 * small / (1 + small) ** 2


def density(x: Array) -> Array:
    """Return the standard normal density, with the square split so that no digit is lost."""
    x = np.clip(x, -60, 60)
    head = x.astype(np.float32).astype(np.float64)
    rest = x - head
    return np.exp(-head * head / 2) * np.exp(-rest * (x + head) / 2) / np.sqrt(2 * np.pi)


def below(x: Array) -> Array:
    return special.ndtr(x)


def _elu(scale: float, alpha: float) -> Pair:
    return (
        lambda x: scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        lambda x: scale * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0))),
    )


def _silu(beta: float) -> Pair:
    def derivative(x: Array) -> Array:
        z = beta * x
        return _step(x, sigma(z) * (1 + z * sigma(-z)))

    return lambda x: _rise(x, x * sigma(beta * x)), derivative


def _gelu_tanh_slope(x: Array) -> Array:
    z, dz = _K * (x + _C * x**3), _K * (1 + 3 * _C * x * x)
    inside = sigma(z) * (1 + np.where(np.abs(x) > 100, 0.0, x * dz * sigma(-z)))
    return _step(x, inside)


def _mish_gate(x: Array) -> tuple[Array, Array]:
    e = np.exp(np.minimum(x, 40))
    n = e * (e + 2)
    return n / (n + 2), 4 * e * (1 + e) / (n + 2) ** 2


def _mish_slope(x: Array) -> Array:
    gate, slope = _mish_gate(x)
    return _step(x, np.where(x > 40, 1.0, gate + x * slope))


def _phish_slope(x: Array) -> Array:
    g = _rise(x, x * below(x))
    inside = np.tanh(g) + x * sech2(g) * (below(x) + x * density(x))
    return _step(x, np.where(x > 40, 1.0, inside))


def _tanh_shrink(x: Array) -> Array:
    y = np.minimum(x * x, 1.0)
    # the Maclaurin series of x - tanh(x) after the factor x**3
    series = np.polyval(_TANH_SERIES[::-1], y)
    return np.where(np.abs(x) < 0.35, x * y * series, np.where(np.isinf(x), x, x - np.tanh(x)))


def _tanh_series(count: int) -> list[float]:
    """Return the coefficients of (x - tanh(x)) / x**3 in powers of x**2, from Bernoulli numbers."""
    bernoulli = special.bernoulli(2 * count + 4)
    return [
        -float(4.0**k * (4.0**k - 1) * bernoulli[2 * k] / special.factorial(2 * k))
        for k in range(2, count + 2)
    ]


_TANH_SERIES = _tanh_series(18)


def _squareplus(x: Array) -> Array:
    h = np.hypot(x, 2.0)
    return np.where(x > 0, x / 2 + h / 2, 2 / (h - np.minimum(x, 0)))


def _squareplus_slope(x: Array) -> Array:
    h = np.hypot(x, 2.0)
    return _step(x, np.where(x > 0, (1 + x / h) / 2, 2 / (h - np.minimum(x, 0)) / h))


def _laplace_z(x: Array) -> Array:
    return (x - 0.707107) / 0.282095


SMOOTH: dict[str, Pair] = {
    "elu": _elu(1.0, 1.0),
    "celu": _elu(1.0, 1.0),
    "selu": _elu(_SCALE, _ALPHA),
    "gelu": (
        lambda x: _rise(x, x * below(x)),
        lambda x: _step(x, below(x) + x * density(x)),
    ),
    "gelu_tanh": (
        lambda x: _rise(x, x * sigma(_K * (x + _C * x**3))),
        _gelu_tanh_slope,
    ),
    "quick_gelu": _silu(1.702),
    "clipped_gelu": (
        lambda x: np.minimum(_rise(x, x * below(x)), 10.0),
        lambda x: np.where(x > 10, 0.0, _step(x, below(x) + x * density(x))),
    ),
    "silu": _silu(1.0),
    "mish": (lambda x: _rise(x, np.where(x > 40, x, x * _mish_gate(x)[0])), _mish_slope),
    "phish": (lambda x: _rise(x, x * np.tanh(_rise(x, x * below(x)))), _phish_slope),
    "sigmoid": (sigma, lambda x: sigma(x) * sigma(-x)),
    "log_sigmoid": (
        lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),
        lambda x: sigma(-x),
    ),
    "tanh": (np.tanh, sech2),
    "scaled_tanh": (
        lambda x: 1.7159 * np.tanh(0.67 * x),
        lambda x: 1.7159 * 0.67 * sech2(0.67 * x),
    ),
    "softcap": (lambda x: 50 * np.tanh(x / 50), lambda x: sech2(x / 50)),
    "tanh_shrink": (_tanh_shrink, lambda x: np.tanh(x) ** 2),
    "softplus": (lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), sigma),
    "squareplus": (_squareplus, _squareplus_slope),
    "exponential": (np.exp, np.exp),
    "lisht": (
        lambda x: np.abs(x * np.tanh(x)),
        lambda x: np.where(np.isinf(x), np.sign(x), np.tanh(x) + x * sech2(x)),
    ),
    "snake": (
        lambda x: np.where(np.isinf(x), x, x + np.sin(x) ** 2),
        lambda x: 1 + np.sin(2 * x),
    ),
    "laplace": (
        lambda x: below(_laplace_z(x)),
        lambda x: density(_laplace_z(x)) / 0.282095,
    ),
}
