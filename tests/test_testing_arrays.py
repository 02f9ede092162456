"""``OnDevice``: arrays of other libraries, and of a device that there is none of: it refuses all but DLPack."""

import ast
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from numpy import float32

from alpt_ref.testing import OnDevice, arrays, check_quantizer
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.arrays import to_numpy
from tests.marks import long

pytestmark = pytest.mark.edge

EXTENSION = 12  # DLPack's number of a device of another kind


class Far:
    """An array on a device: NumPy's is its memory. It speaks DLPack, for the memory of the CPU if asked, and nothing else."""

    def __init__(self, memory):
        self.memory = np.asarray(memory)
        self.shape, self.dtype = self.memory.shape, f"far.{self.memory.dtype.name}"

    def __array__(self, *given, **options):
        raise TypeError("an array of a device is none of NumPy")

    def __dlpack_device__(self):
        return EXTENSION, 0

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        if dl_device != (1, 0):
            raise BufferError("of the device")
        return np.array(self.memory).__dlpack__(max_version=max_version)


def far(x):
    return Far(x.copy("A") if x.flags.c_contiguous or x.T.flags.c_contiguous else np.array(x))


class Sound:
    rounding = "stochastic"
    random_bits = 24

    def quantize(self, x, delta, bits, seed):
        u = np.random.default_rng(seed).random(x.shape, float32)
        return self.quantize_with_uniforms(x, delta, bits, Far(u))

    def quantize_with_uniforms(self, x, delta, bits, u):
        assert isinstance(x, Far)
        assert isinstance(u, Far)
        s = np.clip(x.memory / float32(delta), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        n = np.floor(s)
        return Far(((n + (u.memory < s - n)) * float32(delta)).astype(float32))


class WritesX(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        x.memory[...] = out.memory
        return out


class WritesU(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        u.memory[...] = 0.5
        return out


class ReturnsX(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        x.memory[...] = super().quantize_with_uniforms(x, delta, bits, u).memory
        return x


class WritesAndRefuses(Sound):
    """Sees NaN too late."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        if np.isnan(x.memory).any():
            x.memory[...] = 0.0
            raise ValueError("x must be finite")
        return super().quantize_with_uniforms(x, delta, bits, u)


class OneBuffer(Sound):
    """The memory of a result is used again."""

    def __init__(self):
        self.buffer = np.zeros(0, float32)

    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        if self.buffer.size < out.memory.size:
            self.buffer = np.zeros(out.memory.size, float32)
        part = self.buffer[: out.memory.size].reshape(out.memory.shape)
        part[...] = out.memory
        return Far(part)


class Wide(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return Far(super().quantize_with_uniforms(x, delta, bits, u).memory.astype(np.float64))


CALLS = ("input-untouched", "dtype-and-shape", "repeatable", "every-element")


def failures(adapter, *names):
    return {outcome.entry.name: outcome.note for outcome in check_quantizer(adapter, *names, level="quick").failures}


def test_a_sound_quantizer_on_a_device_conforms():
    report = check_quantizer(OnDevice(Sound, far), level="quick")
    assert report.conforms
    assert report.candidate.name == "Sound"
    assert report.candidate.declared.random_bits == 24
    assert report["unbiased-enumerated"].status == "pass"


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        (WritesX, "writes into x: -0.85 at 0 becomes -1.0"),
        (WritesU, "writes into u: 0.0 at 0 becomes 0.5"),
        (ReturnsX, "writes into x: -0.85 at 0 becomes -1.0"),
        (WritesAndRefuses, "writes into x: np.nan at 0 becomes 0.0"),
        (OneBuffer, "a later call writes into what an earlier one returned"),
    ],
)
def test_what_happens_in_the_memory_of_the_device_is_seen(adapter, said):
    assert failures(OnDevice(adapter, far), *CALLS) == {"input-untouched": said}


def test_the_memory_of_x_is_not_returned():
    class Identity(Sound):
        def quantize_with_uniforms(self, x, delta, bits, u):
            return x

    given = np.array([1.0, 2.0], float32)
    assert np.shares_memory(OnDevice(Identity, far).quantize_with_uniforms(given, 1.0, 4, given), given)


def test_no_dtype_changes_on_the_way():
    assert failures(OnDevice(Wide, far), "dtype-and-shape")["dtype-and-shape"].startswith("returns float64 of shape ()")
    told = failures(OnDevice(Sound, lambda x: Far(x.astype(np.float64))), "dtype-and-shape")["dtype-and-shape"]
    assert told.endswith("TypeError: to makes float64 of shape (1,) from float32 of shape (1,)")
    told = failures(OnDevice(Sound, lambda x: Far(x.reshape(-1))), "dtype-and-shape")["dtype-and-shape"]
    assert "to makes float32 of shape (1,) from float32 of shape ()" in told


class Nothing:
    """An array that speaks nothing."""

    dtype, shape = "mute.float32", (1,)


def test_a_result_that_does_not_come_back_is_told_in_a_sentence():
    with pytest.raises(
        TypeError, match=r"^returns tests\.Nothing of float32, which comes back neither by DLPack nor by __array__ "
    ):
        to_numpy(Nothing())
    with pytest.raises(TypeError, match=r"^returns builtins\.list of list, which"):
        to_numpy([1.0])

    class Refuses(Far):
        def __dlpack__(self, **options):
            raise BufferError("no such layout\nby design")

    with pytest.raises(TypeError, match=r"comes back .*\(TypeError: an array of a device is none of NumPy\)$"):
        to_numpy(Refuses(np.zeros(3)))


def test_results_come_back_by_the_copies_that_libraries_have():
    for name in ("cpu", "get", "copy_to_host"):
        array = SimpleNamespace(**{name: lambda: np.arange(3.0)})
        assert np.array_equal(to_numpy(array), [0.0, 1.0, 2.0])
    mine = np.arange(3, dtype=float32)
    assert to_numpy(mine) is mine
    assert to_numpy(float32(2)).shape == ()


class Torchlike(Far):
    """Narrow floats that no other library reads; ``view`` gives their bits."""

    __module__ = "torchlike"

    def view(self, dtype):
        return Far(self.memory.view(dtype))

    def __dlpack__(self, **options):
        if self.memory.dtype.kind == "V":
            raise BufferError("no such dtype")
        return super().__dlpack__(**options)


@pytest.fixture
def torchlike(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchlike", SimpleNamespace(int16=np.int16, uint8=np.uint8))
    return Torchlike


NARROW = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float4_e2m1fn")


def narrow(form, wrap, **declared):
    """An adapter that returns all numbers of a format, whatever it gets."""
    dtype = np.dtype(getattr(ml_dtypes, form))
    codes = np.arange(2 ** ml_dtypes.finfo(dtype).bits, dtype=f"u{dtype.itemsize}")
    methods = {"quantize": lambda self, x, *rest: wrap(codes.view(dtype)), "rounding": "nearest"}
    return OnDevice(type("All", (), methods | declared), far), codes, dtype


@pytest.mark.parametrize("form", NARROW)
@pytest.mark.parametrize("of", ["NumPy", "PyTorch"])
def test_narrow_floats_come_back_bit_by_bit(form, of, torchlike):
    wrap = np.asarray if of == "NumPy" else torchlike
    adapter, codes, dtype = narrow(form, wrap, format=form)
    out = adapter.quantize(np.zeros(1, float32), 7)
    assert out.dtype == float32
    with np.errstate(invalid="ignore"):
        want = codes.view(dtype).astype(float32)
    assert np.array_equal(out, want, equal_nan=True)
    assert np.array_equal(np.signbit(out)[~np.isnan(out)], np.signbit(want)[~np.isnan(want)])
    adapter, codes, dtype = narrow(form, wrap, format=form, returns="codes")
    out = adapter.quantize(np.zeros(1, float32), 7)
    assert out.dtype == codes.dtype
    assert np.array_equal(out, codes)
    adapter, *_ = narrow(form, wrap)
    with pytest.raises(TypeError, match=f"returns {form}; values of a grid are float32"):
        adapter.quantize(np.zeros(1, float32), 1.0, 4, 7)


def test_float16_is_widened_only_where_it_is_declared():
    class Half:
        rounding = "nearest"

        def quantize(self, x, *rest):
            return Far(x.memory.astype(np.float16))

    x = np.array([1.5, -0.0, 70000.0], float32)
    with np.errstate(over="ignore"):
        assert OnDevice(Half, far).quantize(x, 1.0, 4, 0).dtype == np.float16
        out = OnDevice(type("Declared", (Half,), {"format": "float16"}), far).quantize(x, 0)
    assert out.dtype == float32
    assert np.array_equal(out, [1.5, -0.0, np.inf])


class Namespace:
    """PyTorch as ``to`` uses it. ``strict``: takes compact arrays alone, as JAX does; a negative stride ends the process."""

    def __init__(self, strict):
        self.strict, self.seen = strict, []

    def from_dlpack(self, x):
        assert min(x.strides, default=0) >= 0
        if (self.strict and not x.flags.c_contiguous) or not x.flags.writeable:
            raise BufferError("no such layout")
        self.seen.append(x.strides)
        return Moved(x)


class Moved(Far):
    def to(self, device):
        assert device == "far:0"
        assert self.memory.flags.c_contiguous or self.memory.T.flags.c_contiguous
        return Far(self.memory.copy("A"))


Far.__getitem__ = lambda self, these: Far(self.memory[these])
LAYOUTS = {
    "compact": lambda x: x,
    "transposed": lambda x: x.T,
    "strided": lambda x: x[::2, 1::3],
    "backwards": lambda x: x[::-1],
    "read-only": lambda x: np.broadcast_to(x[0], (3, x.shape[1])),
    "0-d": lambda x: x[0, 0, ...],
    "empty": lambda x: x[:0],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("device", [None, "far:0"])
def test_layouts(layout, strict, device, monkeypatch):
    torch = Namespace(strict)
    monkeypatch.setitem(sys.modules, "torch", torch)
    x = LAYOUTS[layout](np.arange(60, dtype=float32).reshape(10, 6))
    got = []

    class Keeps(Sound):
        def quantize(self, array, delta, bits, seed):
            got.append(array)
            return Far(array.memory + 1)

    out = OnDevice(Keeps, "torch", device).quantize(x, 1.0, 4, 0)
    (array,) = got
    assert array.shape == x.shape
    assert np.array_equal(out, x + 1)
    assert np.array_equal(array.memory, x)
    compact = array.memory.flags.c_contiguous
    if layout == "strided" and (device or not strict):
        assert not compact
    if layout in ("compact", "0-d", "empty") or (layout == "backwards" and device is None):
        assert compact
    if device is None and layout == "compact":
        assert np.shares_memory(array.memory, x)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_numba_are_compact(layout):
    class Device:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    def to_device(x):
        assert x.flags.c_contiguous
        return Far(x)

    numba = SimpleNamespace(gpus={0: Device(), 1: Device()}, to_device=to_device)
    x = LAYOUTS[layout](np.arange(60, dtype=float32).reshape(10, 6))
    array = arrays._numba(numba, None)(x)
    assert array.shape == x.shape
    assert np.array_equal(array.memory, x)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((3, far), "int must have a method quantize(x, delta, bits, seed)"),
        ((Sound, "tensorflow"), "to must be a function or one of 'torch', 'jax', 'cupy', 'numba', got 'tensorflow'"),
        ((Sound, 3), "to must be a function or one of 'torch', 'jax', 'cupy', 'numba', got 3"),
        ((Sound, "no_cupy"), "to='cupy': ModuleNotFoundError: import of cupy halted"),
        ((Sound, far, "cuda"), "device must be chosen by the function to, got device='cuda', too"),
        (
            (Sound, "torch", "cuda"),
            "to='torch', device='cuda': AssertionError: Torch not compiled with CUDA enabled, says the driver",
        ),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments, said, monkeypatch):
    def to(device):
        raise AssertionError("Torch not compiled with CUDA enabled,\n  says the driver")

    fake = SimpleNamespace(from_dlpack=lambda x: SimpleNamespace(to=to))
    monkeypatch.setitem(sys.modules, "torch", fake)
    monkeypatch.setitem(sys.modules, "cupy", None)
    adapter, *rest = ("cupy" if argument == "no_cupy" else argument for argument in arguments)
    with pytest.raises(ValueError, match="^" + re.escape(said)) as caught:
        OnDevice(adapter, *rest)
    assert "\n" not in str(caught.value)


def test_what_the_adapter_has_is_had():
    class Threads(Sound):
        def set_threads(self, n):
            self.n = n

    adapter = OnDevice(Threads, far)
    Candidate(adapter).set_threads(3)
    assert adapter.n == 3
    assert not hasattr(adapter, "_unknown")
    nearest = OnDevice(type("Nearest", (), {"rounding": "nearest", "quantize": lambda self, x, *rest: x}), far)
    assert not hasattr(nearest, "quantize_with_uniforms")


TORCH = """
class Mine:
    rounding = "stochastic"
    random_bits = 24
    def quantize(self, x, delta, bits, seed):
        u = xp.rand(x.shape, generator=xp.Generator().manual_seed(seed))
        return self.quantize_with_uniforms(x, delta, bits, u)
    def quantize_with_uniforms(self, x, delta, bits, u):
        s = xp.clip(x / delta, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        n = xp.floor(s)
        return (n + (u < s - n)) * delta
"""


@long
@pytest.mark.parametrize("device", [None, "cpu"])
def test_pytorch(device):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    made = {"xp": torch}
    exec(TORCH, made)
    adapter = OnDevice(made["Mine"], "torch", device)
    assert check_quantizer(adapter, level="quick").conforms
    for form in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        all_of = type("All", (), {"rounding": "nearest", "format": form, "quantize": None})
        dtype, codes = getattr(torch, form), np.arange(2 ** (16 if form == "bfloat16" else 8))
        tensor = torch.from_numpy(codes.astype("i2" if form == "bfloat16" else "u1")).view(dtype)
        all_of.quantize = lambda self, x, *rest, tensor=tensor: tensor
        out = OnDevice(all_of, "torch", device).quantize(np.zeros(1, float32), 0)
        assert np.array_equal(out, tensor.to(torch.float32).numpy(), equal_nan=True)


@long
def test_jax():
    jax = pytest.importorskip("jax", reason="jax is not installed")

    class Mine:
        rounding = "nearest"

        def quantize(self, x, delta, bits, seed):
            assert isinstance(x, jax.Array)
            return jax.numpy.clip(jax.numpy.round(x / delta), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * delta

    for device in (None, "cpu"):
        assert not failures(OnDevice(Mine, "jax", device), "dtype-and-shape", "input-untouched", "repeatable")
    numbers = jax.numpy.arange(-4.0, 4.0, dtype=jax.numpy.bfloat16)
    given = {"rounding": "nearest", "format": "bfloat16", "quantize": lambda self, x, *rest: numbers}
    out = OnDevice(type("All", (), given), "jax").quantize(np.zeros(1, float32), 0)
    assert np.array_equal(out, np.arange(-4.0, 4.0, dtype=float32))


def test_blocks_that_need_a_gpu_are_python():
    page = (Path(__file__).parent.parent / "docs" / "device-quantizers.md").read_text()
    blocks = re.findall(r"```py\n(.*?)```", page, re.S)
    assert len(blocks) == 2
    for block in blocks:
        ast.parse(block)
        assert len([line for line in block.splitlines() if line.strip()]) <= 24
