"""Keep a scalar of a spec with its place: an offset in the text in, a line and a column out."""

from __future__ import annotations

from dataclasses import dataclass, field

from actgen.codegen.errors import Diagnostic, Place

_NOWHERE = Place("<text>", 1, 1)


@dataclass(frozen=True)
class Text:
    """The text of one YAML scalar, the place where it starts, and the lines it stands on.

    Equality is that of the text and its place.
    """

    text: str
    place: Place = _NOWHERE
    lines: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def diagnostic(
        self, message: str, hint: str = "", offset: int = 0, length: int = 1
    ) -> Diagnostic:
        """Return a diagnostic that underlines `length` characters from `offset` of the text."""
        row, column = self._locate(offset)
        source = self.lines[row] if row < len(self.lines) else self.text
        place = Place(self.place.file, self.place.line + row, column + 1)
        return Diagnostic(place, message, hint, max(1, length), source)

    def _locate(self, offset: int) -> tuple[int, int]:
        """Return the row (from 0, within `lines`) and the column (from 0) of `text[offset]`."""
        if not self.lines:
            return 0, offset
        start = self.place.column - 1
        for skip in (0, 1):  # plain, then quoted
            if self.lines[0].startswith(self.text, start + skip) and self.text:
                return 0, start + skip + offset
        return self._align(offset)

    def _align(self, offset: int) -> tuple[int, int]:
        """Locate in folded, block or escaped text: walk text and source side by side.

        Line breaks, indentation, quotes and escapes only add characters to the source, so each
        character of the text is the next such character of the source; where it is not (an
        escape that spells it otherwise) the place of the last one found stands in.
        """
        row, column = 0, self.place.column - 1
        found = (row, column)
        opener = self.lines[0][column : column + 1]
        if opener in ("|", ">"):
            row, column = 1, 0
        elif opener in ("'", '"'):
            column += 1
        for char in self.text[: offset + 1]:
            if char.isspace():
                continue
            here = (row, column)
            while row < len(self.lines):
                column = self.lines[row].find(char, column)
                if column >= 0:
                    break
                row, column = row + 1, 0
            if row == len(self.lines):
                row, column = here
                continue
            found = (row, column)
            column += 1
        return found
