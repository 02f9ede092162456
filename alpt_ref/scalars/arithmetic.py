"""Products: one that is never fused into a sum, with which CPU and GPU give the same bits, and one of words. Bits of floats.

``a * b + c`` is two roundings on a CPU, and one where a compiler for GPUs fuses it. So products of floats are written
``times(a, b)`` here, and in every loop that a GPU runs.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy import float32, float64, int32, int64

from alpt_ref.scalars.jit import JIT


def _times(a: Any, b: Any) -> Any:
    """a b, rounded once; both of one floating-point type."""
    return a * b


def _wide(a: Any, b: Any) -> Any:
    """a b of two uint64 below 2^32, exactly."""
    return a * b


def _bits(x: Any) -> Any:
    """The bits of a float32 or float64 as an integer with sign of that size."""
    return x.view(int32 if x.dtype == float32 else int64)


def _from_bits(bits: Any) -> Any:
    """The float32 or float64 of those bits, int32 or int64."""
    return bits.view(float32 if bits.dtype == int32 else float64)


_PAIRS = ((types.float32, types.int32), (types.float64, types.int64))


@intrinsic
def _bits_of_float(typing_context: Any, x: Any) -> Any:
    return _recast(x, dict(_PAIRS).get(x))


@intrinsic
def _float_of_bits(typing_context: Any, bits: Any) -> Any:
    return _recast(bits, {integer: real for real, integer in _PAIRS}.get(bits))


def _recast(given: Any, wanted: Any) -> Any:
    def recast(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(wanted))

    return (wanted(given), recast) if wanted else None


def _on_gpu(context: Any) -> bool:
    return "CUDA" in type(context).__name__


@intrinsic
def _unfused(typing_context: Any, a: Any, b: Any) -> Any:
    def multiply(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if not _on_gpu(context):
            return builder.fmul(*arguments)
        real = arguments[0].type
        size, register = ("f32", "f") if isinstance(real, ir.FloatType) else ("f64", "d")
        of = ir.FunctionType(real, (real, real))
        # PTX defines that an instruction with a stated rounding is not fused, and the compiler does not look inside.
        code = ir.InlineAsm(of, f"mul.rn.{size} $0, $1, $2;", f"={register},{register},{register}", side_effect=False)
        return builder.call(code, arguments)

    return (a(a, b), multiply) if a == b else None


@intrinsic
def _widening(typing_context: Any, a: Any, b: Any) -> Any:
    def multiply(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if not _on_gpu(context):
            return builder.mul(*arguments)
        # One instruction of a GPU, where the product of two 64-bit numbers takes several.
        word, long = ir.IntType(32), ir.IntType(64)
        code = ir.InlineAsm(ir.FunctionType(long, (word, word)), "mul.wide.u32 $0, $1, $2;", "=l,r,r", side_effect=False)
        return builder.call(code, [builder.trunc(argument, word) for argument in arguments])

    return (a(a, b), multiply) if a == b else None


times: Any = _unfused if JIT else _times
wide: Any = _widening if JIT else _wide
bits_of: Any = _bits_of_float if JIT else _bits
float_of: Any = _float_of_bits if JIT else _from_bits
