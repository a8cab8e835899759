"""Parse every text of one spec in its scope: a spec in, expressions, calls and mistakes out.

Calls to other activations are still calls here; `inline` replaces them and then asks `review`
about the formulas as a whole.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from actgen.codegen.activation import ActivationSpec, Case, Line
from actgen.codegen.errors import Diagnostic, SpecError
from actgen.codegen.ir import ZERO, Apply, Expr, Symbol, symbols, walk
from actgen.codegen.ops import OPS
from actgen.codegen.parse import parse
from actgen.codegen.scope import Call, Scope
from actgen.codegen.text import Text

_REDUCTIONS = {op.name for op in OPS.values() if op.category == "reduction"}


class Texts:
    """The texts of one spec, parsed in their scopes; `calls` are all calls with their texts."""

    def __init__(self, spec: ActivationSpec, activations: Collection[str]) -> None:
        self.spec = spec
        self.problems: list[Diagnostic] = []
        self.calls: list[tuple[Text, Call]] = []
        self._activations = activations
        self.cases = [self._case(case) for case in spec.formula]
        place = self._fixed_scope(())
        random = self._fixed_scope([item.name for item in spec.random])
        self.kinks = [
            (
                self._read(kink.at, place),
                None if kink.derivative is None else self._read(kink.derivative, random),
            )
            for kink in spec.kinks
        ]
        self.limits = [self._read(limit.value, place) for limit in spec.limits]

    def _read(self, text: Text, scope: Scope) -> Expr:
        try:
            expr = parse(text, scope)
        except SpecError as error:
            self.problems += error.diagnostics
            return ZERO
        self.calls += [(text, node) for node in walk(expr) if isinstance(node, Call)]
        return expr

    def _inputs(self) -> tuple[str, ...]:
        return ("gate", "value") if self.spec.kind == "gated" else ("x",)

    def _numbers(self) -> list[str]:
        return [param.name for param in self.spec.params if param.type != "bool"]

    def _refused(self) -> dict[str, str]:
        """Return the names that exist, but not for formulas, each with what to do."""
        refused = {
            param.name: "a bool parameter chooses between cases: formula: [{when: …, value: …}, …]"
            for param in self.spec.params
            if param.type == "bool"
        }
        if self.spec.kind == "gated":
            refused["x"] = "a gated formula works on gate and value, the two halves"
        return refused

    def _fixed_scope(self, random: Sequence[str]) -> Scope:
        """Return the scope of kinks and limits: everything but the input."""
        why = "this is a fixed place or value: numbers and parameters only"
        refused = {**self._refused(), **dict.fromkeys((*self._inputs(), "index"), why)}
        names = {*self._numbers(), *random}
        return Scope(names, refused, self._activations)

    def _case(self, case: Case) -> list[Expr]:
        spec = self.spec
        along_axis = spec.kind == "normalization" or spec.groups is not None
        names = {*self._inputs(), *self._numbers(), *(item.name for item in spec.random)}
        if along_axis:
            names.add("index")
        refused = self._refused()
        refused.update((line.name, "a line uses only the lines before it") for line in case.lines)
        exprs = []
        for line in case.lines:
            if line.name in names:
                taken = f"the name {line.name!r} of this line is that of a parameter or input"
                self.problems.append(line.text.diagnostic(taken, "choose another"))
            final = line is case.lines[-1] and spec.kind == "reshaping" and spec.groups is None
            scope = Scope(frozenset(names), refused, self._activations, along_axis, final)
            exprs.append(self._read(line.text, scope))
            names.add(line.name)
            refused.pop(line.name, None)
        self._unused_lines(case.lines, exprs)
        return exprs

    def _unused_lines(self, lines: Sequence[Line], exprs: Sequence[Expr]) -> None:
        if self.problems:
            return
        used = {symbol.name for expr in exprs for symbol in symbols(expr)}
        for line in lines[:-1]:
            if line.name not in used:
                message = f"no later line uses {line.name!r}"
                hint = "the last line is the result"
                self.problems.append(line.text.diagnostic(message, hint, 0, len(line.text.text)))

    def review(self, formulas: Sequence[Expr]) -> list[Diagnostic]:
        """Return what is wrong with the formulas as a whole, calls replaced: one for each case."""
        spec = self.spec
        problems: list[Diagnostic] = []
        used: set[str] = set()
        for case, formula in zip(spec.formula, formulas, strict=True):
            names = {symbol.name for symbol in symbols(formula)}
            used |= names
            text = case.lines[-1].text
            for name in self._inputs():
                if name not in names:
                    message = f"the formula does not use {name}"
                    problems.append(text.diagnostic(message, "", 0, len(text.text)))
            problems += _shape_problem(spec, formula, text)
        used |= {name for case in spec.formula for name, _ in case.when}
        text = spec.formula[-1].lines[-1].text
        for name in (*(param.name for param in spec.params), *(item.name for item in spec.random)):
            if name not in used and name != spec.groups:
                message = f"the formula does not use the parameter {name!r}"
                problems.append(text.diagnostic(message, "use it or remove it", 0, len(text.text)))
        return problems


def _shape_problem(spec: ActivationSpec, expr: Expr, text: Text) -> list[Diagnostic]:
    """Report a reshaping formula that does not change the shape as its fields say."""
    if spec.kind != "reshaping":
        return []
    if spec.groups is None:
        if isinstance(expr, Apply) and expr.op == "concat":
            return []
        message = "a reshaping formula either is concat(…) or reduces groups"
        hint = "write concat(a, b), or add groups: and use amax(x), sum(x), …"
    else:
        outside = [expr]
        while outside:
            node = outside.pop()
            if node in (Symbol("x"), Symbol("index")):
                break
            if not (isinstance(node, Apply) and node.op in _REDUCTIONS):
                outside.extend(node.args)
        else:
            return []
        message = "each group must become one value, and x stands outside of a reduction here"
        hint = "such as amax(x) or mean(x)"
    return [text.diagnostic(message, hint, 0, len(text.text))]
