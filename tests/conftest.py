"""Let one worker run all tests of an activation, so that its kernels compile once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]
NAMES = {path.stem for path in (ROOT / "spec" / "activations").glob("*.yaml")}
# files whose tests share what takes long to make
TOGETHER = {"tests/project/test_newcomer.py", "tests/codegen/test_module.py"}


def group(nodeid: str) -> str:
    """Return what the tests have in common that are run by the same worker as this one."""
    path, _, test = nodeid.partition("::")
    if path in TOGETHER:
        return path
    named = [word for word in re.split(r"[\[\]-]", test) if word in NAMES]
    return named[0] if named and path.startswith("tests/activations/") else nodeid


class _ByActivation(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _ByActivation(config, log)
