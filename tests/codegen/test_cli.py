"""The command line: what it prints, and its exit codes."""

import io
import json
import os
import sys

import pytest

from actgen.codegen import checkout, cli, console, journal

SERF = "name: serf\nformula: x * erf(softplus(x))\n"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Return the arguments that name a user's folders, one spec in them."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "serf.yaml").write_text(SERF)
    monkeypatch.chdir(tmp_path)
    return ["--spec", "specs", "--out", "acts"]


@pytest.mark.parametrize("command", [[], ["generate"], ["check"], ["list"], ["show"], ["new"]])
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([*command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "example" in text and "actgen" in text


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["show", "silu", "--stage", "x"]])
def test_bad_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "usage: actgen" in capsys.readouterr().err


def test_generate_ends_with_a_table_then_with_a_line(folders, capsys):
    assert cli.main(["generate", *folders]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "kind", "parameters", "targets", "files"]
    assert lines[1].split() == [
        "serf",
        "elementwise",
        "cpu,",
        "cuda",
        "written:",
        "py,",
        "md,",
        "svg",
    ]
    assert lines[2].startswith("1 activation: 10 files written, 0 unchanged")
    assert cli.main(["generate", *folders]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("1 activation: 0 files written, 10 unchanged")


def test_generate_reports_as_json(folders, capsys):
    assert cli.main(["generate", *folders, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["activations"] == 1
    assert report["compiled"] == ["serf"]
    assert "cpu/serf.py" in report["written"]


def test_check_exits_with_1_on_a_difference(folders, capsys):
    assert cli.main(["check", *folders]) == 1
    captured = capsys.readouterr()
    assert "+++ " in captured.out and "not up to date" in captured.err
    cli.main(["generate", *folders])
    capsys.readouterr()
    assert cli.main(["check", *folders]) == 0
    assert capsys.readouterr().out == "up to date\n"
    assert cli.main(["check", *folders, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == {"up_to_date": True, "diff": "", "over_budget": []}


def test_a_wrong_spec_exits_with_2_and_a_caret(folders, tmp_path, capsys):
    (tmp_path / "specs" / "serf.yaml").write_text(SERF.replace("erf(", "erv("))
    assert cli.main(["generate", *folders]) == 2
    text = capsys.readouterr().err
    assert "specs/serf.yaml:2:14: error: unknown function 'erv'" in text
    assert "^^^" in text and "1 error; nothing was written" in text
    assert not (tmp_path / "acts").exists()


def test_folders_that_will_not_do_exit_with_2(folders, tmp_path, capsys):
    (tmp_path / "acts").mkdir()
    (tmp_path / "acts" / "notes.txt").write_text("mine")
    assert cli.main(["generate", *folders]) == 2
    assert "notes.txt" in capsys.readouterr().err
    assert os.listdir(tmp_path / "acts") == ["notes.txt"]
    assert cli.main(["generate", "--spec", "specs"]) == 2
    assert "--spec and --out go together" in capsys.readouterr().err
    assert cli.main(["generate", "--spec", "nowhere", "--out", "new"]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("failing", ["mkdir", "open", "replace", "fsync"])
def test_a_folder_that_cannot_be_written_exits_with_2(folders, monkeypatch, capsys, failing):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", "acts")

    owner = journal.Path if failing == "mkdir" else journal.os
    with monkeypatch.context() as patch:
        patch.setattr(owner, failing, refuse)
        assert cli.main(["generate", *folders]) == 2
    assert capsys.readouterr().err == "error: Permission denied: acts\n"
    assert cli.main(["generate", *folders]) == 0


def test_an_interrupt_exits_with_130(folders, monkeypatch, capsys):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "generate", interrupt)
    assert cli.main(["generate", *folders]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_reader_that_goes_away_is_no_error(folders, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", buffering=1) as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        assert cli.main(["list", "--spec", "specs"]) == 0


def test_list(folders, capsys):
    assert cli.main(["list", "--spec", "specs"]) == 0
    assert capsys.readouterr().out.split()[:5] == ["name", "kind", "params", "summary", "serf"]
    assert cli.main(["list", "--json"]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries["silu"]["aliases"] == ["swish"]
    assert entries["leaky_relu"]["params"] == ["negative_slope"]


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("parsed", "erf(softplus(x))"),
        ("derivative", "derivative: "),
        ("lowered", "forward:"),
        ("cpu", "def forward(x):"),
        ("cuda", "def forward_tiles(x, out, size, like):"),
        ("latex", r"\mathrm{erf}(\mathrm{softplus}(x))"),
    ],
)
def test_show_prints_each_stage(folders, capsys, stage, words):
    assert cli.main(["show", "serf", "--stage", stage, "--spec", "specs"]) == 0
    assert words in capsys.readouterr().out


def test_show_knows_aliases_and_near_names(capsys):
    assert cli.main(["show", "swish"]) == 0
    assert "forward:" in capsys.readouterr().out
    assert cli.main(["show", "sillu"]) == 2
    assert "did you mean 'silu'" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_shows_after_a_second_on_a_terminal(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(sys, "stderr", Terminal())
    with console.Progress("compiling") as progress:
        progress(1, 4)
        assert sys.stderr.getvalue() == ""
        now[0] = 1.5
        progress(2, 4)
        assert "2/4" in sys.stderr.getvalue()
    assert sys.stderr.getvalue().endswith("\r\x1b[K")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    now[0] = 0.0
    progress = console.Progress("compiling")
    now[0] = 9.0
    progress(1, 4)
    assert sys.stderr.getvalue() == ""


def test_colour_only_on_a_terminal_without_no_color(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for out, variable, styled in (
        (Terminal(), None, True), (Terminal(), "1", False), (io.StringIO(), None, False),
    ):  # fmt: skip
        monkeypatch.setattr(sys, "stdout", out)
        if variable:
            monkeypatch.setenv("NO_COLOR", variable)
        else:
            monkeypatch.delenv("NO_COLOR", raising=False)
        console.table(("name",), [("relu",)])
        assert ("\x1b[" in out.getvalue()) is styled


def test_long_tables_are_cut(capsys):
    console.table(("n",), [(str(index),) for index in range(1000)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 82 and lines[-1] == "... and 920 more"


def test_scripts_of_the_checkout_get_their_own_arguments(tmp_path, monkeypatch):
    (tmp_path / "benchmarks").mkdir()
    script = (
        "import sys, pathlib; pathlib.Path('given').write_text(repr(sys.argv[1:])); sys.exit(1)"
    )
    (tmp_path / "benchmarks" / "bench.py").write_text(script)
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["bench", "--json", "-", "--help"]) == 1
    assert (tmp_path / "given").read_text() == "['--json', '-', '--help']"


def test_without_a_checkout_a_script_is_bad_input(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    assert cli.main(["bench", "--quick"]) == 2
    assert "run it from a checkout" in capsys.readouterr().err
