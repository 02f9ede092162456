"""The product that is never fused into a sum: with it CPU and GPU give the same bits.

``a * b + c`` is two roundings on a CPU, and one where a compiler for GPUs fuses it. So products of floats are written
``times(a, b)`` here, and in every loop that a GPU runs.
"""

from typing import Any

from numba.extending import intrinsic

from alpt_ref.scalars.jit import JIT


def _times(a: Any, b: Any) -> Any:
    """a b, rounded once; both of one floating-point type."""
    return a * b


@intrinsic
def _unfused(typing_context: Any, a: Any, b: Any) -> Any:
    from llvmlite import ir

    def multiply(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if "CUDA" not in type(context).__name__:
            return builder.fmul(*arguments)
        real = arguments[0].type
        size, register = ("f32", "f") if isinstance(real, ir.FloatType) else ("f64", "d")
        of = ir.FunctionType(real, (real, real))
        # PTX defines that an instruction with a stated rounding is not fused, and the compiler does not look inside.
        code = ir.InlineAsm(of, f"mul.rn.{size} $0, $1, $2;", f"={register},{register},{register}", side_effect=False)
        return builder.call(code, arguments)

    return (a(a, b), multiply) if a == b else None


times: Any = _unfused if JIT else _times
