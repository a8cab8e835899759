"""State which fields a spec has: the shape of the YAML file, as pydantic models.

These models check one value at a time, its type and its length; `check` looks at values together.
The JSON Schema that editors read is made from them, descriptions included. `model` turns what
passes into the frozen records of `activation`.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    StringConstraints,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from actgen.codegen.activation import Family, Kind, Library, ParamType

MAX_FORMULA = 4_000
MAX_PROSE = 2_000


def _formula(value: Any) -> str:
    """Accept text and numbers: `formula: 1` and `limits: {inf: 0}` need no quotes."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticCustomError("formula", "a formula is text, such as x * sigmoid(x)")
    text = str(value)
    if not text.strip():
        raise PydanticCustomError("formula", "the formula is empty")
    if len(text) > MAX_FORMULA:
        raise PydanticCustomError(
            "formula", f"a formula has at most {MAX_FORMULA:,} characters, this one {len(text):,}"
        )
    return text


def _scalar(value: Any) -> bool | int | float | None:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, float) or value in ("inf", "-inf"):
        raise PydanticCustomError("scalar", "a default is a finite number, true, false or null")
    raise PydanticCustomError("scalar", "a default is a number, true, false or null")


def _value(value: Any) -> bool | int | float:
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise PydanticCustomError("scalar", "the value is a number, true or false")


def _library_default(value: Any) -> bool | int | float | str | None:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise PydanticCustomError("scalar", "a default is a number, text, true, false or null")


def _extended(value: Any) -> float:
    """Accept a number or an infinity, spelled as in formulas or as in YAML."""
    if value in ("inf", "-inf"):
        return float(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not math.isnan(value):
        return float(value)
    raise PydanticCustomError("number", "null_means is a number, inf or -inf")


def _budget(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and 0.5 <= value <= 1e6:
        return float(value)
    raise PydanticCustomError("number", "an error budget is a number of ULP, 0.5 or more")


def _masked(value: Any) -> str:
    if isinstance(value, bool) or value not in (0, "0", -math.inf, "-inf"):
        raise PydanticCustomError("masked", "masked is 0 or -inf")
    return "0" if value in (0, "0") else "-inf"


def _one_line(value: Any) -> Any:
    if isinstance(value, str) and "\n" in value.strip():
        raise PydanticCustomError("line", "this text stands on one line")
    return value


def _shape_of_formula(value: Any) -> str:
    return "<list>" if isinstance(value, list) else _shape_of_value(value)


def _shape_of_value(value: Any) -> str:
    return "<mapping>" if isinstance(value, dict) else "<text>"


_FORMULA_SCHEMA = {"type": ["string", "number"], "maxLength": MAX_FORMULA, "minLength": 1}
_NUMBER_SCHEMA = {"anyOf": [{"type": "number"}, {"enum": ["inf", "-inf"]}]}

Prose: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_PROSE)
]
Sentence: TypeAlias = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=400),
    BeforeValidator(_one_line),
]
Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Formula: TypeAlias = Annotated[str, PlainValidator(_formula), WithJsonSchema(_FORMULA_SCHEMA)]
Scalar: TypeAlias = Annotated[
    bool | int | float | None,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["number", "boolean", "null"]}),
]
Bound: TypeAlias = Annotated[
    bool | int | float, PlainValidator(_value), WithJsonSchema({"type": ["number", "boolean"]})
]
LibraryDefault: TypeAlias = Annotated[
    bool | int | float | str | None,
    PlainValidator(_library_default),
    WithJsonSchema({"type": ["number", "boolean", "string", "null"]}),
]
Extended: TypeAlias = Annotated[float, PlainValidator(_extended), WithJsonSchema(_NUMBER_SCHEMA)]
Budget: TypeAlias = Annotated[
    float, PlainValidator(_budget), WithJsonSchema({"type": "number", "minimum": 0.5})
]
Masked: TypeAlias = Annotated[
    str, PlainValidator(_masked), WithJsonSchema({"enum": ["0", "-inf", 0]})
]


