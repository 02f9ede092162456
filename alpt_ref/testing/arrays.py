"""Quantizers whose arrays are another library's, on any device: ``OnDevice(adapter, to="torch", device="cuda")``.

The adapter within gets arrays of its library and returns them. They are handed over through DLPack in the layout that the
suite chose (strided, without dimensions, without elements), as a compact copy only where the library takes no other. Results
are taken back through DLPack, by the library's own copy to the host, or through ``__array__``, whichever works first. Nothing
changes its dtype on the way, but for one thing: where the adapter declares a ``format``, narrow floats (bfloat16, float8 and
the like), for which NumPy has no dtype, are taken back as bits. They become the float32 that equals them, or stay codes where
the adapter returns codes.

The suite sees what happens to arrays in the memory of a device as if it were its own: where an adapter writes into what it was
given, or into what it returned before, the NumPy arrays change likewise.
"""

import importlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.formats import FORMATS
from alpt_ref.formats.points import decode
from alpt_ref.testing.adapter import Candidate

Array = Any  # of some library
NAMESPACES = {"torch": "torch", "jax": "jax.numpy", "cupy": "cupy", "numba": "numba.cuda"}
TO_HOST = ("cpu", "get", "copy_to_host")  # of PyTorch, CuPy and Numba
WATCHED = 2**17  # elements of the largest array that is looked at again after a call
ON_HOST = (1, 3)  # DLPack's numbers of the CPU, and of its memory that CUDA can reach, too


class OnDevice:
    """The adapter around one that computes on arrays of another library; declarations are those of the one within.

    adapter : a class or object of :mod:`alpt_ref.testing.adapter` whose methods take and return arrays of its library. to :
        "torch", "jax", "cupy" or "numba", or a function that makes an array of the library from one of NumPy, float32. device :
        what the library calls the device, for the named ones; by default its own default.

    Raises ValueError, one sentence, for what is no adapter, and where the library is not there or does not have the device.
    """

    def __new__(cls, adapter: Any, *given: Any, **options: Any) -> "OnDevice":
        """An object whose class has the name of the adapter's: reports call a quantizer so."""
        name = (adapter if isinstance(adapter, type) else type(adapter)).__name__
        return super().__new__(type(name, (cls,), {"__doc__": cls.__doc__}))

    def __init__(self, adapter: Any, to: str | Callable[[NDArray[float32]], Array], device: Any = None) -> None:
        self._to = to if callable(to) else _named(to, device)
        if callable(to) and device is not None:
            raise ValueError(f"device must be chosen by the function to, got device={device!r}, too")
        self._adapter = Candidate(adapter).adapter
        self._watched: list[tuple[Array, NDArray[Any]]] = []
        if callable(getattr(self._adapter, "quantize_with_uniforms", None)):
            self.quantize_with_uniforms = self._called("quantize_with_uniforms")
        self.quantize = self._called("quantize")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._adapter, name)

    def _called(self, method: str) -> Callable[..., NDArray[Any]]:
        def call(*arguments: Any, **keywords: Any) -> NDArray[Any]:
            """The result for NumPy arrays, each handed over; all else is passed on."""
            pairs = [(self._handed_over(a), a) for a in arguments if isinstance(a, np.ndarray)]
            mine = iter(pairs)
            given = [next(mine)[0] if isinstance(a, np.ndarray) else a for a in arguments]
            try:
                out = getattr(self._adapter, method)(*given, **keywords)
            finally:
                for array, numpy in (*pairs, *self._watched):
                    self._mirror(array, numpy)
            for array, numpy in pairs:
                if out is array:
                    numpy[...] = self._taken_back(out)
                    return numpy  # the suite asks whether memory is shared
            told = self._taken_back(out)
            self._watched = [(out, told)]
            return told

        return call

    def _mirror(self, array: Array, numpy: NDArray[Any]) -> None:
        """Write what an array of the library holds by now into the one of NumPy that stands for it."""
        if numpy.size <= WATCHED and numpy.flags.writeable:
            with suppress(Exception):  # it may be gone, as a donated array of JAX is
                now = self._taken_back(array)
                if now.tobytes() != numpy.tobytes():
                    numpy[...] = now

    def _handed_over(self, x: NDArray[Any]) -> Array:
        """The array of the library; TypeError unless it is float32 of the same shape."""
        array = self._to(x)
        if dtype_name(array) != x.dtype.name or tuple(array.shape) != x.shape:
            raise TypeError(f"to makes {dtype_name(array)} of shape {tuple(array.shape)} from {x.dtype} of shape {x.shape}")
        return array

    def _taken_back(self, out: Array) -> NDArray[Any]:
        """The result as a NumPy array; narrow floats as the adapter's declaration has them."""
        kind = FORMATS.get(dtype_name(out))
        undeclared = getattr(self, "format", None) is None
        if kind is None or (undeclared and kind.name == "float16"):
            return to_numpy(out)
        if undeclared:
            raise TypeError(f"returns {kind.name}; values of a grid are float32")
        codes = bits_of(out)
        if getattr(self, "returns", "values") == "codes":
            return codes
        return np.asarray(decode(kind, codes), float32)


