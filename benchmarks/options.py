"""Read options and write files for the benchmarks' command lines."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import actgen


def several(one: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """Return the type of an option that takes several values with commas between."""

    def parse(text: str) -> tuple[Any, ...]:
        found = tuple(one(part.strip()) for part in text.split(",") if part.strip())
        if not found:
            raise argparse.ArgumentTypeError("nothing is named")
        return found

    return parse


def one_of(known: Iterable[str]) -> Callable[[str], str]:
    """Return the type of an option that takes one of some names."""
    names = tuple(known)

    def parse(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(names)}")
        return text

    return parse


def activation(text: str) -> str:
    """Return the name of an activation or an alias."""
    try:
        actgen.get(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def positive(text: str) -> int:
    """Return a whole number above 0; 65_536 and 65536 are the same."""
    return int(_number(text, int, 2**28))


def seconds(text: str) -> float:
    """Return a number of seconds, a minute at most."""
    return float(_number(text, float, 60))


def _number(text: str, kind: Callable[[str], Any], most: float) -> Any:
    try:
        number = kind(text)
    except ValueError:
        number = 0
    if not 0 < number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0, of {most:,} at most")
    return number


def parent_exists(text: str) -> Path:
    """Return a path that can be written: better told before the measuring than after."""
    path = Path(text)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder, or in one that does not exist")
    return path


def write_json(path: Path, record: Any) -> None:
    """Write JSON, all or nothing."""
    write_text(path, json.dumps(record, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file, all or nothing."""
    with tempfile.NamedTemporaryFile("w", dir=path.absolute().parent, delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
