"""Products: one that is never fused into a sum, with which CPU and GPU give the same bits, and one of words.

``a * b + c`` is two roundings on a CPU, and one where a compiler for GPUs fuses it. So products of floats are written
``times(a, b)`` here, and in every loop that a GPU runs.
"""

from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

from alpt_ref.scalars.jit import JIT


def _times(a: Any, b: Any) -> Any:
    """a b, rounded once; both of one floating-point type."""
    return a * b


def _wide(a: Any, b: Any) -> Any:
    """a b of two uint64 below 2^32, exactly."""
    return a * b


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
