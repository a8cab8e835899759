"""Hold activations with parameters drawn at random from their allowed ranges to error bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.activations.cases import bound
from tests.activations.judge import exact_errors, report


def _floats(low, high):
    return st.floats(low, high, allow_subnormal=False)


# float64 has the bound of the default parameters, which is the wider one
BOUNDS = {"float32": 2.0, "float64": 3.0}
RANGES = {
    "relu": {
        "negative_slope": _floats(0, 1),
        "max_value": st.none() | _floats(1, 20),
        "threshold": _floats(0, 1),
    },
    "leaky_relu": {"negative_slope": _floats(-1, 2)},
    "elu": {"alpha": _floats(0.01, 5)},
    "celu": {"alpha": _floats(0.01, 5)},
    "silu": {"beta": _floats(-3, 3)},
    "clipped_gelu": {"min_val": _floats(-1, 0), "max_val": _floats(0.5, 20)},
    "hard_tanh": {"min_val": _floats(-5, -0.5), "max_val": _floats(0, 5)},
    "scaled_tanh": {"scale_a": _floats(0.1, 3), "scale_b": _floats(0.1, 3)},
    "softcap": {"cap": _floats(0.5, 100)},
    "hard_shrink": {"lambd": _floats(0, 3)},
    "soft_shrink": {"lambd": _floats(0, 3)},
    "shrink": {"lambd": _floats(0, 3), "bias": _floats(-1, 1)},
    "threshold": {"threshold": _floats(-2, 2), "value": _floats(-5, 5)},
    "thresholded_relu": {"alpha": _floats(-1, 3)},
    "softplus": {"beta": _floats(0.1, 10)},
    "squareplus": {"b": _floats(0.01, 50)},
    "snake": {"frequency": _floats(0.1, 10)},
    "laplace": {"mu": _floats(-2, 2), "sigma": _floats(0.1, 3)},
    "step": {"threshold": _floats(-2, 2)},
    "hard_sigmoid": {"slope": _floats(0.05, 2), "offset": _floats(-0.5, 1.5)},
}
POINTS = np.concatenate(
    [
        np.random.default_rng(30).normal(size=24) * 3,
        np.random.default_rng(31).uniform(-90, 90, 12),
        [0.0, 1e-30, -1e-30, 3e38, -3e38, 1e-3, -1e-3, 25.0, -25.0],
    ]
)


@pytest.mark.parametrize("name", sorted(RANGES))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_parameters(name, dtype):
    x = POINTS.astype(dtype)

    @settings(max_examples=15, deadline=None, derandomize=True)
    @given(st.fixed_dictionaries(RANGES[name]))
    def check(params):
        activation = bound(name, params)
        for order in (0, 1):
            at = x
            if name in ("snake", "hard_sigmoid"):  # sums with zeros that no parameter makes exact
                at = at[np.abs(at) < 1e6]
            computed = activation(at) if order == 0 else activation.derivative(at)
            error = exact_errors(name, params, order, at, computed)
            assert error.max() <= BOUNDS[dtype], report(name, order, at, computed, error)

    check()
