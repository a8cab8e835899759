"""Do tasks on all cores: a list of tasks in, their figures out as they come.

Each figure is kept on disk at once, with a digest of the kernels it is of, so that a run that was
interrupted goes on where it stopped.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy_table import arithmetic
from benchmarks.accuracy_tasks import Figures, Task, run

STATE = Path(__file__).with_name(".actgen") / "accuracy.jsonl"
_queue: Any = None


def cores() -> int:
    """Return how many processes can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def remembered(tasks: Sequence[Task]) -> dict[str, Figures]:
    """Return the figures on disk of those tasks that need not be done again, by their keys."""
    if not STATE.exists():
        return {}
    kernels = {task.case.name: arithmetic(task.case.name) for task in tasks}
    wanted = {task.key: kernels[task.case.name] for task in tasks}
    found = {}
    for line in STATE.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
            task, made, figures = (entry[name] for name in ("task", "kernels", "figures"))
        except (ValueError, TypeError, LookupError):  # a run was interrupted while writing it
            continue
        if isinstance(task, str) and wanted.get(task) == made:
            found[task] = figures
    return found


def remember(task: Task, figures: Figures) -> None:
    """Keep the figures of a task for a run to come."""
    STATE.parent.mkdir(exist_ok=True)
    entry = {"task": task.key, "kernels": arithmetic(task.case.name), "figures": figures}
    with STATE.open("a") as file:
        file.write("\n" + json.dumps(entry))  # after a line that may be cut off


def forget(tasks: Sequence[Task]) -> None:
    """Drop the figures of these tasks, which have gone into the table."""
    if STATE.exists():
        done = tuple(f'{{"task": {json.dumps(task.key)},' for task in tasks)
        lines = STATE.read_text(errors="replace").splitlines()
        kept = [line for line in lines if not line.startswith(done)]
        STATE.write_text("\n".join(kept))


def each(
    tasks: Sequence[Task], jobs: int, progress: Callable[[float], None]
) -> Iterator[tuple[Task, Figures]]:
    """Yield tasks with their figures, in the order they are done.

    `progress` is called with the share of all work that is done, several times a second.
    """
    os.environ["ACTGEN_NUM_THREADS"] = "1"  # for the processes to come: a core for each
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    shares = [0.0] * len(tasks)
    total = sum(task.weight for task in tasks)
    with context.Pool(min(jobs, len(tasks)) or 1, _start, (queue,)) as pool:
        results = pool.imap_unordered(_do, list(enumerate(tasks)))
        for _ in tasks:
            while True:
                try:
                    index, figures = results.next(timeout=0.2)
                    break
                except multiprocessing.TimeoutError:
                    _read(queue, shares)
                    done = (s * task.weight for s, task in zip(shares, tasks, strict=True))
                    progress(sum(done) / total)
            if isinstance(figures, str):
                raise RuntimeError(figures)
            shares[index] = 1.0
            yield tasks[index], figures


def _read(queue: Any, shares: list[float]) -> None:
    while not queue.empty():
        index, share = queue.get()
        shares[index] = max(share, shares[index])


def _start(queue: Any) -> None:
    """Prepare a process, which leaves interrupts to the first one."""
    global _queue
    _queue = queue
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _do(numbered: tuple[int, Task]) -> tuple[int, Figures | str]:
    """Do a task; what goes wrong comes back as text, for not every exception can travel."""
    index, task = numbered
    last = [0.0]

    def progress(share: float) -> None:
        if share - last[0] > 0.01:
            last[0] = share
            _queue.put((index, share))

    try:
        return index, run(task, progress)
    except Exception:
        return index, f"{task.title}\n{traceback.format_exc()}"
