"""What kernels along an axis compile to, for every kind of device: no GPU is needed."""

import importlib
import itertools

import pytest

CAPABILITIES = ((7, 5), (8, 0), (9, 0), (10, 0))
NAMES = ("softmax", "softmin", "log_softmax", "sparsemax", "hardmax", "gumbel_softmax", "maxout")
ELEMENTS = ("float32", "bfloat16", "float64", "float16")
MOST_REGISTERS = {True: 144, False: 216}  # in float32 or not, where up to 256 threads make a block


class Kernels:
    """The kernels of a module."""

    def __init__(self, name):
        self.module = importlib.import_module(f"actgen.generated.cuda.{name}")

    def find(self, stem, form):
        return getattr(self.module, f"{stem}_{form}", None)


def launches(name):
    """Return the launch of each kernel of a module, each for a length and a kind of device."""
    from actgen.cuda.axis import columns_plan, rows_plan

    kernels = Kernels(name)
    ways = itertools.cycle(itertools.product(CAPABILITIES, ELEMENTS))
    most = itertools.cycle((False, True, False))
    for kernel, width in kernels.module.WIDTHS.items():
        masked = kernel.endswith("_masked")
        *parts, form = kernel.removesuffix("_masked").split("_")
        stem = "_".join(parts).removesuffix("_narrow")
        capability, element = next(ways)
        if element not in served(kernels.module, kernel):
            element = served(kernels.module, kernel)[0]
        threads = 512 if "narrow" in parts else 256
        length = {"rows": threads * width if next(most) else 1000}.get(form, 100_000)
        if form == "columns":
            plan = columns_plan(kernels, stem, masked, element, 4, length, 100)
        else:
            plan = rows_plan(kernels, stem, masked, element, 4, length)
        assert plan.kernel is getattr(kernels.module, kernel)
        yield kernel, element, capability, plan


def served(module, kernel):
    """Return the element types whose arrays come to a kernel."""
    if "_narrow_" not in kernel:
        forms = {"_rows": "_rows", "_block": "_online", "_columns": "_columns"}
        others = [kernel.replace(form, f"_narrow{form}") for form in forms]
        others += [kernel.replace(form, f"_narrow{other}") for form, other in forms.items()]
        if any(other != kernel and hasattr(module, other) for other in others):
            return ("float64",)
        short = any(hasattr(module, other.replace("_narrow", "_fast_narrow")) for other in others)
        return ("float32", "float64") if short else ELEMENTS
    fast = kernel.replace("_narrow_", "_fast_narrow_")
    return ("float32",) if hasattr(module, fast) else tuple(e for e in ELEMENTS if e != "float64")


def check(name, kernel, element, capability, plan):
    from actgen.cuda.compilation import report

    made = report(plan.kernel, element, capability, plan.constants)
    case = name, kernel, element, capability, dict(plan.constants)
    assert (made.stack, made.spilled, made.local) == (0, 0, 0), case
    assert ".extern" not in made.ptx, case
    assert "call" not in made.ptx, case
    most = MOST_REGISTERS["_narrow_" in kernel] if plan.block <= 256 else 128
    assert made.registers <= most, (case, made.registers)
    assert made.registers * plan.block <= 2**16, case
    if "_narrow_" in kernel:
        assert ".f64" not in made.ptx, case
    if plan.width > 1:
        wide = "ld.global.v2" if element == "float64" else "ld.global.v4"
        reads = (name, kernel.split("_")[0]) != ("hardmax", "vjp")  # which is 0
        assert not reads or wide in made.ptx, case
        assert "st.global.v" in made.ptx, case


@pytest.mark.parametrize("name", NAMES)
def test_kernels_stay_in_registers(name):
    # softmax stands for its family, of which every fifth kernel is compiled
    every = 5 if name in ("softmin", "log_softmax", "gumbel_softmax") else 1
    for case in itertools.islice(launches(name), 0, None, every):
        check(name, *case)


def test_longest_rows_are_walked_along():
    from actgen.cuda.axis import rows_plan

    kernels = Kernels("softmax")
    plans = [rows_plan(kernels, "forward", False, "float32", 8, n) for n in (1, 128, 129, 1024)]
    assert [(plan.lanes, plan.width) for plan in plans] == [(1, 4), (32, 4), (32, 8), (32, 32)]
    assert [plan.block for plan in plans] == [128] * 4
    for length, held in ((1025, True), (16_384, True), (16_385, False)):
        plan = rows_plan(kernels, "forward", False, "float32", 8, length)
        assert ("_rows" in plan.kernel.__name__) == held
        assert plan.grid == (8, 1, 1)
        assert plan.block == plan.lanes
