"""Bring an output folder up to date: relative names and texts in, changed files on disk out.

Only files whose bytes differ are written, and all of them in one step (`journal`). A file that we
wrote once and no longer do is removed; a file that is not ours is never touched, which the header
every generated file carries tells.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from actgen.codegen.journal import STATE, change

_MARK = re.compile(rb"[Gg]enerated by actgen from [^\n]*; do not edit")
_HEAD = 1024  # bytes of a file searched for the header


class OutputError(OSError):
    """The output folder is not one we may write to."""


@dataclass(frozen=True)
class Report:
    """What a run did to a folder: names of files, sorted."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def output_folder(path: Path) -> Path:
    """Return the real path of an output folder, which may not exist yet.

    Raises `OutputError` if it is a file, a dangling link, or holds files and none of them is ours.
    """
    if path.is_symlink() and not path.exists():
        raise OutputError(f"{path} is a link to nothing")
    root = path.resolve()
    if not root.exists():
        above = next(folder for folder in root.parents if folder.exists())
        if not above.is_dir():
            raise OutputError(f"{above} is a file, so there can be no folder {path}; name another")
        return root
    if not root.is_dir():
        raise OutputError(f"{path} is a file, not a folder")
    foreign = next(_files(root), None)
    if foreign and not (root / STATE).is_dir() and not is_ours(root / "__init__.py"):
        raise OutputError(
            f"{path} holds files that actgen did not write, such as {foreign.relative_to(root)}; "
            "name a new or empty folder"
        )
    return root


def is_ours(path: Path) -> bool:
    """Tell whether we generated a file; an empty one is what a failing disk leaves of it."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        return False
    return not head or _MARK.search(head) is not None


def plan(root: Path, files: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """Return what has to change in `root` so that our files in it are exactly `files`.

    Maps names to new bytes, or to None for a file to remove. Raises `OutputError` where a foreign
    file, or a link to another folder, is in the way.
    """
    changes: dict[str, bytes | None] = {}
    for name, content in files.items():
        path = root / name
        _refuse_links(root, path)
        if not path.is_file() or path.is_symlink():
            if os.path.lexists(path):
                raise OutputError(f"{path} is in the way: not a regular file")
            changes[name] = content
        elif path.read_bytes() != content:
            if not is_ours(path):
                raise OutputError(f"{path} is in the way: actgen did not write it")
            changes[name] = content
    changes.update(dict.fromkeys(_orphans(root, files)))
    return changes


def write(root: Path, files: Mapping[str, bytes]) -> Report:
    """Make our files in `root` exactly `files`, or raise `OSError` and change nothing.

    The caller holds the folder (`journal.locked`).
    """
    changes = plan(root, files)
    if changes:
        change(root, changes)
    return Report(
        written=tuple(sorted(name for name, content in changes.items() if content is not None)),
        unchanged=tuple(sorted(set(files) - set(changes))),
        removed=tuple(sorted(name for name, content in changes.items() if content is None)),
    )


def difference(root: Path, changes: Mapping[str, bytes | None]) -> str:
    """Return what a `plan` would change, as a unified diff; empty if it changes nothing."""
    pieces: list[str] = []
    for name, content in sorted(changes.items()):
        old = (root / name).read_bytes() if (root / name).is_file() else b""
        lines = difflib.unified_diff(
            old.decode(errors="replace").splitlines(keepends=True),
            (content or b"").decode(errors="replace").splitlines(keepends=True),
            str(root / name) if (root / name).is_file() else os.devnull,
            str(root / name) if content is not None else os.devnull,
        )
        pieces.extend(line if line.endswith("\n") else line + "\n" for line in lines)
    return "".join(pieces)


def _refuse_links(root: Path, path: Path) -> None:
    for folder in path.relative_to(root).parents:
        if (root / folder).is_symlink():
            raise OutputError(f"{root / folder} is in the way: a link to another folder")


def _orphans(root: Path, files: Mapping[str, bytes]) -> list[str]:
    """Return the names of the files we wrote and no longer do."""
    return sorted(
        name
        for path in _files(root)
        if (name := path.relative_to(root).as_posix()) not in files
        and not path.is_symlink()
        and path.stat().st_size
        and is_ours(path)
    )


def _files(root: Path) -> Iterator[Path]:
    """Yield every file below `root` but for our own state and caches."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(set(subfolders) - {STATE, "__pycache__"})
        yield from (Path(folder, name) for name in sorted(names))
