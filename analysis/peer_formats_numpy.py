"""Adapters of ml_dtypes, gfloat and pychop for rounding to floating-point formats, as in :mod:`peer_adapters`.

alpt-ref check-quantizer analysis/peer_formats_numpy.py:GfloatBfloat16Stochastic
"""

from typing import Any

import numpy as np
from numpy import float32
from peer_adapters import Values


class CastOfMlDtypes:
    """`x.astype(ml_dtypes.bfloat16)`"""

    library = "ml_dtypes"
    rounding = "nearest"
    format = "bfloat16"

    def __init__(self) -> None:
        import ml_dtypes

        self._type = getattr(ml_dtypes, self.format)

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format for ``x``."""
        return x.astype(self._type).astype(float32)


class MlDtypesE4m3fn(CastOfMlDtypes):
    """`x.astype(ml_dtypes.float8_e4m3fn)`"""

    format = "float8_e4m3fn"


class MlDtypesE5m2(CastOfMlDtypes):
    """`x.astype(ml_dtypes.float8_e5m2)`"""

    format = "float8_e5m2"


class MlDtypesE4m3fnuz(CastOfMlDtypes):
    """`x.astype(ml_dtypes.float8_e4m3fnuz)`"""

    format = "float8_e4m3fnuz"


class MlDtypesFloat6(CastOfMlDtypes):
    """`x.astype(ml_dtypes.float6_e3m2fn)`"""

    format, nan = "float6_e3m2fn", "zero"


class MlDtypesFloat4(CastOfMlDtypes):
    """`x.astype(ml_dtypes.float4_e2m1fn)`"""

    format, nan = "float4_e2m1fn", "zero"


class GfloatBfloat16:
    """`gfloat.round_ndarray(format_info_bfloat16, x)`, `TiesToEven`"""

    library = "gfloat"
    rounding = "nearest"
    format, info, mode, sat = "bfloat16", "bfloat16", "TiesToEven", False

    def __init__(self) -> None:
        import gfloat.formats

        self._gfloat = gfloat
        self._info = getattr(gfloat.formats, f"format_info_{self.info}")

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format for ``x``."""
        return self._rounded(x)

    def _rounded(self, x: Values, **random: Any) -> Values:
        mode = self._gfloat.RoundMode[self.mode]
        return self._gfloat.round_ndarray(self._info, np.asarray(x), mode, sat=self.sat, **random).astype(float32)


class GfloatE4m3(GfloatBfloat16):
    """`gfloat.round_ndarray(format_info_ocp_e4m3, x)`, `TiesToEven`"""

    format, info = "float8_e4m3fn", "ocp_e4m3"


class GfloatE5m2Away(GfloatBfloat16):
    """`gfloat.round_ndarray(format_info_ocp_e5m2, x)`, `TiesToAway`"""

    format, info, mode, ties = "float8_e5m2", "ocp_e5m2", "TiesToAway", "away"


class GfloatE5m2Scalar(GfloatE5m2Away):
    """`gfloat.round_float(format_info_ocp_e5m2, v)` for each `v`, `TiesToAway`"""

    def _rounded(self, x: Values, **random: Any) -> Values:
        mode = self._gfloat.RoundMode.TiesToAway
        rounded = [self._gfloat.round_float(self._info, v, mode) for v in x.ravel().tolist()]
        return np.reshape(np.array(rounded, float32), x.shape)


class GfloatFloat4(GfloatBfloat16):
    """`gfloat.round_ndarray(format_info_ocp_e2m1, x, sat=True)`, `TiesToEven`; NaN is refused here"""

    format, info, sat, nan = "float4_e2m1fn", "ocp_e2m1", True, "error"

    def _rounded(self, x: Values, **random: Any) -> Values:
        if np.isnan(x).any():
            raise ValueError("no NaN")
        return super()._rounded(x, **random)


class GfloatBfloat16Stochastic(GfloatBfloat16):
    """`gfloat.round_ndarray(format_info_bfloat16, x)`, `Stochastic`, 16 random bits"""

    rounding, mode = "stochastic", "Stochastic"
    given_bits = 16

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format for ``x``; random bits are the caller's."""
        return self.quantize_with_uniforms(x, np.random.default_rng(seed).random(x.shape, float32))

    def quantize_with_uniforms(self, x: Values, u: Values) -> Values:
        """The numbers of the format for ``x``; the first bits of ``u`` are the random bits."""
        drawn = np.floor(u * 2.0**self.given_bits).astype(np.int64)
        return self._rounded(x, srbits=drawn, srnumbits=self.given_bits)


