"""Give generated kernels their primitives: decorators, and operations that Numba does not have.

In: the functions of a generated module, and scalars of its element types: float64, float32,
float16 viewed as uint16, bfloat16 viewed as int16. Out: Numba dispatchers that divide as IEEE 754
says, release the GIL and persist on disk, and branch-free operations that LLVM vectorises.
Generated modules import nothing else of actgen.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.cpu import CPUContext
from numba.core.typing import signature
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from actgen import half
from actgen.bits import exponent, mantissa, power2, power2_rounded, times_power2
from actgen.compilation import LazyUfunc, by_type, device, kernel, ufunc, widened
from actgen.downward import (
    add_down,
    add_rests_down,
    add_weights_down,
    quick_add_down,
    quick_add_weights_down,
)
from actgen.reductions import (
    largest_of,
    position_of,
    quick_sum_of,
    quick_sum_of_weights,
    sum_of,
    sum_of_rests,
    sum_of_weights,
)
from actgen.streaming import is_large, store_tile
from actgen.tiles import copied, fetch, opened, room, scratch, single, window
from actgen.turned import turn, turn_back, turn_rows

__all__ = [
    "LazyUfunc",
    "add_down",
    "add_rests_down",
    "add_weights_down",
    "at",
    "at_least",
    "at_most",
    "by_type",
    "copied",
    "copysign",
    "device",
    "element",
    "exponent",
    "fetch",
    "float32_rest",
    "fma",
    "is_double",
    "is_large",
    "kernel",
    "largest_of",
    "load",
    "mantissa",
    "maximum",
    "minimum",
    "narrow",
    "opened",
    "position_of",
    "power2",
    "power2_rounded",
    "quick_add_down",
    "quick_add_weights_down",
    "quick_sum_of",
    "quick_sum_of_weights",
    "room",
    "same_start",
    "scratch",
    "select",
    "single",
    "stack_buffer",
    "store_tile",
    "sum_of",
    "sum_of_rests",
    "sum_of_weights",
    "times_power2",
    "turn",
    "turn_back",
    "turn_rows",
    "ufunc",
    "widened",
    "window",
]

_FLOATS = (types.float32, types.float64)
_HALF, _BFLOAT = types.uint16, types.int16
_ELEMENTS = (*_FLOATS, _HALF, _BFLOAT)


def _element(like: types.Type) -> types.Type | None:
    """Return the element type of a scalar or array type, None where it is not one of ours."""
    dtype = like.dtype if isinstance(like, types.Array) else types.unliteral(like)
    return dtype if dtype in _ELEMENTS else None


def _common(*operands: types.Type) -> types.Type:
    """Return the type in which mixed operands meet: float32 only where all of them are float32."""
    narrow_only = all(types.unliteral(t) == types.float32 for t in operands)
    return types.float32 if narrow_only else types.float64


@intrinsic
def load(typingctx: Any, value: Any) -> Any:
    """Widen a scalar of an element type to float64, exactly; a NaN stays a NaN."""
    element = _element(value)
    if element is None:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = args[0]
        if element == _HALF:
            number = half.half_to_float(context, builder, number)
        elif element == _BFLOAT:
            number = half.bfloat_to_float(builder, number)
        if number.type == ir.DoubleType():
            return number
        return builder.fpext(number, ir.DoubleType())

    return signature(types.float64, element), codegen


@intrinsic
def element(typingctx: Any, value: Any) -> Any:
    """Widen a scalar of a 16-bit type to float32; float32 and float64 stay what they are.

    A comparison of a float32 that was widened and rounded again LLVM would do in float64.
    """
    kind = _element(value)
    if kind is None:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if kind == _HALF:
            return half.half_to_float(context, builder, args[0])
        if kind == _BFLOAT:
            return half.bfloat_to_float(builder, args[0])
        return args[0]

    return signature(kind if kind in _FLOATS else types.float32, kind), codegen


@intrinsic
def narrow(typingctx: Any, value: Any, like: Any) -> Any:
    """Round a float to the element type of `like`, a scalar or array, to nearest even.

    The two 16-bit types are reached through float32. A NaN stays one; which of the many may differ
    between vectors and what is left beside them.
    """
    element = _element(like)
    if element is None or isinstance(value, types.Array):
        return None
    source = _common(value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = args[0]
        if element == types.float64:
            wide = ir.DoubleType()
            return number if number.type == wide else builder.fpext(number, wide)
        if number.type == ir.DoubleType():
            number = builder.fptrunc(number, ir.FloatType())
        if element == _HALF:
            return half.float_to_half(context, builder, number)
        if element == _BFLOAT:
            return half.float_to_bfloat(builder, number)
        return number

    return signature(element, source, like), codegen


def _llvm_call(builder: Any, name: str, args: Any) -> Any:
    """Call the LLVM intrinsic `name` for the type of `args`, which all have the same one."""
    kind = args[0].type
    suffix = "f32" if kind == ir.FloatType() else "f64"
    function_type = ir.FunctionType(kind, [kind] * len(args))
    function = cgutils.get_or_insert_function(
        builder.module, function_type, f"llvm.{name}.{suffix}"
    )
    return builder.call(function, args)


@intrinsic
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c rounded once: an instruction, or the C library where the CPU has none."""
    common = _common(a, b, c)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _llvm_call(builder, "fma", args)

    return signature(common, common, common, common), codegen


@intrinsic
def copysign(typingctx: Any, magnitude: Any, sign: Any) -> Any:
    """Return `magnitude` with the sign bit of `sign`."""
    common = _common(magnitude, sign)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if isinstance(context, CPUContext):
            return _llvm_call(builder, "copysign", args)
        # NVVM of CUDA 12 does not know that
        kind = ir.IntType(32 if common == types.float32 else 64)
        bit = 1 << (kind.width - 1)
        size, other = (builder.bitcast(arg, kind) for arg in args)
        size, other = builder.and_(size, kind(bit - 1)), builder.and_(other, kind(bit))
        return builder.bitcast(builder.or_(size, other), args[0].type)

    return signature(common, common, common), codegen


