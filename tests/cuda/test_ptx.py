"""What elementwise and gated kernels compile to, for every kind of device: no GPU is needed."""

import importlib
import itertools
import os
import re
from pathlib import Path

import pytest

CAPABILITIES = ((7, 5), (8, 0), (9, 0), (10, 0))
ELEMENTS = ("float32", "bfloat16", "float16", "float64")
MOST_REGISTERS = {"float32": 112, "bfloat16": 112, "float16": 112, "float64": 224}
WIDE = {"float64": "v2.f64"}  # how 16 bytes are spelled


def module_of(name):
    return importlib.import_module(f"actgen.generated.cuda.{name}")


ALL = os.environ.get("ACTGEN_PTX") == "all"  # some minutes
KERNEL = r"^def (\w+_tiles)\(" if ALL else r"^def ((?:forward|vjp)\w*_tiles)\("
GENERATED = Path(__file__).resolve().parents[2] / "generated" / "cuda"
TILED = [  # read, not imported: collecting tests is to be quick
    (path.stem, kernel)
    for path in sorted(GENERATED.glob("[a-z]*.py"))
    for kernel in re.findall(KERNEL, path.read_text(encoding="utf-8"), re.MULTILINE)
]
CASES = [
    (name, kernel, *way)
    for (name, kernel), way in zip(
        sorted(TILED if ALL else TILED[::4]),  # each takes half a second
        itertools.cycle(itertools.product(ELEMENTS, CAPABILITIES)),
        strict=False,
    )
]


def instructions(ptx):
    body = ptx[ptx.index("{", ptx.index(".entry")) :]
    return [line.strip() for line in body.splitlines() if line.startswith("\t")]


def in_float64(name, kernel, element):
    """Tell whether the module says that a kernel computes results of a type in float64."""
    source = (GENERATED / f"{name}.py").read_text(encoding="utf-8")
    way = {"float64": "double", "float32": "single"}.get(element, "half")
    code = source[source.index(f"def {kernel}(") :]
    code = code[: code.index("\n\n\n")] if "\n\n\n" in code else code
    called = set(re.findall(r"(\w+_as\w*)\(", code))
    called |= {name.replace("_as", "_any_as") for name in called}  # which those may fork to
    chosen = re.compile(rf"^({'|'.join(called)}) = by_type\((.*?)^\)", re.MULTILINE | re.DOTALL)
    return way == "double" or any(f"{way}=widened(" in c[2] for c in chosen.finditer(source))


def check(name, kernel, element, capability):
    from actgen.cuda.compilation import report

    made = report(getattr(module_of(name), kernel), element, capability)
    code = instructions(made.ptx)
    assert (made.spilled, made.stack, made.local) == (0, 0, 0)
    wide_arithmetic = in_float64(name, kernel, element)
    assert made.registers <= MOST_REGISTERS["float64" if wide_arithmetic else element]
    assert ".extern" not in made.ptx
    wide = WIDE.get(element, "v4")
    assert any(f"ld.global.{wide}" in line for line in code)
    assert any(f"st.global.{wide}" in line for line in code)
    assert not any(line.startswith("call") for line in code)
    doubles = [line for line in code if ".f64" in line and not line.startswith("ld.param")]
    if not wide_arithmetic:
        assert not doubles
    contracted = [line for line in code if re.match(r"(mul|add|sub)\.f(32|64)", line)]
    assert not contracted  # without .rn the assembler might join them into fma


@pytest.mark.parametrize(("name", "kernel", "element", "capability"), CASES)
def test_kernels_by_tiles(name, kernel, element, capability):
    check(name, kernel, element, capability)


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize(("name", "kernel"), [("silu", "forward_tiles"), ("swiglu", "vjp_tiles")])
def test_every_element_type_on_every_capability(name, kernel, element, capability):
    check(name, kernel, element, capability)


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("prelu", "forward_strided"),
        ("silu", "partial_beta_strided"),
        ("glu", "vjp_scalars"),
        ("rrelu", "forward_training_strided"),
        ("crelu", "forward_scalars"),
    ],
)
def test_kernels_by_elements(name, kernel, element):
    from actgen.cuda.compilation import report

    made = report(getattr(module_of(name), kernel), element, (8, 0))
    assert (made.spilled, made.stack, made.local) == (0, 0, 0)
    assert ".extern" not in made.ptx


def test_sixteen_bits_are_packed_in_pairs_where_the_hardware_can():
    from actgen.cuda.compilation import report

    kernel = module_of("relu").forward_default_tiles
    assert "cvt.rn.bf16x2.f32" in report(kernel, "bfloat16", (8, 0)).ptx
    assert "cvt.rn.f16x2.f32" in report(kernel, "float16", (9, 0)).ptx
    assert "x2" not in report(kernel, "bfloat16", (7, 5)).ptx


def test_a_kernel_is_compiled_once_and_kept(tmp_path, monkeypatch):
    from actgen.cuda import compilation

    monkeypatch.setenv("ACTGEN_CACHE_DIR", str(tmp_path))
    kernel = module_of("relu").forward_default_tiles
    first = compilation.compile_kernel(kernel, "float32", (9, 0))
    assert first.name.isidentifier() or first.name.startswith("_Z")
    assert first.code[:4] == b"\x7fELF"
    monkeypatch.setattr(compilation, "ptx_of", None)
    assert compilation.compile_kernel(kernel, "float32", (9, 0)) == first


def test_products_are_rounded_before_they_are_added():
    from actgen.cuda.compilation import ptx_of
    from actgen.cuda.intrinsics import device, kernel, load, store

    @device
    def product(a, b):
        return a * b

    @kernel
    def plain(x, dy, out, like):
        a, b = load(x, 0, like), load(dy, 0, like)
        store(out, 0, like, product(a, b) + a)

    _, ptx = ptx_of(plain, "float32", (9, 0))
    assert "fma" not in ptx
    assert "mul.rn.f32" in ptx and "add.rn.f32" in ptx
