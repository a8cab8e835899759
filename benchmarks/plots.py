"""Draw throughput against size: rows in, a picture with a panel for each function out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.candidates import COPY, TIERS
from benchmarks.run import Row

SUFFIXES = (".svg", ".png", ".pdf")
_COLUMNS = 4
_STYLES: dict[str, dict[str, Any]] = {  # ours in front, what memory allows behind
    TIERS[0]: {"color": "#c0392b", "linewidth": 2.2, "zorder": 4},
    TIERS[1]: {"color": "#e67e22", "linewidth": 2.2, "zorder": 3},
    COPY: {"color": "#999999", "linestyle": ":", "zorder": 1},
}
_PEER = {"linewidth": 1.2, "zorder": 2}
_COLOURS = ("#2c6fbb", "#7b3fa0", "#2a8f5b", "#4a4a4a", "#17a2b8", "#8d6e63")


def lines(rows: Sequence[Row]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Return for each function, and each who computes it, throughput by size.

    Of several call shapes and dtypes the first one that has the most sizes is drawn, of functions
    those that have more than one size, if any.
    """
    sizes: dict[tuple[str, str, int], set[int]] = {}
    for row in rows:
        case = row.case
        sizes.setdefault((case.shape, case.dtype, case.threads), set()).add(case.size)
    drawn = max(sizes, key=lambda key: len(sizes[key]), default=None)
    panels: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for row in sorted(rows, key=lambda row: row.case.size):
        if (row.case.shape, row.case.dtype, row.case.threads) == drawn:
            panel = panels.setdefault(row.case.function, {})
            for name in row.seconds:
                speed = row.throughput(name)
                if ", plain" not in name and speed is not None:
                    panel.setdefault(name, []).append((row.case.size, speed))
    several = {name: panel for name, panel in panels.items() if _longest(panel) > 1}
    return several or panels


def _longest(panel: dict[str, list[tuple[int, float]]]) -> int:
    return max((len(points) for points in panel.values()), default=0)


def write(path: Path, rows: Sequence[Row]) -> str:
    """Write the picture; return a line that says so. Needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    panels = lines(rows)
    names = list(dict.fromkeys(name for panel in panels.values() for name in panel))
    peers = [name for name in names if name not in _STYLES]
    styles = dict(_STYLES)
    for index, name in enumerate(peers):
        styles[name] = {"color": _COLOURS[index % len(_COLOURS)], **_PEER}
    columns = min(_COLUMNS, len(panels))
    height = -(-len(panels) // columns)
    figure, axes = pyplot.subplots(
        height, columns, figsize=(3.2 * columns, 2.5 * height + 0.6), squeeze=False, sharex=True
    )
    for axis, (function, panel) in zip(axes.flat, panels.items(), strict=False):
        for name, points in panel.items():
            axis.plot(*zip(*points, strict=True), label=name, marker=".", **styles[name])
        axis.set(xscale="log", yscale="log", title=function)
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis in axes[-1]:
        axis.set_xlabel("elements")
    for axis in axes[:, 0]:
        axis.set_ylabel("Gelem/s")
    first = next(row.case for row in rows if row.case.function in panels)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    shown = dict(zip(labels, handles, strict=True))
    for axis in axes.flat[1 : len(panels)]:
        shown = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True)) | shown
    figure.legend(shown.values(), shown.keys(), loc="lower center", ncols=len(shown), frameon=False)
    figure.suptitle(f"{first.dtype}, {first.shape}: throughput against size")
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path)
    pyplot.close(figure)
    return f"drew {path}"
