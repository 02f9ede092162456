"""``quantize`` and ``dequantize`` on a GPU: checks by kernels, then the loops of ``kernels/cuda``.

Arrays that lie on the GPU, of CuPy, PyTorch, Numba, or anything else with ``__cuda_array_interface__``, are read and written in
place; NumPy's are checked as always, and copied there and back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numba import cuda
from numpy import float32, int64
from numpy.typing import NDArray

from alpt_ref.formats import Format
from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.quantize import Cells
from alpt_ref.kernels.cuda import codes as code_loops
from alpt_ref.kernels.cuda import floats as float_loops
from alpt_ref.kernels.cuda import memory
from alpt_ref.kernels.cuda import quantize as loops
from alpt_ref.kernels.cuda.launch import launch
from alpt_ref.scalars.floats import Layout, type_of
from alpt_ref.scalars.philox import Noise
from alpt_ref.scalars.rounding import rules_for
from alpt_ref.tools.checks import check_unmasked
from alpt_ref.tools.devices import lies_on_gpu


class Call(NamedTuple):
    """A call of ``quantize``, apart from its arrays. layout : that of a format."""

    grid: Grid | Format
    rounding: str
    noise: Noise
    offset: int
    layout: Layout | None = None


def quantize(x: Any, call: Call, u: Any, out: Any) -> Any:
    """The codes of ``x``, an array on the GPU, as one there; see :func:`alpt_ref.quantize`. ValueError with nothing written."""
    held = memory.held("x", x)
    with _in_turn("quantizing", held.size * np.dtype(call.grid.code_dtype).itemsize):
        if isinstance(call.grid, Format):
            given = held = _floats("x", held, finite=False)
            if call.grid.nan_code is None:
                _refuse("x", f"is NaN, which {call.grid.name} does not have", held, float_loops.first_nan)
        else:
            given = held = _floats("x", held)
            call.grid.check_shape("x", held.shape)
        if u is not None:
            check_unmasked("u", u)
            given = _floats("u", memory.held("u", u) if lies_on_gpu(u) else cuda.to_device(np.asarray(u, order="C")))
            if given.shape != held.shape:
                raise ValueError(f"u must have the shape of x, {held.shape}, got {given.shape}")
            _refuse("u", "must be in [0, 1)", given, loops.first_outside, given.dtype.type(0), given.dtype.type(1))
        codes = _output(out, call.grid.code_dtype, (held, given))
        if held.size:
            _fill(held, given, codes, call)
    return codes if out is None else out


def quantize_copies(x: NDArray[Any], call: Call, u: NDArray[Any], out: NDArray[Any]) -> None:
    """The codes of ``x`` into ``out``; all of one shape, of NumPy, and checked."""
    if not x.size:
        return
    with memory.out_of_memory("quantizing", x.nbytes + out.nbytes + (0 if u is x else u.nbytes)):
        flat = cuda.to_device(x.reshape(-1))
        codes = cuda.device_array(x.size, out.dtype)
        _fill(flat.reshape(np.atleast_1d(x).shape), flat if u is x else cuda.to_device(u.reshape(-1)), codes, call)
        codes.copy_to_host(out.reshape(-1))


def _fill(x: Any, u: Any, codes: Any, call: Call) -> None:
    n, flat, out = x.size, x.reshape(x.size), codes.reshape(x.size)
    if isinstance(call.grid, Format):
        of = type_of(x.dtype)
        if call.noise.draws:
            launch(float_loops.drawing_coder(of, call.rounding), n // 4 + 2, flat, out, call.layout, call.noise, call.offset)
        else:
            launch(float_loops.given_coder(of, call.rounding), n, flat, u.reshape(n), out, call.layout)
        return
    grid, real = call.grid, x.dtype.type
    deltas = cuda.to_device(np.atleast_1d(grid.delta).astype(x.dtype))
    cells = Cells(deltas, x.shape[1] if grid.per_row else n, real(grid.q_lo), real(grid.q_hi))
    if call.noise.draws:
        _draw(flat, out, cells, call, grid.per_row)
    else:
        quantizer = loops.given_quantizer(rules_for(x.dtype), call.rounding, grid.per_row)
        launch(quantizer, n, flat, u.reshape(n), out, cells)


def _draw(x: Any, codes: Any, cells: Cells, call: Call, per_row: bool) -> None:
    """Codes by words of the counter: four in a store where blocks, and memory, are in step with the elements."""
    rules, bits, n = rules_for(x.dtype), 8 * codes.dtype.itemsize, x.size
    whole = n - n % 4 if call.offset % 4 == 0 and memory.address(codes) % (bits // 2) == 0 else 0
    if whole:
        fours = codes[:whole].view(np.uint32 if bits == 8 else np.uint64)
        words = loops.word_quantizer(rules, call.rounding, per_row, bits)
        launch(words, fours.size, x, fours, cells, call.noise, call.offset >> 2)
    if whole < n:
        rest = loops.drawing_quantizer(rules, call.rounding, per_row)
        launch(rest, (n - whole) // 4 + 2, x, codes, cells, call.noise, call.offset, whole)


def dequantize(codes: Any, grid: Grid | Format, numbers: Any = None) -> Any:
    """The weights of ``codes``, which lie on the GPU, as their weights will; see :func:`alpt_ref.dequantize`.

    numbers : those of all codes of a format, float32."""
    held = memory.held("codes", codes)
    with _in_turn("dequantizing", 4 * held.size):
        _contiguous("codes", held)
        if not np.issubdtype(held.dtype, np.integer):
            raise ValueError(f"codes must be integers, got {held.dtype}")
        if isinstance(grid, Format):
            lo, hi = 0, (1 << grid.bits) - 1
        else:
            lo, hi = grid.q_lo, grid.q_hi
            grid.check_shape("codes", held.shape)
        flat = held.reshape(held.size)
        _refuse("codes", f"must be in [{lo}, {hi}]", held, loops.first_outside, lo, hi + 1)
        out = cuda.device_array(held.shape, float32)
        if isinstance(grid, Format):
            launch(float_loops.look_up, held.size, flat, cuda.to_device(numbers), out.reshape(held.size))
        elif held.size:
            deltas = cuda.to_device(np.atleast_1d(grid.delta))
            row_size = held.shape[1] if grid.per_row else held.size
            launch(code_loops.dequantizer(grid.per_row), held.size, flat, deltas, row_size, out.reshape(held.size))
    return out


@contextmanager
def _in_turn(what: str, nbytes: float) -> Iterator[None]:
    """Wait for whoever still writes the arguments, on whatever stream, and let nobody read results before they are there."""
    cuda.synchronize()
    with memory.out_of_memory(what, nbytes):
        yield
        cuda.synchronize()


def _floats(name: str, array: Any, finite: bool = True) -> Any:
    """The array, as Numba's; ValueError unless it is of floats, and ``finite`` where that is asked."""
    found = _contiguous(name, array)
    if found.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name} must be float32 or float64, got {found.dtype}")
    if finite:
        _refuse(name, "is not finite", found, loops.first_infinite)
    return found


