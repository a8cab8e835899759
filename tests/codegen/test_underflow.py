"""Far out no float32 function underflows: that takes some processors a hundred cycles."""

import numpy as np
import pytest

from actgen.codegen.ir import Apply, walk
from actgen.codegen.library import LIBRARY
from actgen.codegen.ops import APPROX
from actgen.codegen.precision import FLOAT32
from actgen.codegen.simulate import simulate

SMALLEST = 2.0**-126
# `times_power2` is quick for what is far from any number, the softmax selects what it computes
NAMES = [
    name
    for name, function in LIBRARY.items()
    if function.dtype == "float32" and not name.startswith("weight") and "_approx" not in name
]
EXACT = {
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "fma": lambda a, b, c: a * b + c,
}


def underflows(name, given):
    """Yield the operations whose operands or exact results are subnormal."""
    with np.errstate(all="ignore"):
        for node in walk(LIBRARY[name].body):
            if not isinstance(node, Apply) or node.op not in EXACT:
                continue
            args = [np.float64(simulate(arg, given, FLOAT32)) for arg in node.args]
            for value in (*args, EXACT[node.op](*args)):
                if ((value != 0) & (abs(value) < SMALLEST)).any():
                    yield node


def test_there_are_functions_and_underflows_are_seen():
    assert len(NAMES) > 50 and not set(NAMES) & {f"{name}_approx" for name in APPROX}
    small = np.array([-95.0], np.float32)  # where the sigmoid itself is subnormal
    assert any(underflows("sigmoid_f32", {"x": small}))


@pytest.mark.parametrize("name", NAMES)
def test_far_inputs_do_not_underflow(name):
    x = np.array([sign * far for far in (200, 1e3, 5e4, 1e9, 1e30) for sign in (-1, 1)], np.float32)
    low = np.float32(x * 2.0**-25)
    given = {"x": x, "low": low, "b": x, "b_low": low}
    assert not list(underflows(name, given))
