"""Apply device functions to the numbers of parts: to each one, or from one to the next.

In: a device function, and operands: parts, which are tuples of one width, and what is the same for
all of their numbers. Out: a part, or one value.
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.core.errors import TypingError
from numba.core.typing import signature
from numba.extending import intrinsic


@intrinsic
def each(typingctx: Any, function: Any, *operands: Any) -> Any:
    """Apply a device function to the numbers of parts one by one; what is no part stays."""
    widths = {len(kind) for kind in operands if isinstance(kind, types.UniTuple)}
    if len(widths) != 1:
        return None
    (width,) = widths
    kinds = [kind.dtype if isinstance(kind, types.UniTuple) else kind for kind in operands]
    kinds = [types.unliteral(kind) for kind in kinds]
    inner = function.get_call_type(typingctx, tuple(kinds), {})
    result = types.UniTuple(inner.return_type, width)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        call = context.get_function(function, inner)
        given = [builder.extract_value(args[1], k) for k in range(len(operands))]
        numbers = []
        for k in range(width):
            mine = [
                builder.extract_value(value, k) if isinstance(kind, types.UniTuple) else value
                for value, kind in zip(given, operands, strict=True)
            ]
            pairs = zip(mine, operands, kinds, strict=True)
            mine = [
                value
                if isinstance(kind, types.UniTuple)
                else context.cast(builder, value, kind, to)
                for value, kind, to in pairs
            ]
            numbers.append(call(builder, mine))
        return context.make_tuple(builder, result, numbers)

    return signature(result, function, types.StarArgTuple(operands)), codegen


@intrinsic
def fold(typingctx: Any, function: Any, first: Any, *operands: Any) -> Any:
    """Apply a device function to `first` and the numbers of parts, each time to what it gave."""
    widths = {len(kind) for kind in operands if isinstance(kind, types.UniTuple)}
    if len(widths) != 1:
        return None
    (width,) = widths
    state = types.unliteral(first)
    kinds = [kind.dtype if isinstance(kind, types.UniTuple) else kind for kind in operands]
    inner = function.get_call_type(typingctx, (state, *kinds), {})
    if inner.return_type != state:
        raise TypingError(f"a fold of {state} gives {inner.return_type}")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        call = context.get_function(function, inner)
        given = [builder.extract_value(args[2], k) for k in range(len(operands))]
        value = context.cast(builder, args[1], first, state)
        for k in range(width):
            mine = [
                builder.extract_value(entry, k) if isinstance(kind, types.UniTuple) else entry
                for entry, kind in zip(given, operands, strict=True)
            ]
            value = call(builder, [value, *mine])
        return value

    return signature(state, function, first, types.StarArgTuple(operands)), codegen
