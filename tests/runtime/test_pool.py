"""Check how calls share threads: how many, with whom, and what is left when one is interrupted."""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest

import actgen
from actgen import launch, pool
from actgen.activation import Activation

from .test_concurrency import in_child

FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
LONG = 2 * launch.SHARED + 37


@pytest.fixture(autouse=True)
def several() -> Iterator[None]:
    """Several threads, whatever the machine has."""
    with actgen.num_threads(4):
        yield


def test_the_number_of_threads_is_set_and_read() -> None:
    before = pool._chosen
    try:
        assert actgen.get_num_threads() == 4
        with actgen.num_threads(np.int64(97)):
            assert actgen.get_num_threads() == 97
            with ThreadPoolExecutor(1) as other:  # the block is that of this thread
                assert other.submit(actgen.get_num_threads).result() != 97
        assert actgen.get_num_threads() == 4
        with ThreadPoolExecutor(1) as other:
            actgen.set_num_threads(7)
            assert other.submit(actgen.get_num_threads).result() == 7
    finally:
        pool._chosen = before


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", None, True])
def test_other_numbers_are_refused(n: Any) -> None:
    error = ValueError if type(n) is int else TypeError
    with pytest.raises(error, match="number of threads"):
        actgen.set_num_threads(n)
    with pytest.raises(error, match="number of threads"), actgen.num_threads(n):
        pass
    assert actgen.get_num_threads() == 4


@pytest.mark.parametrize(
    ("text", "count"), [("3", 3), (" 2 ", 2), ("", None), ("0", None), ("-2", None), ("two", None)]
)
def test_the_environment_says_how_many(text: str, count: int | None) -> None:
    program = (
        "import os, actgen, warnings\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    warnings.simplefilter('always')\n"
        "    n = actgen.get_num_threads()\n"
        "cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else n\n"
        "print(n, cores, len(seen), *(entry.message for entry in seen))\n"
    )
    environment = {**os.environ, "ACTGEN_NUM_THREADS": text}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    n, cores, warned, *message = done.stdout.split()
    assert int(n) == (int(cores) if count is None else count)
    assert int(warned) == (count is None and text != "")
    assert not int(warned) or "ACTGEN_NUM_THREADS" in " ".join(message)


def test_every_task_runs_once() -> None:
    for count in (0, 1, 2, 3, 50):
        ran: list[int] = []
        pool.run([partial(ran.append, k) for k in range(count)])
        assert sorted(ran) == list(range(count))


def test_tasks_run_on_several_threads() -> None:
    together = threading.Barrier(4)
    pool.run([lambda: together.wait(10)] * 4)  # nobody gets past the barrier alone


def test_one_thread_is_the_one_that_calls() -> None:
    seen: set[str] = set()
    with actgen.num_threads(1):
        pool.run([lambda: seen.add(threading.current_thread().name)] * 9)
    assert seen == {threading.current_thread().name}


def test_what_a_task_raises_comes_out_when_all_have_ended() -> None:
    running: list[int] = []

    def slow() -> None:
        running.append(1)
        time.sleep(0.05)
        running.pop()

    def bad() -> None:
        raise ZeroDivisionError

    for tasks in ([slow, slow, bad, slow] * 5, [bad] * 3, [slow, slow, slow, bad]):
        with pytest.raises(ZeroDivisionError):
            pool.run(tasks)
        assert not running
    pool.run([lambda: None] * 9)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let interrupts through: shells have processes in the background ignore them."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("interrupts go to the main thread")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_waits_for_tasks_that_have_begun() -> None:
    running: list[int] = []
    begun: list[int] = []

    def slow() -> None:
        begun.append(1)
        running.append(1)
        if len(begun) == 3:
            _thread.interrupt_main()
        try:
            time.sleep(0.1)
        finally:
            running.pop()

    with pytest.raises(KeyboardInterrupt):
        pool.run([slow] * 40)
    assert not running
    assert len(begun) < 40


def test_tasks_may_run_tasks() -> None:
    ran: list[int] = []
    inner = [lambda: ran.append(1)] * 5
    pool.run([lambda: pool.run(inner)] * 8)  # type: ignore[list-item]
    assert len(ran) == 40


def test_many_threads_may_call_at_once(silu: Activation) -> None:
    x = np.linspace(-9, 9, LONG, dtype=np.float32)
    expected = silu(x)
    with ThreadPoolExecutor(6) as callers:
        results = list(callers.map(lambda _: silu(x), range(12)))
    for result in results:
        np.testing.assert_array_equal(result, expected)


@FORKS
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(silu: Activation) -> None:
    x = np.linspace(-9, 9, LONG, dtype=np.float32)
    expected = silu(x)

    def task() -> None:
        assert pool._pool._started == 0
        np.testing.assert_array_equal(silu(x), expected)
        assert pool._pool._started == 3
        together = threading.Barrier(4)
        pool.run([lambda: together.wait(10)] * 4)

    assert in_child(task) == 0
    assert in_child(lambda: in_child(task) and os._exit(1)) == 0
    np.testing.assert_array_equal(silu(x), expected)


@FORKS
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forking_while_threads_work(silu: Activation) -> None:
    x = np.linspace(-9, 9, 8 * LONG, dtype=np.float32)
    expected = silu(x)
    stop = threading.Event()

    def keep_calling() -> None:
        while not stop.is_set():
            silu(x)

    caller = threading.Thread(target=keep_calling)
    caller.start()
    try:
        for _ in range(5):
            task = lambda: np.testing.assert_array_equal(silu(x), expected)  # noqa: E731
            assert in_child(task) == 0
    finally:
        stop.set()
        caller.join()


@pytest.mark.parametrize("ending", ["", "os._exit(0)", "sys.exit(0)"])
def test_the_interpreter_ends_with_threads_at_work(ending: str) -> None:
    program = (
        "import atexit, sys, os, threading, time\n"
        "from actgen import pool\n"
        "pool.set_num_threads(4)\n"
        "atexit.register(lambda: pool.run([lambda: None] * 9))\n"
        "pool.run([lambda: None] * 9)\n"
        "busy = lambda: pool.run([lambda: time.sleep(0.3)] * 99)\n"
        "threading.Thread(target=busy, daemon=True).start()\n"
        f"time.sleep(0.05)\n{ending}\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
