"""Activation functions, compiled from YAML specs: accurate, fast, with exact derivatives."""

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, TypeVar

from actgen.activation import Activation as Activation
from actgen.errors import UnknownActivationError as UnknownActivationError
from actgen.generated.api import *  # noqa: F403

_F = TypeVar("_F", bound=Callable[..., Any])

__version__: str

def deserialize(
    config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Any: ...
def get(identifier: str | Mapping[str, Any] | Callable[..., Any] | None = None) -> Any: ...
def load(path: str | PathLike[str]) -> Activation: ...
def names(*, aliases: bool = False) -> list[str]: ...
def register(activation: _F) -> _F: ...
def serialize(activation: Callable[..., Any]) -> str | dict[str, Any]: ...
