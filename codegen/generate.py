"""Compile a folder of specs into a package: two folders in, a report of the files out.

What did not change since the last run is not compiled again, and nothing is written before
everything is compiled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from keyword import iskeyword
from pathlib import Path

from actgen.codegen import measured, pipeline, stamp, workers, write
from actgen.codegen.errors import SpecError
from actgen.codegen.inline import Definition
from actgen.codegen.journal import interrupted, locked, put
from actgen.codegen.manifest import Record
from actgen.codegen.measured import Figures
from actgen.codegen.package import Package, activation_files, common_files
from actgen.codegen.schema import schema_text
from actgen.codegen.sources import ROOT, SPECS, read_folder, shipped_specs, spec_files
from actgen.codegen.stamp import Result, Stamp
from actgen.codegen.surroundings import own_arithmetic

GENERATED = ROOT / "generated"
FIGURES = ROOT / "benchmarks" / "accuracy.json"
SCHEMA = "activation.schema.json"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """What to compile: a folder of specs, the folder of the package, and how it is called."""

    specs: Path
    out: Path
    package: Package

    @classmethod
    def shipped(cls) -> Job:
        """Return the job that makes the activations actgen ships."""
        return cls(SPECS, GENERATED, Package("actgen.generated", "spec/activations", True))

    @classmethod
    def of(cls, specs: Path, out: Path) -> Job:
        """Return the job for a user's folders. Raises `OutputError` for an unusable output."""
        root = write.output_folder(out)
        if not root.name.isidentifier() or iskeyword(root.name):
            raise write.OutputError(
                f"{root.name!r} cannot be imported; call it my_activations, say"
            )
        label = re.sub(r"[^A-Za-z0-9_.]+", "_", specs.resolve().name)  # safe in any comment
        return cls(specs, root, Package(root.name, label, False))


@dataclass(frozen=True)
class Outcome:
    """What a run did: the records of all activations, those compiled, the report on the files."""

    records: tuple[Record, ...]
    compiled: tuple[str, ...]
    report: write.Report


@own_arithmetic()
def generate(
    job: Job,
    progress: Progress = lambda done, total: None,
    waiting: Callable[[], None] = lambda: None,
) -> Outcome:
    """Bring the package of a job up to date.

    Calls `progress` after each spec that was compiled, and `waiting` if another run must end
    first. Raises `SpecError` and `OSError`, and then the package is what it was.
    """
    with locked(job.out, waiting):
        inputs = _Inputs.read(job)
        old = stamp.load(job.out)
        fresh = old.inputs == inputs.digest
        results = old.results if fresh else _compile(inputs, old.results, progress)
        compiled = tuple(
            name for name, result in results.items() if result != old.results.get(name)
        )
        files = _files(job, results)
        if job.package.shipped:
            for name, content in _schema_change().items():
                put(SPECS.parent / name, content)
        report = write.write(job.out, files)
        if not fresh:
            stamp.save(job.out, Stamp(inputs.digest, results))
    return Outcome(_records(results), compiled, report)


@own_arithmetic()
def check(job: Job, progress: Progress = lambda done, total: None) -> str:
    """Compile everything in memory; return how the package on disk differs, "" if it does not."""
    files = _files(job, _compile(_Inputs.read(job), {}, progress))
    text = write.difference(job.out, write.plan(job.out, files))
    if job.package.shipped:
        text += write.difference(SPECS.parent, _schema_change())
    if interrupted(job.out):
        text += f"{job.out}: a run was interrupted here; run generate again\n"
    return text


def over_budget(job: Job) -> list[str]:
    """Return a line for each error in the committed table that is over the budget of its spec."""
    figures = measured.read(FIGURES) if job.package.shipped else {}
    specs = [definition.spec for definition in read_folder(job.specs)]
    return [line for spec in specs for line in measured.failures(spec, figures.get(spec.name, {}))]


@dataclass(frozen=True)
class _Inputs:
    """All that the results of a job depend on."""

    job: Job
    texts: Mapping[str, bytes]  # of the specs, by path, those that formulas may call included
    figures: Mapping[str, Figures]

    @classmethod
    def read(cls, job: Job) -> _Inputs:
        paths = spec_files(job.specs)
        if not job.package.shipped:
            paths = [*spec_files(SPECS), *paths]
        texts = {str(path): path.read_bytes() for path in paths}
        return cls(job, texts, measured.read(FIGURES) if job.package.shipped else {})

    @property
    def common(self) -> str:
        """A digest of what every result depends on."""
        parts = (stamp.compiler(), repr(self.job.package))
        return stamp.digest(*(part.encode() for part in parts))

    @property
    def digest(self) -> str:
        pairs = (part for path, text in self.texts.items() for part in (path.encode(), text))
        return stamp.digest(self.common.encode(), json.dumps(self.figures).encode(), *pairs)

    def keys(self, definitions: tuple[Definition, ...]) -> Mapping[str, str]:
        """Return for each activation a digest of what its result depends on."""
        specs = {definition.spec.name: definition.spec for definition in definitions}
        if not self.job.package.shipped:
            specs = {**shipped_specs(), **specs}
        names = {name: [name, *(a.name for a in spec.aliases)] for name, spec in specs.items()}
        texts = {Path(path).stem: text for path, text in self.texts.items()}
        for name in texts.keys() & self.figures.keys():
            texts[name] += json.dumps(self.figures[name]).encode()
        return stamp.keys(texts, names, self.common)


def _compile(
    inputs: _Inputs, old: Mapping[str, Result], progress: Progress
) -> Mapping[str, Result]:
    """Return the results of all specs, those of `old` that hold among them."""
    package = inputs.job.package
    definitions = read_folder(inputs.job.specs)
    keys = inputs.keys(definitions)

    def compile_one(definition: Definition) -> Result | SpecError:
        name = definition.spec.name
        # Headers name the spec as everyone sees it, wherever this folder is.
        spec = replace(definition.spec, path=f"{package.source}/{name}.yaml")
        try:
            program = pipeline.compile_definition(replace(definition, spec=spec))
        except SpecError as error:
            return error
        record, files = activation_files(package, program, inputs.figures.get(name, {}))
        return Result(keys[name], record, files)

    held = {name: result for name, result in old.items() if result.key == keys.get(name)}
    stale = [definition for definition in definitions if definition.spec.name not in held]
    made = workers.run(compile_one, stale, progress)
    problems = [
        item for error in made if isinstance(error, SpecError) for item in error.diagnostics
    ]
    if problems:
        raise SpecError(problems)
    fresh = zip((definition.spec.name for definition in stale), made, strict=True)
    results = held | {name: result for name, result in fresh if isinstance(result, Result)}
    return dict(sorted(results.items()))


def _files(job: Job, results: Mapping[str, Result]) -> dict[str, bytes]:
    files = common_files(job.package, _records(results))
    for result in results.values():
        files |= result.files
    return files


def _records(results: Mapping[str, Result]) -> tuple[Record, ...]:
    return tuple(result.record for result in results.values())


def _schema_change() -> dict[str, bytes]:
    path, content = SPECS.parent / SCHEMA, schema_text().encode()
    return {} if path.exists() and path.read_bytes() == content else {SCHEMA: content}
