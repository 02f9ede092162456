"""Loops on a GPU reach a table as those on a CPU do, but for codes that share bytes: these lie in words of 32 bits.

Two threads may move codes of one word at the same time. Each flips the bits in which its own code changes, by one atomic
exclusive or: no bit is touched by two, so the result does not depend on their order.
"""

from typing import Any

from numba import cuda
from numpy import float32, int32, uint32

from alpt_ref.kernels.cuda.launch import device
from alpt_ref.kernels.storage import Access
from alpt_ref.scalars.packing import code_in


@device
def _load_word(buffer: Any, width: Any, i: Any) -> Any:
    bit = i * width
    return float32(code_in(int32(buffer[bit >> 5]), bit & 31, width))


@device
def _store_word(buffer: Any, width: Any, i: Any, entry: Any) -> None:
    bit = i * width
    shift = bit & 31
    change = int32(entry) ^ code_in(int32(buffer[bit >> 5]), shift, width)
    cuda.atomic.xor(buffer, bit >> 5, uint32(uint32(change & int32((1 << width) - 1)) << uint32(shift)))


def on_device(access: Access) -> Access:
    """The access to the device's copy of a table."""
    return access._replace(load=_load_word, store=_store_word) if access.packed else access
