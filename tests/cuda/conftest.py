"""Give tests a fake GPU. What the simulator runs is collected in its own process only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from numba.core import config

from .fake_cuda import FakeCuda, forget, install

collect_ignore = [] if config.ENABLE_CUDASIM else ["simulated"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCuda]:
    """A driver with one device of compute capability 9.0."""
    yield install(monkeypatch, FakeCuda())
    forget()
