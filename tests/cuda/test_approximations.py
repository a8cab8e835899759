"""What the hardware approximates: one instruction in PTX, and stand-ins as the planner has them."""

import importlib
import re

import numpy as np
import pytest

from actgen.codegen.simulate import APPROXIMATED
from actgen.cuda import simulated

MOST = {
    "sigmoid": 32,
    "exponential": 20,
    "tanh": 36,
}  # instructions of PTX an element, tail and all


@pytest.mark.parametrize("name", APPROXIMATED)
def test_the_simulator_computes_as_the_planner(name):
    a = np.float32([-np.inf, -140.5, -3.7, -0.0, 0.0, 1e-40, 0.3, 1.0, 77.7, 2e38, np.inf, np.nan])
    with np.errstate(all="ignore"):
        wanted = APPROXIMATED[name](a)
    found = [getattr(simulated, name)(value) for value in a]
    np.testing.assert_array_equal(np.float32(found), wanted)
    assert all(type(value) is np.float32 for value in found)


@pytest.mark.parametrize("name", MOST)
def test_16_bit_kernels_are_short(name):
    compilation = importlib.import_module("actgen.cuda.compilation")
    module = importlib.import_module(f"actgen.generated.cuda.{name}")
    _, ptx = compilation.ptx_of(module.forward_tiles, "bfloat16", (9, 0))
    body = ptx[ptx.index("{", ptx.index(".entry")) :]
    assert "ex2.approx.ftz.f32" in body
    assert not re.search(r"\.f64|div\.rn|call", body)
    lines = [line.strip() for line in body.splitlines() if line.startswith("\t")]
    work = [line for line in lines if not line.startswith((".", "//", "ld.param", "mov"))]
    assert len(work) <= 9 * MOST[name]  # eight of a tile, one of the tail
