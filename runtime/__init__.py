"""Activation functions, compiled from YAML specs: accurate, fast, with exact derivatives.

`actgen.gelu(x)` evaluates, `actgen.gelu.derivative(x)` and `actgen.gelu.vjp(x, dy)` differentiate,
`actgen.names()` lists what there is, and `help(actgen.gelu)` tells about one of them. Importing the
package is cheap: Numba is imported when the first kernel is needed, the compiler by `actgen.load`.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Activation": "actgen.activation",
    "UnknownActivationError": "actgen.errors",
    "deserialize": "actgen.serialization",
    "get": "actgen.registry",
    "get_num_threads": "actgen.pool",
    "load": "actgen.registry",
    "names": "actgen.registry",
    "num_threads": "actgen.pool",
    "register": "actgen.registry",
    "serialize": "actgen.serialization",
    "set_num_threads": "actgen.pool",
}


def __getattr__(name: str) -> Any:
    """Import on demand: a function of the API, or an activation by name or alias."""
    from importlib import import_module
    from importlib.util import find_spec

    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name == "cuda":
        value = import_module("actgen.cuda")
    elif name == "__all__":
        registry = import_module("actgen.registry")
        value = sorted({*_HOMES, *registry.records(), *registry.aliases()})
    elif name.startswith("_") or find_spec(f"actgen.{name}") is not None:
        raise AttributeError(f"module 'actgen' has no attribute {name!r}")
    else:
        registry = import_module("actgen.registry")
        value = registry.shipped(name)
        if value is None and (added := registry.added(name)) is not None:
            return added  # not kept here: another one may be registered under the name
    if value is None:
        from actgen.errors import suggestion

        hint = suggestion(name, __dir__())
        raise AttributeError(f"module 'actgen' has no attribute {name!r}.{hint}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from actgen.registry import aliases, records

    return sorted({*globals(), *_HOMES, *records(), *aliases()})
