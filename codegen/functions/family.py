"""Make the functions that one computation gives: of x, of x + low, times b, and what each leaves.

In: a core, which returns a value as a `Scaled`. Out: library functions. `*_rest` is what rounding
leaves of a result: sums that cancel take it along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from actgen.codegen.functions.parts import (
    INFINITY,
    LOW,
    NEVER,
    B,
    Function,
    Scaled,
    Steps,
    X,
    fast_sum,
    fma,
    times,
    value,
)
from actgen.codegen.ir import ONE, ZERO, Expr, absolute, apply, where

Core = Callable[[Expr, Expr, Steps], Scaled]


def family(
    name: str,
    core: Core,
    doc: str,
    twofold: bool = True,
    factor: bool = False,
    odd: bool = False,
    mirrored: bool = False,
    zero: bool = False,
    rests: bool = True,
) -> tuple[Function, ...]:
    """Return the functions that one computation gives: at x, at x + low; and each times b.

    With `rests`, what rounding leaves of each, too. A `mirrored` function is odd, and its core is
    that of |x|; one with `zero` returns a 0 as it is.
    """

    def signed(scaled: Scaled, let: Steps) -> Expr:
        body = value(scaled)
        if zero:
            return where(apply("eq", X, ZERO), X, body)
        return apply("copysign", body, X) if odd or mirrored else body

    def left(scaled: Scaled, let: Steps) -> Expr:
        body = rest(scaled, let)
        return where(apply("lt", X, ZERO), -body, body) if mirrored else body

    def kinds(
        args: tuple[str, ...],
    ) -> Iterator[tuple[str, str, tuple[str, ...], Callable[[Scaled, Steps], Expr]]]:
        at = " + ".join(args)
        yield "", f"Return {name}({at}): {doc}.", args, signed
        text = f"Return what rounding leaves of {name}({at})"
        if rests:
            yield "_rest", f"{text}.", args, left
        if factor:
            args = (*args, "b")
            yield "_times", f"Return {name}({at}) * b: {doc}.", args, times_b
            if rests:
                yield "_times_rest", f"{text} * b.", args, rest_times_b

    made = []
    for low, suffix, args in ((ZERO, "", ("x",)), (LOW, "_twofold", ("x", "low"))):
        if low == ZERO or twofold:
            let = Steps()
            scaled = core(X, low, let)
            for kind, text, names, finish in kinds(args):
                body = finish(scaled, let)
                made.append(Function(f"{name}{suffix}{kind}", names, body, text, let.names))
    return tuple(made)


def times_b(scaled: Scaled, let: Steps) -> Expr:
    """Return a `Scaled` times the argument b."""
    return times(scaled, B, let)


def rest(scaled: Scaled, let: Steps) -> Expr:
    """Return what rounding leaves of what a `Scaled` stands for."""
    left = fast_sum(scaled.high, scaled.low).low
    return left if scaled.rest == ONE else let("left_over", left) * scaled.rest


def rest_times_b(scaled: Scaled, let: Steps) -> Expr:
    """Return what rounding leaves of a `Scaled` times the argument b, given that it is finite."""
    extra = where(apply("lt", absolute(B), INFINITY), scaled.low * B, ZERO)
    extra = let("extra", extra)
    whole = fma(scaled.high, B, extra)
    left = let("left_over", fma(scaled.high, B, -whole) + extra)
    left = left if scaled.rest == ONE else left * scaled.rest
    return left if scaled.vanished == NEVER else where(scaled.vanished, ZERO, left)
