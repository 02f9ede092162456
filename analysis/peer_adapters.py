"""Adapters of other libraries' quantizers, for the conformance suite, a class for each design.

alpt-ref check-quantizer analysis/peer_adapters.py:TorchFloor

The first line of a class is the call that it makes. An adapter declares what a library documents or its format forces; the rest
is judged. Integer types have no NaN, so their result for it is declared; floats that stand for codes could keep it. Libraries
are seeded in their own ways before each call, and imported when an adapter is made. random_bits is the number that their
uniforms have.
"""

import math
from typing import Any

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

Values = NDArray[float32]


def box(bits: int) -> tuple[int, int]:
    """The lowest and the highest code of a grid of ``bits`` bits."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def comparison(xp: Any, s: Any, u: Any) -> Any:
    """The codes of s by stochastic rounding with uniforms u; ``xp`` is a library of arrays."""
    below = xp.floor(s)
    return below + (u < s - below)


class ByHand:
    """Rounding as users of array libraries write it: ``code`` rounds s = x / delta; clipped, times delta."""

    rounding = "stochastic"

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values of ``x``."""
        return self.quantize_with_uniforms(x, delta, bits, self._uniforms(x.shape, seed))

    def quantize_with_uniforms(self, x: Values, delta: float, bits: int, u: Any) -> Values:
        """The grid values of ``x``, with uniforms ``u``."""
        code = self.code(self.xp, self.xp.asarray(x) / delta, self.xp.asarray(u))
        return np.asarray(self.xp.clip(code, *box(bits)) * delta)


class Torch:
    """PyTorch, seeded by torch.manual_seed."""

    library = "torch"
    rounding = "nearest"

    def __init__(self) -> None:
        import torch

        self.xp = torch
        self.set_threads(1)

    def set_threads(self, n: int) -> None:
        """Use ``n`` threads in the calls that follow."""
        self.xp.set_num_threads(n)

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values of ``x``."""
        self.xp.manual_seed(seed)
        return self._values(self.xp.from_numpy(x), delta, bits).numpy()

    def _uniforms(self, shape: tuple[int, ...], seed: int) -> Any:
        self.xp.manual_seed(seed)
        return self.xp.rand(shape)


class TorchFloor(ByHand, Torch):
    """`torch.floor(x / delta + torch.rand(...))`, `torch.clip`"""

    random_bits = 24
    code = staticmethod(lambda xp, s, u: xp.floor(s + u))


class TorchComparison(ByHand, Torch):
    """`torch.floor(s) + (torch.rand(...) < s - torch.floor(s))`, `torch.clip`"""

    random_bits = 24
    code = staticmethod(comparison)


class TorchRound(Torch):
    """`torch.round(x / delta)`, `torch.clip`"""

    def _values(self, x: Any, delta: float, bits: int) -> Any:
        return self.xp.clip(self.xp.round(x / delta), *box(bits)) * delta


class TorchFakeQuantize(Torch):
    """`torch.fake_quantize_per_tensor_affine`"""

    def _values(self, x: Any, delta: float, bits: int) -> Any:
        return self.xp.fake_quantize_per_tensor_affine(x, delta, 0, *box(bits))


class TorchInt8(Torch):
    """`torch.quantize_per_tensor(x, delta, 0, torch.qint8).dequantize()`"""

    bits = (8,)
    nan = "highest"

    def _values(self, x: Any, delta: float, bits: int) -> Any:
        return self.xp.quantize_per_tensor(x, delta, 0, self.xp.qint8).dequantize()


class QtorchNearest(Torch):
    """`qtorch.quant.fixed_point_quantize`, nearest"""

    library = "qtorch"
    steps = "powers of two"

    def __init__(self) -> None:
        from qtorch.quant import fixed_point_quantize  # compiles its kernels the first time

        super().__init__()
        self._quantize = fixed_point_quantize

    def _values(self, x: Any, delta: float, bits: int) -> Any:
        return self._quantize(x, wl=bits, fl=-round(math.log2(delta)), rounding=self.rounding)


class QtorchStochastic(QtorchNearest):
    """`qtorch.quant.fixed_point_quantize`, stochastic"""

    rounding = "stochastic"
    random_bits = 24


class TorchaoNearest(Torch):
    """`torchao` `quantize_int8_rowwise`

    Its step is the row's absmax / 127: each value is a row of its own, with 127 delta, and clipped to that beforehand.
    """

    library = "torchao"
    range = "symmetric"
    bits = (8,)
    steps = "powers of two"

    def __init__(self) -> None:
        from torchao.prototype.quantized_training.int8 import quantize_int8_rowwise

        super().__init__()
        self._quantize = quantize_int8_rowwise

    def _values(self, x: Any, delta: float, bits: int) -> Any:
        edge = 127 * delta
        flat = x.reshape(-1).clip(-edge, edge)
        rows = self.xp.stack((flat, self.xp.full_like(flat, edge)), dim=1)
        codes, step = self._quantize(rows, stochastic_rounding=self.rounding == "stochastic", eps=0.0)
        return (codes[:, 0] * step).reshape(x.shape)


class TorchaoStochastic(TorchaoNearest):
    """`torchao` `quantize_int8_rowwise`, `stochastic_rounding=True`"""

    rounding = "stochastic"
    random_bits = 24


class BrevitasNearest(Torch):
    """`brevitas` `IntQuant` with `RoundSte()`"""

    library = "brevitas"

    def __init__(self) -> None:
        from brevitas.core import function_wrapper, quant

        super().__init__()
        self._parts, self._quant = function_wrapper, quant.IntQuant

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values of ``x``."""
        quant = self._quant(False, True, self._parts.Identity(), self._to_int(seed))
        scale, zero_point, bit_width = (self.xp.tensor(v) for v in (delta, 0.0, float(bits)))
        return quant(scale, zero_point, bit_width, self.xp.from_numpy(x)).numpy()

    def _to_int(self, seed: int) -> Any:
        return self._parts.RoundSte()


