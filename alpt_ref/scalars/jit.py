"""How everything here is compiled: one decorator, one policy.

* ``error_model="numpy"``: 1/0 is inf, as in NumPy, so that jitted and un-jitted runs agree.
* ``nogil=True``: loops over disjoint ranges run in a thread pool (see :mod:`alpt_ref.kernels.cpu.threads`).
* no fastmath: reassociation would make a rounding decision depend on the machine.
* no on-disk cache: Numba's does not notice an edit in a callee of another file, and never hits for closures.

With ``NUMBA_DISABLE_JIT=1`` the decorator is the identity and the same source runs as plain Python; literals are typed
(``float32(0.5)``) so that both give the same bits.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

# Whether functions are compiled at all: false under NUMBA_DISABLE_JIT=1.
JIT: bool = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile ``function`` lazily, with the project's one policy, for scalars and loops alike."""
    compiled = numba.njit(error_model="numpy", nogil=True)(function)
    return cast(Function, compiled)
