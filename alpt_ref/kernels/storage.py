"""Tables as loops reach them: a flat buffer with step sizes (a :class:`View`) and functions (an :class:`Access`).

An entry is a float32: the weight itself, or its integer code. Loops are compiled for an access, so that one source serves
every storage. Rows are moved by loops of constant length over slices, which become straight vector code.
"""

from functools import cache
from typing import Any, NamedTuple

from numpy import float32, int32
from numpy.typing import NDArray

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.packing import load_code, store_code
from alpt_ref.scalars.rounding import Scalar
from alpt_ref.scalars.slopes import quantized


class View(NamedTuple):
    """One table as loops see it: entry f of row j is element j * k + f of ``buffer``."""

    buffer: NDArray[Any]
    width: int  # bits of an entry; 32 for float32
    deltas: NDArray[float32]  # step size of row j: deltas[j * stride]
    stride: int  # 1, or 0 where one step size serves all rows
    k: int


class Part(NamedTuple):
    """One table in a step: its view, the optimizer's moments of its weights, and the smallest and largest code.

    They stand beside the view, not in it: inner loops are handed the view alone, and with two fields more they take half
    as long again.
    """

    view: View
    moments: NDArray[float32]  # (n_moments, n_rows k)
    lo: float32
    hi: float32


class Tables(NamedTuple):
    """The weights of a model: linear weights, factors, and the bias."""

    linear: View
    factors: View
    bias: float32


class Access(NamedTuple):
    """Functions that reach the entries of a table."""

    load: Scalar  # (buffer, width, i) -> entry
    store: Scalar  # (buffer, width, i, entry)
    weight: Scalar  # (entry, delta) -> weight
    is_code: bool
    packed: bool  # whether entries share bytes


@jit
def _load_plain(buffer: Any, width: Any, i: Any) -> Any:
    return float32(buffer[i])


@jit
def _load_packed(buffer: Any, width: Any, i: Any) -> Any:
    return float32(load_code(buffer, i, width))


@jit
def _store_float(buffer: Any, width: Any, i: Any, entry: Any) -> None:
    buffer[i] = entry


@jit
def _store_plain(buffer: Any, width: Any, i: Any, entry: Any) -> None:
    buffer[i] = int32(entry)


@jit
def _store_packed(buffer: Any, width: Any, i: Any, entry: Any) -> None:
    store_code(buffer, i, width, int32(entry))


@jit
def _weight_of_float(entry: Any, delta: Any) -> Any:
    return entry


@jit
def weight_of_code(entry: Any, delta: Any) -> Any:
    """w = delta q, rounded to float32."""
    return times(entry, delta)


@jit
def _load_nothing(buffer: Any, width: Any, i: Any) -> Any:
    return float32(0)


@jit
def _store_nothing(buffer: Any, width: Any, i: Any, entry: Any) -> None:
    pass


FLOATS = Access(_load_plain, _store_float, _weight_of_float, False, False)
NOTHING = Access(_load_nothing, _store_nothing, _weight_of_float, False, False)  # a table without columns: its weights are 0
PLAIN_CODES = Access(_load_plain, _store_plain, weight_of_code, True, False)
PACKED_CODES = Access(_load_packed, _store_packed, weight_of_code, True, True)


@cache
def masters(q_lo: int, q_hi: int) -> Access:
    """The access to float32 weights that count as their quantization to nearest."""
    lo, hi = float32(q_lo), float32(q_hi)

    @jit
    def weight_of_master(entry: Any, delta: Any) -> Any:
        return quantized(entry, delta, lo, hi)

    return Access(_load_plain, _store_float, weight_of_master, False, False)


@cache
def row_window(access: Access, k: int) -> Scalar:
    """Function (buffer, j) -> (entries, offset): entry f of row j is number offset + f of ``entries``; compiled for k columns.

    Rows that begin at a byte are sliced: only then do loops over them vectorize.
    """

    @jit
    def packed_window(buffer: Any, j: Any) -> Any:
        return buffer, j * k

    @jit
    def plain_window(buffer: Any, j: Any) -> Any:
        return buffer[j * k : j * k + k], 0

    return packed_window if access.packed else plain_window
