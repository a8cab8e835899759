"""Give users device functions of one element, for their own `@cuda.jit` kernels.

In: an activation or its name. Out: the generated function, or one that passes bound values on.
"""

from __future__ import annotations

from typing import Any

from actgen.activation import Activation
from actgen.cuda.device import check_packages
from actgen.registry import find
from actgen.scalars import with_bound


def bind_scalar(activation: str | Activation) -> Any:
    """Return the device function of an activation with its bound values in place.

    Raises TypeError where there is none, or where an array is bound.
    """
    check_packages()
    found = find(activation) if isinstance(activation, str) else activation
    if not isinstance(found, Activation):
        raise TypeError(f"{activation!r} is no activation")
    kernels, binder, bound = found.parts
    from actgen.cuda.intrinsics import device

    values = binder.settle({}, bound, partial=True)
    stem = f"scalar{kernels.suffix(values)}"
    module = kernels.gpu_module
    names = [f"{stem}_fast", stem] if kernels.is_fast else [stem]
    scalar = next((getattr(module, name) for name in names if hasattr(module, name)), None)
    if scalar is None:
        raise TypeError(f"{binder.owner} has no function of one element")
    return with_bound(scalar, binder, bound, values, device)
