"""Cut the text of a formula into tokens: text in, a list of `Token` out.

What cannot begin any token of the language is refused here, with a word on what to write instead.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from actgen.codegen.errors import SpecError, shorten
from actgen.codegen.text import Text

TokenKind: TypeAlias = Literal["number", "name", "operator", "end"]


class Token(NamedTuple):
    """One token; `offset` counts characters of the formula from 0."""

    kind: TokenKind
    text: str
    offset: int

    @property
    def end(self) -> int:
        return self.offset + len(self.text)


_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|//|<=|>=|==|!=|:=|<<|>>|<>|&&|\|\||->|[-+*/%<>=!&|^~?@.,:;()\[\]{}])",
    re.ASCII,
)

_STRAY = {
    "'": ("formulas hold no strings", "write names and numbers without quotes"),
    '"': ("formulas hold no strings", "write names and numbers without quotes"),
    "`": ("formulas hold no back quotes", "write names without quotes"),
    "\\": ("formulas hold no backslashes", "write functions by name: sqrt(x), pi"),
    "#": ("formulas hold no comments", "put the comment on a line of its own in the YAML"),
    "$": ("formulas are not LaTeX", "write them as x * sigmoid(x)"),
    "−": ("this minus sign is not the ASCII one", "write -"),
    "–": ("this dash is not a minus sign", "write -"),
    "×": ("× is not part of the formula language", "write *"),
    "·": ("· is not part of the formula language", "write *"),
    "÷": ("÷ is not part of the formula language", "write /"),
    "π": ("π is not part of the formula language", "write pi"),
    "∞": ("∞ is not part of the formula language", "write inf"),
    "√": ("√ is not part of the formula language", "write sqrt(x)"),
    "²": ("² is not part of the formula language", "write **2"),
    "³": ("³ is not part of the formula language", "write **3"),
    "≤": ("≤ is not part of the formula language", "write <="),
    "≥": ("≥ is not part of the formula language", "write >="),
    "≠": ("≠ is not part of the formula language", "write !="),
}


def tokenize(text: Text) -> list[Token]:
    """Return the tokens of a formula, the last one of kind "end". Raises `SpecError`."""
    source, offset = text.text, 0
    tokens: list[Token] = []
    while offset < len(source):
        if source[offset].isspace():
            offset += 1
            continue
        match = _TOKEN.match(source, offset)
        if match is None:
            message, hint = _STRAY.get(
                source[offset],
                (f"{source[offset]!r} is not part of the formula language", "use ASCII letters"),
            )
            if source[offset] in "'\"" and tokens and tokens[-1][1:] == ("f", offset - 1):
                message = "formulas hold no f-strings"
            raise SpecError([text.diagnostic(message, hint, offset)])
        token = Token(match.lastgroup, match[0], offset)  # type: ignore[arg-type]
        if tokens and tokens[-1].end == offset and tokens[-1].kind == "number":
            _check_after_number(text, tokens[-1], token)
        tokens.append(token)
        offset = token.end
    return [*tokens, Token("end", "", len(source.rstrip()))]


def _check_after_number(text: Text, number: Token, token: Token) -> None:
    """Refuse what runs into a number: `2x`, `1_000`, `0xff`, `1j`, `1.2.3`."""
    if token.kind not in ("name", "number"):
        return
    whole = shorten(number.text + token.text)
    if token.text[0] == "_":
        hint = "write the digits without underscores"
    elif token.kind == "number" or (number.text == "0" and token.text[0] in "xXbBoO"):
        hint = "write a decimal number such as 0.5 or 1e-3"
    else:
        hint = f"write {number.text} * {shorten(token.text)} for a product"
    length = token.end - number.offset
    raise SpecError([text.diagnostic(f"{whole!r} is not a number", hint, number.offset, length)])
