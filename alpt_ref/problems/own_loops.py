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
COMPARED = 16  # examples on which they are asked, at two points each
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

    Compiled, or plain Python where Numba does not compile them, or finds other numbers on some of the examples.
    """
    plain = _READ[len(arrays)](f), _READ[len(arrays)](gradient)
    slow = _loops(*plain)
    if not JIT:
        return slow
    try:
        value, slope, fast = _compiled(f, gradient, len(arrays))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            same = all(
                np.allclose(compiled(w, arrays, i), known(w, arrays, i), rtol=CLOSE, atol=CLOSE, equal_nan=True)
                for w in (np.full(d, 0.1), np.full(d, -0.3))
                for i in np.unique(np.linspace(0, len(arrays[0]) - 1 if arrays else 0, COMPARED).astype(int)).tolist()
                for compiled, known in zip((value, slope), plain, strict=True)
            )
    except Exception:  # of any kind: what Numba raises on a function that it does not know
        return slow
    return OwnLoops(*map(_either, fast, slow)) if same else slow


def _either(fast: Function, slow: Function) -> Function:
    """``fast`` as long as it works, else ``slow``, which raises what the user's function does."""
    works: bool | None = None  # not known before the first call, in which Numba compiles, and warns

    def loop(*args: Any) -> None:
        nonlocal works
        try:
            if works is None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    fast(*args)
            elif works:
                fast(*args)
            works = works is not False
        except Exception:  # a loop that Numba does not compile, as of a function that returns a list
            works = False
        if not works:
            slow(*args)

    return loop


@lru_cache(maxsize=64)
def _compiled(f: Function, gradient: Function, n_arrays: int) -> tuple[Function, Function, "OwnLoops"]:
    """Both as compiled functions of (w, arrays, i), and the loops over them."""
    inner = (function if hasattr(function, "py_func") else jit(function) for function in (f, gradient))
    value, slope = (jit(_READ[n_arrays](function)) for function in inner)
    return value, slope, OwnLoops(*map(jit, _loops(value, slope)))


def _loops(value: Function, slope: Function) -> OwnLoops:
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

    return OwnLoops(losses, gradients, picked, norms)
