"""Let LLVM fill the widest vectors of the CPU, and several of them at once.

In: a function to compile. Out: the same machine code but for its vectors: 512 bits where the CPU
has them, which LLVM leaves half empty on many of those CPUs unless it is asked; and, with
`InterleavingCompiler`, as many of them side by side as keep a CPU busy while each waits for its own
results: functions of one element are long chains. The bits of results never change.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

from actgen.lowering import LoweringCompiler

_ATTRIBUTE = '"prefer-vector-width"="512"'


class _WideLower(Lower):  # type: ignore[misc]
    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        # llvmlite's own `add` knows the attributes without a value only
        set.add(self.function.attributes, _ATTRIBUTE)


class _Loop(ir.values.MDValue):  # type: ignore[misc]
    """Metadata of one loop: a node that names itself, which tells it from others, and a wish."""

    def descr(self, buf: list[str]) -> None:
        (wish,) = self.operands
        buf.append(f"distinct !{{ {self.get_reference()}, {wish.get_reference()} }}\n")


class _InterleavingLower(_WideLower):
    def lower_function_body(self) -> Any:
        lowered = super().lower_function_body()
        many = "+avx512f" in self.context.codegen().magic_tuple()[2]
        count = ir.IntType(32)(4 if many else 2)  # as many as their registers hold, about
        place = {block: index for index, block in enumerate(self.function.blocks)}
        for block in self.function.blocks:
            end = block.terminator
            back = end is not None and end.opname == "br" and len(end.operands) == 1
            if back and place[end.operands[0]] <= place[block]:
                wish = self.module.add_metadata(["llvm.loop.interleave.count", count])
                name = str(len(self.module.metadata))
                end.set_metadata("llvm.loop", _Loop(self.module, [wish], name))
        return lowered


@register_pass(mutates_CFG=True, analysis_only=False)
class _WideLowering(NativeLowering):  # type: ignore[misc]
    _name = "actgen_wide_lowering"

    @property
    def lowering_class(self) -> type[Lower]:
        return _WideLower


@register_pass(mutates_CFG=True, analysis_only=False)
class _InterleavingLowering(NativeLowering):  # type: ignore[misc]
    _name = "actgen_interleaving_lowering"

    @property
    def lowering_class(self) -> type[Lower]:
        return _InterleavingLower


class WideCompiler(LoweringCompiler):
    """Compiles as Numba does, for the widest vectors."""

    lowering = _WideLowering


class InterleavingCompiler(LoweringCompiler):
    """Compiles as Numba does, for several of the widest vectors at once."""

    lowering = _InterleavingLowering
