"""Loops over two functions that a user brings, compiled where Numba compiles them."""

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpt_ref.scalars.jit import JIT, jit

Arrays = tuple[NDArray[Any], ...]
Function = Callable[..., Any]
CLOSE = 1e-10  # of one: compiled and plain functions agree to that
# Compiled code cannot unpack a row of each of several arrays: the call is written out for each number of them.
_READ: tuple[Callable[[Function], Function], ...] = (
    lambda f: lambda w, arrays, i: f(w),
    lambda f: lambda w, arrays, i: f(w, arrays[0][i]),
    lambda f: lambda w, arrays, i: f(w, arrays[0][i], arrays[1][i]),
    lambda f: lambda w, arrays, i: f(w, arrays[0][i], arrays[1][i], arrays[2][i]),
    lambda f: lambda w, arrays, i: f(w, arrays[0][i], arrays[1][i], arrays[2][i], arrays[3][i]),
)
MOST_ARRAYS = len(_READ) - 1


class OwnLoops(NamedTuple):
    """Loops over the rows of w (R, d).

    losses : (w, out (R,)), f. gradients : (w, out (R, d)), grad f. picked : (w, picks (R,), g (R, d), out (R,)), the gradient
    and the value of example picks[r] in row r. norms : (w, squares (R,), sums (R,)), the means over the examples of ||g||_2^2
    and of ||g||_1.
    """

    losses: Function
    gradients: Function
    picked: Function
    norms: Function


def loops_of(f: Function, gradient: Function, d: int, arrays: Arrays) -> OwnLoops:
    """The loops over f and its gradient, functions of w (d,) and of a row of each array.

    Compiled, or plain Python where Numba does not compile the functions or finds other numbers on the first example.
    """
    plain = _readers(f, gradient, len(arrays), False)
    if not JIT:
        return _loops(*plain, False)
    w = np.full(d, 0.1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = _readers(f, gradient, len(arrays), True)
            found = [np.append(slope(w, arrays, 0), value(w, arrays, 0)) for value, slope in (compiled, plain)]
    except Exception:  # of any kind: what Numba raises on a function that it does not know
        return _loops(*plain, False)
    one, other = found
    same = np.allclose(one, other, rtol=CLOSE, atol=CLOSE, equal_nan=True)
    return _loops(*(compiled if same else plain), same)


@lru_cache(maxsize=64)
def _readers(f: Function, gradient: Function, n_arrays: int, compiled: bool) -> tuple[Function, Function]:
    """Both as functions of (w, arrays, i)."""
    if not compiled:
        return _READ[n_arrays](f), _READ[n_arrays](gradient)
    inner = (function if hasattr(function, "py_func") else jit(function) for function in (f, gradient))
    value, slope = (jit(_READ[n_arrays](function)) for function in inner)
    return value, slope


@lru_cache(maxsize=64)
def _loops(value: Function, slope: Function, compiled: bool) -> OwnLoops:
    def losses(w: Any, arrays: Any, n: Any, out: Any) -> None:
        for r in range(w.shape[0]):
            total = 0.0
            for i in range(n):
                total += value(w[r], arrays, i)
            out[r] = total / n

    def gradients(w: Any, arrays: Any, n: Any, out: Any) -> None:
        for r in range(w.shape[0]):
            out[r] = 0.0
            for i in range(n):
                out[r] += slope(w[r], arrays, i)
            out[r] /= n

    def picked(w: Any, arrays: Any, picks: Any, g: Any, out: Any) -> None:
        for r in range(w.shape[0]):
            g[r] = slope(w[r], arrays, picks[r])
            out[r] = value(w[r], arrays, picks[r])

    def norms(w: Any, arrays: Any, n: Any, squares: Any, sums: Any) -> None:
        for r in range(w.shape[0]):
            squares[r] = 0.0
            sums[r] = 0.0
            for i in range(n):
                for x in slope(w[r], arrays, i):
                    squares[r] += x * x / n
                    sums[r] += abs(x) / n

    loops = (losses, gradients, picked, norms)
    return OwnLoops(*(jit(loop) if compiled else loop for loop in loops))
