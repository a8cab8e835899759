"""Write activations as plain data, and read them back.

In: an `Activation`. Out: its name, or a dict of its name and the parameters bound to other values
than the defaults: strings, numbers, booleans and lists, as JSON has them. Infinities and NaN are
strings. `deserialize` is the inverse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from actgen.activation import Activation
from actgen.registry import find, registered_name

_SPECIAL = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def serialize(activation: Any) -> str | dict[str, Any]:
    """Return a name, or `{'class_name': name, 'config': {parameter: value}}`.

    On its fast tier, an activation is a dict that says so under `tier`. Raises ValueError with
    the args ('Cannot serialize', activation) for anything that is not known by its name, as an
    activation of a package of your own is not before you `register` it.
    """
    name = registered_name(activation) if callable(activation) else None
    if name is not None:
        return name
    if not isinstance(activation, Activation):
        raise ValueError("Cannot serialize", activation)
    bound = {name: _plain(value) for name, value in sorted(activation._bound.items())}
    config: dict[str, Any] = {"class_name": activation.name, "config": bound}
    if activation.is_fast:
        config["tier"] = "fast"
    if not _stands_for(config, activation):
        raise ValueError("Cannot serialize", activation)
    return config if bound or activation.is_fast else activation.name


def _stands_for(config: dict[str, Any], activation: Activation) -> bool:
    """Tell whether a config comes back as the activation: another one may have its name."""
    try:
        return bool(deserialize(config) == activation)
    except ValueError:
        return False


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the activation that `serialize` wrote as `config`.

    `custom_objects` maps further names to activations or other callables, and comes first. Raises
    UnknownActivationError for an unknown name, ValueError for a config of another shape.
    """
    if isinstance(config, str):
        return _named(config, custom_objects)
    if not isinstance(config, Mapping) or not isinstance(config.get("class_name"), str):
        raise ValueError(f"no config of an activation: {config!r}")
    base = _named(config["class_name"], custom_objects)
    bound = config.get("config") or {}
    tier = config.get("tier")
    if not isinstance(bound, Mapping) or tier not in (None, "accurate", "fast"):
        raise ValueError(f"no config of an activation: {config!r}")
    if not isinstance(base, Activation):
        if not bound and tier is None:
            return base
        raise ValueError(f"{config['class_name']} takes no config: {config!r}")
    made = base.with_params(**{name: _value(entry) for name, entry in bound.items()})
    return made.fast if tier == "fast" else made


def _named(name: str, custom_objects: Mapping[str, Any] | None) -> Any:
    if custom_objects and name in custom_objects:
        return custom_objects[name]
    return find(name)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _value(entry: Any) -> Any:
    if isinstance(entry, list):
        values = [_value(item) for item in entry]
        return tuple(values) if all(type(item) is int for item in values) else values
    return _SPECIAL.get(entry, entry) if isinstance(entry, str) else entry
