"""Records, docstrings and stubs: what the spec says, in the shape the runtime and editors read."""

import ast

import pytest

from actgen.codegen.docstring import docstring, formula
from actgen.codegen.inline import read_definitions
from actgen.codegen.manifest import manifest_text, record
from actgen.codegen.sources import SPECS, shipped_specs
from actgen.codegen.stubs import stub_text

FULL = """\
name: full
title: A Full Unit
summary: Has every field.
aliases: [filled, {name: full_hard, params: {hard: true}}]
params:
  alpha: {default: 0.5, constraint: "> 0, <= top", aliases: [a], doc: How much.}
  top: {type: float, default: null, null_means: .inf, doc: Where it ends.}
  hard: {default: false, doc: Whether it is hard.}
formula:
  - {when: hard, value: "min(alpha * x, top)"}
  - value:
      scaled: alpha * x
      result: min(scaled, top) + tanh(x)
kinks: [{at: top / alpha, derivative: alpha, doc: The left one.}]
limits: {-inf: -inf}
references: [{title: The Paper, authors: "A. Uthor, B. Other", year: 2020, url: "https://e.org"}]
"""


@pytest.fixture
def full(tmp_path):
    (tmp_path / "full.yaml").write_text(FULL)
    (definition,) = read_definitions([tmp_path / "full.yaml"], {})
    return definition


def shipped(name):
    (definition,) = read_definitions([SPECS / f"{name}.yaml"], shipped_specs())
    return record(definition, [((), "")], f"actgen.generated.cpu.{name}")


def test_a_record_says_what_the_spec_says(full):
    entry = record(full, [((("hard", True),), "_hard"), ((), "")], "acts.cpu.full")
    doc = entry.pop("doc")
    assert doc == docstring(full.spec)
    assert entry == {
        "name": "full",
        "title": "A Full Unit",
        "summary": "Has every field.",
        "family": "other",
        "kind": "elementwise",
        "formula": (
            "if hard:\n    min(alpha * x, top)\n"
            "otherwise:\n    scaled = alpha * x\n    min(scaled, top) + tanh(x)"
        ),
        "aliases": {"filled": {}, "full_hard": {"hard": True}},
        "params": [
            {"name": "alpha", "type": "float", "default": 0.5, "aliases": ["a"],
             "constraint": [[">", 0.0], ["<=", "top"]], "doc": "How much.", "along_axis": False},
            {"name": "top", "type": "float", "default": None, "null_means": float("inf"),
             "aliases": [], "constraint": [], "doc": "Where it ends.", "along_axis": False},
            {"name": "hard", "type": "bool", "default": False, "aliases": [], "constraint": [],
             "doc": "Whether it is hard.", "along_axis": False},
        ],
        "axis": None,
        "gate": None,
        "mask": False,
        "random": [],
        "groups": None,
        "pieces": 1,
        "variants": [[{"hard": True}, "_hard"], [{}, ""]],
        "partials": ["alpha", "top"],
        "kinks": [{"at": "top / alpha", "derivative": "alpha"}],
        "limits": {"-inf": "-inf"},
        "module": "acts.cpu.full",
    }  # fmt: skip


def test_records_of_other_kinds():
    softmax, glu = shipped("softmax"), shipped("glu")
    assert (softmax["axis"], softmax["mask"]) == (
        {"default": -1, "tuple": True, "none": False},
        True,
    )
    assert glu["gate"] == "second"
    assert shipped("crelu")["pieces"] == 2
    assert shipped("maxout")["groups"] == "groups"
    assert shipped("gumbel_softmax")["random"] == ["u"]
    weight = shipped("prelu")["params"][0]
    assert "default" not in weight and weight["along_axis"]


def test_the_manifest_reads_back(full):
    entries = [record(full, [((), "")], "acts.cpu.full"), shipped("softmax")]
    module = {}
    exec(manifest_text(entries, "acts"), module)
    assert module["ACTIVATIONS"] == {entry["name"]: entry for entry in entries}


def test_the_docstring(full):
    assert (
        docstring(full.spec)
        == """\
Has every field.

A Full Unit, also called filled:

    if hard:
        min(alpha * x, top)
    otherwise:
        scaled = alpha * x
        min(scaled, top) + tanh(x)

Args:
    x: Array, scalar or sequence.
    alpha: How much. Must be > 0 and <= top. Default: 0.5. Also called a.
    top: Where it ends. Default: None.
    hard: Whether it is hard. Default: False.
    out: Array to write to; it may be `x`.
    where: Mask of the elements to compute; the others keep what `out` holds.

Returns:
    An array of the shape of `x`, or a scalar for a scalar. float16, bfloat16, float32
        and float64 are kept; integers and booleans promote as in `np.exp`.

Kinks:
    The derivative at x = top / alpha: alpha. The left one.

References:
    A. Uthor, B. Other. The Paper. 2020. https://e.org
"""
    )


def test_a_bare_spec_has_a_docstring_too(tmp_path):
    (tmp_path / "bare.yaml").write_text("name: bare\nformula: x\n")
    (definition,) = read_definitions([tmp_path / "bare.yaml"], {})
    assert docstring(definition.spec).startswith("bare.\n\n    x\n\nArgs:\n")
    assert formula(definition.spec) == "x"


def test_stubs_parse_and_have_the_signature(full):
    text = stub_text([record(full, [((), "")], "acts.cpu.full")], "acts")
    tree = ast.parse(text)
    (cls,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    methods = {node.name: node for node in cls.body if isinstance(node, ast.FunctionDef)}
    call = methods["__call__"].args
    assert [arg.arg for arg in call.args] == ["self", "x", "alpha", "top", "hard"]
    assert [arg.arg for arg in call.kwonlyargs] == ["a", "out", "where"]
    assert {"derivative", "vjp", "with_params"} <= methods.keys()
    names = [node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)]
    assert names[-3:] == ["filled", "full", "full_hard"]


def test_a_docstring_cannot_end_its_literal(full):
    entry = record(full, [((), "")], "acts.cpu.full")
    entry["doc"] = 'It says """ and ends in a \\ and a "'
    (cls,) = (n for n in ast.parse(stub_text([entry], "s")).body if isinstance(n, ast.ClassDef))
    assert ast.get_docstring(cls).strip() == entry["doc"]
