"""Say what keeps a call from running on a GPU, and what helps.

In: what was found. Out: exceptions. `CudaError` is what the driver reports or lacks;
`CudaSetupError` is an installation that cannot run anything, and names the remedy.
"""

from __future__ import annotations


class CudaError(RuntimeError):
    """Raised where the driver refuses a call."""


class CudaSetupError(CudaError):
    """Raised where this machine, its driver or its packages cannot run kernels on a GPU."""


def install(extra: str) -> str:
    """Return the command that installs what an extra names."""
    return f'pip install "actgen[{extra}]"'
