"""Load a spec file: bytes in, a `Document` out: plain data with the place of every value.

Specs use the plain part of YAML: mappings, sequences and scalars of the YAML 1.2 core schema.
Anchors, aliases, tags, duplicate keys, several documents and deep nesting are errors, so the size
of the data is bounded by the size of the text. The parser's events are read with a loop: nesting
costs no recursion. Text that would mean something to a template or a terminal (`{{`, control
characters) is refused here, once, for all strings.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from actgen.codegen.errors import Diagnostic, Place, SpecError, shorten
from actgen.codegen.scalars import NumberError, resolve
from actgen.codegen.text import Text

MAX_BYTES = 256 * 1024
MAX_NESTING = 32

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK = re.compile(r"\r\n|\n|\r")
# Control characters, the line separators that only some programs break at, and the marks that
# make text read otherwise than it is stored.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")


@dataclass(slots=True)
class Node:
    """One value of the YAML text: `value` is a scalar, or `children` are its members by key."""

    line: int
    column: int
    value: Any = None
    text: Text | None = None
    children: dict[str | int, Node] = field(default_factory=dict)
    keys: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A loaded spec file: plain data (dicts, lists, scalars) and where each value stands."""

    file: str
    lines: tuple[str, ...]
    root: Node

    @property
    def data(self) -> Any:
        """The plain data. Mapping keys are the text of the key, whatever it looks like."""
        return self.root.value

    def find(self, path: Sequence[str | int]) -> Node:
        """Return the value at `path`, or the innermost one around it that exists."""
        node = self.root
        for step in path:
            node = node.children.get(step, node)
        return node

    def text(self, path: Sequence[str | int]) -> Text:
        """Return the scalar at `path` as it is written, a number with every digit given."""
        node = self.find(path)
        if node.text is None:
            raise KeyError(f"no scalar at {path}")
        return node.text

    def diagnostic(
        self, path: Sequence[str | int], message: str, hint: str = "", *, key: bool = False
    ) -> Diagnostic:
        """Return a diagnostic pointing at the value at `path`, or at its key."""
        node = self.find(path)
        if key and path:
            node = self.find(path[:-1]).keys.get(str(path[-1]), node)
        if node.text is not None:
            return node.text.diagnostic(message, hint, length=len(node.text.text))
        return _diagnostic(self.file, self.lines, node.line, node.column, message, hint)


