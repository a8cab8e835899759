"""Say which compute capability is being compiled for: set around a compilation, read by intrinsics.

Compilations happen one at a time, under Numba's lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

OLDEST = (7, 5)  # the oldest that the toolkits of both extras compile for
_current: list[tuple[int, int]] = []


def capability() -> tuple[int, int]:
    """Return the compute capability compiled for, the oldest one outside a compilation."""
    return _current[-1] if _current else OLDEST


@contextmanager
def compiling_for(wanted: tuple[int, int]) -> Iterator[None]:
    """Set the compute capability for the compilation inside."""
    _current.append(wanted)
    try:
        yield
    finally:
        _current.pop()
