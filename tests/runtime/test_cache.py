"""Check that kernels persist on disk, and that a call answers whatever has become of the files."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from actgen import cache

MODULE = """
from actgen.intrinsics import kernel, ufunc

@kernel
def twice(x):
    return {factor} * x

@ufunc
def twice_ufunc(x):
    return {factor} * x
"""
PROGRAM = """
import numpy as np
import probe
value = probe.twice(21.0)
assert probe.twice_ufunc.loops(np.dtype(float))(21.0) == value
print(value, sum(probe.twice._cache_hits.values()))
"""


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    variables = {**os.environ, "ACTGEN_CACHE_DIR": str(folder / "cache"), **environment}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        cwd=folder,
        env={name: value for name, value in variables.items() if value},
        stdout=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> tuple[float, int]:
    output, _ = process.communicate()
    assert process.returncode == 0
    value, hits = output.split()
    return float(value), int(hits)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "probe.py").write_text(MODULE.format(factor="2.0"))
    return tmp_path


@pytest.fixture
def files(folder: Path) -> list[Path]:
    assert answer(start(folder)) == (42.0, 0)
    found = sorted((folder / "cache").iterdir())
    assert len(found) == 2
    return found


def test_a_second_process_finds_the_kernels(folder: Path, files: list[Path]) -> None:
    assert answer(start(folder)) == (42.0, 1)
    assert sorted((folder / "cache").iterdir()) == files


def test_only_the_owner_can_reach_the_files(folder: Path, files: list[Path]) -> None:
    assert stat.S_IMODE((folder / "cache").stat().st_mode) == 0o700
    assert all(not file.stat().st_mode & 0o077 for file in files)


@pytest.mark.parametrize("damage", ["empty", "truncated", "foreign", "flipped"])
def test_damaged_files_are_replaced(folder: Path, files: list[Path], damage: str) -> None:
    for file in files:
        content = file.read_bytes()
        middle = len(content) // 2
        file.write_bytes(
            {
                "empty": b"",
                "truncated": content[:-1],
                "foreign": b"\x80\x05not ours",
                "flipped": content[:middle] + b"\0\0\0\0\0\0\0\0" + content[middle + 8 :],
            }[damage]
        )
    assert answer(start(folder)) == (42.0, 0)
    assert answer(start(folder)) == (42.0, 1)


def test_a_directory_in_the_place_of_a_file_is_no_harm(folder: Path, files: list[Path]) -> None:
    for file in files:
        file.unlink()
        file.mkdir()
    assert answer(start(folder)) == (42.0, 0)


def test_another_source_has_other_kernels(folder: Path, files: list[Path]) -> None:
    (folder / "probe.py").write_text(MODULE.format(factor="20.0"))
    assert answer(start(folder)) == (420.0, 0)


def test_processes_may_race(folder: Path) -> None:
    racing = [start(folder) for _ in range(3)]
    assert [answer(process)[0] for process in racing] == [42.0] * 3
    assert answer(start(folder)) == (42.0, 1)
    assert not [file for file in (folder / "cache").iterdir() if file.suffix == ".tmp"]


def test_a_folder_that_others_may_write_is_not_read(folder: Path, files: list[Path]) -> None:
    (folder / "cache").chmod(0o777)
    assert answer(start(folder)) == (42.0, 0)


def test_a_file_that_others_may_write_is_not_read(folder: Path, files: list[Path]) -> None:
    for file in files:
        file.chmod(0o666)
    assert answer(start(folder)) == (42.0, 0)


def test_a_folder_that_cannot_be_made_is_no_harm(folder: Path) -> None:
    (folder / "file").write_text("")
    assert answer(start(folder, ACTGEN_CACHE_DIR=str(folder / "file" / "cache"))) == (42.0, 0)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_no_harm(folder: Path) -> None:
    (folder / "cache").mkdir(mode=0o500)
    assert answer(start(folder)) == (42.0, 0)


def test_the_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTGEN_CACHE_DIR", "/a")
    assert cache.folder() == Path("/a")
    monkeypatch.delenv("ACTGEN_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache.folder() == Path("/b/actgen")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/c")
    assert cache.folder() == Path("/c/.cache/actgen")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert cache.folder() is None


def test_the_oldest_files_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age in range(8):
        file = tmp_path / f"{age}.kernel"
        file.write_bytes(b"0" * 100)
        os.utime(file, (1000 - age, 1000 - age))
    monkeypatch.setattr(cache, "_LIMIT", 400)
    cache._prune(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0.kernel", "1.kernel"]
