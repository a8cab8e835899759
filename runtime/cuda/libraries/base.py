"""Say what is asked of a library of arrays on GPUs.

In: a library's arrays. Out: views of them, and new arrays as views. Nothing here waits for a
device, and everything happens on the stream that the library works on at the time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from actgen.cuda.views import View


class Library(ABC):
    """One library. `title` is how messages call its arrays."""

    title: ClassVar[str]
    is_mutable: ClassVar[bool] = True

    @abstractmethod
    def view(self, array: Any) -> View:
        """Return where an array lies. TypeError for one that kernels cannot take as it is."""

    @abstractmethod
    def stream(self, view: View) -> int:
        """Return the handle of the stream to work on with an array."""

    @abstractmethod
    def empty(self, shape: tuple[int, ...], kind: str, like: View) -> View:
        """Return a new contiguous array on the device of another one."""

    @abstractmethod
    def zeros(self, shape: tuple[int, ...], kind: str, like: View) -> View:
        """Return a new contiguous array of zeros on the device of another one."""

    @abstractmethod
    def number(self, value: float, kind: str, like: View) -> View:
        """Return a new array of one element and no axes."""

    @abstractmethod
    def cast(self, view: View, kind: str) -> View:
        """Return a contiguous copy as another dtype."""

    def empty_like(self, view: View, kind: str) -> View:
        """Return a new array of another one's shape, if possible with its order in memory."""
        return self.empty(view.shape, kind, view)

    def finish(self, result: View, used: Iterable[View], stream: int) -> Any:
        """Return a result as the library's own array, once the kernels are launched.

        `used` is what they read.
        """
        return result.array