class BrevitasStochastic(BrevitasNearest):
    """`brevitas` `IntQuant` with `StochasticRoundSte(seed=...)`"""

    rounding = "stochastic"
    random_bits = 24

    def _to_int(self, seed: int) -> Any:
        return self._parts.StochasticRoundSte(seed=seed)


class PychopNearest:
    """`pychop.Chopf(ibits, fbits, rmode=1)` on NumPy"""

    library = "pychop"
    rounding = "nearest"
    steps = "powers of two"
    mode = 1

    def __init__(self) -> None:
        import pychop

        self._pychop = pychop

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values of ``x``. They are computed on vectors, as an array without dimensions is refused."""
        np.random.seed(seed)
        return self._values(x.reshape(-1), delta, bits).reshape(x.shape)

    def _values(self, x: Values, delta: float, bits: int) -> Values:
        fbits = -round(math.log2(delta))
        return self._pychop.Chopf(ibits=bits - fbits, fbits=fbits, rmode=self.mode)(x)


class PychopStochastic(PychopNearest):
    """`pychop.Chopf(ibits, fbits, rmode=5)` on NumPy, after `np.random.seed`"""

    rounding = "stochastic"
    mode = 5


class PychopInteger(PychopNearest):
    """`pychop.Chopi(bits, symmetric=True)` on NumPy"""

    bits = (8, 16)
    steps = "any"
    nan = "zero"

    def _values(self, x: Values, delta: float, bits: int) -> Values:
        chop = self._pychop.Chopi(bits=bits, symmetric=True)
        chop.quantize(np.array(box(bits), float32))  # the first call calibrates: steps of 1, for tiny ones are clipped
        return chop(x / float32(delta)) * float32(delta)


class GfloatNearest:
    """`gfloat.round_ndarray` to `format_info_ocp_int8`, `TiesToEven`"""

    library = "gfloat"
    rounding = "nearest"
    bits = (8,)
    steps = "powers of two"
    mode = "TiesToEven"

    def __init__(self) -> None:
        import gfloat.formats

        self._gfloat, self._format = gfloat, gfloat.formats.format_info_ocp_int8

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values of ``x``."""
        return self._rounded(x, delta)

    def _rounded(self, x: Values, delta: float, **random: Any) -> Values:
        unit = 64 * delta  # values of the format are multiples of 1/64
        v, mode = np.asarray(x.astype(float64) / unit), self._gfloat.RoundMode[self.mode]
        return (self._gfloat.round_ndarray(self._format, v, mode, sat=True, **random) * unit).astype(float32)


