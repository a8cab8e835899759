"""What is committed is what the specs compile to, and it is fit to read."""

import subprocess
import sys
from pathlib import Path

from actgen.codegen.generate import Job, check

ROOT = Path(__file__).resolve().parents[2]


def test_the_generated_tree_is_up_to_date():
    difference = check(Job.shipped())
    assert not difference, f"run make generate\n{difference[:2000]}"


def test_generated_python_is_clean_as_it_is_written():
    for command in (["format", "--check"], ["check"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "generated"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stdout[-2000:]


def test_nothing_generated_tells_of_this_machine():
    for path in sorted((ROOT / "generated").rglob("*")):
        if path.suffix in (".py", ".pyi", ".md", ".svg") and ".actgen" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert str(ROOT) not in text, path
            assert "do not edit" in text.splitlines()[0], path


def test_every_activation_has_a_page_that_the_index_links():
    pages = {path.stem for path in (ROOT / "generated" / "docs").glob("*.md")} - {"index"}
    specs = {path.stem for path in (ROOT / "spec" / "activations").glob("*.yaml")}
    assert pages == specs
    index = (ROOT / "generated" / "docs" / "index.md").read_text()
    for name in specs:
        assert f"[{name}]({name}.md)" in index
        page = (ROOT / "generated" / "docs" / f"{name}.md").read_text()
        assert (f"({name}.svg)" in page) == (ROOT / "generated" / "docs" / f"{name}.svg").exists()
