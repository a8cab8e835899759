"""Run activations on NVIDIA GPUs: what there is beside calls with arrays that lie there.

`actgen.gelu(x)` works on an `x` of PyTorch, CuPy, JAX or Numba on a GPU as it does on a NumPy
array. `actgen.cuda.is_available()` tells whether it can, `actgen.cuda.scalar("gelu")` gives a
device function for kernels of your own. Importing this imports no package of CUDA.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actgen.cuda.errors import CudaError, CudaSetupError

if TYPE_CHECKING:
    from actgen.activation import Activation

__all__ = ["CudaError", "CudaSetupError", "is_available", "scalar", "why_not"]


def is_available(device: int = 0) -> bool:
    """Tell whether kernels can run on a device: its driver, the device and the packages fit."""
    return why_not(device) is None


def why_not(device: int = 0) -> str | None:
    """Return why kernels cannot run on a device and what helps, None where they can."""
    from actgen.cuda.device import capability

    try:
        capability(device)
    except CudaError as error:
        return str(error)
    return None


def scalar(activation: str | Activation) -> Any:
    """Return a device function of one element, to call inside your own `@cuda.jit` kernels.

    It takes `x` (a gate: `gate, value`) and then the parameters, unless some are bound in the
    activation. Raises CudaSetupError where the packages for that are missing, TypeError for an
    activation without such a function.
    """
    from actgen.cuda.scalars import bind_scalar

    return bind_scalar(activation)
