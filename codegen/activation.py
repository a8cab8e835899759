"""Describe an activation as its spec states it: frozen records, validated, formulas still text.

`model.read_specs` makes them; after that nobody sees a dict. Every collection is a tuple, in the
order of the file. Formulas are `Text`, which knows its place for the diagnostics of later stages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from actgen.codegen.text import Text

Family: TypeAlias = Literal[
    "relu", "gelu", "sigmoid", "shrink", "soft", "other", "normalization", "gated", "reshaping"
]
Kind: TypeAlias = Literal["elementwise", "normalization", "gated", "reshaping"]
ParamType: TypeAlias = Literal["float", "int", "bool", "array"]
Relation: TypeAlias = Literal["<", "<=", ">", ">=", "!="]
Value: TypeAlias = bool | int | float
Library: TypeAlias = Literal["keras3", "keras2", "torch", "jax", "onnx"]


@dataclass(frozen=True)
class Bound:
    """One comparison of a constraint: the parameter stands in `relation` to `other`."""

    relation: Relation
    other: float | str  # a number, or the name of another parameter


@dataclass(frozen=True)
class Param:
    """A parameter. Required when `required`; else `default`, None standing for `null_means`."""

    name: str
    type: ParamType
    required: bool
    default: Value | None
    constraint: tuple[Bound, ...]
    aliases: tuple[str, ...]
    doc: str
    null_means: float | None
    along_axis: bool

    @property
    def default_value(self) -> Value | None:
        """The number that the default stands for; None when there is no default."""
        return self.null_means if self.default is None else self.default


@dataclass(frozen=True)
class Random:
    """An array of the input's shape, drawn from the call's `rng`."""

    name: str
    distribution: Literal["uniform"]
    doc: str


@dataclass(frozen=True)
class Axis:
    """The axis that the activation works along; `tuple` and `none` tell what else is accepted."""

    default: int | None
    tuple: bool
    none: bool


@dataclass(frozen=True)
class Alias:
    """Another name; with `params`, the name of this activation with those parameters bound."""

    name: str
    params: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Line:
    """One line of a formula: a name for later lines, and the expression."""

    name: str
    text: Text


@dataclass(frozen=True)
class Case:
    """A formula and the bool parameters that choose it; the last line is the result."""

    when: tuple[tuple[str, bool], ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Kink:
    """A place where the derivative jumps, and the derivative's value there."""

    at: Text
    derivative: Text | None
    doc: str


@dataclass(frozen=True)
class Limit:
    """What the formula tends to at -inf or inf."""

    at: Literal["-inf", "inf"]
    value: Text


@dataclass(frozen=True)
class Reference:
    """Where the activation comes from."""

    title: str
    authors: str
    year: int | None
    url: str


@dataclass(frozen=True)
class ProfileParam:
    """How a library spells the parameter `param`: its name there, and its default if that differs.

    `default` counts only when `has_default`; it may be a string ("none") or None.
    """

    param: str
    name: str
    has_default: bool
    default: Value | str | None


@dataclass(frozen=True)
class Profile:
    """What the activation is called in another library, and what differs there."""

    library: Library
    name: str
    params: tuple[ProfileParam, ...]
    differs: str | None


@dataclass(frozen=True)
class ActivationSpec:
    """One spec file, validated."""

    path: str
    name: str
    title: str
    summary: str
    family: Family
    kind: Kind
    aliases: tuple[Alias, ...]
    params: tuple[Param, ...]
    random: tuple[Random, ...]
    axis: Axis | None
    gate: Literal["first", "second"] | None
    masked: Literal["0", "-inf"] | None
    groups: str | None
    formula: tuple[Case, ...]
    kinks: tuple[Kink, ...]
    limits: tuple[Limit, ...]
    accuracy: tuple[tuple[str, float], ...]
    math: Literal["precise", "fast"] | None
    references: tuple[Reference, ...]
    profiles: tuple[Profile, ...]

    def param(self, name: str) -> Param | None:
        """Return the parameter of that name or alias, or None."""
        for param in self.params:
            if name == param.name or name in param.aliases:
                return param
        return None

    def select(self, values: dict[str, bool]) -> int:
        """Return the index of the first case that the bool parameters `values` choose."""
        for index, case in enumerate(self.formula):
            if all(values.get(name) is wanted for name, wanted in case.when):
                return index
        raise ValueError(f"no case of {self.name} for {values}")
