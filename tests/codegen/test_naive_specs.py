"""Specs written the naive way, as a stranger would: the kernels keep every digit all the same."""

import numpy as np
import pytest
from mpmath import mp, mpf

import actgen
from tests.codegen.naive import Undefined, exact
from tests.oracle.ulp import error, format_of

FORMULAS = {
    "serf": "x * erf(log(1 + exp(x)))",
    "smish": "x * tanh(log(1 + sigmoid(x)))",
    "gish": "x * log(2 - exp(-exp(x)))",
    "tanh_exp": "x * tanh(exp(x))",
    "shifted_softplus": "log(0.5 + 0.5 * exp(x))",
    "bent_identity": "(sqrt(x**2 + 1) - 1) / 2 + x",
    "raw_tanh": "(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    "raw_mish": "x * ((1 + exp(x))**2 - 1) / ((1 + exp(x))**2 + 1)",
    "raw_selu": "1.05070098735548 * (max(0, x) + min(0, 1.67326324235438 * (exp(x) - 1)))",
    "symlog": "sign(x) * log(abs(x) + 1)",
    "log_cosh": "log((exp(x) + exp(-x)) / 2)",
    "raw_asinh": "log(x + sqrt(x**2 + 1))",
    "expm1_over_x": "(1 - exp(-x)) / x",
    "bernoulli": "x / (exp(x) - 1)",
    "langevin": "cosh(x) / sinh(x) - 1 / x",
    "cardinal_sine": "sin(x) / x",
    "tanh_step": "tanh(x + 1) - tanh(x - 1)",
    "exp_pair": "exp(-abs(x)) - exp(-2 * abs(x))",
    "cubic": "x**3 / (1 + abs(x)**3)",
    "cube_root": "sign(x) * abs(x)**(1 / 3)",
    "over_pi": "erf(sqrt(pi) / 2 * x)",
    "aria": "(1 + exp(-b * x))**(-a)",
    "gauss": "exp(-(x - b)**2 / (2 * a**2))",
}
PARAMS = {"aria": {"a": 1.5, "b": 2.0}, "gauss": {"a": 1.5, "b": 0.5}}
BOUNDS = {"float32": 1.0, "float64": 4.0}
NARROW = (
    *(1e-30, 1e-5, 0.003, 0.04, 0.2, 0.6, 1.1, 1.7, 2.9, 7.3, 15.0, 26.0, 88.0, 103.0, 1e3, 1e18),
    *(3e38, np.inf),
)
WIDE = (1e-300, 700.0, 1.7e308)


def inputs(dtype):
    """Return numbers of both signs; those of float32 are among those of float64."""
    sizes = np.array(NARROW, dtype=np.float32).astype(dtype)
    if dtype == "float64":
        sizes = np.concatenate([sizes, WIDE])
    return np.concatenate([[0.0], sizes, -sizes]).astype(dtype)


def is_near_zero(text, params, order, x):
    """Tell whether the sign changes close to x: there float64 is held to no relative bound."""
    if not 1e-4 < abs(x) < 60:
        return False
    try:
        signs = {mp.sign(exact(text, mpf(x) * f, params)[order]) for f in (0.7, 0.9, 1.1, 1.4)}
    except (TypeError, Undefined):
        return False
    return len(signs) > 1


@pytest.mark.parametrize("name", FORMULAS)
def test_naive_spec(name, tmp_path):
    text, params = FORMULAS[name], PARAMS.get(name, {})
    path = tmp_path / f"{name}_spec.yaml"
    lines = [f"name: {name}_spec", f'formula: "{text}"', "params:" if params else ""]
    lines += [f'  {p}: {{default: {value}, constraint: "> 0"}}' for p, value in params.items()]
    path.write_text("\n".join(lines))
    activation = actgen.load(path)
    known = {v: exact(text, v, params) for v in inputs("float64").tolist()}
    for dtype, bound in BOUNDS.items():
        x = inputs(dtype)
        wanted = [known[v] for v in x.tolist()]
        for order, found in enumerate((activation(x), activation.derivative(x))):
            for v, computed, pair in zip(x.tolist(), found.tolist(), wanted, strict=True):
                if pair[order] is None:
                    continue
                off = error(computed, pair[order], format_of(dtype))
                if off > bound and dtype == "float64" and is_near_zero(text, params, order, v):
                    continue
                value = mp.nstr(pair[order], 17)
                assert off <= bound, f"order {order} {dtype} at {v}: {computed}, not {value}"
        nan = np.array([np.nan], dtype=dtype)
        assert np.isnan(activation(nan)[0]) and np.isnan(activation.derivative(nan)[0])