class GfloatScalar(GfloatNearest):
    """`gfloat.round_float` to `format_info_ocp_int8`, `TiesToAway`"""

    ties = "away"

    def _rounded(self, x: Values, delta: float, **random: Any) -> Values:
        unit, mode = 64 * delta, self._gfloat.RoundMode.TiesToAway
        rounded = [self._gfloat.round_float(self._format, v / unit, mode, sat=True) for v in x.ravel().tolist()]
        return (np.reshape(rounded, x.shape) * unit).astype(float32)


class GfloatStochastic(GfloatNearest):
    """`gfloat.round_ndarray` to `format_info_ocp_int8`, `Stochastic`, 24 random bits"""

    rounding = "stochastic"
    mode = "Stochastic"
    random_bits = given_bits = 24

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values of ``x``; random bits are the caller's."""
        return self.quantize_with_uniforms(x, delta, bits, np.random.default_rng(seed).random(x.shape, float32))

    def quantize_with_uniforms(self, x: Values, delta: float, bits: int, u: Values) -> Values:
        """The grid values of ``x``; the first bits of ``u`` are the random bits."""
        drawn = np.floor(u * 2.0**self.given_bits).astype(np.int64)
        return self._rounded(x, delta, srbits=drawn, srnumbits=self.given_bits)


class GfloatFewBits(GfloatStochastic):
    """`gfloat.round_ndarray` to `format_info_ocp_int8`, `StochasticFastest`, 5 random bits"""

    mode = "StochasticFastest"
    random_bits = given_bits = 5


class GfloatFewBitsUndeclared(GfloatFewBits):
    """the same, and nothing is declared of its random bits: for show"""

    random_bits = None


class Jax(ByHand):
    """JAX, not compiled as a whole: its uniforms have 23 bits."""

    library = "jax"
    random_bits = 23

    def __init__(self) -> None:
        import jax

        self._random, self.xp = jax.random, jax.numpy

    def _uniforms(self, shape: tuple[int, ...], seed: int) -> Any:
        return self._random.uniform(self._random.key(seed), shape)


class JaxFloor(Jax):
    """`jnp.floor(x / delta + jax.random.uniform(...))`, `jnp.clip`"""

    code = staticmethod(lambda xp, s, u: xp.floor(s + u))


class JaxComparison(Jax):
    """`jnp.floor(s) + (jax.random.uniform(...) < s - jnp.floor(s))`, `jnp.clip`"""

    code = staticmethod(comparison)


class JaxRound(Jax):
    """`jnp.round(x / delta)`, `jnp.clip`"""

    rounding = "nearest"
    random_bits = None
    code = staticmethod(lambda xp, s, u: xp.round(s))


class MlDtypesCast:
    """`(x / delta).astype(ml_dtypes.int4)`, or `int2`"""

    library = "ml_dtypes"
    rounding = "nearest"
    bits = (2, 4)
    nan = infinity = "zero"

    def __init__(self) -> None:
        import ml_dtypes

        self._types = {2: ml_dtypes.int2, 4: ml_dtypes.int4}

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values of ``x``."""
        code = self._prepared(x / float32(delta), bits).astype(self._types[bits])
        return code.astype(float32) * float32(delta)

    def _prepared(self, s: Values, bits: int) -> Values:
        return s


class MlDtypesRoundedCast(MlDtypesCast):
    """`np.clip(np.rint(x / delta), lo, hi).astype(ml_dtypes.int4)`, or `int2`"""

    infinity = "edge"

    def _prepared(self, s: Values, bits: int) -> Values:
        return np.clip(np.rint(s), *box(bits))


PEERS = [
    TorchFloor, TorchComparison, TorchRound, TorchFakeQuantize, TorchInt8, JaxFloor, JaxComparison, JaxRound,
    QtorchStochastic, QtorchNearest, TorchaoStochastic, TorchaoNearest, BrevitasStochastic, BrevitasNearest,
    PychopStochastic, PychopNearest, PychopInteger, GfloatStochastic, GfloatFewBits, GfloatFewBitsUndeclared,
    GfloatNearest, GfloatScalar, MlDtypesCast, MlDtypesRoundedCast,
]  # fmt: skip
