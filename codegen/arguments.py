"""Bind the arguments of a call between formulas: a call and its target in, values out.

The rules are those of Python calls: positional, then by name or alias, then defaults.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from actgen.codegen.activation import ActivationSpec, Param, Value
from actgen.codegen.constraints import violated
from actgen.codegen.errors import Diagnostic, did_you_mean, shorten
from actgen.codegen.ir import Apply, Const, Expr, Symbol, const_value
from actgen.codegen.scope import Argument, Call
from actgen.codegen.text import Text


def bind(
    call: Call,
    callee: ActivationSpec,
    bound: tuple[tuple[str, Value], ...],
    text: Text,
    done: Mapping[Expr, Expr],
) -> tuple[dict[Expr, Expr], dict[str, bool], list[Diagnostic]]:
    """Return the values of the parameters, those of the bool parameters, and what is wrong.

    `bound` are parameters that the name of the call binds already (an alias); `done` maps each
    argument of the parsed call to its expression without calls.
    """
    values: dict[Expr, Expr] = {}
    bools: dict[str, bool] = {}
    problems: list[Diagnostic] = []

    def complain(argument: Argument, message: str, hint: str = "") -> None:
        problems.append(text.diagnostic(message, hint, argument.offset, argument.length))

    fixed = dict(bound)
    free = [param for param in callee.params if param.name not in fixed]
    given: dict[str, Argument] = {}
    for position, argument in enumerate(call.arguments[1:]):
        if not argument.name and position >= len(free):
            complain(argument, f"{call.name} takes at most {len(free)} parameters")
            continue
        param = callee.param(argument.name) if argument.name else free[position]
        if param is None or param.name in fixed:
            known = [param.name for param in free]
            hint = did_you_mean(argument.name, known, f"it has: {', '.join(known) or 'none'}")
            complain(argument, f"{call.name} has no parameter {shorten(argument.name)!r}", hint)
        elif param.name in given:
            complain(argument, f"the parameter {param.name!r} is given twice")
        else:
            given[param.name] = argument
    for param in callee.params:
        found = given.get(param.name)
        if found is not None:
            problem = _problem(param, found.value)
            if problem:
                complain(found, problem)
            elif isinstance(found.value, bool):
                bools[param.name] = found.value
            else:
                values[Symbol(param.name)] = done[found.value]
            continue
        value = fixed.get(param.name, param.default_value)
        if value is None:
            message = f"{call.name} needs its parameter {param.name!r}"
            hint = f"such as {call.name}(x, {param.name}=…)"
            problems.append(text.diagnostic(message, hint, call.offset, len(call.name)))
        elif isinstance(value, bool):
            bools[param.name] = value
        else:
            values[Symbol(param.name)] = literal(value)
    return values, bools, problems


def literal(value: float) -> Expr:
    """Return a number as an expression; a float stands for the decimal that Python prints."""
    if math.isinf(value):
        return Apply("inf") if value > 0 else Apply("neg", (Apply("inf"),))
    exact = Fraction(repr(value))
    return Const(exact) if exact >= 0 else Apply("neg", (Const(-exact),))


def _problem(param: Param, value: Expr | bool) -> str:
    """Return why `value` cannot be given for `param`, or ""."""
    if param.type == "array":
        return f"{param.name!r} is an array, which formulas have none of"
    if isinstance(value, bool):
        return "" if param.type == "bool" else f"{param.name!r} is a number, not true or false"
    if param.type == "bool":
        return f"{param.name!r} is a bool parameter: true or false"
    number = const_value(value)
    if number is None:
        return ""
    if param.type == "int" and number.denominator != 1:
        return f"{param.name!r} is an integer"
    broken = violated(param, float(number), {})
    return f"{param.name!r} must be {broken.relation} {broken.other}" if broken else ""
