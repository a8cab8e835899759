"""Plan the precision: pick, for each type of result and each tier, the cheapest way that keeps it.

In: a quantity, stabilised, and what it was lowered to in float64. Out: a `Plan`. The ways to
compute a float32 result: plain float32 arithmetic; float32 with rounding errors carried along;
float64 with functions of 2**-32; float64. Each is evaluated at some twenty-five thousand
inputs as its kernel will compute it, and the cheapest one within the budget is taken. A sweep over
all inputs (`make accuracy`) holds the choice to its budget afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from actgen.codegen.activation import Param
from actgen.codegen.algebra import factors, from_factors
from actgen.codegen.beside_zeros import beside_zeros
from actgen.codegen.evaluate import constant
from actgen.codegen.gates import with_gates
from actgen.codegen.ir import (
    HALF,
    ZERO,
    Apply,
    Const,
    Expr,
    Symbol,
    const_value,
    is_op,
    rewrite,
    sech2,
    substitute,
    symbols,
    walk,
)
from actgen.codegen.library import LIBRARY
from actgen.codegen.lower import Halves, lower, lower_twofold
from actgen.codegen.ops import OPS
from actgen.codegen.parameter_values import float32_parts, in_parts, sampled_values
from actgen.codegen.precision import FLOAT32, FLOAT64, Format
from actgen.codegen.quicken import Yardstick, quicken
from actgen.codegen.samples import Array, around, spread, zeros
from actgen.codegen.shorten import shorten
from actgen.codegen.simplify import simplify
from actgen.codegen.simulate import simulate
from actgen.codegen.slopes import with_sigmoid_parts, with_slopes

# budgets in ULP of float32, with room for inputs that the samples miss
ACCURATE, FAST = 0.86, 3.6
FAST64 = 6.0  # the same of float64, from values that may themselves be off by one
_SELECTIONS = ("sign", "product", "rootsum", "rootratio")
_ANY_FORMAT = frozenset(("sqrt",))  # functions of no format of their own
_ROUNDINGS = 2.2  # ULP that arithmetic may lose; twofold arithmetic beyond
_CONVERSIONS = 6  # from float32 and back
_COSTS = {"div": 10, "sqrt": 10, "neg": 0, "pow": 100}
# of polynomials beside a zero; even, so that none of their nodes is the zero
_TERMS = {"_fast": 8, "": 6}
_ENDS = np.array([-np.inf, np.inf], np.float32)
# what chooses among numbers, or changes their signs
_CHOICES = frozenset(
    (
        *("where", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"),
        *("min", "max", "abs", "neg", "sign", "copysign", "inf"),
    )
)
_TARGETS = frozenset(("copysign", "power2", "exponent", "mantissa", "fma"))


@dataclass(frozen=True)
class Way:
    """A way to compute a quantity: an expression, its format, and its error if it was measured.

    The error is in ULP of float32; that of the fast tier of float64, in ULP of float64, and that of
    a way for 16-bit results in ULP of theirs. `suffix` is that of the generated function's name.
    """

    suffix: str
    fmt: Format
    lowered: Expr
    error: float | None = None

    @property
    def calls(self) -> bool:
        """Tell whether it calls functions of the library that are more than a selection."""
        called = LIBRARY.keys() - set(_SELECTIONS)
        return any(is_op(node, *called) for node in walk(self.lowered))

    @property
    def cost(self) -> float:
        """Return about how long an element takes, in additions of float32."""
        arithmetic = sum(map(_cost, operations(self.lowered)))
        return arithmetic if self.fmt is FLOAT32 else 2 * arithmetic + _CONVERSIONS


@dataclass(frozen=True)
class Plan:
    """The ways to compute a quantity, by the type of the result and the tier.

    `tried` are the ways that were measured for float32 results, from cheap to dear.
    """

    double: Way
    single: Way
    single_fast: Way
    double_fast: Way
    tried: tuple[Way, ...] = ()
    short: Way | None = None

    @property
    def half(self) -> Way:
        """How 16-bit results are computed, in either tier: they keep 13 bits less.

        As fast float32 results are, if a target has no shorter way.
        """
        return self.short or self.single_fast

    @property
    def has_fast(self) -> bool:
        """Tell whether the fast tier differs."""
        pairs = ((self.single, self.single_fast), (self.double, self.double_fast))
        return any(fast.suffix != accurate.suffix for accurate, fast in pairs)

    @property
    def ways(self) -> tuple[Way, ...]:
        """All different ways, the float64 one first."""
        found: dict[str, Way] = {}
        for way in (self.double, self.single, self.single_fast, self.double_fast, self.half):
            found.setdefault(way.suffix, way)
        return tuple(found.values())


@dataclass(frozen=True)
class Setting:
    """What the planner has to know beside the quantity.

    The quantity depends on `variable`; `params` are float64, other symbols elements like it, or,
    with `random`, float64 numbers between 0 and 1. With `fixed` it holds defaults.
    """

    variable: str = "x"
    params: tuple[Param, ...] = ()
    kinks: tuple[Expr, ...] = ()
    random: bool = False
    fixed: bool = False


def plan(exact: Expr, lowered: Expr, setting: Setting) -> Plan:
    """Return the plan for a quantity."""
    trial = _Trial(lowered, setting)
    yardstick = _settled(exact, lowered, setting, trial)
    settled = yardstick.exact
    quick = _quick(lowered, yardstick)
    wide = [Way("", FLOAT64, settled)]
    if quick is not None or lowered != settled:
        wide.append(quick or Way("_plain", FLOAT64, lowered))
    accurate: Way | None = None
    fast: Way | None = None
    tried: list[Way] = []
    found = [*(way for way in ways(exact, lowered, setting) if way.suffix), *wide]
    for way in sorted(found, key=lambda way: way.cost):
        error, elsewhere = trial.error(way), trial.error_elsewhere(way)
        judged = replace(way, error=max(error, elsewhere))
        tried.append(judged)
        if fast is None and max(error, elsewhere) <= FAST:
            fast = judged
        # at other parameters than the defaults the bound of the accurate tier is 2 ULP, not 1
        if accurate is None and max(error, elsewhere / 2) <= _budget(way):
            accurate = judged
        if accurate is not None and fast is not None:
            break
    double = Way("", FLOAT64, settled)
    return Plan(double, accurate or double, fast or double, quick or double, tuple(tried))


def _budget(way: Way) -> float:
    """Return the budget of the accurate tier: without the room, if no result is but a function's.

    The errors that functions state are from all inputs.
    """
    nodes = [node for node in walk(way.lowered) if isinstance(node, Apply)]
    calls = [node for node in nodes if node.op in LIBRARY]
    if any(len(call.args) > 1 or not isinstance(call.args[0], Symbol) for call in calls):
        return ACCURATE
    if not all(node in calls or node.op in _CHOICES for node in nodes):
        return ACCURATE
    stated = max((LIBRARY[call.op].error for call in calls), default=0.0)
    return max(ACCURATE, stated) if stated < 1 else ACCURATE


def _settled(exact: Expr, lowered: Expr, setting: Setting, trial: _Trial) -> Yardstick:
    """Return the float64 form, and how to measure others: all rounding errors are carried where
    they tell.

    Not beside parameters alone, whose own rounding a formula may have been written to cancel.
    """
    calls = Way("", FLOAT64, lowered).calls
    bare = (setting.params or setting.fixed) and not calls
    sums = any(is_op(node, "add", "sub", "fma") for node in walk(lowered))
    if sums and not bare and not setting.random:
        twofold = lower_twofold(exact, FLOAT64, {})
        finer = trial.yardstick(twofold if calls else rewrite(twofold, _spelled_out))
        if finer.error(lowered) > _ROUNDINGS:
            return finer
    return trial.yardstick(lowered)


def _quick(lowered: Expr, yardstick: Yardstick) -> Way | None:
    """Return how the fast tier computes float64 results, None where that would save nothing."""
    # where terms cancel, samples miss the worst by more
    limit = FAST64 if yardstick.exact == lowered else FAST64 / 2
    for way in (quicken(lowered), lowered):
        if way is not None and way != yardstick.exact and yardstick.error(way) <= limit:
            return Way("_quick", FLOAT64, way, yardstick.error(way))
    return None


def operations(expr: Expr) -> Iterator[Apply]:
    """Yield the operations of an expression and of the library functions that it calls."""
    for node in walk(expr):
        if isinstance(node, Apply):
            yield node
            if node.op in LIBRARY:
                yield from operations(LIBRARY[node.op].body)


def _cost(node: Apply) -> float:
    constants = all(isinstance(arg, Const) for arg in node.args)
    return 0 if constants else _COSTS.get(node.op, 1)


def ways(exact: Expr, lowered: Expr, setting: Setting) -> Iterator[Way]:
    """Yield the ways to compute a float32 result."""
    if not setting.random:
        sloped, exact = recognised(exact), rewrite(exact, _one_exponential)
        halves: dict[Expr, Halves] = {Symbol(p.name): in_parts(p) for p in setting.params}
        narrow = lower(sloped, FLOAT32, halves)
        fast, accurate = (in_float32(narrow, suffix) for suffix in ("_f32_fast", "_f32"))
        if fast is not None and fast != accurate:
            yield Way("_float32_fast", FLOAT32, fast)
        if accurate is not None:
            yield Way("_float32", FLOAT32, accurate)
        yield from _beside_zeros(exact, lowered, setting, halves)
        whole = lower_twofold(exact, FLOAT32, halves)
        closed_fast, closed = (in_float32(whole, suffix) for suffix in ("_f32_fast", "_f32"))
        if closed_fast is not None and closed_fast not in (fast, closed):
            yield Way("_float32_twofold_fast", FLOAT32, closed_fast)
        if closed is not None and closed != accurate:
            yield Way("_float32_twofold", FLOAT32, closed)
    short = shorten(exact, lowered, {Symbol(p.name) for p in setting.params})
    if short is not None:
        yield Way("_narrow", FLOAT64, short)
    yield Way("", FLOAT64, lowered)


def _beside_zeros(
    exact: Expr, lowered: Expr, setting: Setting, halves: Mapping[Expr, Halves]
) -> Iterator[Way]:
    """Yield ways for the derivative of x sigmoid(v), with pieces beside its zeros.

    None for anything else, and with parameters, on which the zeros would depend.
    """
    sloped = with_slopes(exact)
    parts = with_sigmoid_parts(sloped)
    if setting.params or parts == sloped:
        return
    narrow, variable = lower(parts, FLOAT32, halves), Symbol(setting.variable)
    for tier in ("_fast", ""):
        made = in_float32(narrow, f"_f32{tier}")
        if made is not None:
            whole = tier == ""
            made = beside_zeros(exact, lowered, made, variable, spread(), _TERMS[tier], whole)
        if made is not None:
            yield Way(f"_float32_parts{tier}", FLOAT32, made)


def recognised(exact: Expr) -> Expr:
    """Return an expression over functions that are less than their parts."""
    return rewrite(with_slopes(exact), _one_exponential)


def _one_exponential(node: Expr) -> Expr:
    """Replace sigmoid(a) sigmoid(-a) by sech²(a/2) / 4: one exponential and one division."""
    if not is_op(node, "mul"):
        return node
    coefficient, parts = factors(node)
    found = [f for f in parts if is_op(f[0], "sigmoid") and f[1] == 1]
    for one, other in combinations(found, 2):
        (a,), (b,) = one[0].args, other[0].args
        if simplify(a + b) == ZERO:
            rest = [f for f in parts if f not in (one, other)]
            return from_factors(coefficient / 4, [(sech2(HALF * a), Fraction(1)), *rest])
    return node


def in_float32(expr: Expr, suffix: str) -> Expr | None:
    """Return `expr` over the float32 functions, None where one is missing."""
    expr = with_gates(rewrite(expr, _spelled_out), suffix, LIBRARY)
    for node in walk(expr):
        if isinstance(node, Apply) and not _known(node, suffix):
            return None

    def renamed(node: Expr) -> Expr:
        if isinstance(node, Apply) and f"{node.op}{suffix}" in LIBRARY:
            return Apply(f"{node.op}{suffix}", node.args)
        return node

    return rewrite(expr, renamed)


def _spelled_out(node: Expr) -> Expr:
    """Replace a function that is but a selection by its definition."""
    if not isinstance(node, Apply) or node.op not in _SELECTIONS:
        return node
    function = LIBRARY[node.op]
    return substitute(function.body, dict(zip(map(Symbol, function.args), node.args, strict=True)))


def _known(node: Apply, suffix: str) -> bool:
    names = (node.op, f"{node.op}{suffix}") if node.op.endswith(suffix) else (f"{node.op}{suffix}",)
    if node.op in _ANY_FORMAT or node.op in _TARGETS or any(name in LIBRARY for name in names):
        return True
    if node.op in LIBRARY:
        return LIBRARY[node.op].dtype == "float32"
    if node.op == "pow":
        return False
    return OPS[node.op].category != "function"


class _Trial:
    """Measures ways to compute a quantity at sample inputs, beside its float64 values."""

    def __init__(self, lowered: Expr, setting: Setting) -> None:
        self.lowered = lowered
        self.setting = setting
        self.names = {symbol.name for symbol in symbols(lowered)}
        self.values = list(sampled_values(setting.params))
        self.known: dict[int, tuple[Array, Array, Array]] = {}
        places = [constant(kink) for kink in setting.kinks]
        extra = around(float(place) for place in places if place is not None)
        bends = [float(v) for v in map(const_value, walk(lowered)) if v is not None]
        self.x = np.unique(np.concatenate([spread(), extra, around(bends[:64])]))

    def error(self, way: Way) -> float:
        """Return the largest error in ULP of float32, with the parameters at their defaults."""
        return self._error(way, 0)

    def error_elsewhere(self, way: Way) -> float:
        """Return the largest error in ULP of float32 at other parameters."""
        return max((self._error(way, k) for k in range(1, len(self.values))), default=0.0)

    def yardstick(self, exact: Expr) -> Yardstick:
        """Return what measures float64 forms beside one of them."""
        places = [self.sampled(k)[1] for k in range(len(self.values))]
        return Yardstick(exact, self.setting.variable, self.values, places)

    def sampled(self, number: int) -> tuple[Array, Array, Array]:
        """Return the inputs for one choice of parameters, the zeros among them, exact values."""
        if number not in self.known:
            values = self.values[number]

            def reference(x: Array) -> Array:
                return simulate(self.lowered, self._elements(x) | values, fused=False)

            places = zeros(reference, self.x)
            x = np.concatenate([self.x, places, _ENDS])
            self.known[number] = x, places, reference(x)
        return self.known[number]

    def _error(self, way: Way, number: int) -> float:
        x, _, exact = self.sampled(number)
        values = self.values[number]
        if way.fmt is FLOAT32:
            given = self._elements(x) | float32_parts(values, self.setting.params)
        else:
            given = self._elements(x) | values
        return _largest(simulate(way.lowered, given, way.fmt, fused=False), exact)

    def _elements(self, x: Array) -> dict[str, Any]:
        """Return x, and other numbers for what else there is an element of: always the same."""
        others = np.float32(np.arange(x.size) * 0.618 % 0.99 + 0.005)
        return dict.fromkeys(self.names, others) | {self.setting.variable: x}


def _largest(computed: Array, exact: Array) -> float:
    """Return the largest error of numbers rounded to float32, infinite where NaNs differ."""
    with np.errstate(all="ignore"):
        rounded = computed.astype(np.float32).astype(np.float64)
        target = exact.astype(np.float32)
        equal = (rounded == target) | (np.isnan(rounded) & np.isnan(exact))
        error = np.abs(rounded - exact) / FLOAT32.ulp(exact)
    # where the exact value lies beyond the largest number, that number is as near as infinity
    error = np.where(equal, np.where(np.isfinite(error), error, 0.0), error)
    return float(np.max(np.where(np.isnan(error), np.inf, error), initial=0.0))
