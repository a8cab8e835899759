"""Hold figures against the targets of the project: rows in, lines of what is reached out.

Whether a target is met is information: figures depend on the machine and on what else it does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import exp, fsum, log
from typing import Any

from benchmarks.candidates import COPY, TIERS
from benchmarks.cases import AXES, CACHED, ELEMENTWISE, LARGE, NORMALIZATIONS
from benchmarks.run import SAVED, Row

_GROWS = 2**18  # bytes more for four times the elements; buffers of fixed size do not count


@dataclass(frozen=True)
class Target:
    """A line of the summary; `met` is None where nothing was measured."""

    what: str
    target: str
    reached: str
    met: bool | None

    def record(self) -> dict[str, Any]:
        """Return the line as plain data."""
        return asdict(self)


def summary(rows: Sequence[Row], starts: dict[str, Any]) -> list[Target]:
    """Return a line for each target."""
    return [
        *_forward(rows),
        *_memory_bound(rows),
        *_relative(rows),
        *_backward(rows),
        *_normalizations(rows),
        _overhead(rows),
        *_started(starts),
    ]


def text(targets: Sequence[Target]) -> list[str]:
    """Return the summary as lines; none for no targets."""
    if not targets:
        return []
    wide = max(len(target.what) for target in targets)
    aims = max(len(target.target) for target in targets)
    marks = {True: "met   ", False: "missed", None: "-     "}
    lines = ["", "Targets (ratios of speeds, ours / theirs; geometric mean, worst)"]
    for target in targets:
        lines.append(
            f"{marks[target.met]}  {target.what:<{wide}}  {target.target:<{aims}}  {target.reached}"
        )
    return lines


Ratio = Callable[[Row], float | None]


def _select(
    rows: Sequence[Row], functions: Sequence[str] = ELEMENTWISE, **wanted: Any
) -> list[Row]:
    return [
        row
        for row in rows
        if row.case.function in functions
        and all(getattr(row.case, name) == value for name, value in wanted.items())
    ]


def _ratios(
    what: str, rows: Sequence[Row], ratio: Ratio, each: float, mean: float | None = None
) -> Target:
    """Return the line on a ratio that each row is to reach, and their geometric mean."""
    found = [(value, row.case.function) for row in rows if (value := ratio(row)) is not None]
    target = f"{each} each" + (f", mean {mean}" if mean else "")
    if not found:
        return Target(what, target, "not measured", None)
    average = exp(fsum(log(value) for value, _ in found) / len(found))
    worst, name = min(found)
    below = [f"{function} {value:.2f}" for value, function in sorted(found) if value < each]
    met = not below and (mean is None or average >= mean)
    more = f"; below: {', '.join(below)}" if len(below) > 1 else ""
    return Target(what, target, f"mean {average:.2f}, worst {worst:.2f} ({name}){more}", met)


def _best(tier: str) -> Ratio:
    return lambda row: row.ratio(tier, row.best)


def _forward(rows: Sequence[Row]) -> list[Target]:
    chosen = _select(rows, dtype="float32", size=CACHED, shape="plain", threads=1)
    what = f"float32, {CACHED:,} elements / best peer"
    return [
        _ratios(f"fast: {what}", chosen, _best("fast"), 1.0, 2.0),
        _ratios(f"accurate: {what}", chosen, _best("accurate"), 0.75, 1.4),
    ]


def _memory_bound(rows: Sequence[Row]) -> list[Target]:
    chosen = _select(rows, dtype="float32", size=LARGE, shape="out")
    lines = []
    for tier, threads, each in (("fast", 1, 1.1), ("accurate", 1, None), ("accurate", 2, 1.0)):
        count = "one thread" if threads == 1 else f"{threads} threads"
        line = _ratios(
            f"{tier}: {LARGE:,} elements with out=, {count} / np.copyto",
            [row for row in chosen if row.case.threads == threads],
            lambda row, tier=tier: row.ratio(tier, COPY),  # type: ignore[misc]
            each or 0.0,
        )
        lines.append(line if each else Target(line.what, "(information)", line.reached, None))
    return lines


def _relative(rows: Sequence[Row]) -> list[Target]:
    lines = []
    for tier in ("fast", "accurate"):

        def ratio(row: Row, tier: str = tier) -> float | None:
            return row.relative(tier)

        for shape, what in (
            ("inplace", "in place / out of place"),
            ("scalar-parameter", "scalar parameter / default"),
            ("array-parameter", "array parameter / default"),
            ("strided", "strided / contiguous"),
            ("transposed", "transposed / contiguous"),
        ):
            chosen = _select(rows, dtype="float32", size=CACHED, shape=shape)
            lines.append(_ratios(f"{tier}: {what}", chosen, ratio, 0.9))
        for dtype, what in (
            ("float64", "float64 / float32, per byte"),
            ("float16", "float16 / float32, per element"),
            ("bfloat16", "bfloat16 / float32, per element"),
        ):
            chosen = _select(rows, dtype=dtype, size=CACHED, shape="plain")
            lines.append(_ratios(f"{tier}: {what}", chosen, ratio, 0.9))
    return lines


def _backward(rows: Sequence[Row]) -> list[Target]:
    lines = []
    for tier in ("fast", "accurate"):
        for shape in ("derivative", "vjp"):
            chosen = _select(rows, dtype="float32", size=CACHED, shape=shape)
            for other, note in (("torch", ""), (SAVED, ", which has f(x) saved")):
                lines.append(
                    _ratios(
                        f"{tier}: {shape} / torch's backward{note}",
                        chosen,
                        lambda row, t=tier, o=other: row.ratio(t, o),  # type: ignore[misc]
                        1.5,
                    )
                )
    return lines


def _normalizations(rows: Sequence[Row]) -> list[Target]:
    lines = []
    for tier, each in (("fast", 1.0), ("accurate", 0.75)):
        for shape in AXES:
            chosen = _select(rows, NORMALIZATIONS, dtype="float32", shape=shape, threads=1)
            lines.append(_ratios(f"{tier}: {shape} / best peer", chosen, _best(tier), each))
    return lines


def _overhead(rows: Sequence[Row]) -> Target:
    what, target = "gelu of 16 elements: time / torch's", "0.9 at most"
    found = {}
    for row in _select(rows, size=16, shape="plain", dtype="float32"):
        tier = next(name for name in TIERS if name in row.seconds)
        if "torch" in row.seconds:
            found[row.case.function] = row.seconds[tier], row.seconds["torch"]
    if "gelu" not in found:
        return Target(what, target, "not measured", None)
    ours, theirs = found["gelu"]
    reached = f"{ours / theirs:.2f} ({ours * 1e6:.2f} of {theirs * 1e6:.2f} us)"
    worst, name = max((a / b, name) for name, (a, b) in found.items())
    others = f"; worst of {len(found)} functions {worst:.2f} ({name})" if len(found) > 1 else ""
    return Target(what, target, reached + others, ours / theirs <= 0.9)


def _started(starts: dict[str, Any]) -> list[Target]:
    if not starts:
        return []
    took, looked_up = starts["import_beyond_numpy"], starts["import_and_look_up"]
    first = starts["first_result"]
    theirs = first.get("torch")
    small, large = (starts["memory"][size] for size in ("small", "large"))
    growing = [
        f"{name} {(large[name][kind] - small[name][kind]) / 2**20:.1f} MiB ({kind})"
        for name in large
        for kind in ("allocated", "resident")
        if large[name][kind] - small[name][kind] > _GROWS
    ]
    most = max(large, key=lambda name: large[name]["allocated"])
    bound = f"at most {large[most]['allocated'] / 2**20:.1f} MiB ({most})"
    return [
        Target(
            "import actgen beyond numpy",
            "30 ms at most",
            f"{took * 1e3:.1f} ms, {looked_up * 1e3:.1f} ms with actgen.gelu looked up",
            took <= 0.03,
        ),
        Target(
            "process start to first gelu, warm cache",
            "0.6 s, below torch's",
            f"{first['actgen']:.2f} s" + (f", torch {theirs:.2f} s" if theirs else ""),
            first["actgen"] <= 0.6 and (theirs is None or first["actgen"] < theirs),
        ),
        Target(
            "memory of calls with out=",
            "no growth",
            f"grow with the array: {', '.join(growing)}" if growing else f"no growth, {bound}",
            not growing,
        ),
    ]