def load_file(path: Path | str) -> Document:
    """Load the spec file `path`. Raises `SpecError`, also for a file that cannot be read."""
    try:
        mode = Path(path).stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # opening a pipe would wait for ever
            raise _refusal(path, "not a regular file")
        with open(path, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise _refusal(path, "a folder, not a spec file", "name the .yaml files in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refusal(path, f"cannot read this file: {reason.lower()}") from None
    return load_text(content, str(path))


def load_text(content: bytes | str, file: str = "<text>") -> Document:
    """Load a spec from its text; `file` is the name that messages use. Raises `SpecError`."""
    size = len(content)
    if size > MAX_BYTES:
        raise _refusal(file, f"a spec has at most {MAX_BYTES // 1024} KiB")
    source = content if isinstance(content, str) else _decode(content, file)
    source = source.removeprefix("\ufeff")
    lines = tuple(_LINE_BREAK.split(source))
    problems = list(_unseen_characters(file, lines))
    if problems:
        raise SpecError(problems)
    reader = _Reader(file, lines)
    try:
        reader.read(source)
    except yaml.MarkedYAMLError as error:
        reader.problems.append(_syntax(error, file, lines))
    except yaml.YAMLError as error:
        reader.problems.append(_diagnostic(file, lines, 1, 1, f"not YAML: {shorten(str(error))}"))
    if reader.problems:
        raise SpecError(reader.problems)
    if reader.root is None:
        raise _refusal(file, "the file is empty", "a spec has at least a name and a formula")
    return Document(file, lines, reader.root)


class _Reader:
    """Build the tree of nodes from the parser's events, noting every problem on the way."""

    def __init__(self, file: str, lines: tuple[str, ...]) -> None:
        self.file = file
        self.lines = lines
        self.root: Node | None = None
        self.problems: list[Diagnostic] = []
        self._open: list[Node] = []  # the collections around the current event
        self._key: list[Node | None] = []  # for each: the key that waits for its value

    def read(self, source: str) -> None:
        documents = 0
        for event in yaml.parse(source, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._problem(event, "a file holds one spec, this starts a second document")
                    return
            elif isinstance(event, yaml.NodeEvent):
                if not self._node(event):
                    return
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
                self._key.pop()

    def _node(self, event: yaml.NodeEvent) -> bool:
        """Add one node; return False when there is no sense in reading on."""
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, f"aliases (*{event.anchor}) are not part of the spec language")
        elif event.anchor is not None:
            self._problem(event, f"anchors (&{event.anchor}) are not part of the spec language")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._problem(event, f"tags ({shorten(tag)}) are not part of the spec language")
        node = Node(*_position(event))
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, node)
        elif isinstance(event, yaml.CollectionStartEvent):
            node.value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._attach(event, node)
        if isinstance(event, yaml.CollectionStartEvent):
            self._open.append(node)
            self._key.append(None)
            if len(self._open) > MAX_NESTING:
                self._problem(event, f"nested more than {MAX_NESTING} levels deep")
                return False
        return True

    def _scalar(self, event: yaml.ScalarEvent, node: Node) -> None:
        first = node.line - 1
        last = event.end_mark.line if event.end_mark else first
        place = Place(self.file, node.line, node.column)
        text = node.text = Text(event.value, place, self.lines[first : last + 1])
        plain = event.style is None or event.style == ""
        try:
            node.value = resolve(event.value) if plain else event.value
        except NumberError as error:
            node.value = 0
            self.problems.append(text.diagnostic(str(error), length=len(event.value)))
        opener = _TEMPLATE.search(event.value)
        if opener:
            self.problems.append(
                text.diagnostic(
                    f"template syntax ({opener[0]}) is not allowed in a spec",
                    f"put a space between the two characters: '{opener[0][0]} {opener[0][1]}'",
                    opener.start(),
                    2,
                )
            )
        unseen = _UNSEEN.search(event.value)
        if unseen:
            code = f"U+{ord(unseen[0]):04X}"
            self.problems.append(text.diagnostic(f"the control character {code} is not allowed"))

    def _attach(self, event: yaml.NodeEvent, node: Node) -> None:
        """Make `node` the root, an item, a key, or the value of the key that waits."""
        if not self._open:
            self.root = node
            return
        parent, key = self._open[-1], self._key[-1]
        if isinstance(parent.value, list):
            parent.children[len(parent.value)] = node
            parent.value.append(node.value)
        elif key is not None:
            self._key[-1] = None
            name = key.text.text if key.text else ""
            if name not in parent.children:
                parent.children[name], parent.keys[name] = node, key
                parent.value[name] = node.value
        else:
            self._key[-1] = node
            if node.text is None:
                self._problem(event, "a key must be plain text, not a list or a mapping")
            elif node.text.text in parent.keys:
                first = parent.keys[node.text.text].line
                self.problems.append(
                    node.text.diagnostic(
                        f"the key {shorten(node.text.text)!r} appears twice",
                        f"it stands in line {first} already",
                        length=len(node.text.text),
                    )
                )

    def _problem(self, event: yaml.Event, message: str, hint: str = "") -> None:
        line, column = _position(event)
        self.problems.append(_diagnostic(self.file, self.lines, line, column, message, hint))


def _position(event: yaml.Event) -> tuple[int, int]:
    """Return line and column, from 1, of the start of an event."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


# What libyaml says → what to do about it.
_YAML_HINTS = {
    "mapping values are not allowed": "put the text in quotes when it holds ': '",
    "cannot start any token": "indent with spaces; put text that starts with a symbol in quotes",
    "could not find expected ':'": "a line of a mapping reads 'key: value'",
    "did not find expected key": "check the indentation and the quotes around this line",
    "did not find expected ',' or": "a bracket or a brace is not closed, or a comma is missing",
    "unexpected end of stream": "a quote is not closed",
    "did not find expected '-'": "the items of a list line up below each other",
    "did not find expected node": "a value is missing here",
    "unknown escape character": "use single quotes, in which a backslash is a backslash",
}


def _syntax(error: yaml.MarkedYAMLError, file: str, lines: Sequence[str]) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = error.problem or "it cannot be read"
    hint = next((hint for part, hint in _YAML_HINTS.items() if part in problem), "")
    while line > 1 and not (line <= len(lines) and lines[line - 1].strip()):
        line -= 1  # an error at the end of the text shows its last line
        column = len(lines[line - 1]) + 1
    return _diagnostic(file, lines, line, column, f"not YAML: {problem}", hint)


def _unseen_characters(file: str, lines: Sequence[str]) -> Iterator[Diagnostic]:
    for number, line in enumerate(lines, 1):
        match = _UNSEEN.search(line)
        if match:
            message = f"the control character U+{ord(match[0]):04X} is not allowed"
            yield _diagnostic(file, lines, number, match.start() + 1, message)


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8"
        place = Place(file, line, column)
        raise SpecError([Diagnostic(place, message, "save the file as UTF-8")]) from None


def _refusal(path: Path | str, message: str, hint: str = "") -> SpecError:
    return SpecError([Diagnostic(Place(str(path), 1, 1), message, hint)])


def _diagnostic(
    file: str, lines: Sequence[str], line: int, column: int, message: str, hint: str = ""
) -> Diagnostic:
    source = lines[line - 1] if line <= len(lines) else ""
    return Diagnostic(Place(file, line, column), message, hint, 1, source)
