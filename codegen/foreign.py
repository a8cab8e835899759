"""Say what to write instead: a word or sign of another language in, a message and a hint out."""

from __future__ import annotations

import keyword
from collections.abc import Mapping

# What other languages write: message and hint.
FOREIGN: Mapping[str, tuple[str, str]] = {
    "^": ("^ is not a power here", "write ** for powers"),
    "//": ("// is not part of the formula language", "write floor(a / b)"),
    "%": ("% is not part of the formula language", "write a - b * floor(a / b)"),
    "@": ("@ is not part of the formula language", "formulas work on single values"),
    "&": ("& is not part of the formula language", "write and"),
    "&&": ("&& is not part of the formula language", "write and"),
    "|": ("| is not part of the formula language", "write or, or abs(x) for |x|"),
    "||": ("|| is not part of the formula language", "write or"),
    "~": ("~ is not part of the formula language", "write not"),
    "!": ("! is not part of the formula language", "write not"),
    "<>": ("<> is not part of the formula language", "write !="),
    "<<": ("<< is not part of the formula language", "write a * 2**b"),
    ">>": (">> is not part of the formula language", "write floor(a / 2**b)"),
    "=": ("= assigns, and a formula only computes", "write == to compare"),
    ":=": (":= is not part of the formula language", "give a line of its own a name"),
    "?": ("? is not part of the formula language", "write where(condition, a, b)"),
    ":": ("':' is not part of the formula language", "write where(condition, a, b) to choose"),
    ";": ("a formula is one expression", "use a mapping of lines for several"),
    "->": ("-> is not part of the formula language", ""),
    "[": ("subscripts and lists are not part of the formula language", "use round brackets"),
    "]": ("this bracket closes nothing", "use round brackets"),
    "{": ("braces are not part of the formula language", "use round brackets"),
    "}": ("braces are not part of the formula language", "use round brackets"),
    ".": ("attributes are not part of the formula language", "write functions by their name"),
    "if": ("'if … else' is not part of the formula language", "write where(condition, a, b)"),
    "else": ("'if … else' is not part of the formula language", "write where(condition, a, b)"),
    "lambda": ("lambda is not part of the formula language", "write the expression alone"),
    "for": ("loops are not part of the formula language", ""),
    "is": ("'is' is not part of the formula language", "write == to compare"),
    "in": ("'in' is not part of the formula language", "compare with < and > instead"),
}

# What people write for what the language calls otherwise.
SYNONYMS: Mapping[str, str] = {
    **{"arc" + name: "a" + name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "ln": "log(x)",
    "fabs": "abs(x)",
    "absolute": "abs(x)",
    "sgn": "sign(x)",
    "maximum": "max(a, b)",
    "fmax": "max(a, b)",
    "minimum": "min(a, b)",
    "fmin": "min(a, b)",
    "clamp": "clip(x, low, high)",
    "power": "a ** b",
    "square": "x ** 2",
    "reciprocal": "1 / x",
    "negative": "-x",
    "cbrt": "a power, as x ** (1 / 3)",
    "exp2": "2 ** x",
    "log2": "log(x) / log(2)",
    "log10": "log(x) / log(10)",
    "rsqrt": "1 / sqrt(x)",
    "logistic": "sigmoid(x)",
    "expit": "sigmoid(x)",
    "heaviside": "where(x > 0, 1, 0)",
    "select": "where(condition, a, b)",
    "iif": "where(condition, a, b)",
    "piecewise": "where(condition, a, b)",
    "logaddexp": "log(exp(a) + exp(b))",
    "logsumexp": "log(sum(exp(x)))",
    "norm": "sqrt(sum(x**2))",
    "prod": "exp(sum(log(x)))",
    "var": "mean((x - mean(x))**2)",
    "float": "the number itself",
    "int": "floor(x)",
    "bool": "a comparison",
}


def is_keyword(name: str) -> bool:
    """Tell whether `name` is a keyword of Python that no formula can use as a name."""
    return keyword.iskeyword(name) and name not in ("True", "False", "None")