def dtype_name(array: Array) -> str:
    """The dtype's name without its library: "float32", "bfloat16"; that of the type where there is no dtype."""
    return str(getattr(array, "dtype", type(array).__name__)).rpartition(".")[2]


def to_numpy(array: Array) -> NDArray[Any]:
    """An array of any library as one of NumPy, of the same dtype, without a copy where it lies in the memory of the CPU.

    TypeError, one sentence, where there is no way.
    """
    if isinstance(array, np.ndarray | np.generic):
        return np.asarray(array)
    said = "it has none of them"
    for way in (_by_dlpack, _by_host_copy, _by_array):
        try:
            found = way(array)
        except Exception as error:
            said = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            continue
        if found is not None:
            return found
    kind = f"{type(array).__module__.partition('.')[0]}.{type(array).__name__}"
    raise TypeError(f"returns {kind} of {dtype_name(array)}, which comes back neither by DLPack nor by __array__ ({said})")


def _by_dlpack(array: Array) -> NDArray[Any] | None:
    if not hasattr(array, "__dlpack__"):
        return None
    on_host = array.__dlpack_device__()[0] in ON_HOST
    return np.from_dlpack(array) if on_host else np.from_dlpack(array, device="cpu")


def _by_host_copy(array: Array) -> NDArray[Any] | None:
    for name in TO_HOST:
        if callable(copy := getattr(array, name, None)) and (host := copy()) is not array:
            return to_numpy(host)
    return None


def _by_array(array: Array) -> NDArray[Any] | None:
    return np.asarray(array) if hasattr(array, "__array__") else None


def bits_of(array: Array) -> NDArray[Any]:
    """The bit patterns of an array of narrow floats, uint8 or uint16."""
    width = FORMATS[dtype_name(array)].code_dtype
    if not isinstance(array, np.ndarray | np.generic):
        library = importlib.import_module(type(array).__module__.partition(".")[0])
        if not hasattr(library, "int16"):  # JAX, whose arrays NumPy reads with the dtypes of ml_dtypes
            array = to_numpy(array)
        else:
            array = to_numpy(array.view(library.int16 if width == np.uint16 else library.uint8))
    return np.asarray(array).view(width)


def _named(to: Any, device: Any) -> Callable[[NDArray[float32]], Array]:
    """The function of a known library."""
    if not isinstance(to, str) or to not in NAMESPACES:
        raise ValueError(f"to must be a function or one of {', '.join(map(repr, NAMESPACES))}, got {to!r}")
    try:
        namespace = importlib.import_module(NAMESPACES[to])
        make = {"torch": _torch, "jax": _jax, "cupy": _cupy, "numba": _numba}[to](namespace, device)
        make(np.zeros(1, float32))
    except Exception as error:
        where = f"to={to!r}" + (f", device={device!r}" if device is not None else "")
        line = " ".join(str(error).split())  # a driver tells its reason in the last of several lines
        raise ValueError(f"{where}: {type(error).__name__}: {line}") from None
    return make


def _torch(torch: Any, device: Any) -> Callable[[NDArray[float32]], Array]:
    def share(x: NDArray[float32]) -> Array:
        if min(x.strides, default=0) < 0:  # PyTorch 2.13 ends the process
            x = x.copy("C")
        try:
            return torch.from_dlpack(x)
        except (BufferError, RuntimeError, TypeError, ValueError):  # read-only, of NumPy before 2.1
            return torch.from_dlpack(x.copy())

    return share if device is None else lambda x: _spread(x, lambda array: share(array).to(device))


def _jax(jnp: Any, device: Any) -> Callable[[NDArray[float32]], Array]:
    put = importlib.import_module("jax").device_put
    if isinstance(device, str):
        device = importlib.import_module("jax").devices(device)[0]
    return lambda x: put(jnp.array(x, copy=True), device)  # its arrays are compact, and must not change with ours


def _cupy(cupy: Any, device: Any) -> Callable[[NDArray[float32]], Array]:
    def make(x: NDArray[float32]) -> Array:
        with cupy.cuda.Device(device):
            return _spread(x, cupy.asarray)

    return make


def _numba(cuda: Any, device: Any) -> Callable[[NDArray[float32]], Array]:
    def make(x: NDArray[float32]) -> Array:
        with cuda.gpus[device or 0]:
            return cuda.to_device(x.copy("C"))

    return make


def _spread(x: NDArray[float32], copied: Callable[[NDArray[float32]], Array]) -> Array:
    """The array that ``copied`` makes of x, strided where x is: copies between memories are compact."""
    if x.flags.c_contiguous or x.T.flags.c_contiguous:
        return copied(x)
    every_other = (slice(None, None, 2),) * x.ndim
    wide = np.zeros([2 * n for n in x.shape], x.dtype)
    wide[every_other] = x
    return copied(wide)[every_other]
