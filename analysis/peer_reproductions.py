"""The reasons for which adapters fail, and at most six lines of Python that show each, whose output the page holds."""

FLOOR_OF_SUM = "In float32 s + u is rounded, for u near 1 to the next integer, before floor sees it"
INFINITY = "The edge for -infinity is -max, not min: one code above that of the largest finite negative numbers."

REPRODUCTIONS = {
    "TorchFloor": (
        FLOOR_OF_SUM + "; `TorchComparison` conforms.",
        """\
import torch
torch.manual_seed(0)
x = torch.full((2**25,), 126.0)
print(torch.floor(torch.tensor(-2.0) + 0.99999994))
print(int((torch.floor(x + torch.rand(x.shape)) != x).sum()), "of", x.numel())""",
    ),
    "JaxFloor": (
        FLOOR_OF_SUM + "; `JaxComparison` conforms.",
        """\
import jax, jax.numpy as jnp
x = jnp.full(2**25, 126.0)
print((jnp.floor(x + jax.random.uniform(jax.random.key(0), x.shape)) != x).sum(), "of", x.size)""",
    ),
    "QtorchStochastic": (
        "It rounds s + u - 1/2 to the nearest, ties to even, and s + u is rounded to float32 before: odd codes move both ways.",
        """\
import torch
from qtorch.quant import fixed_point_quantize
torch.manual_seed(0)
y = fixed_point_quantize(torch.full((2**24,), 125.0), wl=8, fl=0, rounding="stochastic")
print(y.unique(return_counts=True))""",
    ),
    "QtorchNearest": (
        "It rounds s + 1/2 - 1/2: the first sum is rounded to float32, and the last bit of s is lost.",
        """\
import torch
from qtorch.quant import fixed_point_quantize
print(fixed_point_quantize(torch.tensor([0.50000006]), wl=8, fl=0, rounding="nearest"))""",
    ),
    "TorchaoStochastic": (
        FLOOR_OF_SUM + ".",
        """\
import torch
from torchao.prototype.quantized_training.int8 import quantize_int8_rowwise
torch.manual_seed(0)
codes, step = quantize_int8_rowwise(torch.tensor([[126.0, 127.0]]).repeat(2**25, 1), stochastic_rounding=True)
print(step.unique(), int((codes[:, 0] != 126).sum()), "of", len(codes))""",
    ),
    "TorchFakeQuantize": (
        "A float comes out, which could say NaN, and it is the lowest value.",
        """\
import torch
print(torch.fake_quantize_per_tensor_affine(torch.tensor([0.0, torch.nan]), 1.0, 0, -128, 127))""",
    ),
    "BrevitasStochastic": (
        "Where x / delta overflows float32, a finite x is refused.",
        """\
import torch
from brevitas.core.function_wrapper import StochasticRoundSte
try: StochasticRoundSte(seed=0)(torch.tensor([3e38]) / 0.5)
except RuntimeError as error: print(str(error).partition("  ")[0])""",
    ),
    "PychopStochastic": (
        INFINITY,
        """\
import numpy as np, pychop
print(pychop.Chopf(ibits=8, fbits=0, rmode=5)(np.array([-1e30, -np.inf])))""",
    ),
    "PychopNearest": (
        INFINITY,
        """\
import numpy as np, pychop
print(pychop.Chopf(ibits=8, fbits=0, rmode=1)(np.array([-1e30, -np.inf])))""",
    ),
    "GfloatFewBitsUndeclared": (
        "5 random bits cannot tell fractions below 1/32 apart, and gfloat documents that this mode is biased: declared, as by "
        "`GfloatFewBits`, it conforms. Here 0.03 steps never go up.",
        """\
import numpy as np
from gfloat import RoundMode, round_ndarray
from gfloat.formats import format_info_ocp_int8
x = np.full(32, 0.03 / 64)
print(round_ndarray(format_info_ocp_int8, x, RoundMode.StochasticFastest, srbits=np.arange(32), srnumbits=5).mean())""",
    ),
    "MlDtypesCast": (
        "A cast truncates, and keeps the low bits: it is no quantizer, but `MlDtypesRoundedCast` makes one of it.",
        """\
import numpy as np, ml_dtypes
print(np.array([0.9, 1.5, 7.0, 8.0, 1e30]).astype(ml_dtypes.int4))""",
    ),
}
