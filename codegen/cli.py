"""The command line: arguments in, text and an exit code out.

0 is success, 1 a check that failed, 2 bad input. What is wrong with the input is told without a
traceback; a traceback means that the compiler is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actgen.codegen import checkout, console
from actgen.codegen.errors import SpecError, did_you_mean
from actgen.codegen.generate import Job, Outcome, check, generate, over_budget
from actgen.codegen.new import new
from actgen.codegen.show import STAGES, show
from actgen.codegen.sources import SPECS, read_folder

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

_EXAMPLES = """\
examples:
  actgen new serf                        start the spec of a new activation
  actgen generate                        compile every spec that changed
  actgen generate --spec acts --out my_activations
                                         compile your own folder into your own package
  actgen show gelu --stage lowered       see what the compiler makes of a formula
  actgen list --json                     what there is, for other programs
  actgen bench --quick                   see how fast the kernels are, in a checkout
"""


class InputError(Exception):
    """The arguments make no sense together."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` are those of the process unless given."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in checkout.SCRIPTS:  # their arguments are their own business
            return checkout.run(given[0], given[1:])
        options = _parser().parse_args(given)
        code: int = options.command(options)
        sys.stdout.flush()
        return code
    except SpecError as error:
        console.error(str(error))
        console.error(f"{_count(len(error.diagnostics), 'error')}; nothing was written")
    except BrokenPipeError:  # the reader has gone; Python must not find that out once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (InputError, checkout.NoCheckoutError) as error:
        console.error(f"error: {error}")
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        console.error(f"error: {error.strerror or error}{where}")
    except KeyboardInterrupt:
        console.error("interrupted")
        return INTERRUPTED
    return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="actgen",
        description="Compile specs of activation functions into kernels, derivatives and docs.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Any, text: str, example: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(command=command)
        return sub

    for name, command, text, example in (
        ("generate", _generate, "compile specs into a package", "actgen generate"),
        ("check", _check, "fail if the package is not what its specs compile to", "actgen check"),
    ):
        sub = add(name, command, text, f"{example} --spec acts --out my_activations")
        sub.add_argument("--spec", type=Path, metavar="DIR", help="your folder of specs")
        sub.add_argument("--out", type=Path, metavar="DIR", help="the package to make of them")
        sub.add_argument("--json", action="store_true", help="report as JSON")
    sub = add("list", _list, "list the activations", "actgen list --json")
    sub.add_argument("--spec", type=Path, default=SPECS, metavar="DIR", help="a folder of specs")
    sub.add_argument("--json", action="store_true", help="report as JSON")
    sub = add("show", _show, "print what a stage makes of a spec", "actgen show gelu --stage cpu")
    sub.add_argument("name", metavar="NAME", help="an activation or an alias")
    sub.add_argument("--stage", choices=STAGES, default="lowered", help="default: %(default)s")
    sub.add_argument("--spec", type=Path, default=SPECS, metavar="DIR", help="a folder of specs")
    sub = add("new", _new, "start the spec of a new activation", "actgen new serf")
    sub.add_argument("name", metavar="NAME", help="lower-case letters, digits and underscores")
    sub.add_argument("--spec", type=Path, default=SPECS, metavar="DIR", help="where to put it")
    for name, (_, text) in checkout.SCRIPTS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def _job(options: argparse.Namespace) -> Job:
    if options.spec is None and options.out is None:
        return Job.shipped()
    if options.spec is None or options.out is None:
        raise InputError("--spec and --out go together: a folder of specs, and the package to make")
    return Job.of(options.spec, options.out)


def _generate(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    with console.Progress("compiling") as progress:
        waiting = "waiting for another run to finish"
        outcome = generate(_job(options), progress, lambda: console.error(waiting))
    seconds = time.perf_counter() - started
    if options.json:
        console.out(json.dumps(_report(outcome, seconds), indent=2))
        return OK
    if outcome.compiled:
        rows = [_row(outcome, record) for record in outcome.records]
        console.table(("name", "kind", "parameters", "targets", "files"), rows)
    written, removed = len(outcome.report.written), len(outcome.report.removed)
    same = len(outcome.report.unchanged)
    console.out(
        f"{_count(len(outcome.records), 'activation')}: {written} files written, {same} unchanged"
        + (f", {removed} removed" if removed else "")
        + f" ({seconds:.1f} s)"
    )
    return OK


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _row(outcome: Outcome, record: dict[str, Any]) -> tuple[str, ...]:
    kinds = (("cpu", "py"), ("cuda", "py"), ("docs", "md"), ("docs", "svg"))
    own = [f"{folder}/{record['name']}.{suffix}" for folder, suffix in kinds]
    written = [Path(name).suffix[1:] for name in own if name in outcome.report.written]
    parameters = ", ".join(param["name"] for param in record["params"])
    files = f"written: {', '.join(dict.fromkeys(written))}" if written else "unchanged"
    return record["name"], record["kind"], parameters, "cpu, cuda", files


def _report(outcome: Outcome, seconds: float) -> dict[str, Any]:
    return {
        "activations": len(outcome.records),
        "compiled": outcome.compiled,
        "written": outcome.report.written,
        "unchanged": len(outcome.report.unchanged),
        "removed": outcome.report.removed,
        "seconds": round(seconds, 3),
    }


def _check(options: argparse.Namespace) -> int:
    with console.Progress("compiling") as progress:
        text = check(_job(options), progress)
        over = over_budget(_job(options))
    if options.json:
        console.out(json.dumps({"up_to_date": not text, "diff": text, "over_budget": over}))
    elif text:
        console.out(text, end="")
        console.error("not up to date: run generate")
    elif not over:
        console.out("up to date")
    if over and not options.json:
        console.error("\n".join(over))
    return FAILED if text or over else OK


def _list(options: argparse.Namespace) -> int:
    specs = [definition.spec for definition in read_folder(options.spec)]
    rows = [
        {
            "name": spec.name,
            "kind": spec.kind,
            "family": spec.family,
            "params": [param.name for param in spec.params],
            "aliases": [alias.name for alias in spec.aliases],
            "summary": spec.summary,
        }
        for spec in specs
    ]
    if options.json:
        console.out(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        columns = ("name", "kind", "params", "summary")
        console.table(columns, [tuple(_text(row[column]) for column in columns) for row in rows])
    return OK


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _show(options: argparse.Namespace) -> int:
    definitions = read_folder(options.spec)
    for definition in definitions:
        spec = definition.spec
        if options.name in (spec.name, *(alias.name for alias in spec.aliases)):
            console.out(show(definition, options.stage).rstrip("\n"))
            return OK
    known = [definition.spec.name for definition in definitions]
    hint = did_you_mean(options.name, known, "actgen list tells which there are")
    raise InputError(f"no activation {options.name!r} in {options.spec}: {hint}")


def _new(options: argparse.Namespace) -> int:
    path = new(options.name, options.spec)
    own = options.spec != SPECS
    then = f"actgen generate --spec {options.spec} --out PACKAGE" if own else "make generate"
    console.out(f"wrote {path}\nedit its formula, then: {then}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