def _pick(builder: Any, comparison: str, args: Any) -> Any:
    a, b = args
    # beside a constant, and mostly beside a parameter, the second test is none: one instruction
    wins = builder.or_(builder.fcmp_ordered(comparison, b, a), builder.fcmp_unordered("uno", b, b))
    return builder.select(wins, b, a)


@intrinsic
def maximum(typingctx: Any, a: Any, b: Any) -> Any:
    """Return `b` where b > a or b is NaN, else `a`: NaN wins, and of two zeros the first."""
    common = _common(a, b)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _pick(builder, ">", args)

    return signature(common, common, common), codegen


@intrinsic
def minimum(typingctx: Any, a: Any, b: Any) -> Any:
    """Return `b` where b < a or b is NaN, else `a`: NaN wins, and of two zeros the first."""
    common = _common(a, b)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _pick(builder, "<", args)

    return signature(common, common, common), codegen


def _bounded(builder: Any, comparison: str, args: Any) -> Any:
    value, bound = args
    return builder.select(builder.fcmp_ordered(comparison, value, bound), bound, value)


@intrinsic
def at_least(typingctx: Any, value: Any, bound: Any) -> Any:
    """Return `bound` where `value` is below it, else `value`, which may be NaN."""
    common = _common(value, bound)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _bounded(builder, "<", args)

    return signature(common, common, common), codegen


@intrinsic
def at_most(typingctx: Any, value: Any, bound: Any) -> Any:
    """Return `bound` where `value` is above it, else `value`, which may be NaN."""
    common = _common(value, bound)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _bounded(builder, ">", args)

    return signature(common, common, common), codegen


@intrinsic
def select(typingctx: Any, condition: Any, a: Any, b: Any) -> Any:
    """Return `a` where `condition` holds, else `b`; both are computed, nothing branches."""
    operands = (types.unliteral(a), types.unliteral(b))
    common = operands[0] if operands[0] == operands[1] else _common(a, b)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(args[0], args[1], args[2])

    return signature(common, types.boolean, common, common), codegen


@intrinsic
def is_double(typingctx: Any, like: Any) -> Any:
    """Tell whether a scalar or array has elements of float64; known when compiling."""
    answer = _element(like) == types.float64

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.get_constant(types.boolean, answer)

    return signature(types.boolean, like), codegen


@intrinsic
def float32_rest(typingctx: Any, value: Any) -> Any:
    """Return what the float32 nearest to a float64 leaves over, 0 where that is not finite.

    A float32 leaves nothing over.
    """
    kind = types.unliteral(value)
    kind = kind if kind == types.float32 else types.float64

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        single, double = ir.FloatType(), ir.DoubleType()
        if kind == types.float32:
            return single(0.0)
        head = builder.fpext(builder.fptrunc(args[0], single), double)
        rest = builder.fptrunc(builder.fsub(args[0], head), single)
        sound = builder.fcmp_ordered("ord", rest, rest)
        whole = builder.fcmp_ordered("one", builder.fsub(rest, rest), single(0.0))
        return builder.select(builder.and_(sound, builder.not_(whole)), rest, single(0.0))

    return signature(types.float32, kind), codegen


@intrinsic
def at(typingctx: Any, value: Any, index: Any) -> Any:
    """Return an entry of a contiguous array of floats; what is a number instead has no others."""
    if types.unliteral(value) == types.float64:
        kind = types.float64

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return args[0]

    elif isinstance(value, types.Array) and value.dtype in _FLOATS and value.layout == "C":
        kind = value.dtype

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            data = context.make_array(sig.args[0])(context, builder, args[0]).data
            return builder.load(builder.gep(data, [args[1]], inbounds=True))

    else:
        return None
    return signature(kind, value, types.intp), codegen


@intrinsic
def same_start(typingctx: Any, a: Any, b: Any) -> Any:
    """Tell whether two arrays begin at the same address."""
    if not (isinstance(a, types.Array) and isinstance(b, types.Array)):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        starts = []
        for kind, value in zip(sig.args, args, strict=True):
            data = context.make_array(kind)(context, builder, value).data
            starts.append(builder.ptrtoint(data, ir.IntType(64)))
        return builder.icmp_unsigned("==", *starts)

    return signature(types.boolean, a, b), codegen


@intrinsic(prefer_literal=True)
def stack_buffer(typingctx: Any, length: Any, like: Any) -> Any:
    """Return an uninitialised 1-D array on the stack, with the element type of `like`.

    `length` is a compile-time constant. The buffer is made once per call of the kernel, is aligned
    to 64 bytes, and LLVM knows that no other array overlaps it. It must not outlive the kernel.
    """
    element = _element(like)
    if element is None or not isinstance(length, types.IntegerLiteral):
        return None
    count = length.literal_value
    result = types.Array(element, 1, "C")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        item = context.get_data_type(element)
        block = cgutils.alloca_once(builder, ir.ArrayType(item, count), name="tile")
        block.align = 64
        array = context.make_array(result)(context, builder)
        size = context.get_abi_sizeof(item)
        intp = context.get_constant
        populate_array(
            array,
            data=builder.bitcast(block, array.data.type),
            shape=cgutils.pack_array(builder, [intp(types.intp, count)]),
            strides=cgutils.pack_array(builder, [intp(types.intp, size)]),
            itemsize=intp(types.intp, size),
            meminfo=None,
        )
        return array._getvalue()

    return signature(result, length, like), codegen
