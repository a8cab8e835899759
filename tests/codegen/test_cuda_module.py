"""CUDA modules: laid out for reading, with the functions of the CPU modules."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from actgen.codegen.cuda_module import cuda_text
from actgen.codegen.inline import resolve
from actgen.codegen.model import read_text
from actgen.codegen.module import module_text
from actgen.codegen.names import name_problem
from actgen.codegen.pipeline import compile_definition
from actgen.codegen.sources import SPECS

KERNELS = '''\
@kernel
def forward_tiles(x, out, size, like, low):
    """Write the values: of contiguous arrays, a tile a block."""
    start = tile()
    if start + 1024 <= size:
        x_tile = load_tile(x, start, like)
        out_tile = (
            forward_as(like, x_tile[0], low),
            forward_as(like, x_tile[1], low),
            forward_as(like, x_tile[2], low),
            forward_as(like, x_tile[3], low),
            forward_as(like, x_tile[4], low),
            forward_as(like, x_tile[5], low),
            forward_as(like, x_tile[6], low),
            forward_as(like, x_tile[7], low),
        )
        store_tile(out, start, like, out_tile)
    else:
        for i in range(start + lane(), size, 128):
            x_i = load(x, i, like)
            out_i = forward_as(like, x_i, low)
            store(out, i, like, out_i)


@kernel
def forward_strided(
    x, x_strides, mask, mask_strides, out, out_strides, shape, size, like, low, low_at, low_strides
):
    """Write the values: of arrays with any strides."""
    i = thread()
    if i >= size:
        return
    place = coordinates(i, shape)
    if mask != 0 and not load_bool(mask, index_at(place, mask_strides)):
        return
    x_i = load(x, index_at(place, x_strides), like)
    low_place = index_at(place, low_strides)
    low_i = parameter(low, low_at, low_place, like)
    out_i = forward_as(like, x_i, low_i)
    store(out, index_at(place, out_strides), like, out_i)
'''
FUNCTIONS = '''\
@device
def forward(x, low):
    """Return the value at x."""
    low = low.value
    return maximum(x, low)


@device
def forward_float32(x, low):
    """Return the value at x, in float32."""
    low_ = low.high
    return maximum(x, low_)
'''
SCALAR = '''\
@device
def scalar(x, low=-1.0):
    """Return the value, in the type of x: for use in kernels of your own."""
    result = forward_as(x, x, in_parts(low))
    return narrow(result, x)
'''
GATE = '''\
@kernel
def vjp_scalars(x, dy, dx, outer, inner, like, slope):
    """Write dy times the derivatives: an element a thread."""
    j = thread()
    if j >= inner:
        return
    for i in range(row(), outer, rows_apart()):
        first = 2 * inner * i
        gate_j = load(x, first + inner + j, like)
        value_j = load(x, first + j, like)
        dy_j = load(dy, i * inner + j, like)
        dgate_j = dy_j * vjp_gate_as(like, gate_j, value_j, slope)
        dvalue_j = dy_j * vjp_value_as(like, gate_j, value_j, slope)
        store(dx, first + inner + j, like, dgate_j)
        store(dx, first + j, like, dvalue_j)
'''
KINDS = {
    "elementwise": "formula: where(x > 0, x, PARAM * expm1(x)) + round(PARAM * x)",
    "gated": "kind: gated\ngate: second\nformula: abs(PARAM * gate) * value",
    "concat": "kind: reshaping\nformula: concat(max(x, 0) * PARAM, max(-x, 0))",
}
IN_PARTS = re.compile(r"\w+ = \w+\.(value|high|rest)")  # how functions take parameters
BRANCH = re.compile(r"if (.*):\n    return (.*)")
AT_ONCE = re.compile(r"(\w+)_(rest_)? = float32(_rest)?\(\1\)")
NAMES = sorted(path.stem for path in SPECS.glob("*.yaml"))
GENERATED = Path(__file__).resolve().parents[2] / "generated"


def program_of(body):
    spec = read_text(f"name: probe\n{body}\n", "probe.yaml")
    return compile_definition(resolve([spec], {})[0])


def body_with_param(kind, name):
    body = KINDS[kind].replace("PARAM", name)
    return f"params: {{{name}: {{default: 2.0}}}}\n{body}"


def with_param(kind, name):
    text = cuda_text(program_of(body_with_param(kind, name)))
    assert text is not None
    return text


def names_in(text):
    nodes = list(ast.walk(ast.parse(text)))
    found = {node.id for node in nodes if isinstance(node, ast.Name)}
    found |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return found | {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


@cache
def shipped(target):
    """Return the text of every module: of the tree, which another test compares with the specs."""
    texts = {}
    for name in NAMES:
        path = GENERATED / target / f"{name}.py"
        texts[name] = path.read_text("utf-8") if path.exists() else ""
    return texts


def functions(text):
    """Return the source of each function of a module but its docstring."""
    return {
        node.name: [ast.unparse(line) for line in node.body[1:]]
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef)
    }


def test_functions_kernels_and_the_scalar_of_a_module():
    text = cuda_text(program_of("params: {low: {default: -1.0}}\nformula: max(x, low)"))
    for part in (FUNCTIONS, KERNELS, SCALAR):
        assert part in text
    assert "store(out, index_at(place, out_strides), 0.0, out_i)" in text  # the partial is float64


def test_gates_read_both_halves_before_they_write_either():
    assert GATE in with_param("gated", "slope")


def test_pieces_of_a_concatenation_lie_one_behind_the_other():
    text = with_param("concat", "slope")
    assert "store_tile(out, first + start, like, out_0_tile)" in text
    assert "store_tile(out, first + inner + start, like, out_1_tile)" in text


@pytest.mark.parametrize("name", NAMES)
def test_modules_are_fit_to_read(name):
    text = shipped("cuda")[name]
    if not text:
        return
    assert not [line for line in text.splitlines() if len(line) > 100 or line != line.rstrip()]
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            assert node.module in ("math", "numpy", "actgen.cuda.intrinsics")
            assert {alias.name for alias in node.names} <= used


@pytest.mark.parametrize("name", NAMES)
def test_both_targets_compute_by_the_same_functions(name):
    on_gpu, on_cpu = (functions(shipped(target)[name]) for target in ("cuda", "cpu"))
    kernels = ("_rows", "_columns", "_masked")  # along an axis
    both = on_gpu.keys() & on_cpu.keys()
    shared = [f for f in both if not f.startswith("scalar") and not f.endswith(kernels)]
    assert shared or any(f.endswith(kernels) for f in both)
    for function in shared:
        ours = [line for line in on_gpu[function] if not IN_PARTS.fullmatch(line)]
        theirs = [line for line in on_cpu[function] if not AT_ONCE.fullmatch(line)]
        assert ours == without_branches(theirs), function


def without_branches(lines):
    """Put results that a CPU returns early into the last line, where GPUs have them."""
    early = [BRANCH.fullmatch(line) for line in lines]
    *others, last = [line for line, found in zip(lines, early, strict=True) if not found]
    chain = "".join(f"{found[2]} if {found[1]} else " for found in early if found)
    if not chain:
        return lines
    taken = {line.partition(" = ")[0] for line in others}
    name = next(n for n in ("u", *(f"u_{i}" for i in range(2, 99))) if n not in taken)
    return [*others, last.replace("return", f"{name} =", 1), f"return {chain}{name}"]


def clashes(text):
    """Return the names that mean two things within one kernel of a module."""
    found = set()
    for function in ast.parse(text).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        args = [arg.arg for arg in function.args.args]
        nodes = list(ast.walk(function))
        parts = [
            n for n in nodes if isinstance(n, ast.Assign) and IN_PARTS.fullmatch(ast.unparse(n))
        ]
        bound = {id(part.targets[0]) for part in parts}
        names = [node for node in nodes if isinstance(node, ast.Name) and id(node) not in bound]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        called = {n.func.id for n in nodes if isinstance(n, ast.Call) and hasattr(n.func, "id")}
        found |= (set(args) & stored) | ((set(args) | stored) & called)
        found |= {arg for arg in args if args.count(arg) > 1}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_may_have_the_names_that_modules_use(kind):
    on_cpu = module_text(program_of(body_with_param(kind, "steepness")))
    # the names of CPU modules are tried with those
    own = names_in(with_param(kind, "steepness")) - names_in(on_cpu)
    for name in sorted(own - {"gate", "value"})[::2]:  # each compiles a spec
        if not name_problem(name, "param"):
            assert not clashes(with_param(kind, name)), name


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_kinds_have_no_clashes(kind):
    assert not clashes(with_param(kind, "steepness"))
