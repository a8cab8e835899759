"""Find the specs: a folder in, the definitions of its activations out.

The activations that actgen ships may be called by name in the formulas of every folder.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from actgen.codegen.activation import ActivationSpec
from actgen.codegen.errors import Diagnostic, Place, SpecError
from actgen.codegen.inline import Definition, read_definitions
from actgen.codegen.model import read_specs

ROOT = Path(__file__).resolve().parent.parent  # the repository, or the installed package
SPECS = ROOT / "spec" / "activations"


def is_shipped(folder: Path) -> bool:
    """Tell whether `folder` is that of the specs actgen ships."""
    return folder.resolve() == SPECS


def spec_files(folder: Path) -> list[Path]:
    """Return the spec files of a folder, sorted. Raises `SpecError` if there are none."""
    found = sorted(folder.glob("*.yaml"))
    if not found:
        message = "no spec files (*.yaml) in this folder" if folder.is_dir() else "no such folder"
        raise SpecError([Diagnostic(Place(str(folder), 1, 1), message)])
    return found


@cache
def shipped_specs() -> dict[str, ActivationSpec]:
    """Return the specs that actgen ships, by name."""
    return {spec.name: spec for spec in read_specs(spec_files(SPECS))}


def read_folder(folder: Path) -> tuple[Definition, ...]:
    """Return the definitions of a folder of specs, in order of name. Raises `SpecError`."""
    return read_definitions(spec_files(folder), {} if is_shipped(folder) else shipped_specs())
