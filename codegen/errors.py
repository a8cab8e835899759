"""Say what is wrong: a place in a spec in, a message with the line, a caret and a hint out.

Two exceptions keep two blames apart: `SpecError` (the user's input is wrong; it carries every
diagnostic of the run) and `CompilerError` (the compiler is wrong).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

WINDOW = 100  # characters of a source line that a diagnostic shows


@dataclass(frozen=True, order=True)
class Place:
    """A place in a file; line and column count from 1, columns in characters."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong, and what to do about it.

    `length` is the number of characters to underline, `source` the text of the line.
    """

    place: Place
    message: str
    hint: str = ""
    length: int = 1
    source: str = ""

    def render(self) -> str:
        """Return the message as printed: place, line, caret, hint; no newline at the end."""
        place = self.place
        head = f"{place.file}:{place.line}:{place.column}: error: {self.message}"
        if not self.source.strip():
            return f"{head}\n  {self.hint}" if self.hint else head
        text, start = _window(_printable(self.source), place.column - 1)
        length = max(1, min(self.length, len(text) - start))
        gutter = f"{place.line:>3}"
        caret = _blank(text[:start]) + "^" * _width(text[start : start + length] or " ")
        below = f"{' ' * len(gutter)} | {caret} {self.hint}".rstrip()
        return f"{head}\n{gutter} | {text.rstrip()}\n{below}"


class SpecError(ValueError):
    """The user's input is wrong. `diagnostics` holds everything found, in the order of the text."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        unique = dict.fromkeys(diagnostics)
        self.diagnostics = tuple(sorted(unique, key=lambda item: item.place))
        super().__init__("\n".join(item.render() for item in self.diagnostics))

    def __reduce__(self) -> tuple[type[SpecError], tuple[tuple[Diagnostic, ...]]]:
        return SpecError, (self.diagnostics,)


class CompilerError(RuntimeError):
    """The compiler is wrong: a bug of actgen, not of the spec."""


def nearest(name: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """Return the candidates most like `name`, best first; none when nothing is alike."""
    if len(name) > 80:  # comparing costs the product of the lengths
        return []
    wanted = name.lower()
    scored = []
    for candidate in dict.fromkeys(candidates):
        ratio = SequenceMatcher(None, wanted, candidate.lower()).ratio()
        if ratio >= 0.6:
            scored.append((-ratio, candidate))
    return [candidate for _, candidate in sorted(scored)[:limit]]


def did_you_mean(name: str, candidates: Iterable[str], otherwise: str = "") -> str:
    """Return "did you mean 'a' or 'b'?" for the nearest candidates, or `otherwise`."""
    near = nearest(name, candidates)
    return f"did you mean {either(near)}?" if near else otherwise


def either(names: Sequence[str], word: str = "or") -> str:
    """Return the names quoted, as a phrase: 'a', 'b' or 'c'."""
    quoted = [repr(name) for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


def shorten(text: str, limit: int = 40) -> str:
    """Return `text` on one line, cut to `limit` characters, for use inside a message."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _printable(source: str) -> str:
    """Replace the characters that a terminal would obey instead of showing."""
    return "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in source)


def _window(source: str, start: int) -> tuple[str, int]:
    """Cut a long line around the caret; return the cut and the caret's index in it."""
    if len(source) <= WINDOW:
        return source, start
    left = max(0, min(start - WINDOW // 2, len(source) - WINDOW))
    right = left + WINDOW
    before, after = "…" if left else "", "…" if right < len(source) else ""
    return f"{before}{source[left:right]}{after}", start - left + len(before)


def _blank(prefix: str) -> str:
    """Return white space as wide as `prefix`, its tabs kept, so that the caret stands below."""
    return "".join("\t" if char == "\t" else " " * _width(char) for char in prefix)


def _width(text: str) -> int:
    """Return the number of terminal cells that `text` takes."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)
