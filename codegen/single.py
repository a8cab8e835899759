"""Compile one spec file in memory: a path in, the record and the sources of its kernels out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path

from actgen.codegen.cuda_module import cuda_text
from actgen.codegen.inline import read_definitions
from actgen.codegen.manifest import Record, record
from actgen.codegen.module import module_text
from actgen.codegen.pipeline import compile_definition
from actgen.codegen.sources import shipped_specs
from actgen.codegen.surroundings import own_arithmetic


@own_arithmetic()
def compile_spec_file(path: str | PathLike[str]) -> tuple[Record, str, Callable[[], str]]:
    """Return the record of the activation that a file specifies, and its modules as source.

    The first one is for CPUs; the second one, for NVIDIA GPUs, is made when it is asked for.

    Its formula may call the shipped activations by name. Raises `SpecError` with everything that
    is wrong with the file.
    """
    (definition,) = read_definitions([Path(path)], shipped_specs(), named_after_file=False)
    program = compile_definition(definition)
    variants = [(variant.when, variant.suffix) for variant in program.variants]
    module = f"actgen_loaded.{definition.spec.name}"
    entry = record(program.definition, variants, module)
    return entry, module_text(program), own_arithmetic()(partial(cuda_text, program))