class GfloatE4m3Stochastic(GfloatBfloat16Stochastic):
    """`gfloat.round_ndarray(format_info_ocp_e4m3, x, sat=True)`, `Stochastic`, 24 random bits"""

    format, info, sat, overflow = "float8_e4m3fn", "ocp_e4m3", True, "saturate"
    random_bits = given_bits = 24


class GfloatE5m2Fast(GfloatBfloat16Stochastic):
    """`gfloat.round_ndarray(format_info_ocp_e5m2, x)`, `StochasticFast`, 8 random bits"""

    format, info, mode = "float8_e5m2", "ocp_e5m2", "StochasticFast"
    random_bits = given_bits = 8


class GfloatMx8:
    """`gfloat.quantize_block(format_info_mxfp8_e4m3, block, compute_scale_amax)`"""

    library = "gfloat"
    rounding = "nearest"
    format, overflow, block = "float8_e4m3fn", "saturate", 32
    infinity = "infinity"
    info = "mxfp8_e4m3"

    def __init__(self) -> None:
        import gfloat
        import gfloat.formats

        self._gfloat = gfloat
        self._info = getattr(gfloat.formats, f"format_info_{self.info}")

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format for ``x``, a block at a time."""
        scale = self._gfloat.compute_scale_amax
        blocks = [self._gfloat.quantize_block(self._info, block, scale) for block in x.reshape(-1, 32).astype(float)]
        return np.reshape(np.array(blocks, float32), x.shape)


class PychopBfloat16:
    """`pychop.Chop(exp_bits=8, sig_bits=7, rmode=1)` on NumPy"""

    library = "pychop"
    rounding = "nearest"
    format, bits_of, mode = "bfloat16", (8, 7), 1
    zeros = "any"

    def __init__(self) -> None:
        import pychop

        self._pychop = pychop

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format for ``x``; the seed is an argument of the object that rounds."""
        exponent, significand = self.bits_of
        chop = self._pychop.Chop(exp_bits=exponent, sig_bits=significand, rmode=self.mode, random_state=seed)
        return np.asarray(chop(x))


class PychopBfloat16Stochastic(PychopBfloat16):
    """`pychop.Chop(exp_bits=8, sig_bits=7, rmode=5, random_state=seed)` on NumPy"""

    rounding, mode = "stochastic", 5


class PychopE5m2(PychopBfloat16):
    """`pychop.Chop(exp_bits=5, sig_bits=2, rmode=1)` on NumPy"""

    format, bits_of = "float8_e5m2", (5, 2)


class PychopE5m2Stochastic(PychopBfloat16Stochastic):
    """`pychop.Chop(exp_bits=5, sig_bits=2, rmode=5, random_state=seed)` on NumPy"""

    format, bits_of = "float8_e5m2", (5, 2)


class PychopMx8:
    """`pychop.mx_quantize(x, format="mxfp8_e4m3")` on NumPy"""

    library = "pychop"
    rounding = "nearest"
    format, overflow, block = "float8_e4m3fn", "saturate", 32
    infinity, zeros = "infinity", "any"

    def __init__(self) -> None:
        import pychop

        self._quantize = pychop.mx_quantize

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format for ``x``, rows end to end."""
        return np.asarray(self._quantize(x.ravel(), format="mxfp8_e4m3")).reshape(x.shape)


PEERS = [
    CastOfMlDtypes, MlDtypesE4m3fn, MlDtypesE5m2, MlDtypesE4m3fnuz, MlDtypesFloat6, MlDtypesFloat4,
    GfloatBfloat16Stochastic, GfloatE4m3Stochastic, GfloatE5m2Fast, GfloatBfloat16, GfloatE4m3, GfloatE5m2Away,
    GfloatE5m2Scalar, GfloatFloat4, GfloatMx8,
    PychopBfloat16Stochastic, PychopE5m2Stochastic, PychopBfloat16, PychopE5m2, PychopMx8,
]  # fmt: skip