class Fields(BaseModel):
    """Base of the models: immutable, no coercion, no unknown fields."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", use_attribute_docstrings=True
    )


class AliasFields(Fields):
    name: Name
    """The other name."""
    params: dict[str, Bound] = {}
    """Parameters that the other name binds."""


AliasForm: TypeAlias = Annotated[
    Annotated[Name, Tag("<text>")] | Annotated[AliasFields, Tag("<mapping>")],
    Discriminator(_shape_of_value),
]


class ParamFields(Fields):
    type: ParamType | None = None
    """The type; taken from the default when left out, float without a default. `array` is any array
    that broadcasts against the input."""
    default: Scalar = None
    """The default. A parameter without one is required. `null` needs `null_means`."""
    constraint: Sentence | None = None
    """What values are allowed: comparisons with numbers or other parameters, joined by commas, such
    as "> 0, <= max_val"."""
    aliases: list[Name] = []
    """Other names under which a call may give this parameter."""
    doc: Prose = ""
    """What the parameter does, in a sentence."""
    null_means: Extended | None = None
    """The number that None stands for."""
    along_axis: bool = False
    """For arrays: a 1-D value lies along `axis` instead of along the last one."""


class RandomFields(Fields):
    distribution: Literal["uniform"]
    """uniform: on the open interval from 0 to 1."""
    doc: Prose = ""
    """What the random numbers are for."""


class AxisFields(Fields):
    default: int | None = -1
    """The axis that a call without `axis=` works along."""
    tuple: bool = False
    """Whether a tuple of axes is accepted."""
    none: bool = False
    """Whether None is accepted."""


Lines: TypeAlias = Annotated[dict[str, Formula], Field(min_length=1, max_length=60)]


class CaseFields(Fields):
    when: Name | None = None
    """Bool parameters joined by `and`, each possibly after `not`. The last case has none."""
    value: Annotated[
        Annotated[Formula, Tag("<text>")] | Annotated[Lines, Tag("<mapping>")],
        Discriminator(_shape_of_value),
    ]
    """The formula of this case."""


FormulaForm: TypeAlias = Annotated[
    Annotated[Formula, Tag("<text>")]
    | Annotated[Annotated[list[CaseFields], Field(min_length=1, max_length=64)], Tag("<list>")]
    | Annotated[Lines, Tag("<mapping>")],
    Discriminator(_shape_of_formula),
]


class KinkFields(Fields):
    at: Formula
    """The place: an expression of parameters and numbers."""
    derivative: Formula | None = None
    """The value of the derivative there; left out, it is that of the branch the place belongs
    to."""
    doc: Prose = ""
    """Why this value."""


class ReferenceFields(Fields):
    title: Sentence
    """The title of the paper or page."""
    authors: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_PROSE)] = ""
    """The authors, separated by commas."""
    year: Annotated[int, Field(ge=1600, le=2200)] | None = None
    """The year of publication."""
    url: Annotated[
        str, StringConstraints(pattern=r"^https?://[^\s<>\"'`\\{}|^]+$", max_length=500)
    ] = ""
    """Where to read it."""


class ProfileParamFields(Fields):
    name: Sentence
    """The parameter's name in the library."""
    default: LibraryDefault = None
    """The default in the library."""


class ProfileFields(Fields):
    name: Sentence
    """The full name in the library, such as torch.nn.functional.silu."""
    params: dict[str, ProfileParamFields] = {}
    """For each parameter here: its name and default there."""
    differs: Prose | None = None
    """What differs there, in one sentence."""


class SpecFields(Fields):
    name: Name
    """The name: a lower-case identifier, and the name of the file."""
    title: Sentence = ""
    """The full name, as a heading."""
    summary: Sentence = ""
    """What it does, in one sentence."""
    family: Family | None = None
    """The section of the documentation."""
    aliases: Annotated[list[AliasForm], Field(max_length=64)] = []
    """Other names, each possibly with parameters bound."""
    kind: Kind = "elementwise"
    """elementwise: each value by itself. normalization: couples the values along an axis, keeps the
    shape. gated: splits an axis into gate and value. reshaping: changes the length of an axis."""
    params: Annotated[dict[str, ParamFields], Field(max_length=24)] = {}
    """The parameters by name, in the order of the signature."""
    random: Annotated[dict[str, RandomFields], Field(max_length=4)] = {}
    """Arrays of random numbers by name, of the input's shape."""
    axis: AxisFields | None = None
    """The axis: its default, and what a call may give."""
    gate: Literal["first", "second"] | None = None
    """For kind gated: which half is `gate`; the other one is `value`."""
    masked: Masked | None = None
    """For kind normalization: the result where the mask `where=` is False. Without it there is no
    `where=`."""
    groups: Name | None = None
    """For kind reshaping: the int parameter that tells how many consecutive entries are reduced
    into one."""
    formula: FormulaForm
    """The formula: text, a mapping of lines of which the last is the result, or a list of cases."""
    kinks: Annotated[list[KinkFields], Field(max_length=32)] = []
    """Where the derivative jumps, and its value there."""
    limits: dict[Literal["-inf", "inf"], Formula] = {}
    """What the formula tends to at -inf and inf: expressions of parameters and numbers."""
    accuracy: dict[Literal["float16", "bfloat16", "float32", "float64"], Budget] = {}
    """The error budget in ULP by dtype, where it is not the usual one."""
    math: Literal["precise", "fast"] | None = None
    """The function library of the CUDA target."""
    references: Annotated[list[ReferenceFields], Field(max_length=32)] = []
    """Where it comes from."""
    profiles: dict[Library, ProfileFields] = {}
    """What it is called in other libraries, and what differs there."""
