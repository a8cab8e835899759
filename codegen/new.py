"""Start a new spec: a name in, a commented file that compiles as it stands out."""

from __future__ import annotations

from pathlib import Path

from actgen.codegen.errors import Diagnostic, Place, SpecError
from actgen.codegen.model import read_specs
from actgen.codegen.names import name_problem
from actgen.codegen.render import render
from actgen.codegen.sources import SPECS, is_shipped, shipped_specs, spec_files

_SCHEMA = SPECS.parent / "activation.schema.json"


def new(name: str, folder: Path) -> Path:
    """Write the spec `name` into `folder`, which is made if needed; return its path.

    Raises `SpecError` for a name that cannot be used or is taken, and never overwrites a file.
    """
    path = folder / f"{name}.yaml"
    problem = name_problem(name, "activation")
    if problem:
        raise _refusal(path, f"{name!r} is no name for an activation", problem)
    owner = _owner(name, folder)
    if owner:
        raise _refusal(path, f"the name {name!r} is taken by {owner}", "choose another")
    if not folder.parent.is_dir():
        raise _refusal(
            path, f"there is no folder {folder.parent}", "make it first, or name another"
        )
    folder.mkdir(exist_ok=True)
    text = render("spec.yaml.j2", name=name, schema=_schema(folder))
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path


def _owner(name: str, folder: Path) -> str:
    """Return the path of the spec that has `name` as its name or alias; "" if none has."""
    specs = list(shipped_specs().values())
    if not is_shipped(folder) and folder.is_dir() and any(folder.glob("*.yaml")):
        specs += read_specs(spec_files(folder))
    for spec in specs:
        if name == spec.name or name in (alias.name for alias in spec.aliases):
            return spec.path
    return ""


def _schema(folder: Path) -> str:
    """Return where editors find the schema, as seen from a spec in `folder`."""
    if (folder.parent / _SCHEMA.name).exists():
        return f"../{_SCHEMA.name}"
    return str(_SCHEMA)


def _refusal(path: Path, message: str, hint: str) -> SpecError:
    return SpecError([Diagnostic(Place(str(path), 1, 1), message, hint)])
