"""The one policy by which everything here is compiled, as two decorators: ``jit`` and ``kernel``.

* ``error_model="numpy"``: 1/0 is inf, as in NumPy, so that jitted and un-jitted runs agree.
* ``nogil=True``: loops over disjoint ranges run in a thread pool (see :mod:`alpt_ref.kernels.cpu.threads`).
* No fastmath: reassociation would make a rounding decision depend on the machine.
* No function is passed to a compiled function: variants are closures, made by a cached Python function. So a variant is
  known by the content of its cells, and its compiled code can be kept on disk (:mod:`alpt_ref.scalars.diskcache`).
  Nor is an entry for callers in C made (``no_cfunc_wrapper``): that would be a fifteenth of the time to compile.

With ``NUMBA_DISABLE_JIT=1`` nothing is compiled and the same source runs as plain Python; literals are typed
(``float32(0.5)``) so that both give the same bits. As in compiled code, overflow and underflow are then no errors, whatever
``numpy.seterr`` says.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import event
from numba.core.compiler_lock import global_compiler_lock

from alpt_ref.scalars.diskcache import keep_on_disk
from alpt_ref.tools.interrupts import heed_held, hold_while

# False under NUMBA_DISABLE_JIT=1: nothing is compiled then.
JIT: bool = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]

_POLICY: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}

Function = TypeVar("Function", bound=Callable[..., Any])


class _Steps(event.Listener):
    """Hears of the compiler's lock, which each of its steps takes, one in another: whole functions, and each pass over them."""

    def on_start(self, found: Any) -> None:
        pass

    def on_end(self, found: Any) -> None:
        heed_held()


# LLVM's objects change hands in a call, and Python is told of it in the line after. An exception in between, such as that of a
# Ctrl-C, leaves one with two owners, and when both free it, the process dies.
hold_while(global_compiler_lock.is_locked)
event.register("numba:compiler_lock", _Steps())


def compiling() -> bool:
    """True while any thread compiles a function: it holds the compiler's lock from the first step to the last."""
    lock = global_compiler_lock._lock
    if global_compiler_lock.is_locked():
        return True
    if free := lock.acquire(blocking=False):
        lock.release()
    return not free


def jit(function: Function) -> Function:
    """Compile ``function`` on its first call, for use inside other compiled functions: scalars and inner loops."""
    return cast(Function, numba.njit(**_POLICY)(function))


def inlined(function: Function) -> Function:
    """Compile ``function`` into each of its callers.

    A call that hands on a few arrays pushes some sixty words and counts each array in and out, which takes longer than the
    arithmetic of a row of one weight.
    """
    return cast(Function, numba.njit(**_POLICY, forceinline=True)(function))


def kernel(function: Function) -> Function:
    """Compile ``function`` on its first call from Python, or take the code that an earlier process left on disk."""
    if not JIT:
        return np.errstate(all="ignore")(function)
    compiled = jit(function)
    keep_on_disk(compiled)
    return compiled
