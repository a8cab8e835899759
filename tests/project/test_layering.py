"""Imports point one way: through the compiler in the order the data flows, never back."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A file imports only what stands before it.
ORDER = [
    *("surroundings", "errors", "text", "scalars", "load", "precision"),
    *("ir", "ops", "names", "activation", "budgets", "measured", "constraints", "fields", "schema"),
    *("foreign", "explain", "build", "check", "model"),
    *("evaluate", "constants", "tokens", "scope", "parse", "formulas", "arguments"),
    *("signs", "algebra", "rounding", "kinks", "inline", "sources"),
    *(
        "simplify",
        "points",
        "differentiate",
        "reverse",
        "ieee",
        "power_series",
        "jet_functions",
        "jets",
        "orders",
        "growth",
    ),
    *("expand", "rules_function", "rules_logarithm", "rules_product", "rules_exponential"),
    *("rules_sum", "rules_quotient", "rules_difference", "stabilise", "rules_axis"),
    *("series", "vanishing", "guard"),
    "coefficients",
    *(
        f"functions.{n}"
        for n in (
            "parts",
            "family",
            "exponential",
            "logarithm",
            "hyperbolic",
            "circle",
            "circular",
            "error_function",
            "rough",
        )
    ),
    *(
        f"functions.float32_{n}"
        for n in ("parts", "exponential", "quotient", "softplus", "logarithm", "error", "softmax")
    ),
    "functions.float32_gates",
    *("functions.quick", "functions.slopes", "functions.gpu_approx", "functions.gpu_slopes"),
    *("library", "slopes", "gpu_slopes", "twofold", "tails", "lower"),
    "gates",
    *("merge", "shorten", "share", "schedule", "narrow_axis"),
    *(
        "emit.cpu",
        "emit.cuda",
        "emit.cuda_slices",
        "emit.cuda_elements",
        "emit.cuda_body",
        "emit.cuda_online",
        "emit.cuda_axis",
        "emit.axis",
        "emit.tiles",
        "emit.tile_rows",
        "emit.tile_columns",
        "emit.tidy",
        "emit.latex",
        "emit.text",
    ),
    "simulate",
    "samples",
    "parameter_values",
    "beside_zeros",
    "quicken",
    "plan",
    "pipeline",
    "nearby",
    "quantities",
    "computed",
    *(
        "literal",
        "render",
        "docstring",
        "narrow_kernels",
        "module",
        "approximate",
        "cuda_plan",
        "cuda_head",
        "cuda_axis",
        "cuda_module",
        "manifest",
        "single",
    ),
    *("plot", "curves", "equations", "docs", "stubs", "package", "show"),
    *("journal", "write", "workers", "stamp", "generate"),
    *("new", "console", "checkout", "cli"),
]

KERNELS_IMPORT = {"actgen.intrinsics", "math", "numba", "numpy"}
CUDA_KERNELS_IMPORT = {"actgen.cuda.intrinsics", "math", "numpy"}
ON_DEMAND = {"runtime/loading.py", "runtime/__main__.py"}  # these may import the compiler


def modules(folder):
    return sorted(path for path in (ROOT / folder).rglob("*.py") if path.name != "__init__.py")


def imports(path):
    """Yield the full name of everything a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name, parts):
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def codegen_name(path):
    return path.relative_to(ROOT / "codegen").with_suffix("").as_posix().replace("/", ".")


def test_the_order_names_every_module_once():
    found = sorted(codegen_name(path) for path in modules("codegen"))
    assert sorted(ORDER) == found


@pytest.mark.parametrize("path", modules("codegen"), ids=codegen_name)
def test_the_compiler_imports_only_what_stands_before(path):
    name = codegen_name(path)
    place = ORDER.index(name)
    before = {f"actgen.codegen.{other}" for other in ORDER[:place]}
    later = {other.split(".")[0] for other in ORDER[place:]}
    packages = {other.split(".")[0] for other in ORDER[:place] if "." in other}
    before |= {f"actgen.codegen.{package}" for package in packages - later}
    for imported in imports(path):
        if imported.startswith("actgen"):
            assert within(imported, before), f"{name} imports {imported}"


def test_the_runtime_imports_the_compiler_on_demand_only():
    for path in modules("runtime"):
        relative = path.relative_to(ROOT).as_posix()
        if relative not in ON_DEMAND:
            assert not any(within(name, {"actgen.codegen"}) for name in imports(path)), relative


def test_generated_kernels_import_the_intrinsics_only():
    for path in modules("generated/cpu"):
        foreign = [name for name in imports(path) if not within(name, KERNELS_IMPORT)]
        assert not foreign, path


def test_generated_cuda_kernels_import_their_intrinsics_only():
    for path in modules("generated/cuda"):
        foreign = [name for name in imports(path) if not within(name, CUDA_KERNELS_IMPORT)]
        assert not foreign, path


def test_nothing_imports_a_folder_by_its_bare_name():
    bare = {"codegen", "generated", "runtime", "spec"}
    for folder in ("codegen", "generated", "runtime", "tests", "benchmarks"):
        for path in modules(folder):
            assert not any(within(name, bare) for name in imports(path)), path
