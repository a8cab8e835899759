"""The README is true: Python runs as printed, commands print what stands there, links lead on."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from actgen.codegen.cli import main

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "spec/README.md",
         *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]  # fmt: skip

# `actgen.serf` is there once a reader has run `make generate`; here its spec is compiled in memory.
RUN = """\
import doctest, sys
from pathlib import Path
import actgen
text, formula = Path(sys.argv[1]).read_text(), sys.argv[2]
Path("serf.yaml").write_text("name: serf\\n" + formula)
actgen.serf = actgen.load("serf.yaml")
test = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
sys.exit(doctest.DocTestRunner().run(test).failed)
"""


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def commands():
    """Yield each `$ actgen …` with the output printed below it."""
    for block in blocks("console"):
        for match in re.finditer(r"^\$ actgen (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            yield match[1], match[2]


def test_python_runs_as_printed(tmp_path):
    (formula,) = blocks("yaml")
    examples = tmp_path / "examples.txt"
    examples.write_text("\n".join(blocks("python")))
    assert len(doctest.DocTestParser().get_examples(examples.read_text())) > 20
    command = [sys.executable, "-c", RUN, str(examples), formula]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(("arguments", "expected"), list(commands()))
def test_commands_print_what_stands_there(arguments, expected, capsys):
    assert main(arguments.split()) == 0
    assert capsys.readouterr().out == expected


def test_the_number_of_functions_is_right():
    assert len(list((ROOT / "spec" / "activations").glob("*.yaml"))) == 53
    assert "Fifty-three functions" in TEXT


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith(("http://", "https://")):
            assert ((ROOT / page).parent / target).exists(), target
