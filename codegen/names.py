"""Check names: an identifier of a spec in, the reason why it cannot be used out.

A name of a spec becomes a file, a module, a Python function, a keyword argument and a variable of
a kernel, so it must be free in all of those places.
"""

from __future__ import annotations

import builtins
import keyword
import re
from typing import Literal, TypeAlias

from actgen.codegen.ops import OPS

Role: TypeAlias = Literal["activation", "param", "line"]

MAX_NAME = 60
_ACTIVATION = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)

CONSTANTS = frozenset({"pi", "e", "inf", "true", "false"})

# What `import actgen` offers beside the activations, and the packages and modules of actgen. A test
# holds this list against the folder.
PUBLIC_API = frozenset(
    {
        *("get", "serialize", "deserialize", "names", "aliases", "load", "register", "unregister"),
        *("bits", "set_num_threads", "get_num_threads", "num_threads"),
        *("cuda", "codegen", "generated", "runtime", "spec", "numba", "numpy", "np", "math"),
        *("activation", "arrays", "axiswise", "binding", "cache", "compilation", "elementwise"),
        *("errors", "evaluation", "half", "halves", "intrinsics", "kernels", "layout", "loading"),
        *(
            "array_calls",
            "blocks",
            "demo",
            "devices",
            "memory",
            "packaged",
            "parameters",
            "plan",
            "preparation",
            "randomness",
            "registry",
            "rowwise",
            *("tiles", "lanes", "reductions", "downward", "turned"),
            "scalars",
            "serialization",
            "chunks",
            "launch",
            "pool",
            "shortcut",
            "streaming",
            "vectors",
            "walk",
            "wide",
            "inlining",
            "lowering",
        ),
    }
)

# What every activation's signature or kernel holds beside the parameters.
_ARGUMENTS = frozenset(
    {
        *("x", "dy", "out", "where", "dtype", "axis", "rng", "order", "wrt", "index", "mask"),
        *("result", "self", "cls", "actgen", "np", "numpy", "numba", "math"),
        *(
            "float32",
            "float32_rest",
            "is_double",
            "by_type",
            "element",
            "widened",
            "power2_rounded",
        ),
        *(
            "load",
            "narrow",
            "maximum",
            "minimum",
            "at_least",
            "at_most",
            "times_power2",
            "rint",
            "same_start",
            "stack_buffer",
        ),
        *("window", "opened", "copied", "scratch", "single"),
        *("sum_of", "quick_sum_of", "largest_of", "position_of"),
        *("at", "is_large", "store_tile"),
        *("in_parts", "is_double", "like"),
    }
)
# A kernel's name ends in the bool parameters of its variant, then in its tier: `forward_fast_rows`.
_TIER = re.compile(r"(.*_)?(fast|narrow)", re.ASCII)
# the functions of a generated module
_QUANTITY = re.compile(r"(forward|(second_)?derivative|vjp|partial)(_.*)?", re.ASCII)
_LINE_RESERVED = frozenset({"x", "dy", "index", "where"})


def name_problem(name: str, role: Role) -> str:
    """Return what is wrong with `name`, as the end of "… is not a name for …: "; "" if nothing."""
    pattern = _ACTIVATION if role == "activation" else _VARIABLE
    if len(name) > MAX_NAME:
        return f"it is longer than {MAX_NAME} characters"
    if not pattern.fullmatch(name):
        case = "lower-case " if role == "activation" else ""
        return f"a name is {case}letters, digits and underscores, a letter first"
    if keyword.iskeyword(name) or name in ("true", "false", "null"):
        return "it is a keyword of Python"
    if "__" in name or name.endswith("_"):
        return "underscores stand one by one between letters"
    if name in CONSTANTS:
        return "it is a constant of the formula language"
    if role == "activation":
        return _activation_problem(name)
    if name in OPS or name in ("clip", "one_hot"):
        return "it is a function of the formula language"
    reserved = _ARGUMENTS if role == "param" else _LINE_RESERVED
    if name in reserved or (
        role == "param" and (_QUANTITY.fullmatch(name) or _TIER.fullmatch(name))
    ):
        return "actgen uses it itself"
    if role == "param" and hasattr(builtins, name):
        return "it is a builtin of Python"
    return ""


def _activation_problem(name: str) -> str:
    if name in PUBLIC_API:
        return f"actgen.{name} is something else already"
    if name in ("x", "gate", "value", "index"):
        return "it is the input of every formula"
    if hasattr(builtins, name) and name not in OPS:
        return "it is a builtin of Python"
    return ""
