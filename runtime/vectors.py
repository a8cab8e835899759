"""Let LLVM fill the widest vectors of the CPU: a pipeline of Numba, with one attribute more.

In: a function to compile. Out: the same machine code but for its vectors: 512 bits where the CPU
has them, which LLVM leaves half empty on many of those CPUs unless it is asked. Where it has none,
nothing changes; the bits of results never do.
"""

from __future__ import annotations

from typing import Any

from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

_ATTRIBUTE = '"prefer-vector-width"="512"'


class _WideLower(Lower):  # type: ignore[misc]
    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        # llvmlite's own `add` knows the attributes without a value only
        set.add(self.function.attributes, _ATTRIBUTE)


@register_pass(mutates_CFG=True, analysis_only=False)
class _WideLowering(NativeLowering):  # type: ignore[misc]
    _name = "actgen_wide_lowering"

    @property
    def lowering_class(self) -> type[Lower]:
        return _WideLower


class WideCompiler(Compiler):  # type: ignore[misc]
    """Compiles as Numba does, for the widest vectors."""

    def define_pipelines(self) -> list[Any]:
        pipelines: list[Any] = super().define_pipelines()
        for pipeline in pipelines:
            pipeline.passes = [
                (_WideLowering if step is NativeLowering else step, name)
                for step, name in pipeline.passes
            ]
            pipeline.finalize()
        return pipelines
