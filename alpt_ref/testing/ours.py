"""Adapters of this package's own quantizers: the compiled one, and the reference in rational arithmetic.

alpt-ref check-quantizer alpt_ref.testing.ours:Stochastic
alpt-ref check-quantizer alpt_ref.testing.ours:Bfloat16
"""

import numpy as np

from alpt_ref import reference
from alpt_ref.formats import format_of
from alpt_ref.grid import Grid
from alpt_ref.quantizer import dequantize, quantize
from alpt_ref.rng import Stream, uniforms
from alpt_ref.testing.case import Values


class Stochastic:
    """The adapter of ``alpt_ref.quantize``, stochastic."""

    rounding = "stochastic"
    random_bits = 24
    nan = infinity = "error"

    def __init__(self) -> None:
        self._threads = 1

    def set_threads(self, n: int) -> None:
        """Use ``n`` threads in the calls that follow."""
        self._threads = n

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values of ``x``, with uniforms from the counter."""
        grid = Grid(bits, delta)
        return dequantize(quantize(x, grid, self.rounding, seed=seed, n_threads=self._threads), grid)

    def quantize_with_uniforms(self, x: Values, delta: float, bits: int, u: Values) -> Values:
        """The grid values of ``x``, with uniforms ``u``."""
        grid = Grid(bits, delta)
        return dequantize(quantize(x, grid, self.rounding, u=u, n_threads=self._threads), grid)


class Nearest(Stochastic):
    """The adapter of ``alpt_ref.quantize``, nearest."""

    rounding = "nearest"


class ReferenceStochastic:
    """The adapter of ``alpt_ref.reference``, stochastic: rational arithmetic, an element at a time. Slow."""

    rounding = "stochastic"
    nan = infinity = "error"

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values of ``x``, with uniforms from the counter."""
        u = uniforms(x.size, seed=seed, stream=Stream.QUANTIZE).reshape(x.shape)
        return self.quantize_with_uniforms(x, delta, bits, u)

    def quantize_with_uniforms(self, x: Values, delta: float, bits: int, u: Values) -> Values:
        """The grid values of ``x``, with uniforms ``u``."""
        if not np.isfinite(x).all():
            raise ValueError("x must be finite")
        grid = Grid(bits, delta)
        s = x.astype(np.float64) / np.float64(delta)
        codes = [
            reference.next_code(0, t, v, self.rounding, grid.q_lo, grid.q_hi)
            for t, v in zip(s.ravel().tolist(), u.ravel().tolist(), strict=True)
        ]
        return dequantize(np.array(codes, grid.code_dtype).reshape(x.shape), grid)


class ReferenceNearest(ReferenceStochastic):
    """The adapter of ``alpt_ref.reference``, nearest."""

    rounding = "nearest"


class Bfloat16:
    """The adapter of ``alpt_ref.quantize`` to bfloat16, stochastic; the base of those to other formats."""

    rounding = "stochastic"
    format = "bfloat16"
    random_bits = 24

    def __init__(self) -> None:
        self._threads = 1

    def set_threads(self, n: int) -> None:
        """Use ``n`` threads in the calls that follow."""
        self._threads = n

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format that ``x`` becomes, with uniforms from the counter."""
        kind = format_of(self.format)
        return dequantize(quantize(x, kind, self.rounding, seed=seed, n_threads=self._threads), kind)

    def quantize_with_uniforms(self, x: Values, u: Values) -> Values:
        """The numbers of the format that ``x`` becomes, with uniforms ``u``."""
        kind = format_of(self.format)
        return dequantize(quantize(x, kind, self.rounding, u=u, n_threads=self._threads), kind)


class E4m3(Bfloat16):
    """The adapter of ``alpt_ref.quantize`` to float8_e4m3fn, stochastic; overflow is NaN."""

    format = "float8_e4m3fn"


class E5m2(Bfloat16):
    """The adapter of ``alpt_ref.quantize`` to float8_e5m2, stochastic; overflow is infinite."""

    format = "float8_e5m2"


class Bfloat16Nearest(Bfloat16):
    """The adapter of ``alpt_ref.quantize`` to bfloat16, nearest."""

    rounding = "nearest"


class E4m3Nearest(E4m3):
    """The adapter of ``alpt_ref.quantize`` to float8_e4m3fn, nearest."""

    rounding = "nearest"
