"""The synthetic specs of the compiler's benchmark are specs, and no two are the same work."""

from actgen.codegen.sources import read_folder
from benchmarks import compiler


def test_synthetic_specs_are_valid_and_all_different(tmp_path):
    made = [compiler.spec(number) for number in range(200)]
    assert len({name for name, _ in made}) == 200
    assert len({text.partition("formula:")[2] for _, text in made}) == 200
    for name, text in made[:30]:
        (tmp_path / f"{name}.yaml").write_text(text)
    assert len(read_folder(tmp_path)) == 30


def test_tables_of_figures(capsys):
    compiler._print(
        {
            "cores": 2,
            "generate": {"55 synthetic": {"all": 9.5, "unchanged": 0.5, "one changed": 0.7}},
            "process": {"cold": 1.5, "warm": 0.5, "numpy alone": 0.1},
            "first_call": {"gelu(x)": {"cold": 1.2, "warm": 0.3, "second call": 1e-5}},
        }
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["55", "synthetic", "9.50", "0.50", "0.70"]
    assert lines[-1].split() == ["gelu(x)", "1.2e+03", "300", "0.01"]
