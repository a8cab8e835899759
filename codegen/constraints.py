"""Compare parameters with their constraints: "> 0, <= max_val" in, bounds and verdicts out."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from actgen.codegen.activation import Bound, Param, Value
from actgen.codegen.errors import shorten

_BOUND = re.compile(r"\s*(<=|>=|!=|<|>)\s*(\S+)\s*")
_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "!=": operator.ne,
}


def parse_constraint(text: str) -> tuple[Bound, ...]:
    """Return the comparisons of a constraint, such as "> 0, <= max_val". Raises `ValueError`."""
    bounds = []
    for part in text.split(","):
        match = _BOUND.fullmatch(part)
        if match is None:
            raise ValueError(f"{shorten(part.strip())!r} is not a comparison such as > 0")
        relation, other = match.groups()
        try:
            number = float(other)
        except ValueError:
            bounds.append(Bound(relation, other))  # type: ignore[arg-type]
            continue
        if not math.isfinite(number) or "_" in other:
            raise ValueError(f"{shorten(other)!r} is not a finite number")
        bounds.append(Bound(relation, number))  # type: ignore[arg-type]
    return tuple(bounds)


def holds(value: float, relation: str, bound: float) -> bool:
    """Tell whether `value` stands in `relation` to `bound`."""
    return _RELATIONS[relation](value, bound)


def violated(param: Param, value: Value, others: Mapping[str, Value]) -> Bound | None:
    """Return the first bound of `param` that `value` breaks; bounds on unknown names hold."""
    for bound in param.constraint:
        other = others.get(bound.other) if isinstance(bound.other, str) else bound.other
        if other is not None and not holds(value, bound.relation, other):
            return bound
    return None


def contradictory(constraint: Sequence[Bound]) -> bool:
    """Tell whether the numeric bounds exclude each other."""
    low, high, open_end = -math.inf, math.inf, False
    for bound in constraint:
        if isinstance(bound.other, str) or bound.relation == "!=":
            continue
        low = max(low, bound.other) if bound.relation[0] == ">" else low
        high = min(high, bound.other) if bound.relation[0] == "<" else high
    for bound in constraint:
        open_end |= bound.relation in "<>" and bound.other == low == high
    return low > high or (low == high and open_end)
