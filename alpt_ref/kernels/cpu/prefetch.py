"""Asking for cache lines ahead of their use: changes no result."""

from collections.abc import Callable
from functools import cache
from typing import Any, cast

from alpt_ref.kernels.storage import Access
from alpt_ref.scalars.jit import JIT, jit
from alpt_ref.scalars.rounding import Scalar


def _prefetch_in_python(array: Any, index: int) -> None:
    """Stands in for ``prefetch`` where nothing is compiled."""


def _compiled_prefetch() -> Callable[[Any, int], None]:
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.core.extending import intrinsic

    @intrinsic
    def prefetch(typing_context, array, index):
        def lower(context, builder, signature, arguments):
            array_type, index_type = signature.args
            fields = context.make_array(array_type)(context, builder, arguments[0])
            position = context.cast(builder, arguments[1], index_type, types.intp)
            pointer = builder.gep(fields.data, [position])
            address = builder.bitcast(pointer, cgutils.voidptr_t)
            word = cgutils.int32_t
            function_type = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word])
            function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
            builder.call(function, [address, word(0), word(3), word(1)])  # read, keep in all levels, data
            return context.get_dummy_value()

        return types.void(array, index), lower

    return cast(Callable[[Any, int], None], prefetch)


# prefetch(array, i): ask for the cache line of array[i], 1-d and contiguous, ahead of its use. Changes no result, and
# never faults, so that i may lie beyond the end.
prefetch: Callable[[Any, int], None] = _compiled_prefetch() if JIT else _prefetch_in_python


@cache
def row_prefetcher(access: Access, k: int) -> Scalar:
    """Function (buffer, width, j): ask for the first and last cache lines of row j, compiled for k columns."""

    @jit
    def prefetch_packed_row(buffer: Any, width: Any, j: Any) -> None:
        prefetch(buffer, (j * k * width) >> 3)
        prefetch(buffer, ((j * k + k - 1) * width) >> 3)

    @jit
    def prefetch_plain_row(buffer: Any, width: Any, j: Any) -> None:
        prefetch(buffer, j * k)
        if k > 1:
            prefetch(buffer, j * k + k - 1)

    return prefetch_packed_row if access.packed else prefetch_plain_row
