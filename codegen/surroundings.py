"""Keep what a program has set for its own arithmetic from the compiler's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from mpmath import mp

_BITS = 53  # what mpmath starts with; the compiler asks for more where it needs more


@contextmanager
def own_arithmetic() -> Iterator[None]:
    """Compute with mpmath's usual precision, and without NumPy's floating-point errors."""
    with mp.workprec(_BITS), np.errstate(all="ignore"):
        yield
