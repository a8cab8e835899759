"""Say what went wrong with a name, and which names come near it.

In: a name and the names there are. Out: `UnknownActivationError`, or the words for a message.
"""

from __future__ import annotations

from collections.abc import Iterable


class UnknownActivationError(ValueError):
    """Raised when a name stands for no activation."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'relu'?` with the name nearest to `name`, or an empty text."""
    import difflib

    near = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def unknown(name: object, known: Iterable[str]) -> UnknownActivationError:
    """Return the error for a name that stands for no activation."""
    hint = suggestion(name, known) if isinstance(name, str) else ""
    return UnknownActivationError(f"Unknown activation function: {name!r}.{hint}")
