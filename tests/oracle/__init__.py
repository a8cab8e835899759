"""Know the exact value of every shipped activation, written by hand and apart from the compiler.

Elementwise activations map an `mpmath.mpf` to their value and first two derivatives; the other
kinds map lists of them. Nothing here imports `actgen`. `reference` looks an activation up,
`sweep_reference` gives fast float64 forms for sweeps, `ulp` measures errors.
"""

from tests.oracle import gelu, other, relu, shrink, sigmoid, soft  # fill the table
from tests.oracle.sweep import sweep_reference
from tests.oracle.table import Reference, names, reference
from tests.oracle.ulp import Format, errors, errors_wide, format_of

__all__ = [
    "Format",
    "Reference",
    "errors",
    "errors_wide",
    "format_of",
    "gelu",
    "names",
    "other",
    "reference",
    "relu",
    "shrink",
    "sigmoid",
    "soft",
    "sweep_reference",
]
