"""What the hardware approximates: one instruction in PTX, and stand-ins as the planner has them."""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import actgen
from actgen.codegen.samples import short_inputs
from actgen.codegen.simulate import APPROXIMATED
from actgen.cuda import simulated

MOST = {
    "sigmoid": 32,
    "exponential": 20,
    "tanh": 36,
}  # instructions of PTX an element, tail and all
GENERATED = Path(__file__).resolve().parents[2] / "generated" / "cuda"
PLAIN = "actgen_plain"  # what modules import here: primitives in Python


def approximated(name):
    """Return the functions of 16-bit results of a module, those that approximate, by quantity."""
    text = (GENERATED / f"{name}.py").read_text(encoding="utf-8")
    plain = ModuleType(PLAIN)
    imported = re.search(r"from actgen.cuda.intrinsics import \((.*?)\)", text, re.DOTALL)
    for primitive in re.findall(r"\w+", imported[1]):
        setattr(plain, primitive, getattr(simulated, primitive, None))
    plain.device = plain.kernel = plain.widened = lambda function, *rest: function
    plain.by_type = lambda *, double, single, half: half
    sys.modules[PLAIN] = plain
    module = {"__name__": name}
    exec(compile(text.replace("actgen.cuda.intrinsics", PLAIN), name, "exec"), module)
    for quantity in ("forward", "derivative"):
        function = module.get(f"{quantity}_as_default", module.get(f"{quantity}_as"))
        if function is None or "_approx" not in function.__name__:
            continue
        if function.__code__.co_argcount == 1:
            yield quantity, function


@pytest.mark.parametrize("name", sorted(path.stem for path in GENERATED.glob("[a-z]*.py")))
def test_finished_functions_round_almost_as_the_exact_value(name):
    """As printed, with the hardware's approximations exact; the planner tries them being off."""
    x = np.array_split(short_inputs(), 2)
    for quantity, function in approximated(name):
        exact_function = actgen.get(name) if quantity == "forward" else actgen.get(name).derivative
        for inputs, digits, least in zip(x, (10, 7), (-14, -126), strict=True):
            inputs = inputs[::97]
            with np.errstate(all="ignore"):
                exact = exact_function(inputs.astype(np.float64))
                found = np.float64([function(value) for value in inputs])
                _, exponent = np.frexp(exact)
                unit = np.ldexp(1.0, np.maximum(exponent - 1, least) - digits)
                largest = np.ldexp(2 - 2.0 ** -(digits + 1), 15 if digits == 10 else 127)
                beyond = (abs(found) >= largest) & (abs(exact) >= largest)
                same = (np.isnan(found) & np.isnan(exact)) | (found == exact) | beyond
                errors = np.where(same, 0, abs(found - exact) / unit)
            worst = errors.argmax()
            assert errors[worst] <= 0.01, (quantity, inputs[worst], found[worst], exact[worst])


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
