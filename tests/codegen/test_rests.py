"""What rounding leaves of functions: with it their values are good to some 55 bits."""

import numpy as np
import pytest
from mpmath import mp, mpf

from actgen.codegen.evaluate import MEANING
from actgen.codegen.ir import X, apply
from actgen.codegen.library import LIBRARY
from actgen.codegen.ops import RESTS
from actgen.codegen.simulate import simulate
from tests.codegen.printed import compiled
from tests.codegen.test_functions import PLAIN, call, inputs

BOUND = 2.0**-54  # of the value
NORMAL = mpf(2) ** -960  # above, no rest is subnormal


def arguments(name):
    base = name.split("_")[0]
    x = inputs(*PLAIN.get(base, (-1e12, 1e12))[:2])
    rng = np.random.default_rng(8)
    low = x * rng.uniform(-(2.0**-53), 2.0**-53, x.size)
    if base == "log1p":
        low = low[x > -0.5]
        x = x[x > -0.5]
    return {"x": x, "low": low, "b": rng.uniform(-9, 9, x.size)}


@pytest.mark.parametrize("name", RESTS)
def test_value_and_rest_are_good_to_many_digits(name, tmp_path):
    given = arguments(name)
    arrays = [given[arg] for arg in LIBRARY[name].args]
    module = compiled([name, f"{name}_rest"], tmp_path)
    high, rest = (call(module, each, *arrays) for each in (name, f"{name}_rest"))
    worst = 0.0
    with mp.workprec(200):
        for h, r, *args in zip(*(a.tolist() for a in (high, rest, *arrays)), strict=True):
            exact = MEANING[name](*map(mpf, args))
            if NORMAL < abs(exact) < mpf(2) ** 1020:
                worst = max(worst, float(abs(mpf(h) + mpf(r) - exact) / abs(exact)))
    assert worst < BOUND, f"2**{np.log2(worst):.1f}"


def test_a_rest_is_below_half_a_unit():
    x = np.linspace(-30, 30, 4001)
    value, rest = (simulate(apply(name, X), {"x": x}) for name in ("sigmoid", "sigmoid_rest"))
    assert np.all(abs(rest) <= 0.5001 * np.spacing(value))