def _contiguous(name: str, held: Any) -> Any:
    if not held.is_c_contiguous():
        raise ValueError(f"{name} must be C-contiguous on a GPU")
    return held


def _refuse(name: str, what: str, held: Any, search: Any, *arguments: Any) -> None:
    """ValueError that names the first element that the kernel ``search`` finds, and what is wrong with it."""
    if not held.size:
        return
    first = cuda.to_device(np.array([held.size], int64))
    launch(search, held.size, held.reshape(held.size), *arguments, first)
    at = int(first.copy_to_host()[0])
    if at < held.size:
        index = ", ".join(str(int(i)) for i in np.unravel_index(at, held.shape))
        value = held.reshape(held.size)[at : at + 1].copy_to_host()[0]
        raise ValueError(f"{name}{f'[{index}]' if index else ''} {what}{f', got {value}' if arguments else ''}")


def _output(out: Any, dtype: Any, inputs: tuple[Any, Any]) -> Any:
    """Room for the codes: ``out`` where it is given."""
    shape = inputs[0].shape
    if out is None:
        return cuda.device_array(shape, dtype)
    if not lies_on_gpu(out):
        raise ValueError("out must lie on the GPU, as x does")
    held = memory.held("out", out)
    if memory.read_only(out):
        raise ValueError("out must be writable")
    if held.dtype != dtype or held.shape != shape:
        raise ValueError(f"out must be an array of dtype {np.dtype(dtype)} and shape {shape}")
    first, last = memory.address(held), memory.address(held) + held.nbytes
    apart = all(last <= memory.address(a) or memory.address(a) + a.nbytes <= first for a in inputs)
    if not (held.is_c_contiguous() and apart):
        raise ValueError("out must be C-contiguous and apart from x and u in memory")
    return held
