"""Compile a definition into a program: the way of the data, told once.

    spec/*.yaml
      → load, model    text becomes frozen, validated records          (`load`, `model`)
      → parse, inline  formulas become pure expressions                (`parse`, `inline`)
      → stabilise      what loses digits is replaced by what does not  (`stabilise`, `rules_*`)
      → differentiate  derivatives, any order; reverse mode for axes   (`differentiate`, `reverse`)
      → repair, guard  polynomials at 0, leading terms far out, NaN    (`series`, `guard`)
      → lower          functions and working precision are chosen      (`lower`, `library`)
      → plan           the cheapest way that keeps the error budget    (`plan`, `simulate`)
      → share          common sub-expressions get names                (`share`, `schedule`)
      → emit, render   expressions become text, text becomes files     (`emit`, `module`, `render`)

Each stage takes what the one before gives, and imports only what stands before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isinf

from actgen.codegen.activation import ActivationSpec, Param
from actgen.codegen.differentiate import at_kinks, differentiate
from actgen.codegen.errors import CompilerError
from actgen.codegen.guard import guard, keep_nan
from actgen.codegen.inline import Definition, Formula
from actgen.codegen.ir import (
    DY,
    INF,
    Apply,
    Const,
    Expr,
    Symbol,
    X,
    apply,
    is_op,
    substitute,
    symbols,
    walk,
    where,
)
from actgen.codegen.lower import lower
from actgen.codegen.plan import Plan, Setting, plan
from actgen.codegen.points import with_value_at
from actgen.codegen.reverse import canonical, pull_back, push_forward
from actgen.codegen.rules_axis import split_off_peak
from actgen.codegen.series import repair_origin
from actgen.codegen.simplify import simplify
from actgen.codegen.stabilise import Note, stabilise

GATE, VALUE = Symbol("gate"), Symbol("value")
_DEAR = 20  # the cost of a memory access, about
_WORTH = 0.85  # of the cost of the general kernel: a gain worth another one


@dataclass(frozen=True)
class Body:
    """A quantity that kernels compute: stabilised (`exact`, for people) and `lowered`.

    `plan` tells how results of each type are computed; without one, all are in float64.
    """

    name: str
    exact: Expr
    lowered: Expr
    plan: Plan | None = None


@dataclass(frozen=True)
class Variant:
    """One case of the formula: the bool parameters that choose it and all it is compiled to.

    `bodies` by kind: elementwise `forward`, `derivative`, `second_derivative`, `partial_<param>`;
    gated `forward`, `vjp_gate`, `vjp_value`, `partial_<param>`; concatenations `forward_<k>`,
    `derivative_<k>`; along an axis `forward`, `vjp`, `partial_<param>`. `at_defaults` is there
    where the default values of all parameters make `forward` and `derivative` much cheaper: a
    variant with these alone, whose parameters are `fixed`.
    """

    when: tuple[tuple[str, bool], ...]
    suffix: str
    formula: Expr
    derivative: Expr | None
    bodies: tuple[Body, ...]
    random: tuple[str, ...]
    notes: tuple[Note, ...]
    at_defaults: Variant | None = None
    fixed: bool = False

    def body(self, name: str) -> Body:
        """Return the body called `name`."""
        return next(body for body in self.bodies if body.name == name)


@dataclass(frozen=True)
class Program:
    """An activation, compiled but for its spelling."""

    definition: Definition
    variants: tuple[Variant, ...]

    @property
    def spec(self) -> ActivationSpec:
        return self.definition.spec

    @property
    def all_variants(self) -> tuple[Variant, ...]:
        """All variants, each followed by that for its defaults, if there is one."""
        pairs = ((v, v.at_defaults) for v in self.variants)
        return tuple(v for pair in pairs for v in pair if v is not None)

    @property
    def pieces(self) -> int:
        """The number of outputs that a concatenation puts one after the other, else 1."""
        expr = self.definition.formulas[0].expr
        return len(expr.args) if is_op(expr, "concat") else 1


def compile_definition(definition: Definition) -> Program:
    """Return the program of a definition. Raises `CompilerError` if the compiler is at fault."""
    variants = []
    for formula in definition.formulas:
        variant = _Compilation(definition, formula).variant()
        variants.append(replace(variant, at_defaults=_specialised(definition, formula, variant)))
    return Program(definition, tuple(variants))


def _specialised(definition: Definition, formula: Formula, variant: Variant) -> Variant | None:
    """Return a variant without parameters, if they cost a good part of the time at their defaults.

    To be exact at any value, arithmetic splits them, and takes along what rounding products loses.
    """
    params = kernel_params(definition.spec)
    if definition.spec.kind != "elementwise" or variant.random or not params:
        return None
    if any(p.default_value is None for p in params):
        return None
    defaults: dict[Expr, Expr] = {
        Symbol(p.name): _constant(float(p.default_value or 0)) for p in params
    }
    special = _Compilation(definition, formula, defaults).variant("_default")
    ours, general = special.body("forward").plan, variant.body("forward").plan
    if ours is None or general is None:
        return None
    pairs = ((ours.single, general.single), (ours.single_fast, general.single_fast))
    if not any(b.cost >= _DEAR and a.cost <= _WORTH * b.cost for a, b in pairs):
        return None
    bodies = tuple(special.body(n) for n in ("forward", "derivative"))
    return replace(special, bodies=bodies, fixed=True)


def _constant(value: float) -> Expr:
    if isinf(value):
        return INF if value > 0 else -INF
    return Const(Fraction(value))  # a parameter is a float64, whatever its digits were


def kernel_params(spec: ActivationSpec) -> tuple[Param, ...]:
    """Return the parameters that kernels take: not those that choose a case or shape an axis."""
    return tuple(p for p in spec.params if p.type != "bool" and p.name != spec.groups)


def suffix(when: Sequence[tuple[str, bool]]) -> str:
    """Return what distinguishes the kernels of a case: `_approximate`, `_not_hard`."""
    return "".join(f"_{name}" if wanted else f"_not_{name}" for name, wanted in when)


class _Compilation:
    """The stages over one case of a formula."""

    def __init__(
        self, definition: Definition, formula: Formula, fixed: Mapping[Expr, Expr] | None = None
    ) -> None:
        self.definition = definition
        self.spec = definition.spec
        self.fixed = dict(fixed or {})
        self.params = tuple(p for p in kernel_params(self.spec) if Symbol(p.name) not in self.fixed)
        self.kinks = [
            (self.bound(kink.at), kink.derivative and self.bound(kink.derivative))
            for kink in definition.kinks
        ]
        self.when = formula.when
        names: dict[Expr, Expr] = {
            Symbol(entry.name): Symbol(entry.name, "random") for entry in self.spec.random
        }
        self.formula = simplify(substitute(formula.expr, names | self.fixed))
        self.random = tuple(
            entry.name
            for entry in self.spec.random
            if Symbol(entry.name, "random") in symbols(self.formula)
        )
        self.notes: dict[Note, None] = {}
        self.signs = {p.name: _sign(p) for p in self.params}
        self.zeroable = frozenset(Symbol(p.name) for p in self.params if not _excludes_zero(p))

    def bound(self, expr: Expr) -> Expr:
        """Return an expression with the parameters that are fixed."""
        return substitute(expr, self.fixed)

    def variant(self, ending: str = "") -> Variant:
        derivative, bodies = {
            "elementwise": self.elementwise,
            "gated": self.gated,
            "normalization": self.along_axis,
            "reshaping": self.reshaping,
        }[self.spec.kind]()
        return Variant(
            when=self.when,
            suffix=f"{suffix(self.when)}{ending}",
            formula=self.formula,
            derivative=derivative,
            bodies=tuple(map(self.planned, bodies)),
            random=self.random,
            notes=tuple(self.notes),
        )

    def stable(self, expr: Expr, last: bool = False) -> Expr:
        result, notes = stabilise(expr, last)
        self.note(notes)
        return result

    def note(self, notes: Iterable[Note]) -> None:
        self.notes.update(dict.fromkeys(notes))

    def scalar(self, name: str, expr: Expr, finite: bool = True) -> Body:
        """Finish an expression of x: repaired near 0, guarded far out, lowered."""
        expr = self.stable(expr, last=True)
        for stage in (repair_origin, lambda e: guard(e, self.signs, self.zeroable)):
            expr, notes = stage(expr)
            self.note(notes)
        return Body(name, expr, lower(expr))

    def planned(self, body: Body) -> Body:
        """Add the plan of a quantity whose results have the type of the elements."""
        if self.spec.kind == "normalization" or self.spec.groups or body.name.startswith("partial"):
            return body
        kinks = tuple(place for place, _ in self.kinks)
        variable = "gate" if self.spec.kind == "gated" else "x"
        setting = Setting(variable, self.params, kinks, bool(self.random), bool(self.fixed))
        made = plan(body.exact, body.lowered, setting)
        if body.name == "second_derivative":  # it has one tier
            made = replace(made, single_fast=made.single, double_fast=made.double)
        return replace(body, plan=made)

    def elementwise(self) -> tuple[Expr, list[Body]]:
        formula = self.stable(self.formula)
        kinks = self.kinks
        slope = self.stable(differentiate(formula, X))
        bend = self.stable(differentiate(slope, X))
        bodies = [
            self.scalar("forward", formula),
            _with_kinks(self.scalar("derivative", slope), kinks),
            self.scalar("second_derivative", bend),
        ]
        for param in self.differentiable():
            partial = self.stable(differentiate(formula, Symbol(param)))
            bodies.append(self.scalar(f"partial_{param}", partial))
        return at_kinks(slope, X, kinks), bodies

    def gated(self) -> tuple[None, list[Body]]:
        formula = self.stable(self.formula)
        bodies = [self.halves("forward", formula)]
        for name, symbol in (("vjp_gate", GATE), ("vjp_value", VALUE)):
            slope = self.stable(differentiate(formula, symbol))
            kinks = self.kinks
            bodies.append(
                self.halves(name, at_kinks(slope, GATE, kinks) if symbol == GATE else slope)
            )
        for param in self.differentiable():
            slope = self.stable(differentiate(formula, Symbol(param)))
            bodies.append(self.halves(f"partial_{param}", slope))
        return None, bodies

    def halves(self, name: str, expr: Expr) -> Body:
        """Finish an expression of gate and value: as one of x, with the other half a parameter."""
        swapped = substitute(self.stable(expr, last=True), {GATE: X})
        guarded, notes = guard(swapped, self.signs, self.zeroable)
        self.note(notes)
        exact = (
            keep_nan(substitute(guarded, {X: GATE}), VALUE)
            if depends(expr, VALUE)
            else (substitute(guarded, {X: GATE}))
        )
        return Body(name, exact, lower(exact))

    def along_axis(self) -> tuple[Expr, list[Body]]:
        formula = self.stable(canonical(self.formula))
        vjp = self.stable(pull_back(formula, X))
        bodies = [self.sliced("forward", formula), self.sliced("vjp", vjp)]
        for param in self.differentiable():
            tangent = self.stable(push_forward(formula, Symbol(param)))
            bodies.append(self.sliced(f"partial_{param}", DY * tangent))
        return vjp, bodies

    def sliced(self, name: str, expr: Expr) -> Body:
        """Finish a formula with reductions; the position of a maximum carries a NaN along."""
        expr, notes = split_off_peak(self.stable(expr, last=True))
        self.note(notes)
        nodes = list(walk(expr))
        if not any(is_op(node, "sum", "amax") for node in nodes):  # those carry a NaN themselves
            for node in nodes:
                if is_op(node, "argmax"):
                    expr = where(apply("ne", node, node), node, expr)
        return Body(name, expr, lower(expr))

    def reshaping(self) -> tuple[Expr | None, list[Body]]:
        if self.spec.groups is not None:
            return self.along_axis()
        if not isinstance(self.formula, Apply) or self.formula.op != "concat":
            raise CompilerError(f"{self.spec.name}: a reshaping formula that does not reshape")
        kinks = self.kinks
        bodies = []
        for k, piece in enumerate(self.formula.args):
            piece = self.stable(piece)
            bodies.append(self.scalar(f"forward_{k}", piece))
            slope = self.stable(differentiate(piece, X))
            bodies.append(_with_kinks(self.scalar(f"derivative_{k}", slope), kinks))
        return None, bodies

    def differentiable(self) -> list[str]:
        return [p.name for p in self.params if p.type in ("float", "array")]


def depends(expr: Expr, symbol: Symbol) -> bool:
    return symbol in symbols(expr)


def _with_kinks(body: Body, kinks: Sequence[tuple[Expr, Expr | None]]) -> Body:
    """Lay the declared derivatives over a finished one."""
    exact = body.exact
    for place, value in kinks:
        if value is not None:
            exact = with_value_at(exact, X, place, value)
    return Body(body.name, exact, lower(exact)) if exact != body.exact else body


def _excludes_zero(param: Param) -> bool:
    """Tell whether a parameter's constraint rules 0 out."""
    return any(
        (bound.relation == ">" and bound.other >= 0)
        or (bound.relation == "<" and bound.other <= 0)
        or (bound.relation == "!=" and bound.other == 0)
        for bound in param.constraint
        if not isinstance(bound.other, str)
    )


def _sign(param: Param) -> int:
    """Return the sign that a parameter's constraint settles, 0 if it settles none."""
    for bound in param.constraint:
        if isinstance(bound.other, str):
            continue
        if bound.relation in (">", ">=") and bound.other >= 0:
            return 1
        if bound.relation in ("<", "<=") and bound.other <= 0:
            return -1
    return 0
