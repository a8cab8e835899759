"""Pages: everything a spec says, in Markdown that holds together."""

import re

import pytest

from actgen.codegen import docs
from actgen.codegen.inline import read_definitions
from actgen.codegen.manifest import record
from actgen.codegen.pipeline import compile_definition
from actgen.codegen.sources import SPECS, shipped_specs

FULL = """\
name: full
title: A Full Unit
summary: Has | every field.
aliases: [filled, {name: full_hard, params: {hard: true}}]
params:
  alpha: {default: 0.5, constraint: "> 0", aliases: [a], doc: Either | or.}
  hard: {default: false, doc: Whether it is hard.}
formula:
  - {when: hard, value: "max(alpha * x, 0)"}
  - {value: "log(1 + exp(alpha * x))"}
kinks: [{at: 0, derivative: alpha, doc: The right one.}]
limits: {-inf: 0, inf: inf}
accuracy: {float64: 5}
references: [{title: The Paper, authors: A. Uthor, year: 2020, url: "https://e.org"}]
profiles:
  torch:
    name: torch.full
    params: {alpha: {name: negative, default: 0.1}, hard: {name: hard, default: false}}
    differs: Not much.
  jax: {name: jax.full}
"""


FIGURES = {
    "forward": {
        "float32": {
            "accurate": {"ulp": 0.517, "at": "1", "inputs": 4096},
            "fast": {"ulp": 2.25, "at": "1", "inputs": 4096},
            "torch": {"ulp": 1.7e7, "at": "-90", "inputs": 4096},
        },
        "float64": {"accurate": {"ulp": 1.25, "at": "1", "inputs": 100}},
    }
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("spec") / "full.yaml"
    path.write_text(FULL)
    (definition,) = read_definitions([path], {})
    return docs.page(compile_definition(definition), "full, drawn", FIGURES)


def shipped(name):
    (definition,) = read_definitions([SPECS / f"{name}.yaml"], shipped_specs())
    return docs.page(compile_definition(definition), "", {})


def test_head_and_plot(page):
    assert "# full\n\n**A Full Unit.** Has | every field.\n" in page
    assert "Also called `filled`, `full_hard` (`hard=True`)." in page
    assert "![full, drawn](full.svg)" in page


def test_a_formula_and_a_derivative_per_case(page):
    first, second = page.split("Otherwise:")
    assert "With `hard=True`:" in first
    assert r"\mathrm{full}(x) = \max(\alpha \, x, 0)" in first
    assert r"\mathrm{full}'(x) = " in first and r"\mathrm{full}'(x) = " in second
    assert page.count("```") % 2 == 0


def test_calls(page):
    assert "y = actgen.full(x)\nslope = actgen.full.derivative(x)\n" in page
    assert "dx = actgen.full.vjp(x, dy)\n" in page
    assert "actgen.prelu.vjp(x, dy, weight=weight)" in shipped("prelu")
    assert "derivative(" not in shipped("glu").split("## Use")[1].split("##")[0]


def test_tables(page):
    assert r"| `alpha`, `a` | float | `0.5` | `> 0` | Either \| or. |" in page
    assert "| `-inf` | `0` |" in page
    assert "- The derivative at x = 0: alpha. The right one." in page
    for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(columns) == 1, block


def test_numerical_notes_name_what_was_rewritten(page):
    notes = page.split("## Numerical notes")[1].split("##")[0]
    assert re.search(r"- `[^`]+`: \w+", notes)
    assert "no rewrite was applied" in shipped("linear")


def test_accuracy(page):
    assert "|  | dtype | inputs | error | budget | fast tier | its budget | PyTorch |\n" in page
    assert "| forward | float32 | 4,096 | 0.52 | 1 | 2.25 | 4 | 1.7e+07 |\n" in page
    assert "| forward | float64 | 100 | 1.25 | 5 |  | 8 |  |\n" in page


def test_budgets_stand_alone_where_nothing_is_measured():
    assert "| dtype | budget | budget of the fast tier |\n|---|---|---|\n" in shipped("linear")
    assert "| float64 | 3 | 8 |\n" in shipped("linear")
    assert "measured" not in shipped("linear")
    assert "beside the rounding of the sum" in shipped("softmax")


def test_other_libraries(page):
    assert "| PyTorch | `torch.full` | `negative` for `alpha`, default `0.1` | Not much. |" in page
    assert "| JAX | `jax.full` |  |  |" in page
    assert "Without a counterpart in Keras 3, ONNX." in page


def test_references(page):
    assert page.endswith("- A. Uthor. The Paper. 2020. https://e.org\n")


def test_gradients_of_normalizations_are_shown():
    assert r"\mathrm{dx}_{i} = " in shipped("softmax")


def test_the_index_goes_by_family():
    entries = []
    for name in ("softmax", "relu", "elu"):
        (definition,) = read_definitions([SPECS / f"{name}.yaml"], {})
        entries.append(record(definition, [((), "")], name))
    text = docs.index(entries, "specs")
    assert text.index("## Rectifiers") < text.index("[relu](relu.md)")
    assert text.index("[relu](relu.md)") < text.index("## Normalizations")
    assert text.index("## Normalizations") < text.index("[softmax](softmax.md)")
    assert "Gated" not in text


def test_gates_and_concatenations_have_their_gradients():
    page = shipped("reglu")
    assert r"\frac{\partial \mathrm{reglu}}{\partial \mathrm{value}} = " in page
    assert r"$`\mathrm{gate}`$ is the first half of x along the axis" in page
    assert r"\mathrm{crelu}'(x) = \left[" in shipped("crelu")


def test_signs_are_explained_and_random_arrays_indexed():
    assert r"Here $`\sigma(t) = 1 / (1 + e^{-t})`$" in shipped("silu")
    page = shipped("gumbel_softmax")
    assert r"\ln(u_{j})" in page and r"\ln(u)" not in page
    assert (
        "y = actgen.gumbel_softmax(x, rng=0)\ndx = actgen.gumbel_softmax.vjp(x, dy, rng=0)" in page
    )


def test_keywords_stand_in_the_table():
    assert "| `axis` | int, tuple | `-1` |  | The axis to work along. |" in shipped("softmax")
    assert "| `where` | bool array | `True` |" in shipped("softmax")
    assert "| `rng` |" in shipped("rrelu")
