"""How everything here is compiled: one decorator, one policy.

* ``error_model="numpy"``: 1/0 is inf, as in NumPy, so that jitted and un-jitted runs agree.
* ``nogil=True``: loops over disjoint ranges run in a thread pool (see :mod:`alpt_ref.threads`).
* no fastmath: reassociation would make a rounding decision depend on the machine.
* no on-disk cache, unless the user names a folder in ``NUMBA_CACHE_DIR``: Numba's cache does not notice an edit in a
  callee that lives in another file.

With ``NUMBA_DISABLE_JIT=1`` the decorator is the identity and the same source runs as plain Python; literals are typed
(``float32(0.5)``) so that both give the same bits.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile ``function`` lazily, with the project's one policy, for scalars and loops alike."""
    compiled = numba.njit(error_model="numpy", nogil=True, cache=bool(os.environ.get("NUMBA_CACHE_DIR")))(function)
    return cast(Function, compiled)
