"""Draw an activation and its derivative: two rows of numbers in, the text of a small SVG out.

The numbers come from exact evaluation, not from the machine's math library, and are rounded to
tenths of a pixel, so the bytes are the same everywhere. Colours read on light and dark pages.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import TypeAlias

from actgen.codegen.render import header, render

LOW, HIGH, STEPS = -4, 4, 64
XS = tuple(LOW + (HIGH - LOW) * step / STEPS for step in range(STEPS + 1))

Point: TypeAlias = tuple[float, float]

_WIDTH, _HEIGHT, _MARGIN = 300, 180, 20
_TALLEST = 4.0  # values beyond leave the picture
_ROOM = 0.15  # of a tick, above and below
_JUMP = 0.03  # of the picture's height; a smaller step is no jump
_STEEP = 3  # times the steps beside it


def plot(title: str, source: str, forward: Sequence[float], derivative: Sequence[float]) -> str:
    """Return the SVG of two curves sampled at `XS`; NaN and infinities are left out.

    `derivative` may be empty. `source` is the spec that the header names.
    """
    first, last, step = _range([*forward, *derivative])
    low, high = (first - _ROOM) * step, (last + _ROOM) * step

    def across(x: float) -> str:
        return _tenths((x - LOW) / (HIGH - LOW) * (_WIDTH - 2 * _MARGIN))

    def down(y: float) -> str:
        inside = min(max(y, 2 * low - high), 2 * high - low)
        return _tenths((high - inside) / (high - low) * (_HEIGHT - 2 * _MARGIN))

    def lines(values: Sequence[float]) -> list[str]:
        runs = map(_corners, _runs(values, _JUMP * (high - low)))
        return [" ".join(f"{across(x)},{down(y)}" for x, y in run) for run in runs]

    return render(
        "plot.svg.j2",
        header=header(source),
        title=escape(title),
        width=_WIDTH,
        height=_HEIGHT,
        margin=_MARGIN,
        inner_width=_WIDTH - 2 * _MARGIN,
        inner_height=_HEIGHT - 2 * _MARGIN,
        zero_x=across(0),
        zero_y=down(0),
        ticks_x=[(across(x), x) for x in range(LOW, HIGH + 1, 2) if x],
        ticks_y=[
            (down(tick * step), f"{tick * step:g}") for tick in range(first, last + 1) if tick
        ],
        forward=lines(forward),
        derivative=lines(derivative),
    )


def _range(values: Sequence[float]) -> tuple[int, int, float]:
    """Return the lowest and highest tick, zero between them, and the distance of ticks."""
    finite = [min(max(value, -_TALLEST), _TALLEST) for value in values if not math.isnan(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    step = next(step for step in (0.25, 0.5, 1.0, 2.0) if high - low <= 5 * step)
    return math.floor(low / step), max(math.ceil(high / step), 1), step


def _corners(run: list[Point]) -> list[Point]:
    """Leave out the points on the straight line between their neighbours."""
    triples = zip(run, run[1:], run[2:], strict=False)
    inner = [b for a, b, c in triples if abs(a[1] - 2 * b[1] + c[1]) > 1e-9]
    return [run[0], *inner, run[-1]]


def _runs(values: Sequence[float], jump: float) -> Iterator[list[Point]]:
    """Yield the unbroken pieces of a curve."""
    run: list[Point] = []
    for index, (x, y) in enumerate(zip(XS[: len(values)], values, strict=True)):
        if not math.isfinite(y) or (run and _jumps(values, index, jump)):
            if len(run) > 1:
                yield run
            run = []
        if math.isfinite(y):
            run.append((x, y))
    if len(run) > 1:
        yield run


def _jumps(values: Sequence[float], index: int, jump: float) -> bool:
    """Tell whether the step up to `index` is large and the steps beside it are not.

    Between flat pieces a jump may take two steps, for a kink may have a value half way.
    """
    steps = [abs(b - a) for a, b in pairwise(values)]
    here = index - 1
    for first, last in ((here, here), (here - 1, here), (here, here + 1)):
        if first < 0 or last >= len(steps):
            continue
        beside = max(steps[k] for k in (first - 1, last + 1) if 0 <= k < len(steps))
        smallest = min(steps[first : last + 1])
        if smallest > jump and (beside == 0 or (first == last and smallest > _STEEP * beside)):
            return True
    return False


def _tenths(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0").replace("-0", "0") if value else "0"
