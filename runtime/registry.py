"""Look activations up by name.

In: names, aliases, config dicts and callables. Out: `Activation` objects, one per name. The shipped
ones come from the generated manifest; `register` and `load` add others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias, TypeVar

from actgen.activation import Activation
from actgen.errors import unknown
from actgen.kernels import Kernels

Config: TypeAlias = Mapping[str, Any]
F = TypeVar("F", bound=Callable[..., Any])

_registered: dict[str, Callable[..., Any]] = {}


@cache
def records() -> Mapping[str, Mapping[str, Any]]:
    """Return the records of the shipped activations; ImportError before they are generated."""
    try:
        from actgen.generated.manifest import ACTIVATIONS
    except ModuleNotFoundError as error:
        if error.name != "actgen.generated.manifest":
            raise
        message = "actgen has no generated kernels yet: run `make generate`"
        raise ImportError(message, name=error.name) from None
    manifest: Mapping[str, Mapping[str, Any]] = ACTIVATIONS
    return manifest


@cache
def aliases() -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """Return, for each alias of a shipped activation, its name and the parameters it binds."""
    return {
        alias: (name, bound)
        for name, record in records().items()
        for alias, bound in record["aliases"].items()
    }


@cache
def _shipped(name: str) -> Activation:
    known = aliases().get(name)
    if known is None:
        record = records()[name]
        return Activation(record, Kernels(record))
    return _shipped(known[0]).with_params(**known[1])


def shipped(name: str) -> Activation | None:
    """Return the shipped activation of a name or alias, None where there is none."""
    return _shipped(name) if name in records() or name in aliases() else None


def added(name: str) -> Callable[..., Any] | None:
    """Return what `register` or `load` put under a name, None where there is nothing."""
    return _registered.get(name)


def find(name: str) -> Callable[..., Any]:
    """Return what a name or alias stands for; UnknownActivationError where that is nothing."""
    found = shipped(name) or _registered.get(name)
    if found is None:
        raise unknown(name, (*records(), *aliases(), *_registered))
    return found


def names(*, aliases: bool = False) -> list[str]:
    """Return the names of all activations in alphabetical order, on demand with their aliases."""
    also = globals()["aliases"]() if aliases else ()
    return sorted({*records(), *_registered, *also})


def get(identifier: Any = None) -> Any:
    """Return the activation that a name, alias, config dict or callable stands for.

    None stands for `linear`, and a callable for itself. Raises UnknownActivationError, a
    ValueError, for anything else.
    """
    if identifier is None:
        return find("linear")
    if isinstance(identifier, str):
        return find(identifier)
    if isinstance(identifier, Mapping):
        from actgen.serialization import deserialize

        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise unknown(identifier, ())


def registered_name(activation: Callable[..., Any]) -> str | None:
    """Return the name under which a callable was registered, None where it was not."""
    for name, entry in _registered.items():
        if entry is activation or (isinstance(entry, Activation) and entry == activation):
            return name
    return None


def register(activation: F) -> F:
    """Make an activation, or another callable with a `__name__`, known by its name; return it.

    Raises ValueError for the name of a shipped activation; another one of the same name is
    replaced.
    """
    name = getattr(activation, "__name__", None)
    if not callable(activation) or not isinstance(name, str) or not name.isidentifier():
        raise TypeError(f"cannot register {activation!r}, which is no function with a name")
    if name in records() or name in aliases():
        raise ValueError(f"cannot register {name!r}: actgen ships an activation of that name")
    _registered[name] = activation
    return activation


def load(path: Any) -> Activation:
    """Compile a spec file in memory, register the activation and return it.

    Raises SpecError, a ValueError with file, line and column, for a spec that is wrong.
    """
    from actgen.loading import compile_file

    return register(compile_file(path))
