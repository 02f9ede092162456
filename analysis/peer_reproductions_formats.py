"""What is in :mod:`peer_reproductions`, for the adapters of floating-point formats."""

NAN = (
    "A NaN that only its low bits tell from an infinity loses them and is one; one of all ones, which CUDA's arithmetic makes, "
    "carries into the sign and is -0, or 0 if it was negative"
)
LOG2 = "In float32 log2 of the last number below a power of two is a whole number: there the gap is taken twice too large"

REPRODUCTIONS_OF_FORMATS = {
    "TorchBitTrick": (
        NAN + "; `TorchBitTrickOfFinite` leaves what is not finite alone.",
        """\
import torch
x = torch.tensor([0x7F800001, 0x7FFFFFFF], dtype=torch.int32).view(torch.float32)
noise = torch.randint(0, 2**16, x.shape, dtype=torch.int32)
print(x, ((x.view(torch.int32) + noise) & -65536).view(torch.float32))""",
    ),
    "TorchLogarithm": (
        LOG2 + ". And s + u is rounded before floor sees it: 1, which is a number of the format, moves.",
        """\
import torch
x = torch.tensor([1.0, 0.49999997])
gap = 2.0 ** (torch.floor(torch.log2(x)).clamp(min=-6) - 3)
print(gap, torch.floor(x / gap + 0.99999994) * gap, torch.floor(x / gap) * gap)""",
    ),
    "TorchaoBfloat16": (
        NAN + ". Numbers are rounded as they should be.",
        """\
import torch
from torchao.optim.quant_utils import _fp32_to_bf16_sr
x = torch.tensor([0x7F800001, 0x7FFFFFFF, -1], dtype=torch.int32).view(torch.float32)
print(x, _fp32_to_bf16_sr(x))""",
    ),
    "TorchaoMx8": (
        "Elements are divided by a scale of at least 2^-126, and the scale is written as 2^-127 (the code 0): blocks whose "
        "largest number is below 2^-118 come back halved.",
        """\
import torch
from torchao.prototype.mx_formats.mx_tensor import MXTensor
x = torch.full((1, 32), 2.0**-119)
print((MXTensor.to_mx(x, torch.float8_e4m3fn, 32).dequantize(torch.float32) / x)[0, 0])""",
    ),
    "TorchaoMx4": (
        "The smallest scale, as in `TorchaoMx8`: here below 2^-124.",
        """\
import torch
from torchao.prototype.mx_formats.mx_tensor import MXTensor
x = torch.full((1, 32), 2.0**-125)
print((MXTensor.to_mx(x, torch.float4_e2m1fn_x2, 32).dequantize(torch.float32) / x)[0, 0])""",
    ),
    "QtorchFloatStochastic": (
        "On the CPU it draws from a generator of its own, seeded by the hardware: no call can be repeated, and what rests on "
        "chance is not judged.",
        """\
import torch
from qtorch.quant import float_quantize
x = torch.full((64,), 1.1)
torch.manual_seed(0); a = float_quantize(x, exp=5, man=2, rounding="stochastic")
torch.manual_seed(0); b = float_quantize(x, exp=5, man=2, rounding="stochastic")
print(bool((a == b).all()))""",
    ),
    "QtorchFloatNearest": (
        "A subnormal is rounded as x + 2^-14, a sum that float32 rounds first: what is just below a tie becomes one, and "
        "goes up.",
        """\
import torch
from qtorch.quant import float_quantize
print(float_quantize(torch.tensor([7.629394e-06]), exp=5, man=2, rounding="nearest"), 2.0**-17)""",
    ),
    "QtorchBfloat16Stochastic": (
        "On the CPU it cannot be seeded, as `QtorchFloatStochastic`; and what `TorchBitTrick` does to NaN.",
        "",
    ),
    "QtorchBfloat16Nearest": (
        "A NaN whose low bits alone tell it from an infinity loses them.",
        """\
import torch
from qtorch.quant import float_quantize
x = torch.tensor([0x7F800001], dtype=torch.int32).view(torch.float32)
print(x, float_quantize(x, exp=8, man=7, rounding="nearest"))""",
    ),
    "JaxBitTrick": (
        NAN + ".",
        """\
import jax, jax.numpy as jnp
word = jnp.array([0x7F800001, 0x7FFFFFFF], jnp.uint32)
noise = jax.random.bits(jax.random.key(0), (2,), jnp.uint16).astype(jnp.uint32)
print(jax.lax.bitcast_convert_type((word + noise) & jnp.uint32(0xFFFF0000), jnp.float32))""",
    ),
    "JaxReducePrecisionE5m2": (
        "It has no subnormals: what is below the smallest normal number after rounding is 0. JAX promises none; a cast "
        "(`JaxCastE5m2`) has them.",
        """\
import jax, jax.numpy as jnp
x = jnp.array([2.0**-14, 2.0**-15, 2.0**-16])
print(jax.lax.reduce_precision(x, 5, 2), x.astype(jnp.float8_e5m2).astype(jnp.float32) == x)""",
    ),
    "PychopMx8": (
        "log2 in float32, as in `PychopBfloat16Stochastic`: just below a power of two the scale is twice the "
        "standard's. An array without elements is refused.",
        """\
import numpy as np, pychop
x = np.full(32, np.nextafter(np.float32(128), np.float32(0)))
print(pychop.mx_quantize(x, format="mxfp8_e4m3")[0], pychop.mx_quantize(x - 1, format="mxfp8_e4m3")[0])""",
    ),
    "PychopBfloat16Stochastic": (
        LOG2 + ".",
        """\
import numpy as np, pychop
x = np.nextafter(np.float32(2**-42), np.float32(0))
chop = pychop.Chop(exp_bits=8, sig_bits=7, rmode=4)  # towards zero
print(np.log2(x), chop(np.full(1, x)) / 2**-42, 1 - 2**-8)""",
    ),
    "PychopBfloat16": (
        "Rounding up to 2^128 gives 0, in place of infinity: the carry is not looked at in this mode, as it is in the "
        "stochastic one.",
        """\
import numpy as np, pychop
chop = pychop.Chop(exp_bits=8, sig_bits=7, rmode=1)
print(chop(np.array([3.3895314e38, 3.4028235e38], np.float32)))""",
    ),
    "PychopE5m2": (
        "Between the largest number, 57344, and 2^17 it gives 65536, which the format does not have, and 0; infinity from "
        "there.",
        """\
import numpy as np, pychop
chop = pychop.Chop(exp_bits=5, sig_bits=2, rmode=1)
print(chop(np.array([57344, 61440, 65536, 1e5, 131072], np.float32)))""",
    ),
}
