"""Let Numba compile with a lowering of our own: its last pass, which makes LLVM's IR.

In: that pass. Out: Numba's pipeline with it in the place of the usual one.
"""

from __future__ import annotations

from typing import Any

from numba.core.compiler import Compiler
from numba.core.typed_passes import NativeLowering


class LoweringCompiler(Compiler):  # type: ignore[misc]
    """Compiles as Numba does, but for the pass that its class names."""

    lowering: type[NativeLowering] = NativeLowering

    def define_pipelines(self) -> list[Any]:
        pipelines: list[Any] = super().define_pipelines()
        for pipeline in pipelines:
            pipeline.passes = [
                (self.lowering if step is NativeLowering else step, name)
                for step, name in pipeline.passes
            ]
            pipeline.finalize()
        return pipelines
