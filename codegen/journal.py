"""Change a folder in one step: a set of new file contents in, the old folder or the new one out.

New contents are staged inside the folder, in `.actgen/`; then a journal that names them is put in
place by one rename. Before that rename a run that stops leaves the old folder, after it the next
run finishes the work. A disk that fails in between makes the run itself put the old files back.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

STATE = ".actgen"  # the folder of our own files inside an output folder

_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@dataclass(frozen=True)
class _Journal:
    """What a change does to which files."""

    create: list[str]
    replace: list[str]
    remove: list[str]


@contextmanager
def locked(root: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the folder `root` for this run alone, making it if needed, and repair it first.

    Calls `waiting` once when another run holds it. If the run fails, folders made here go again.
    """
    made = [folder for folder in (root / STATE, root, *root.parents) if not folder.exists()]
    (root / STATE).mkdir(parents=True, exist_ok=True)
    lock = _acquire(root / STATE / "lock", waiting)
    try:
        repair(root)
        yield
    except BaseException:
        if made:
            (root / STATE / "lock").unlink(missing_ok=True)
            with suppress(OSError):  # something has been put there by now
                for folder in made:
                    folder.rmdir()
        raise
    finally:
        os.close(lock)


def _acquire(path: Path, waiting: Callable[[], None]) -> int:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        # A run that failed may have removed the file while we waited for it.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), path.stat()):
                return lock
        os.close(lock)
        path.parent.mkdir(parents=True, exist_ok=True)


def change(root: Path, contents: Mapping[str, bytes | None]) -> None:
    """Give each file of `root` named in `contents` its new bytes, or remove it where they are None.

    Names are relative, with forward slashes. The caller holds the folder (`locked`). Raises
    `OSError`, and then nothing has changed.
    """
    there = {name for name in contents if os.path.lexists(root / name)}
    given = {name for name, content in contents.items() if content is not None}
    journal = _Journal(sorted(given - there), sorted(given & there), sorted(there - given))
    try:
        _stage(root, contents, there)
        put(root / STATE / "journal.json", json.dumps(asdict(journal)).encode())
    except BaseException:
        _clear(root)
        raise
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        _forward(root, journal)
    except OSError:
        _back(root, journal)
        raise
    else:
        _clear(root)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)


def interrupted(root: Path) -> bool:
    """Tell whether a run was killed while it renamed files, so that the next one must finish it."""
    return (root / STATE / "journal.json").exists()


def repair(root: Path) -> None:
    """Finish the change a killed run had begun to make, or drop the one it had only staged."""
    if interrupted(root):
        text = (root / STATE / "journal.json").read_bytes()
        with suppress(ValueError, TypeError):  # a damaged journal: the caller writes what differs
            _forward(root, _Journal(**json.loads(text)))
    _clear(root)


def _stage(root: Path, contents: Mapping[str, bytes | None], there: set[str]) -> None:
    new, old = root / STATE / "new", root / STATE / "old"
    for name, content in contents.items():
        for folder in (new, old):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name in there:
            shutil.copyfile(root / name, old / name)
        if content is not None:
            (new / name).write_bytes(content)
    for name, content in contents.items():  # after all writes, so that the disk works once
        if content is not None:
            _sync(new / name)


def _forward(root: Path, journal: _Journal) -> None:
    """Make the change; after a kill, the rest of it."""
    new = root / STATE / "new"
    for name in (*journal.create, *journal.replace):
        if (new / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(new / name, root / name)
    for name in journal.remove:
        (root / name).unlink(missing_ok=True)


def _back(root: Path, journal: _Journal) -> None:
    """Undo the part of the change that was made. If this fails too, the next run repairs it."""
    new, old = root / STATE / "new", root / STATE / "old"
    for name in journal.create:
        if not (new / name).exists():
            (root / name).unlink(missing_ok=True)
    for name in journal.replace:
        if not (new / name).exists():
            os.replace(old / name, root / name)
    for name in journal.remove:
        os.replace(old / name, root / name)
    _clear(root)


def _clear(root: Path) -> None:
    """Remove the journal, then what was staged for it."""
    for name in ("journal.json", "journal.draft"):
        (root / STATE / name).unlink(missing_ok=True)
    for folder in ("new", "old"):
        shutil.rmtree(root / STATE / folder, ignore_errors=True)


def put(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    draft = path.with_suffix(".draft")
    try:
        draft.write_bytes(content)
        _sync(draft)
        os.replace(draft, path)
        _sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
