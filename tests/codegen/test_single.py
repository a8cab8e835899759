"""Compile one file in memory: the record and the source of what it specifies."""

import pytest

from actgen.codegen.errors import SpecError
from actgen.codegen.single import compile_spec_file

from . import plain


@pytest.fixture
def compiled(tmp_path):
    def compile_text(text, file="mine.yaml"):
        path = tmp_path / file
        path.write_text(text, encoding="utf-8")
        return compile_spec_file(path)

    return compile_text


def test_a_file_becomes_a_record_and_its_kernels(compiled):
    entry, source, _ = compiled("name: bent\nparams: {a: {default: 2}}\nformula: x + a * x**2\n")
    assert (entry["name"], entry["kind"], entry["partials"]) == ("bent", "elementwise", ["a"])
    assert entry["params"][0]["default"] == 2
    module = plain.module(source)
    assert module["forward"](3.0, 2.0) == 21
    assert module["derivative"](3.0, 2.0) == 13
    assert module["partial_a"](3.0, 2.0) == 9


def test_shipped_activations_may_be_called(compiled):
    _, source, _ = compiled("name: mine\nformula: leaky_relu(x, 0.5) + relu(-x)\n")
    assert plain.module(source)["forward"](-3.0) == 1.5


def test_the_name_need_not_be_that_of_the_file(compiled):
    entry, *_ = compiled("name: other\nformula: x / 2\n", "draft 3.yaml")
    assert entry["name"] == "other"


def test_a_path_may_be_text(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nformula: x / 2\n")
    assert compile_spec_file(str(path))[:2] == compile_spec_file(path)[:2]


def test_the_module_for_gpus_is_made_when_it_is_asked_for(compiled):
    *_, for_gpus = compiled("name: mine\nformula: x / 2\n")
    assert "def forward_tiles(x, out, size, like):" in for_gpus()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: mine\nformula: expm(x)\n", "2:10: error: unknown function 'expm'"),
        ("name: mine\nformula: x +\n", "2:"),
        ("name: mine\n", "formula"),
        ("name: mine\nformula: x * y\n", "'y'"),
        ("name: mine\nformula: mine(x)\n", "mine"),
        ("name: mine\nformula: [x\n", "mine.yaml"),
        ("- name: mine\n", "mine.yaml"),
        ("", "mine.yaml"),
    ],
)
def test_what_is_wrong_is_the_fault_of_the_file(compiled, text, message):
    with pytest.raises(SpecError) as caught:
        compiled(text)
    assert "mine.yaml" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["get", "lambda", "x", "Mine", "a__b", "numpy", "print"])
def test_reserved_names_are_refused(compiled, name):
    with pytest.raises(SpecError, match=name):
        compiled(f"name: {name}\nformula: x / 2\n")


@pytest.mark.parametrize(
    "name", ["x", "dy", "out", "exp", "e", "lambda", "load", "forward", "axis"]
)
def test_so_are_those_of_parameters(compiled, name):
    with pytest.raises(SpecError, match=name):
        compiled(f"name: mine\nparams: {{{name}: {{default: 1}}}}\nformula: x / 2 + {name}\n")


def test_everything_wrong_is_told_at_once(compiled):
    with pytest.raises(SpecError) as caught:
        compiled("name: mine\nparams: {a: {default: 1}}\nformula: a * expm(x) + cosin(x)\n")
    assert len(caught.value.diagnostics) == 2


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"none\.yaml.*no such file"):
        compile_spec_file(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "formula", ["x + 10**400", "x * 2**2000", "x / 10**400", "x * exp(-10000)"]
)
def test_numbers_beyond_float64_are_no_trouble(compiled, formula):
    _, source, _ = compiled(f"name: mine\nformula: {formula}\n")
    plain.module(source)["forward"](1.0)
