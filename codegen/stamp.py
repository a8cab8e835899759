"""Remember what was compiled from what: results of a run in, those that still hold out.

The stamp lies in the state folder of the output. A result holds while the compiler, the spec, and
every spec whose name it mentions are what they were, and its files are still as written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from actgen.codegen.journal import STATE, put
from actgen.codegen.manifest import Record

_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_PACKAGES = ("jinja2", "mpmath", "pydantic", "pyyaml")


@dataclass(frozen=True)
class Result:
    """What one spec compiled to: its record, and its files by name."""

    key: str
    record: Record
    files: Mapping[str, bytes]


def keys(
    texts: Mapping[str, bytes], names: Mapping[str, Iterable[str]], own: str
) -> dict[str, str]:
    """Return for each spec a digest of everything its result depends on.

    `texts` are the texts of all specs, `names` the names and aliases each is called by, `own` a
    digest of everything else that matters. A spec depends on those it mentions, also in passing.
    """
    owners: dict[bytes, str] = {}
    for spec, called in names.items():
        owners |= {name.encode(): spec for name in called}
    mentions = {
        spec: {owners[word] for word in _NAME.findall(text) if word in owners}
        for spec, text in texts.items()
    }
    found = {}
    for spec in texts:
        reached, pending = {spec}, [spec]
        while pending:
            fresh = mentions[pending.pop()] - reached
            reached |= fresh
            pending.extend(fresh)
        parts = [own.encode(), spec.encode(), *(texts[name] for name in sorted(reached))]
        found[spec] = digest(*parts)
    return found


def digest(*parts: bytes) -> str:
    """Return a digest of a sequence of texts."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "little") + part)
    return whole.hexdigest()


@cache
def compiler() -> str:
    """Return a digest of the compiler: its sources and templates, and the packages it builds on."""
    folder = Path(__file__).parent
    sources = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".j2"))
    versions = [f"{package} {version(package)}".encode() for package in _PACKAGES]
    names = [path.relative_to(folder).as_posix().encode() for path in sources]
    return digest(*versions, *names, *(path.read_bytes() for path in sources))


@dataclass(frozen=True)
class Stamp:
    """The results of the last run in an output folder; `inputs` is a digest of all its input."""

    inputs: str
    results: Mapping[str, Result]


def load(root: Path) -> Stamp:
    """Return the stamp of the folder `root`, with the results whose files are still there."""
    try:
        data = json.loads((root / STATE / "stamp.json").read_bytes())
        found = {name: _intact(root, entry) for name, entry in data["results"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Stamp("", {})  # no stamp, or none that says anything
    results = {name: result for name, result in found.items() if result is not None}
    return Stamp(data["inputs"] if len(results) == len(found) else "", results)


def _intact(root: Path, entry: Mapping[str, Any]) -> Result | None:
    files = {}
    for name, known in entry["files"].items():
        path = root / name
        files[name] = path.read_bytes() if path.is_file() else b""
        if digest(files[name]) != known:
            return None
    return Result(entry["key"], entry["record"], files)


def save(root: Path, stamp: Stamp) -> None:
    """Write the stamp of the folder `root`."""
    results = {
        name: {
            "key": result.key,
            "record": result.record,
            "files": {file: digest(content) for file, content in result.files.items()},
        }
        for name, result in stamp.results.items()
    }
    text = json.dumps({"inputs": stamp.inputs, "results": results}, sort_keys=False)
    put(root / STATE / "stamp.json", text.encode())
