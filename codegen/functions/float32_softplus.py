"""Define tanh(softplus) and sech²(softplus) in float32: quotients in one exponential."""

from __future__ import annotations

from actgen.codegen.functions.float32_exponential import exponential
from actgen.codegen.functions.float32_parts import (
    END,
    FAR,
    ROUNDER,
    Result,
    clamped,
    end_of,
    family,
    finite,
    lifted,
    ordered_sum,
    quotient,
    reduced,
    single,
    total,
)
from actgen.codegen.functions.parts import Function, Split, Steps, fast_sum, fma, number, square
from actgen.codegen.ir import ONE, TWO, ZERO, Expr, apply, where


def _tanh_softplus(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    """Return n / (n + 2) for n = w (w + 2), w = exp(x); w and n are held times 2**lift."""
    short = clamped(x, FAR if factor else END, 10.0, let)
    lift = lifted(apply("lt", x, single(-76.0)), factor, let)
    part = reduced(short, finite(low, x), lift.shift, let, exact)
    e = exponential(part, let, exact, deep=factor)
    w = let("w", e.high * part.scale)
    # without a factor the whole quotient is lifted
    unit: Expr = lift.down if factor else ONE
    two: Expr = TWO if factor else number(2.0**31)
    vanished = apply("le", x, single(FAR))
    if not exact:
        n = let("n", fma(w, w * lift.down, w + w))
        below = fma(n, unit, two) if factor else n + two
        return Result(n / below, ZERO, lift.back, vanished)
    plus = let("plus", fma(w, lift.down, TWO))
    n = let("n", w * plus)
    w_low = let("w_low", e.low * part.scale)
    plus_low = fma(w_low, lift.down, fma(w, lift.down, 2 - plus))
    n_low = let("n_low", fma(w, plus, -n) + fma(w, plus_low, w_low * plus))
    divisor = ordered_sum(
        let("n_plain", n * unit if factor else n),
        two,
        n_low * unit if factor else n_low,
        "below",
        let,
    )
    ratio = quotient(Split(n, n_low), divisor, let)
    if factor:
        return Result(ratio.high, ratio.low, lift.back, vanished)
    return Result(total(ratio))


def _sech2_softplus(x: Expr, low: Expr, let: Steps, exact: bool, factor: bool) -> Result:
    """Return (2 v a / (v² + a²))² for exp(x) = m / a, a a power of two, v = m + a."""
    most = -end_of(0)
    short = clamped(-x, -most, 10.0, let)
    part = reduced(short, -finite(low, x) if low != ZERO else ZERO, number(ROUNDER), let, True,
                   inverted=True)  # fmt: skip
    m, a = exponential(part, let, True, deep=exact), part.scale
    far = apply("gt", x, single(40.0))
    if factor:
        up = let("up", a * where(far, number(2.0**56), TWO))
        back = where(far, number(2.0**-110), ONE)
    else:  # times 2**28, so that nothing of the square is subnormal
        up, back = let("up", a * number(2.0**29)), number(2.0**-56)
    vanished = apply("ge", x, single(most))
    v = ordered_sum(a, m.high, m.low, "v", let)
    v2 = square(v.high)
    whole = fast_sum(v2.high, a * a)
    below_low = whole.low + fma(2 * v.high, v.low, v2.low)
    below = Split(let("below", whole.high), let("below_low", below_low))
    top = Split(let("top", v.high * up), v.low * up)
    ratio = quotient(top, below, let)
    if not factor:
        rest = 2 * ratio.high * let("ratio_low", ratio.low)
        return Result(fma(ratio.high, ratio.high, rest), ZERO, back)
    result = square(ratio.high)
    low_part = fma(2 * ratio.high, let("ratio_low", ratio.low), result.low)
    return Result(let("squared", result.high), low_part, back, vanished)


FLOAT32_SOFTPLUS: tuple[Function, ...] = (
    *family(
        "tanhsoftplus",
        _tanh_softplus,
        "a quotient in exp(x)",
        {
            "": (0.84, 2.8),
            "_twofold": (0.88, 3.2),
            "_times": (0.85, 3.99),
            "_twofold_times": (0.92, 3.7),
        },
    ),
    *family(
        "sech2softplus",
        _sech2_softplus,
        "a quotient in exp(x), squared",
        {
            "": (0.86, 1.6),
            "_twofold": (0.9, 1.6),
            "_times": (0.98, 1.6),
            "_twofold_times": (0.98, 1.5),
        },
    ),
)
