"""Check that threads may call at once, and that calls work in forked processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actgen.activation import Activation
from actgen.loading import from_source

SOURCE = (Path(__file__).parent / "samples" / "silu.py").read_text()


@pytest.fixture
def fresh(silu: Activation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Activation:
    """An activation of which nothing is compiled yet."""
    monkeypatch.setenv("ACTGEN_CACHE_DIR", str(tmp_path))
    return from_source(silu._record, f"{SOURCE}\n# {tmp_path}\n")


def in_child(task: Callable[[], Any]) -> int:
    """Run a task in a forked process, at most 60 s, and return its exit status."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            task()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_threads_may_make_the_first_call_at_once(fresh: Activation) -> None:
    x = np.linspace(-5, 5, 1000)
    barrier = threading.Barrier(8)

    def call(index: int) -> Any:
        barrier.wait()
        data = x.astype(np.float32 if index % 2 else np.float64)
        return fresh(data), fresh(data[::2]), fresh.vjp(data, 1.0)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(call, range(8)))
    for index, parts in enumerate(results):
        for part, expected in zip(parts, results[index % 2], strict=True):
            np.testing.assert_array_equal(part, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_calls_and_compiles(fresh: Activation) -> None:
    x = np.linspace(-5, 5, 9)
    expected = fresh(x)

    def task() -> None:
        np.testing.assert_array_equal(fresh(x), expected)
        np.testing.assert_allclose(fresh(x.astype(np.float32)), expected, rtol=1e-6)

    assert in_child(task) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forking_while_another_thread_compiles(fresh: Activation) -> None:
    x = np.linspace(-5, 5, 9)
    thread = threading.Thread(target=fresh.vjp, args=(x, 1.0))
    thread.start()
    status = in_child(lambda: fresh(x))
    thread.join()
    assert status == 0
