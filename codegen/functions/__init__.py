"""Hold the elementary functions in float64, each as arithmetic and bit operations of the IR."""

from actgen.codegen.functions.error_function import ERROR_FUNCTION
from actgen.codegen.functions.exponential import EXPONENTIAL
from actgen.codegen.functions.hyperbolic import HYPERBOLIC
from actgen.codegen.functions.logarithm import LOGARITHM
from actgen.codegen.functions.parts import Function

ELEMENTARY: tuple[Function, ...] = (*EXPONENTIAL, *LOGARITHM, *HYPERBOLIC, *ERROR_FUNCTION)
