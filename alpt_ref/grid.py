"""The quantization grid: a bit width and a step size. No rounding here."""

from dataclasses import dataclass

import numpy as np
from numpy import float32
from numpy.typing import ArrayLike, NDArray

from alpt_ref.tools.checks import is_integer

MIN_BITS, MAX_BITS = 2, 16


def storage_bits(bits: int) -> int:
    """The number of bits that a stored code takes: 2, 4, 8 or 16 (3 bits are stored in 4, 5-7 in 8, 9-15 in 16)."""
    return next(width for width in (2, 4, 8, 16) if width >= bits)


def delta_of_box(half_width: float, bits: int) -> float:
    """The step size half_width / 2^(bits - 1), with which the codes of ``bits`` bits cover [-half_width, half_width)."""
    return half_width / 2.0 ** (bits - 1)


@dataclass(frozen=True, eq=False)
class Grid:
    """The points delta * q, for q an integer code in [q_lo, q_hi] = [-2^(bits-1), 2^(bits-1) - 1].

    bits : int in 2..16, m in the statements.
    delta : step size, Delta in the statements; positive, and finite times 2^(bits-1), as float32. A scalar, or one per row:
        float32 (n_rows,), and then what is quantized has shape (n_rows, k). Stored as float32, () or (n_rows,), read-only.

    Raises ValueError when ``bits`` or ``delta`` is out of range, naming the first offending row.
    """

    bits: int
    delta: NDArray[float32]

    def __init__(self, bits: int, delta: ArrayLike) -> None:
        if not is_integer(bits) or not MIN_BITS <= bits <= MAX_BITS:
            raise ValueError(f"bits must be an integer in {MIN_BITS}..{MAX_BITS}, got {bits!r}")
        try:
            given = np.array(delta)
            if given.dtype.kind not in "iuf":
                raise TypeError
            with np.errstate(over="ignore", under="ignore"):
                deltas = given.astype(float32, copy=False)
                edge = deltas * float32(2.0 ** (int(bits) - 1))
        except (OverflowError, TypeError, ValueError):
            raise ValueError(f"delta must be a number or a vector of numbers, got {delta!r}") from None
        if deltas.ndim > 1:
            raise ValueError(f"delta must be a scalar or have one entry per row, got shape {deltas.shape}")
        bad = ~((deltas > 0) & np.isfinite(edge))
        if bad.any():
            at = f"[{int(np.argmax(bad))}]" if deltas.ndim else ""
            value = given.flat[int(np.argmax(bad))].item()
            raise ValueError(f"delta{at} must be positive, and its grid finite, in float32, got {value!r}")
        deltas.flags.writeable = False
        object.__setattr__(self, "bits", int(bits))
        object.__setattr__(self, "delta", deltas)

    def check_shape(self, name: str, shape: tuple[int, ...]) -> None:
        """Raise a ValueError unless an array ``name`` of this shape has a row for each step size, where there are several."""
        if self.per_row and (len(shape) != 2 or shape[0] != self.delta.size):
            raise ValueError(f"{name} must have shape ({self.delta.size}, k) for one delta per row, got {shape}")

    @property
    def q_lo(self) -> int:
        """The smallest code, -2^(bits-1)."""
        return int(-(2 ** (self.bits - 1)))

    @property
    def q_hi(self) -> int:
        """The largest code, 2^(bits-1) - 1."""
        return int(2 ** (self.bits - 1) - 1)

    @property
    def code_dtype(self) -> np.dtype[np.signedinteger]:
        """The dtype of unpacked codes: int8 up to 8 bits, int16 above."""
        return np.dtype(np.int8 if self.bits <= 8 else np.int16)

    @property
    def storage_bits(self) -> int:
        """The number of bits that a stored code takes, see :func:`storage_bits`."""
        return storage_bits(self.bits)

    @property
    def per_row(self) -> bool:
        """True where each row has a step size of its own."""
        return self.delta.ndim == 1

    def values(self) -> NDArray[float32]:
        """The representable values delta * q in increasing order, rounded to float32. Their shape is (2^bits,), or (n_rows,
        2^bits) with one delta per row."""
        codes = np.arange(self.q_lo, self.q_hi + 1, dtype=float32)
        return self.delta[..., None] * codes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self.bits == other.bits and np.array_equal(self.delta, other.delta)

    def __repr__(self) -> str:
        shown = f"{float(self.delta):.9g}" if not self.per_row else f"<{self.delta.size} rows>"
        return f"Grid(bits={self.bits}, delta={shown})"
