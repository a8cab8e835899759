"""Give the exact values of the ReLU family."""

from __future__ import annotations

from typing import Any

from mpmath import exp, expm1, inf, mpf

from tests.oracle.table import Triple, activation, rising


def _times(slope: Any, x: Any) -> Any:
    """Multiply, with the limit 0 for a flat slope at infinity."""
    return mpf(0) if slope == 0 else slope * x


def _leaky_ends(slope: Any) -> tuple[Triple, Triple]:
    return (_times(mpf(slope), -inf), slope, 0), (inf, 1, 0)


@activation("linear", lambda: ((-inf, 1, 0), (inf, 1, 0)))
def linear(x: Any) -> Triple:
    return x, 1, 0


def _relu_ends(
    negative_slope: Any = 0.0, max_value: Any = None, threshold: Any = 0.0
) -> tuple[Triple, Triple]:
    top = (inf, 1, 0) if max_value is None or max_value == inf else (max_value, 0, 0)
    return (_times(mpf(negative_slope), -inf), negative_slope, 0), top


@activation("relu", _relu_ends)
def relu(x: Any, negative_slope: Any = 0.0, max_value: Any = None, threshold: Any = 0.0) -> Triple:
    slope = mpf(negative_slope)
    if x <= threshold:
        return slope * (x - mpf(threshold)), slope, 0
    if max_value is not None and x >= max_value:
        return mpf(max_value), 0, 0
    return x, 1, 0


@activation("relu6", lambda: ((0, 0, 0), (6, 0, 0)))
def relu6(x: Any) -> Triple:
    if x <= 0:
        return 0, 0, 0
    return (x, 1, 0) if x < 6 else (6, 0, 0)


@activation("relu2", lambda: ((0, 0, 0), (inf, inf, 2)))
def relu2(x: Any) -> Triple:
    return (x * x, 2 * x, 2) if x > 0 else (0, 0, 0)


@activation("leaky_relu", lambda negative_slope=0.01: _leaky_ends(negative_slope))
def leaky_relu(x: Any, negative_slope: Any = 0.01) -> Triple:
    slope = mpf(negative_slope)
    return (x, 1, 0) if x > 0 else (slope * x, slope, 0)


@activation("prelu", lambda weight: _leaky_ends(weight))
def prelu(x: Any, weight: Any) -> Triple:
    return leaky_relu(x, weight)


def _mean(lower: Any, upper: Any) -> Any:
    return (mpf(lower) + mpf(upper)) / 2


@activation("rrelu", lambda lower=0.125, upper=1 / 3: _leaky_ends(_mean(lower, upper)))
def rrelu(x: Any, lower: Any = 0.125, upper: Any = 1 / 3) -> Triple:
    return leaky_relu(x, _mean(lower, upper))


@activation("elu", lambda alpha=1.0: rising(-mpf(alpha)))
def elu(x: Any, alpha: Any = 1.0) -> Triple:
    alpha = mpf(alpha)
    return (x, 1, 0) if x > 0 else (alpha * expm1(x), alpha * exp(x), alpha * exp(x))


@activation("celu", lambda alpha=1.0: rising(-mpf(alpha)))
def celu(x: Any, alpha: Any = 1.0) -> Triple:
    alpha = mpf(alpha)
    if x > 0:
        return x, 1, 0
    return alpha * expm1(x / alpha), exp(x / alpha), exp(x / alpha) / alpha


def _selu_constants() -> tuple[Any, Any]:
    return (
        mpf("1.6732632423543772848170429916717"),
        mpf("1.0507009873554804934193349852946"),
    )


def _selu_ends() -> tuple[Triple, Triple]:
    alpha, scale = _selu_constants()
    return (-alpha * scale, 0, 0), (inf, scale, 0)


@activation("selu", _selu_ends)
def selu(x: Any) -> Triple:
    alpha, scale = _selu_constants()
    if x > 0:
        return scale * x, scale, 0
    return scale * alpha * expm1(x), scale * alpha * exp(x), scale * alpha * exp(x)
