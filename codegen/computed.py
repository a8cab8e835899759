"""Say what elementwise kernels compute: a variant in, its quantities as text over names out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from actgen.codegen import quantities
from actgen.codegen.pipeline import Variant


def tiers(variant: Variant, names: Iterable[str]) -> list[tuple[str, bool]]:
    """Return the suffix of each tier's kernels for quantities, and whether it is the fast one."""
    plans = [variant.body(name).plan for name in names]
    fast = any(plan is not None and plan.has_fast for plan in plans)
    return [(variant.suffix, False)] + ([(f"{variant.suffix}_fast", True)] if fast else [])


@dataclass(frozen=True)
class Quantity:
    """What kernels compute: their stem, the arrays beside x, the value over the names of all.

    `near` is the value where `far` does not hold, if there is such a condition. `wide` quantities
    stay float64.
    """

    name: str
    more: tuple[str, ...]
    value: str
    near: str = ""
    far: str = ""
    wide: bool = False


def computed(variant: Variant, beside: Variant | None) -> Iterable[Quantity]:
    """Yield the quantities of an elementwise variant, on both tiers where they differ."""
    shortened = {body.name for body in beside.bodies} if beside is not None else set()
    for name, more, of in (
        ("forward", (), "forward"),
        ("derivative", (), "derivative"),
        *([] if variant.fixed else [("second_derivative", (), "second_derivative")]),
        ("vjp", ("dy",), "derivative"),
    ):
        for suffix, fast in tiers(variant, [of]):
            if fast and name == "second_derivative":
                continue
            times = "{dy} * " if more else ""
            value, near, far = times + quantities.call(variant, of, fast), "", ""
            if beside is not None and f"{of}_near" in shortened:
                near = times + quantities.call(beside, f"{of}_near", fast)
                far = quantities.call(beside, f"{of}_is_far", fast)
            yield Quantity(f"{name}{suffix}", more, value, near, far)
    for body in variant.bodies:
        if body.name.startswith("partial_"):
            name = f"{body.name}{variant.suffix}"
            yield Quantity(name, ("dy",), f"{{dy}} * {name}({{x}}{{rest}})", wide=True)
