"""Talk to a terminal: text, tables and progress in, lines that fit it out.

Colour and progress only where the output is a terminal and `NO_COLOR` is not set.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from types import TracebackType

_ROWS = 80  # a table longer than that is cut
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def out(text: str, end: str = "\n") -> None:
    """Print a result."""
    sys.stdout.write(text + end)


def error(text: str) -> None:
    """Print a message about the run."""
    sys.stderr.write(text + "\n")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, its last column cut to the terminal."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    wide = shutil.get_terminal_size().columns if sys.stdout.isatty() else sum(widths) + 99
    out(_styled(_BOLD, _line(heads, widths, wide)))
    for row in rows[:_ROWS]:
        out(_line(row, widths, wide))
    if len(rows) > _ROWS:
        out(_styled(_DIM, f"... and {len(rows) - _ROWS} more"))


def _line(cells: Sequence[str], widths: Sequence[int], wide: int) -> str:
    text = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
    return text if len(text) <= wide else text[: wide - 1] + "…"


def _styled(style: str, text: str) -> str:
    plain = "NO_COLOR" in os.environ or not sys.stdout.isatty()
    return text if plain else f"{style}{text}{_PLAIN}"


class Progress:
    """A bar on standard error, from the first second on; nothing where that is no terminal."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = time.monotonic()
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - self._started > 1:
            bar = "#" * (30 * done // total)
            sys.stderr.write(f"\r{self._what} [{bar:<30}] {done}/{total}")
            sys.stderr.flush()
            self._shown = True

    def clear(self) -> None:
        """Take the bar away, for a line that is to stand there."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.clear()
