"""Integer codes in 2, 4, 8 or 16 bits: element i of a table at its flat index, two's complement, low bits first.

2 and 4 bits share bytes (uint8 buffers, 8 / width codes a byte); 8 and 16 bits are plain int8 and int16. The scalars work
on any of these buffers, ``width`` saying which.
"""

from typing import Any

import numpy as np
from numpy import int32, uint8
from numpy.typing import NDArray

from alpt_ref.scalars.jit import jit

Codes = NDArray[Any]


@jit
def code_in(word: Any, shift: Any, width: Any) -> int32:
    """The code in the ``width`` bits of ``word``, an int32, from bit ``shift`` on."""
    field = (word >> int32(shift)) & int32((1 << width) - 1)
    sign = int32(1 << (width - 1))
    return int32((field ^ sign) - sign)


@jit
def load_code(buffer: Any, i: Any, width: Any) -> int32:
    """Code i of ``buffer``."""
    if width >= 8:
        return int32(buffer[i])
    bit = i * width
    return code_in(int32(buffer[bit >> 3]), bit & 7, width)


@jit
def store_code(buffer: Any, i: Any, width: Any, q: Any) -> None:
    """Set code i of ``buffer`` to ``q``, which is in range: nothing is clipped here."""
    if width >= 8:
        buffer[i] = q
    else:
        bit = i * width
        shift = int32(bit & 7)
        mask = int32((1 << width) - 1) << shift
        others = int32(buffer[bit >> 3]) & ~mask
        buffer[bit >> 3] = others | ((int32(q) << shift) & mask)


def buffer_dtype(width: int) -> Any:
    """dtype of the buffer that holds codes of ``width`` bits."""
    return {2: np.uint8, 4: np.uint8, 8: np.int8, 16: np.int16}[width]


def pack(codes: Codes, width: int) -> Codes:
    """Buffer with ``codes`` (any integer dtype and shape, in range of ``width`` bits) in C order; 1-d."""
    flat = np.ascontiguousarray(codes).reshape(-1)
    if width >= 8:
        return flat.astype(buffer_dtype(width))
    per_byte = 8 // width
    fields = np.zeros(-(-flat.size // per_byte) * per_byte, uint8)
    fields[: flat.size] = flat.astype(np.int64) & ((1 << width) - 1)
    shifts = np.arange(per_byte, dtype=uint8) * uint8(width)
    packed: Codes = np.bitwise_or.reduce(fields.reshape(-1, per_byte) << shifts, axis=1).astype(uint8)
    return packed


def unpack(buffer: Codes, n: int, width: int) -> Codes:
    """The first ``n`` codes of ``buffer``, int8 or int16 (n,). Inverse of :func:`pack`."""
    if width >= 8:
        return buffer[:n].copy()
    shifts = np.arange(8 // width, dtype=uint8) * uint8(width)
    fields = ((buffer[:, None] >> shifts) & uint8((1 << width) - 1)).reshape(-1)[:n].astype(np.int8)
    sign = np.int8(1 << (width - 1))
    codes: Codes = (fields ^ sign) - sign
    return codes
