"""The factorization machine's pairwise term and its derivative, one number at a time.

    1/2 sum_f (S_f^2 - sum_j v_jf^2 x_j^2),   S_f = sum_j v_jf x_j               = sum_{i<j} <v_i, v_j> x_i x_j
    dz/dw_j = x_j,   dz/dv_jf = x_j (S_f - v_jf x_j)

Source: Rendle, *Factorization Machines* (ICDM 2010), (1) and (4).
"""

from typing import Any

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit


@jit
def pair_term(s: Any, squares: Any) -> Any:
    """S_f^2 - sum_j v_jf^2 x_j^2: twice what factor f adds to z."""
    return times(s, s) - squares


@jit
def add_four(total: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """``total`` and four terms of S_f, in the order in which they are summed everywhere."""
    return total + ((a + b) + (c + d))


@jit
def add_four_squares(total: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """``total`` and the squares of four terms."""
    return total + ((times(a, a) + times(b, b)) + (times(c, c) + times(d, d)))


@jit
def factor_gradient(rx: Any, x: Any, s: Any, v: Any) -> Any:
    """dL/dv_jf of one example: r x_j (S_f - v_jf x_j), with rx = r x_j and r = dL/dz."""
    return times(rx, s - times(v, x))
