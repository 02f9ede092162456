"""How everything here is compiled: one decorator, one policy.

* ``error_model="numpy"``: 1/0 is inf, as in NumPy, so that jitted and un-jitted runs agree.
* ``nogil=True``: loops over disjoint ranges run in a thread pool (see :mod:`alpt_ref.kernels.cpu.threads`).
* no fastmath: reassociation would make a rounding decision depend on the machine.
* no on-disk cache: Numba's does not notice an edit in a callee of another file, and never hits for closures.

With ``NUMBA_DISABLE_JIT=1`` the decorator is the identity and the same source runs as plain Python; literals are typed
(``float32(0.5)``) so that both give the same bits.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

# Whether functions are compiled at all: false under NUMBA_DISABLE_JIT=1.
JIT: bool = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile ``function`` lazily, with the project's one policy, for scalars and loops alike."""
    compiled = numba.njit(error_model="numpy", nogil=True)(function)
    return cast(Function, compiled)


def _prefetch_in_python(array: Any, index: int) -> None:
    """Stands in for ``prefetch`` where nothing is compiled."""


def _compiled_prefetch() -> Callable[[Any, int], None]:
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.core.extending import intrinsic

    @intrinsic
    def prefetch(typing_context, array, index):  # type: ignore[no-untyped-def]
        def lower(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            array_type, index_type = signature.args
            fields = context.make_array(array_type)(context, builder, arguments[0])
            position = context.cast(builder, arguments[1], index_type, types.intp)
            pointer = builder.gep(fields.data, [position])
            address = builder.bitcast(pointer, cgutils.voidptr_t)
            word = cgutils.int32_t
            function_type = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word])
            function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
                builder.module, function_type, "llvm.prefetch.p0"
            )
            builder.call(function, [address, word(0), word(3), word(1)])  # read, keep in all levels, data
            return context.get_dummy_value()

        return types.void(array, index), lower

    return cast(Callable[[Any, int], None], prefetch)


# prefetch(array, i): ask for the cache line of array[i], 1-d and contiguous, ahead of its use. Changes no result, and
# never faults, so that i may lie beyond the end.
prefetch: Callable[[Any, int], None] = _compiled_prefetch() if JIT else _prefetch_in_python
