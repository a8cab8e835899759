"""Lay out the package that specs compile to: a program in, the files it makes, and those of all.

Per activation: the modules for CPUs and for GPUs, the page and the plot. For all together: the
manifest, the type stubs, the index of the pages and the `__init__` files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actgen.codegen import docs
from actgen.codegen.cuda_module import cuda_text
from actgen.codegen.curves import caption, curves
from actgen.codegen.manifest import Record, manifest_text, record
from actgen.codegen.measured import Figures
from actgen.codegen.module import module_text
from actgen.codegen.pipeline import Program
from actgen.codegen.plot import plot
from actgen.codegen.render import header, render
from actgen.codegen.stubs import stub_text


@dataclass(frozen=True)
class Package:
    """The package to make: its import name, the label of its specs, whether actgen ships it."""

    name: str
    source: str
    shipped: bool


def activation_files(
    package: Package, program: Program, figures: Figures
) -> tuple[Record, dict[str, bytes]]:
    """Return the record and the files of one activation; `figures` are its measured errors."""
    spec = program.definition.spec
    bools = {param.name: bool(param.default) for param in spec.params if param.type == "bool"}
    shown = program.variants[spec.select(bools)]
    drawn = curves(spec, shown.formula, shown.derivative)
    files = {
        f"cpu/{spec.name}.py": module_text(program),
        f"cuda/{spec.name}.py": cuda_text(program),
    }
    if drawn is not None:
        files[f"docs/{spec.name}.svg"] = plot(caption(spec), spec.path, *drawn)
    files[f"docs/{spec.name}.md"] = docs.page(program, caption(spec) if drawn else "", figures)
    variants = [(variant.when, variant.suffix) for variant in program.variants]
    entry = record(program.definition, variants, f"{package.name}.cpu.{spec.name}")
    return entry, {name: text.encode() for name, text in files.items()}


def common_files(package: Package, records: Sequence[Record]) -> dict[str, bytes]:
    """Return the files that tell of all activations, which `records` are, in order of name."""
    stubs = stub_text(records, package.source)
    head = header(package.source)
    files = {
        "__init__.py": render("package.py.j2", header=head, shipped=package.shipped),
        "cpu/__init__.py": render("kernels.py.j2", header=head, target="CPUs"),
        "cuda/__init__.py": render("kernels.py.j2", header=head, target="NVIDIA GPUs"),
        "manifest.py": manifest_text(records, package.source),
        "docs/index.md": docs.index(records, package.source),
        "api.pyi" if package.shipped else "__init__.pyi": stubs,
    }
    return {name: text.encode() for name, text in files.items()}
