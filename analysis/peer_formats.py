"""Adapters of PyTorch, torchao, qtorch and JAX for rounding to floating-point formats, as in :mod:`peer_adapters`.

alpt-ref check-quantizer analysis/peer_formats.py:TorchBitTrick

Simulators that document nothing of -0 are declared ``zeros = "any"``. Random bits are not declared where they are as many as
the format leaves of a float32: 16 of bfloat16. What MX blocks make of infinities, and of NaN where elements have none, the
standard leaves open: it is declared.
"""

from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray
from peer_adapters import Jax, Torch, Values

from alpt_ref.formats import Format

UPPER = -65536  # the mask of the 16 bits of a float32 that bfloat16 keeps, as an int32


def of_qtorch(exponent_bits: int, mantissa_bits: int) -> Format:
    """The format of qtorch's float mode: its highest exponent is of numbers, and there are no infinities and NaN."""
    name, bias = f"e{exponent_bits}m{mantissa_bits} of qtorch", 2 ** (exponent_bits - 1) - 1
    return Format(name, exponent_bits, mantissa_bits, bias, nans="none", infinities=False, overflow="saturate")


class FormatOfTorch(Torch):
    """PyTorch to a format; ``_rounded`` takes and gives tensors."""

    format: str | Format = "bfloat16"

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format for ``x``."""
        self.xp.manual_seed(seed)
        return self._rounded(self.xp.from_numpy(x)).to(self.xp.float32).numpy()


class TorchBitTrick(FormatOfTorch):
    """`(x.view(torch.int32) + torch.randint(0, 2**16, ...)) & -65536`, as bfloat16"""

    rounding = "stochastic"

    def _rounded(self, x: Any) -> Any:
        return self._carried(x, self.xp.randint(0, 2**16, x.shape, dtype=self.xp.int32))

    def quantize_with_uniforms(self, x: Values, u: Values) -> Values:
        """The same with the first 16 bits of ``u``."""
        return self._carried(self.xp.from_numpy(x), (self.xp.from_numpy(u) * 2**16).to(self.xp.int32)).numpy()

    def _carried(self, x: Any, noise: Any) -> Any:
        return ((x.view(self.xp.int32) + noise) & UPPER).view(self.xp.float32)


class TorchBitTrickOfFinite(TorchBitTrick):
    """the same, and `torch.where(torch.isfinite(x), ..., x)`"""

    def _carried(self, x: Any, noise: Any) -> Any:
        return self.xp.where(self.xp.isfinite(x), super()._carried(x, noise), x)


class TorchLogarithm(FormatOfTorch):
    """`g = 2 ** (torch.floor(torch.log2(x.abs())).clamp(min=-6) - 3)`, `torch.floor(x.abs() / g + torch.rand(...)) * g`"""

    format, overflow = "float8_e4m3fn", "saturate"
    rounding, random_bits = "stochastic", 24

    def _rounded(self, x: Any) -> Any:
        return self._floored(x, self.xp.rand(x.shape))

    def quantize_with_uniforms(self, x: Values, u: Values) -> Values:
        """The numbers of the format, with uniforms ``u``."""
        return self._floored(self.xp.from_numpy(x), self.xp.from_numpy(u)).numpy()

    def _floored(self, x: Any, u: Any) -> Any:
        size = x.abs().clamp(max=448)
        gap = 2.0 ** (self.xp.floor(self.xp.log2(size)).clamp(min=-6) - 3)
        return self.xp.copysign((self.xp.floor(size / gap + u) * gap).clamp(max=448), x)


class TorchCast(FormatOfTorch):
    """`x.to(torch.bfloat16)`"""

    def _rounded(self, x: Any) -> Any:
        return x.to(getattr(self.xp, str(self.format)))


class TorchCastHalf(TorchCast):
    """`x.to(torch.float16)`"""

    format = "float16"


class TorchCastE4m3fn(TorchCast):
    """`x.to(torch.float8_e4m3fn)`, which saturates since PyTorch 2.12"""

    format, overflow = "float8_e4m3fn", "saturate"


class TorchCastE5m2(TorchCast):
    """`x.to(torch.float8_e5m2)`"""

    format = "float8_e5m2"


class TorchCastE4m3fnuz(TorchCast):
    """`x.to(torch.float8_e4m3fnuz)`"""

    format = "float8_e4m3fnuz"


class TorchCastE5m2fnuz(TorchCast):
    """`x.to(torch.float8_e5m2fnuz)`"""

    format = "float8_e5m2fnuz"


class TorchaoBfloat16(FormatOfTorch):
    """`torchao.optim.quant_utils._fp32_to_bf16_sr`, which `AdamW8bit(bf16_stochastic_round=True)` and the like call"""

    library = "torchao"
    rounding = "stochastic"

    def __init__(self) -> None:
        from torchao.optim.quant_utils import _fp32_to_bf16_sr

        super().__init__()
        self._rounded = _fp32_to_bf16_sr


class TorchaoSaturated(FormatOfTorch):
    """`torchao.float8.float8_utils.to_fp8_saturated(x, torch.float8_e5m2)`"""

    library = "torchao"
    format, overflow = "float8_e5m2", "saturate"

    def __init__(self) -> None:
        from torchao.float8.float8_utils import to_fp8_saturated

        super().__init__()
        self._cast = to_fp8_saturated

    def _rounded(self, x: Any) -> Any:
        return self._cast(x, self.xp.float8_e5m2)


class TorchaoFloat6(FormatOfTorch):
    """`torchao` `f32_to_f6_e3m2_unpacked` and back; NaN, documented as not supported, is refused here"""

    library = "torchao"
    format, nan = "float6_e3m2fn", "error"
    short = "f6_e3m2"

    def __init__(self) -> None:
        from torchao.prototype.mx_formats import kernels

        super().__init__()
        self._to = getattr(kernels, f"f32_to_{self.short}_unpacked")
        self._from = getattr(kernels, f"{self.short}_unpacked_to_f32")

    def _rounded(self, x: Any) -> Any:
        if x.isnan().any():
            raise ValueError("no NaN")
        return self._from(self._to(x))


class TorchaoFloat4(TorchaoFloat6):
    """`torchao` `f32_to_f4_unpacked` and back; NaN, documented as not supported, is refused here"""

    format, short = "float4_e2m1fn", "f4"


class TorchaoMx8(FormatOfTorch):
    """`torchao` `MXTensor.to_mx(x, torch.float8_e4m3fn, 32)`, `dequantize`"""

    library = "torchao"
    format, overflow, block = "float8_e4m3fn", "saturate", 32
    infinity = "infinity"
    dtype = "float8_e4m3fn"

    def __init__(self) -> None:
        from torchao.prototype.mx_formats.mx_tensor import MXTensor

        super().__init__()
        self._to_mx = MXTensor.to_mx

    def _rounded(self, x: Any) -> Any:
        return self._to_mx(x.contiguous(), getattr(self.xp, self.dtype), 32).dequantize(self.xp.float32)


class TorchaoMx4(TorchaoMx8):
    """`torchao` `MXTensor.to_mx(x, torch.float4_e2m1fn_x2, 32)`, `dequantize`"""

    format, dtype, nan = "float4_e2m1fn", "float4_e2m1fn_x2", "nan"


class QtorchFloatNearest(FormatOfTorch):
    """`qtorch.quant.float_quantize(x, exp=5, man=2, rounding="nearest")`; NaN, which its format lacks, is refused here"""

    library = "qtorch"
    format: str | Format = of_qtorch(5, 2)
    ties, zeros = "away", "any"
    nan: str | None = "error"
    bits_of = 5, 2

    def __init__(self) -> None:
        from qtorch.quant import float_quantize  # compiles its kernels the first time

        super().__init__()
        self._quantize = float_quantize

    def _rounded(self, x: Any) -> Any:
        if self.nan == "error" and x.isnan().any():
            raise ValueError("no NaN")
        return self._quantize(x, *self.bits_of, rounding=self.rounding)


class QtorchFloatStochastic(QtorchFloatNearest):
    """`qtorch.quant.float_quantize(x, exp=5, man=2, rounding="stochastic")`; NaN, which its format lacks, is refused here"""

    rounding = "stochastic"
    ties = "even"


class QtorchBfloat16Nearest(QtorchFloatNearest):
    """`qtorch.quant.float_quantize(x, exp=8, man=7, rounding="nearest")`"""

    format, nan = "bfloat16", None
    bits_of = 8, 7


class QtorchBfloat16Stochastic(QtorchBfloat16Nearest):
    """`qtorch.quant.float_quantize(x, exp=8, man=7, rounding="stochastic")`"""

    rounding = "stochastic"
    ties = "even"


class JaxCast(Jax):
    """`x.astype(jnp.bfloat16)`"""

    rounding = "nearest"
    random_bits = None
    format: str = "bfloat16"

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format for ``x``."""
        return np.asarray(self._rounded(self.xp.asarray(x)).astype(float32))

    quantize_with_uniforms = None

    def _rounded(self, x: Any) -> Any:
        return x.astype(getattr(self.xp, self.format))


