"""Find a form that computes well: an expression in, an equal one and the rules applied out.

Formulas are written the way papers write them; this pass replaces what loses digits. Every rule
is an identity over the reals, has a name and says why it is there, and is tested on its own
against high-precision values. The `rules_*` files hold them, one idea each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Expr, rewrite
from actgen.codegen.rules_difference import DIFFERENCE_RULES
from actgen.codegen.rules_exponential import LAST_EXPONENTIAL_RULES
from actgen.codegen.rules_function import FUNCTION_RULES
from actgen.codegen.rules_logarithm import LAST_LOGARITHM_RULES, LOGARITHM_RULES
from actgen.codegen.rules_product import PRODUCT_RULES
from actgen.codegen.rules_quotient import LAST_QUOTIENT_RULES, QUOTIENT_RULES
from actgen.codegen.rules_sum import SUM_RULES
from actgen.codegen.simplify import simplify, step

_MAX_ROUNDS = 24


class Note(NamedTuple):
    """A rule that was applied, for the docs page: its name and why it is there."""

    rule: str
    why: str


def stabilise(expr: Expr, last: bool = False) -> tuple[Expr, tuple[Note, ...]]:
    """Apply every stabilising rule until none fires; return the result and what was applied.

    `last` adds the rules whose result is not to be differentiated again.
    """
    notes: dict[str, Note] = {}
    rules = _RULES + _LAST_RULES if last else _RULES

    def rule(node: Expr) -> Expr:
        node = step(node)
        for name, why, apply_rule in rules:
            result = apply_rule(node)
            if result is not None and result != node:
                notes.setdefault(name, Note(name, why))
                return simplify(result)
        return node

    expr = simplify(expr)
    for _ in range(_MAX_ROUNDS):
        rewritten = rewrite(expr, rule)
        if rewritten == expr:
            return expr, tuple(notes.values())
        expr = rewritten
    raise CompilerError(f"stabilising rules do not come to rest: {sorted(notes)}")


Rule = tuple[str, str, Callable[[Expr], Expr | None]]
_RULES: tuple[Rule, ...] = (
    *LOGARITHM_RULES,
    *FUNCTION_RULES,
    *PRODUCT_RULES,
    *SUM_RULES,
    *QUOTIENT_RULES,
    *DIFFERENCE_RULES,
)
_LAST_RULES: tuple[Rule, ...] = (
    *LAST_LOGARITHM_RULES,
    *LAST_EXPONENTIAL_RULES,
    *LAST_QUOTIENT_RULES,
)
