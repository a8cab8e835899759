"""Read YAML scalars: the text of a plain scalar in, null, bool, int, float or text out.

The YAML 1.2 core schema: `1e-3` is a number, `no` and `on` are text, `010` is ten.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?P<digits>\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE](?P<exponent>[-+]?[0-9]+))?", re.ASCII
)

MAX_DIGITS = 400  # of one number
MAX_EXPONENT = 400  # either sign; float64 ends at 1e308 and 5e-324


class NumberError(ValueError):
    """A number is out of the bounds that specs allow; the text says which."""


def resolve(text: str) -> Scalar:
    """Return the value of the plain scalar `text`. Raises `NumberError`."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(number(text))
    if _FLOAT.fullmatch(text):
        return float(number(text))
    for pattern, base in ((_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            if len(text) > MAX_DIGITS:
                raise NumberError(f"a number has more than {MAX_DIGITS} digits")
            return int(text[2:], base)
    return text


def number(text: str) -> Fraction:
    """Return the exact value of a decimal number. Raises `NumberError` when it is out of bounds."""
    match = _FLOAT.fullmatch(text)
    if match is None:
        raise NumberError(f"{text[:40]!r} is not a number")
    if len(match["digits"]) > MAX_DIGITS:
        raise NumberError(f"a number has more than {MAX_DIGITS} digits")
    exponent = match["exponent"]
    # The length is checked first: int() of a million digits is itself an attack.
    if exponent and (len(exponent) > 12 or abs(int(exponent)) > MAX_EXPONENT):
        raise NumberError(f"the exponent of {text[:40]} is beyond ±{MAX_EXPONENT}")
    value = Fraction(text)
    if abs(value) > LARGEST:
        raise NumberError(f"{text[:40]} is beyond the range of float64 (1.8e308)")
    return value


LARGEST = Fraction((2**53 - 1) * 2**971)  # the largest float64
