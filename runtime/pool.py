"""Run tasks on several threads: callables without arguments in, all of them done on return.

`set_num_threads`, the context manager `num_threads` and the environment variable
`ACTGEN_NUM_THREADS` say how many threads a call may use, its own among them; without any of them,
as many as there are cores for this process. The threads start when they are first needed and
are kept. A forked process starts its own. Callers never wait for a free thread: each one works on
its own tasks until none is left, with whatever threads come to help.
"""

from __future__ import annotations

import operator
import os
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any, TypeAlias

Task: TypeAlias = Callable[[], object]

_VARIABLE = "ACTGEN_NUM_THREADS"
_MOST = 512  # threads that are ever started

_chosen: int | None = None  # None until somebody asks or says
_here: ContextVar[int | None] = ContextVar("actgen_num_threads", default=None)


def set_num_threads(n: int) -> None:
    """Let every call on large arrays use up to `n` threads, in the whole process.

    Raises TypeError for what is no integer, ValueError for less than 1.
    """
    global _chosen
    _chosen = _checked(n)


def get_num_threads() -> int:
    """Return how many threads a call on large arrays may use, here and now."""
    global _chosen
    here = _here.get()
    if here is not None:
        return here
    if _chosen is None:
        _chosen = _initial()
    return _chosen


@contextmanager
def num_threads(n: int) -> Iterator[None]:
    """Let calls inside the `with` block, in this thread or asynchronous task, use `n` threads.

    Raises TypeError for what is no integer, ValueError for less than 1.
    """
    token = _here.set(_checked(n))
    try:
        yield
    finally:
        _here.reset(token)


def _checked(n: Any) -> int:
    try:
        count = operator.index(n)
    except TypeError:
        count = None
    if count is None or isinstance(n, bool):
        raise TypeError(f"the number of threads must be an int, got {n!r}")
    if count < 1:
        raise ValueError(f"the number of threads must be at least 1, got {count}")
    return count


def _cores() -> int:
    """Return the number of cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _initial() -> int:
    """Return the number of threads that the environment asks for, else that of the cores."""
    text = os.environ.get(_VARIABLE, "").strip()
    if not text:
        return _cores()
    try:
        return _checked(int(text))
    except ValueError:
        cores = _cores()
        message = f"{_VARIABLE} must be an integer of at least 1, got {text!r}; using {cores}"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
        return cores


class _Job:
    """Tasks that several threads take from, one by one."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = deque(tasks)
        self._lock = threading.Lock()
        self._helpers = 0
        self._closed = False
        self._left = threading.Lock()
        self._left.acquire()
        self._error: BaseException | None = None

    def finish(self) -> None:
        """Work until all tasks are done, here or elsewhere; raise what one of them raised.

        Not even an interrupt gets out of here while another thread still works on a task.
        """
        try:
            self._work()
        finally:
            self._tasks.clear()
            with self._lock:
                self._closed = True
                waiting = self._helpers > 0
            if waiting:
                try:
                    self._left.acquire()
                except BaseException:
                    self._left.acquire()
                    raise
        if self._error is not None:
            raise self._error

    def help(self) -> None:
        """Work on tasks until none is left to begin with."""
        with self._lock:
            if self._closed:
                return
            self._helpers += 1
        try:
            self._work()
        except BaseException as error:
            self._error = error
            self._tasks.clear()
        with self._lock:
            self._helpers -= 1
            if self._closed and not self._helpers:
                self._left.release()

    def _work(self) -> None:
        while True:
            try:
                task = self._tasks.popleft()
            except IndexError:
                return
            task()


class _Pool:
    """Threads that help with jobs as they come."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._starting = threading.Lock()
        self._started = 0

    def help(self, job: _Job, wanted: int) -> None:
        """Ask up to `wanted` threads to work on a job."""
        wanted = min(wanted, _MOST)
        if self._started < wanted:
            with self._starting:
                self._start(wanted)
        for _ in range(min(wanted, self._started)):
            self._jobs.put(job)

    def _start(self, wanted: int) -> None:
        while self._started < wanted:
            name = f"actgen-{self._started + 1}"
            thread = threading.Thread(target=self._serve, name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads to be had, or the interpreter is about to end
                return
            self._started += 1

    def _serve(self) -> None:
        while True:
            self._jobs.get().help()


_pool = _Pool()


def _renew() -> None:
    global _pool
    _pool = _Pool()  # the threads of the parent are not here


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def run(tasks: list[Task]) -> None:
    """Run all tasks, on up to as many threads as a call may use; raise what one of them raised."""
    threads = min(get_num_threads(), len(tasks))
    if threads <= 1:
        for task in tasks:
            task()
        return
    job = _Job(tasks)
    _pool.help(job, threads - 1)
    job.finish()
