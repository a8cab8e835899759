"""Starting a spec: valid as it stands, under a name that is free."""

import pytest

from actgen.codegen import cli
from actgen.codegen.errors import SpecError
from actgen.codegen.inline import read_definitions
from actgen.codegen.ir import X
from actgen.codegen.new import new
from actgen.codegen.sources import SPECS


def test_the_new_spec_is_valid_and_computes_x(tmp_path):
    path = new("serf", tmp_path / "specs")
    assert path == tmp_path / "specs" / "serf.yaml"
    (definition,) = read_definitions([path], {})
    assert definition.formulas[0].expr == X


def test_every_comment_of_it_is_valid_too(tmp_path):
    path = new("serf", tmp_path)
    lines = path.read_text().splitlines()
    fields = [
        line.removeprefix("# ") if line.startswith("# ") and _is_yaml(line) else line
        for line in lines
    ]
    text = "\n".join(fields).replace("formula: x", "formula: where(x > 0, x, alpha * x)")
    path.write_text(text)
    (definition,) = read_definitions([path], {})
    assert definition.spec.params[0].name == "alpha"
    assert definition.spec.references[0].year == 2017


def _is_yaml(line):
    words = ("title", "summary", "family", "params", "kinks", "limits", "references", "  ")
    return line.startswith(tuple(f"# {word}" for word in words))


def test_the_schema_is_where_editors_find_it(tmp_path):
    (tmp_path / "activation.schema.json").write_text("{}")
    near = new("near", tmp_path / "activations").read_text().splitlines()[0]
    assert near.endswith("$schema=../activation.schema.json")
    (tmp_path / "deep").mkdir()
    far = new("far", tmp_path / "deep" / "er").read_text().splitlines()[0]
    assert far.endswith(str(SPECS.parent / "activation.schema.json"))


@pytest.mark.parametrize("name", ["Serf", "2serf", "lambda", "../serf", "a b", "", "__import__"])
def test_bad_names_are_refused(name, tmp_path):
    with pytest.raises(SpecError, match="no name for an activation"):
        new(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folders_are_not_made_out_of_a_typo(tmp_path):
    assert new("serf", tmp_path / "acts").is_file()
    with pytest.raises(SpecError, match="there is no folder"):
        new("serf", tmp_path / "atcs" / "specs")
    assert not (tmp_path / "atcs").exists()


def test_taken_names_are_refused(tmp_path):
    path = new("serf", tmp_path)
    path.write_text("name: serf\naliases: [smurf]\nformula: 2 * x\n")
    for name in ("serf", "smurf", "swish", "relu"):
        with pytest.raises(SpecError, match="is taken by"):
            new(name, tmp_path)
    assert "2 * x" in path.read_text()


def test_a_file_that_is_there_is_never_overwritten(tmp_path, capsys):
    (tmp_path / "serf.yaml").write_text("not: a spec\n")
    assert cli.main(["new", "serf", "--spec", str(tmp_path)]) == 2
    assert (tmp_path / "serf.yaml").read_text() == "not: a spec\n"


def test_the_command_says_what_to_do_next(tmp_path, capsys):
    assert cli.main(["new", "serf", "--spec", str(tmp_path)]) == 0
    assert f"wrote {tmp_path / 'serf.yaml'}" in capsys.readouterr().out
