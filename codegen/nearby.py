"""Leave the reduction of far arguments out where no argument is far: sines take a third then.

In: a variant of an activation. Out: a variant of quantities that hold while all arguments of sines
and cosines are up to 2**40, and for each the condition under which it does not. CPU kernels choose
for a tile of elements at a time, GPU kernels for each; the bits are the same.
"""

from __future__ import annotations

from dataclasses import replace

from actgen.codegen.functions.circle import NEAR
from actgen.codegen.functions.parts import number
from actgen.codegen.ir import Apply, Expr, absolute, apply, rewrite, walk
from actgen.codegen.ops import CIRCULAR
from actgen.codegen.pipeline import Body, Variant
from actgen.codegen.plan import Plan, Way


def near_variant(variant: Variant) -> Variant | None:
    """Return the quantities `NAME_near` and `NAME_is_far`; None where there are no sines."""
    bodies = []
    for body in variant.bodies:
        condition = None if body.plan is None else _far(body.plan)
        if body.plan is not None and condition is not None:
            bodies.append(Body(f"{body.name}_is_far", condition, condition))
            bodies.append(replace(body, name=f"{body.name}_near", plan=_plan(body.plan)))
    return replace(variant, bodies=tuple(bodies)) if bodies else None


def _plan(plan: Plan) -> Plan:
    def near(way: Way) -> Way:
        return replace(way, lowered=rewrite(way.lowered, _renamed))

    return replace(
        plan,
        double=near(plan.double),
        single=near(plan.single),
        single_fast=near(plan.single_fast),
        double_fast=near(plan.double_fast),
        short=None if plan.short is None else near(plan.short),
    )


def _renamed(node: Expr) -> Expr:
    name = _circular(node)
    if not isinstance(node, Apply) or name is None:
        return node
    return Apply(f"{name}_near{node.op.removeprefix(name)}", node.args)


def _far(plan: Plan) -> Expr | None:
    """Return the condition that an argument is far; None where no function asks for it."""
    nodes = [node for way in plan.ways for node in walk(way.lowered)]
    arguments = dict.fromkeys(node.args[0] for node in nodes if _circular(node) is not None)
    found: Expr | None = None
    for argument in arguments:
        far = apply("gt", absolute(argument), number(NEAR))
        found = far if found is None else apply("or", found, far)
    return found


def _circular(node: Expr) -> str | None:
    name = node.op.split("_")[0] if isinstance(node, Apply) else ""
    return name if name in CIRCULAR else None
