"""Share work out to all cores: a function and what to call it with in, the results in order out.

Workers are forks, so the work itself is inherited and never copied; results must pickle.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

FEW = 4  # so many tasks are done before other processes are at work

_inherited: tuple[Callable[[Any], Any], Sequence[Any]]


def run(
    function: Callable[[T], R], tasks: Sequence[T], progress: Callable[[int, int], None]
) -> list[R]:
    """Return `function` of each task; `progress` is told how many of them are done."""
    cores = min(len(os.sched_getaffinity(0)), len(tasks))
    if cores < 2 or len(tasks) <= FEW:
        results = []
        for task in tasks:
            results.append(function(task))
            progress(len(results), len(tasks))
        return results
    pool = ProcessPoolExecutor(
        cores, multiprocessing.get_context("fork"), _inherit, (function, tasks)
    )
    try:
        futures = [pool.submit(_call, index) for index in range(len(tasks))]
        for done, _ in enumerate(as_completed(futures), 1):
            progress(done, len(tasks))
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)


def _inherit(function: Callable[[Any], Any], tasks: Sequence[Any]) -> None:
    global _inherited
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers an interrupt
    _inherited = function, tasks


def _call(index: int) -> Any:
    function, tasks = _inherited
    return function(tasks[index])
