"""Find the kernels of an activation for GPUs: stems and forms in, compiled functions on demand.

The names are those of the CPU's kernels, in a module of their own; on the fast tier the kernels
called `stem_fast_form` come first, where there are any.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from actgen.cuda.device import check_packages
from actgen.kernels import Kernels


class DeviceKernels:
    """The kernels of one activation, on one tier."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self.is_fast = kernels.is_fast
        self._found: dict[tuple[str, str], Any] = {}

    @property
    def module(self) -> ModuleType:
        check_packages()
        return self._kernels.gpu_module

    def find(self, stem: str, form: str) -> Any:
        """Return the kernel of that stem and form, None where the module has none."""
        if (stem, form) not in self._found:
            names = [f"{stem}_fast_{form}"] if self.is_fast else []
            found = (getattr(self.module, name, None) for name in (*names, f"{stem}_{form}"))
            self._found[stem, form] = next((kernel for kernel in found if kernel is not None), None)
        return self._found[stem, form]
