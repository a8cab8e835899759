"""Show that the kernels work: a small array in, values and derivatives of a few activations out.

`make generate` ends with it: `python -m actgen.demo`.
"""

from __future__ import annotations

import numpy as np

import actgen

_SHOWN = ("relu", "gelu", "silu", "mish")


def main() -> None:
    """Print a table of values and derivatives at a few points."""
    x = np.array([-2.0, -0.5, 0.0, 1.0, 3.0], dtype=np.float32)
    print("\n" + _row("x", x))
    for name in _SHOWN:
        activation = actgen.get(name)
        print(_row(f"actgen.{name}(x)", activation(x)))
        print(_row(f"actgen.{name}.derivative(x)", activation.derivative(x)))


def _row(label: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> str:
    return f"{label:<26}" + "".join(f"{value:11.6f}" for value in values)


if __name__ == "__main__":
    main()
