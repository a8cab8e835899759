"""Print plain data as Python source: dicts, lists, text and numbers in, a literal out.

The layout is the one `ruff format` gives, so that generated files need no formatter: on one line
where it fits, else one item a line. Long text is split at its line breaks and at spaces.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable

from actgen.codegen.errors import CompilerError

WIDTH = 100


def literal(value: object, indent: int = 0, used: int = 0) -> str:
    """Return `value` as source whose continuation lines stand `indent` columns in.

    `used` is how many columns of the first line are taken, what follows the value included.
    Infinity prints as `INF`, which the file must define. Raises `CompilerError` for what is no
    plain data.
    """
    flat = _flat(value)
    if len(flat) + indent + used <= WIDTH:
        return flat
    inner = indent + 4
    pad, end = " " * inner, " " * indent
    if isinstance(value, dict) and value:
        items = []
        for key, item in value.items():
            name = f"{_flat(key)}: "
            items.append(f"{pad}{name}{literal(item, inner, len(name) + 1)},\n")
        return "{\n" + "".join(items) + end + "}"
    if isinstance(value, list | tuple) and value:
        opening, closing = ("[", "]") if isinstance(value, list) else ("(", ")")
        rows = "".join(f"{pad}{literal(item, inner, 1)},\n" for item in value)
        return f"{opening}\n{rows}{end}{closing}"
    if isinstance(value, str):
        fits = len(flat) <= WIDTH - inner
        pieces = [flat] if fits else _pieces(value, WIDTH - inner)
        if fits or len(pieces) > 1:
            return "(\n" + "".join(f"{pad}{piece}\n" for piece in pieces) + end + ")"
    return flat


def _flat(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int | float):
        if isinstance(value, float) and math.isnan(value):
            raise CompilerError("NaN has no literal")
        return repr(value).replace("inf", "INF").replace("e+", "e")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(k)}: {_flat(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_flat, value)) + ("," if len(value) == 1 else "") + ")"
    raise CompilerError(f"{type(value).__name__} is not plain data")


def quoted(text: str) -> str:
    """Return `text` as a string literal: double quotes, unless single ones save escapes."""
    body = json.dumps(text, ensure_ascii=False)[1:-1]
    if text.count('"') > text.count("'"):
        escaped = body.replace('\\"', '"').replace("'", "\\'")
        return f"'{escaped}'"
    return f'"{body}"'


def docstring_body(text: str) -> str:
    """Return `text` so that between triple quotes it reads as it is, whatever it holds."""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return escaped[:-1] + '\\"' if escaped.endswith('"') else escaped


def _pieces(text: str, width: int) -> list[str]:
    pieces = []
    for line in text.splitlines(keepends=True):
        piece = ""
        for word in _words(line):
            if piece and len(quoted(piece + word)) > width:
                pieces.append(piece)
                piece = ""
            piece += word
        pieces.append(piece)
    return [quoted(piece) for piece in pieces]


def _words(line: str) -> list[str]:
    """Split at spaces, each word with the spaces after it."""
    words: list[str] = []
    for part in line.split(" "):
        words.append(part + " ")
    words[-1] = words[-1][:-1]
    return [word for word in words if word]


def import_line(module: str, names: Iterable[str]) -> str:
    """Return a statement that imports `names`, sorted as isort does, in as many lines as needed."""
    ordered = sorted(names)
    text = f"from {module} import {', '.join(ordered)}"
    if len(text) <= 100:
        return text
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"
