"""Write type stubs: records in, the text of a `.pyi` file out.

Each activation is an instance of a class of its own, so that editors complete and type checkers
know its real signature: `x`, the parameters in the order of the spec, then what its kind takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from actgen.codegen.literal import WIDTH, docstring_body
from actgen.codegen.manifest import Record
from actgen.codegen.render import header, render

_INDENT = " " * 4


@dataclass(frozen=True)
class _Argument:
    """One argument of a signature; `default` is text, empty for a required one."""

    name: str
    type: str
    default: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.type}" + (f" = {self.default}" if self.default else "")

    @property
    def optional(self) -> _Argument:
        return replace(self, default="...")


_X, _DY = _Argument("x", "ArrayLike"), _Argument("dy", "ArrayLike")
_OUT = _Argument("out", "_Array | None", "None")


def stub_text(records: Sequence[Record], source: str) -> str:
    """Return the stubs of `records`, made from the folder `source`: classes, names and aliases."""
    return render(
        "api.pyi.j2",
        header=header(source),
        classes=[_class(record) for record in records],
        names=sorted(
            (name, _class_name(record))
            for record in records
            for name in (record["name"], *record["aliases"])
        ),
    )


def _class(record: Record) -> dict[str, Any]:
    bound = [_parameter(record, param) for param in record["params"]]
    axis = record["axis"]
    if axis is not None:
        also = ("tuple[int, ...]" if axis["tuple"] else "", "None" if axis["none"] else "")
        bound.append(
            _Argument("axis", " | ".join(["int", *filter(None, also)]), str(axis["default"]))
        )
    extra = [_Argument("rng", "Generator | int | None", "None")] if record["random"] else []
    if record["mask"]:
        extra.append(_Argument("where", "ArrayLike | None", "None"))
    elementwise = record["kind"] == "elementwise"
    masked = [_Argument("where", "ArrayLike", "True")] if elementwise else []
    aliases = [
        replace(argument.optional, name=alias)
        for argument, param in zip(bound, record["params"], strict=False)
        for alias in param["aliases"]
    ]
    keywords = [argument.optional for argument in (*bound, *extra)] + aliases
    wrt = _Argument("wrt", "str | tuple[str, ...]", '"x"')
    order = _Argument("order", "int", "1")
    cls = _class_name(record)
    methods = [_signature("__call__", [_X, *bound, *extra], [*aliases, _OUT, *masked], "_Result")]
    if elementwise:
        methods.append(
            _signature("derivative", [_X, order], [*keywords, _OUT, *masked], "_Result", True)
        )
    methods.append(_signature("vjp", [_X, _DY, wrt, _OUT], keywords, "_Result", True))
    if bound:
        named = [argument.optional for argument in bound] + aliases
        methods.append(_signature("with_params", [], named, cls, True))
    return {"name": cls, "doc": _doc(record["doc"]), "methods": methods}


def _parameter(record: Record, param: Mapping[str, Any]) -> _Argument:
    array = param["type"] == "array" or (
        param["type"] == "float" and record["kind"] == "elementwise"
    )
    kind = "ArrayLike" if array else param["type"]
    if "default" not in param:
        return _Argument(param["name"], kind)
    if param["default"] is None:
        kind += " | None"
    return _Argument(param["name"], kind, repr(param["default"]))


def _signature(
    name: str,
    positional: Sequence[_Argument],
    keywords: Sequence[_Argument],
    result: str,
    override: bool = False,
) -> str:
    """Return a method's stub as the formatter lays it out."""
    entries = ["self", *map(str, positional), *(["*"] if keywords else []), *map(str, keywords)]
    comment = "  # type: ignore[override]" if override else ""
    flat = f"{_INDENT}def {name}({', '.join(entries)}) -> {result}: ..."
    if len(flat) + len(comment) <= WIDTH:
        return flat + comment
    rows = "".join(f"{_INDENT * 2}{entry},\n" for entry in entries)
    return f"{_INDENT}def {name}({comment}\n{rows}{_INDENT}) -> {result}: ..."


def _class_name(record: Record) -> str:
    return "_" + "".join(part.title() for part in record["name"].split("_"))


def _doc(text: str) -> str:
    """Return a docstring literal, indented for a class body."""
    lines = [f"{_INDENT}{line}".rstrip() for line in docstring_body(text.strip()).split("\n")]
    return f'{_INDENT}"""' + "\n".join(lines).strip() + f'\n{_INDENT}"""'
