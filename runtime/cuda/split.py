"""Hold a parameter as kernels take it, compiled or simulated."""

from collections import namedtuple

Split = namedtuple("Split", "value high rest")
Split.__doc__ = "A parameter: a float64, the float32 nearest to it, and what that leaves over."