class JaxCastE4m3fn(JaxCast):
    """`x.astype(jnp.float8_e4m3fn)`"""

    format = "float8_e4m3fn"


class JaxCastE5m2(JaxCast):
    """`x.astype(jnp.float8_e5m2)`"""

    format = "float8_e5m2"


class JaxReducePrecision(JaxCast):
    """`jax.lax.reduce_precision(x, exponent_bits=8, mantissa_bits=7)`"""

    bits_of = 8, 7

    def _rounded(self, x: Any) -> Any:
        from jax import lax

        return lax.reduce_precision(x, *self.bits_of)


class JaxReducePrecisionE5m2(JaxReducePrecision):
    """`jax.lax.reduce_precision(x, exponent_bits=5, mantissa_bits=2)`"""

    format = "float8_e5m2"
    bits_of = 5, 2


class JaxBitTrick(JaxCast):
    """`lax.bitcast_convert_type(x, jnp.uint32) + jax.random.bits(...)`, the upper 16 bits, as bfloat16"""

    rounding = "stochastic"

    def quantize(self, x: Values, seed: int) -> Values:
        """The numbers of the format for ``x``."""
        return self._carried(x, self._random.bits(self._random.key(seed), x.shape, self.xp.uint16))

    def quantize_with_uniforms(self, x: Values, u: Values) -> Values:
        """The same with the first 16 bits of ``u``."""
        return self._carried(x, self.xp.asarray(u) * 2**16)

    def _carried(self, x: Values, noise: Any) -> NDArray[float32]:
        from jax import lax

        word = lax.bitcast_convert_type(self.xp.asarray(x), self.xp.uint32) + noise.astype(self.xp.uint32)
        return np.asarray(lax.bitcast_convert_type(word & self.xp.uint32(0xFFFF0000), self.xp.float32))


PEERS = [
    TorchBitTrick, TorchBitTrickOfFinite, TorchLogarithm, TorchCast, TorchCastHalf, TorchCastE4m3fn, TorchCastE5m2,
    TorchCastE4m3fnuz, TorchCastE5m2fnuz, TorchaoBfloat16, TorchaoSaturated, TorchaoFloat6, TorchaoFloat4, TorchaoMx8,
    TorchaoMx4, QtorchFloatStochastic, QtorchFloatNearest, QtorchBfloat16Stochastic, QtorchBfloat16Nearest, JaxBitTrick,
    JaxCast, JaxCastE4m3fn, JaxCastE5m2, JaxReducePrecision, JaxReducePrecisionE5m2,
]  # fmt: skip
