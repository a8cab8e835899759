"""Keep alive what a stream still reads: objects in, let go of once the stream is done.

For arrays whose library does not know of our kernels and could give their memory away. Nothing
waits: later calls look which events have happened.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import Any

from actgen.cuda.driver import driver
from actgen.cuda.errors import CudaError

_lock = threading.Lock()
_held: deque[tuple[int, Any]] = deque()


def hold(objects: Any, device: int, stream: int) -> None:
    """Keep objects until the stream has done what it has been given so far."""
    known = driver()
    released = []  # let go of outside the lock: what that runs is not ours
    with _lock:
        _held.append((known.record(device, stream), objects))
        for _ in range(2):  # in most calls one is added, so the line gets shorter
            if len(_held) > 1 and known.has_happened(_held[0][0]):
                event, done = _held.popleft()
                released.append(done)
                with contextlib.suppress(CudaError):
                    known.forget(event)
    del released
