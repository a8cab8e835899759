"""Put formulas together: specs in, a `Definition` each out: pure IR, nothing left to look up.

Every text of a spec is parsed in its scope, lines are put where later lines name them, and calls
to other activations are replaced by the formulas of those, with the arguments in place of their
parameters. Formulas that call each other in a circle are an error that names the circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from actgen.codegen.activation import ActivationSpec, Case, Value
from actgen.codegen.arguments import bind
from actgen.codegen.errors import CompilerError, Diagnostic, SpecError
from actgen.codegen.formulas import Texts
from actgen.codegen.ir import ZERO, Apply, Expr, Symbol, substitute, symbols, walk
from actgen.codegen.kinks import misplaced
from actgen.codegen.model import examine
from actgen.codegen.ops import OPS
from actgen.codegen.scope import Call
from actgen.codegen.text import Text

MAX_DEPTH = 200
MAX_NODES = 2_000  # distinct ones
MAX_SIZE = 20_000  # written out, shared parts counted each time

_REDUCTIONS = {op.name for op in OPS.values() if op.category == "reduction"}
_HINT = f"at most {MAX_SIZE:,} and {MAX_DEPTH}; the formulas it calls count as part of it"


@dataclass(frozen=True)
class Formula:
    """One case of a formula. `lines` keep the names of the spec, for the documentation."""

    when: tuple[tuple[str, bool], ...]
    expr: Expr
    lines: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class KinkIR:
    """A kink: its place, and the derivative there (None: that of the branch it belongs to)."""

    at: Expr
    derivative: Expr | None
    doc: str


@dataclass(frozen=True)
class Definition:
    """An activation with its formulas as expressions.

    Symbols: `x` (`gate` and `value` when gated), the parameters except bool ones, the random
    arrays, `index`. `masked` is the result where the mask is False.
    """

    spec: ActivationSpec
    formulas: tuple[Formula, ...]
    kinks: tuple[KinkIR, ...]
    limits: tuple[tuple[str, Expr], ...]
    masked: Expr | None


def resolve(
    specs: Sequence[ActivationSpec], available: Mapping[str, ActivationSpec]
) -> tuple[Definition, ...]:
    """Return the definitions of `specs`, whose formulas may also call those in `available`.

    Raises `SpecError` with everything wrong in the formulas of `specs`.
    """
    resolver = _Resolver(specs, available.values())
    definitions = resolver.resolve(specs)
    if resolver.problems:
        raise SpecError(resolver.problems)
    return definitions


def read_definitions(
    paths: Iterable[Path | str],
    available: Mapping[str, ActivationSpec] | None = None,
    *,
    named_after_file: bool = True,
) -> tuple[Definition, ...]:
    """Read spec files and resolve their formulas. Raises `SpecError` with everything wrong."""
    reading = examine(paths, named_after_file=named_after_file)
    resolver = _Resolver(reading.specs, (available or {}).values(), reading.unread)
    definitions = resolver.resolve(reading.specs)
    if reading.problems or resolver.problems:
        raise SpecError([*reading.problems, *resolver.problems])
    return definitions


class _Resolver:
    """Resolve specs in the order of their calls, each once, collecting what is wrong."""

    def __init__(
        self,
        specs: Iterable[ActivationSpec],
        available: Iterable[ActivationSpec],
        unread: Iterable[str] = (),
    ) -> None:
        # name or alias → the activation and the parameters bound by the alias
        self.known: dict[str, tuple[ActivationSpec, tuple[tuple[str, Value], ...]]] = {}
        for spec in (*available, *specs):
            for alias in spec.aliases:
                self.known.setdefault(alias.name, (spec, alias.params))
        for spec in (*available, *specs):
            self.known[spec.name] = (spec, ())
        # Calls to specs with a fault of their own are not faults of the caller.
        self.unread = set(unread) - self.known.keys()
        self.callable = self.known.keys() | self.unread
        self.problems: list[Diagnostic] = []
        self._parsed: dict[str, Texts] = {}
        self._done: dict[str, Definition | None] = {}  # None: it has mistakes
        self._blind: set[str] = set()  # those that call one with mistakes

    def resolve(self, specs: Sequence[ActivationSpec]) -> tuple[Definition, ...]:
        for spec in specs:
            self._settle(spec)
        found = (self._done.get(spec.name) for spec in specs)
        return tuple(definition for definition in found if definition is not None)

    def _settle(self, root: ActivationSpec) -> None:
        """Resolve `root` after everything it calls; a loop, as chains of calls may be long."""
        stack = [(root, iter(self._callees(root)))]
        while stack:
            spec, callees = stack[-1]
            if spec.name in self._done:
                stack.pop()
                continue
            callee = next(callees, None)
            if callee is None:
                self._done[spec.name] = self._define(spec)
                stack.pop()
            elif callee in [entry.name for entry, _ in stack]:
                self._circle([entry for entry, _ in stack], callee)
            elif callee not in self._done:
                target = self.known[callee][0]
                stack.append((target, iter(self._callees(target))))

    def _callees(self, spec: ActivationSpec) -> list[str]:
        """Return the names of the activations that the texts of `spec` call, in their order."""
        names = (call.name for _, call in self._parse(spec).calls)
        return list(dict.fromkeys(self.known[name][0].name for name in names if name in self.known))

    def _circle(self, stack: Sequence[ActivationSpec], callee: str) -> None:
        names = [spec.name for spec in stack]
        members = stack[names.index(callee) :]
        around = [*(spec.name for spec in members), callee]
        circle = " → ".join(around if len(around) < 10 else [*around[:8], "…", callee])
        last = members[-1]
        for text, call in self._parse(last).calls:
            if call.name in self.known and self.known[call.name][0].name == callee:
                message = f"the formulas call each other in a circle: {circle}"
                hint = "one of them must do without the others"
                self.problems.append(text.diagnostic(message, hint, call.offset, call.length))
                break
        for spec in members:
            self._done[spec.name] = None

    def _parse(self, spec: ActivationSpec) -> Texts:
        if spec.name not in self._parsed:
            self._parsed[spec.name] = parsed = Texts(spec, self.callable)
            self.problems += parsed.problems
        return self._parsed[spec.name]

    def _define(self, spec: ActivationSpec) -> Definition | None:
        parsed = self._parse(spec)
        if parsed.problems:
            return None
        before = len(self.problems)
        formulas = tuple(
            self._formula(spec, case, lines)
            for case, lines in zip(spec.formula, parsed.cases, strict=True)
        )
        if len(self.problems) > before or spec.name in self._blind:
            return None
        kinks = []
        for kink, (at, derivative) in zip(spec.kinks, parsed.kinks, strict=True):
            place = self._expand(spec, kink.at, at)
            value = (
                kink.derivative and derivative and self._expand(spec, kink.derivative, derivative)
            )
            kinks.append(KinkIR(place, value or None, kink.doc))
        limits = tuple(
            (limit.at, self._expand(spec, limit.value, value))
            for limit, value in zip(spec.limits, parsed.limits, strict=True)
        )
        masked = {None: None, "0": ZERO, "-inf": Apply("neg", (Apply("inf"),))}[spec.masked]
        chosen = tuple(formula for formula in formulas if formula is not None)
        definition = Definition(spec, chosen, tuple(kinks), limits, masked)
        exprs = [formula.expr for formula in chosen]
        self.problems += parsed.review(exprs)
        if len(self.problems) == before:
            self.problems += misplaced(spec, exprs, [kink.at for kink in kinks])
        return definition if len(self.problems) == before else None

    def _formula(self, spec: ActivationSpec, case: Case, parsed: Sequence[Expr]) -> Formula | None:
        values: dict[Expr, Expr] = {}
        shown: list[tuple[str, Expr]] = []
        result: Expr | None = None
        for line, expr in zip(case.lines, parsed, strict=True):
            expanded = self._expand(spec, line.text, expr)
            shown.append((line.name, expanded))
            result = substitute(expanded, values)
            if spec.name in self._blind:
                return None
            if not self._small(result, line.text):
                return None
            values[Symbol(line.name)] = result
        if result is None:
            raise CompilerError(f"{spec.name}: a case without lines")
        return Formula(case.when, result, tuple(shown))

    def _small(self, expr: Expr, text: Text) -> bool:
        """Tell whether `expr` is within bounds; repeated parts could make it grow without end."""
        sizes: dict[Expr, int] = {}
        depths: dict[Expr, int] = {}
        for node in walk(expr):
            sizes[node] = 1 + sum(sizes[arg] for arg in node.args)
            depths[node] = 1 + max((depths[arg] for arg in node.args), default=0)
        if len(sizes) <= MAX_NODES and sizes[expr] <= MAX_SIZE and depths[expr] <= MAX_DEPTH:
            return True
        count = f"{sizes[expr]:,}" if sizes[expr] < 10**9 else "more than 1,000,000,000"
        message = f"written out, this formula has {count} operations, {depths[expr]} levels deep"
        self.problems.append(text.diagnostic(message, _HINT, 0, len(text.text)))
        return False

    def _expand(self, spec: ActivationSpec, text: Text, expr: Expr) -> Expr:
        """Replace the calls in `expr`; a call that cannot be is reported and becomes its input."""
        done: dict[Expr, Expr] = {}
        for node in walk(expr):
            if isinstance(node, Call):
                done[node] = self._called(spec, text, node, done)
            elif isinstance(node, Apply) and node.args:
                done[node] = Apply(node.op, tuple(done[arg] for arg in node.args))
            else:
                done[node] = node
        return done[expr]

    def _called(
        self, spec: ActivationSpec, text: Text, call: Call, done: Mapping[Expr, Expr]
    ) -> Expr:
        first = call.arguments[0].value
        if not isinstance(first, Expr):
            raise CompilerError(f"the parser let a call without input through: {call!r}")
        if call.name not in self.known:
            self._blind.add(spec.name)
            return done[first]
        callee, bound = self.known[call.name]
        if callee.kind not in ("elementwise", "normalization") or (
            callee.kind == "normalization" and spec.kind != "normalization"
        ):
            message = f"{call.name} is a {callee.kind} activation and cannot be called here"
            hint = f"the formula of {callee.name} can be written out"
            self.problems.append(text.diagnostic(message, hint, call.offset, len(call.name)))
            return done[first]
        definition = self._done.get(callee.name)
        if definition is None:
            self._blind.add(spec.name)
            return done[first]
        values, bools, problems = bind(call, callee, bound, text, done)
        if not problems:
            formula = definition.formulas[callee.select(bools)]
            random = {Symbol(item.name) for item in callee.random}
            if not random & symbols(formula.expr):
                return substitute(formula.expr, {Symbol("x"): done[first], **values})
            message = f"{call.name} draws random numbers and cannot be called"
            problems = [text.diagnostic(message, "", call.offset, len(call.name))]
        self.problems += problems
        return done[first]
