"""One step of LPT as transition probabilities, and the push of a law through them: the loops under :mod:`alpt_ref.walks.exact`.

N states (points of the grid, d coordinates), k outcomes of the gradient. Outcome j moves coordinate i of a state to the
target s, clipped to [q_lo, q_hi]; s = n + a goes to n + 1 with probability p_up(n, a), else to n, each coordinate on its own
uniform. So a state has E = k 2^d successors, with multiplicity.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.scalars.jit import kernel
from alpt_ref.walks.rule import ALMOST_ONE, Rule

Floats = NDArray[float64]
_ALMOST_ONE = float64(ALMOST_ONE)
LEAST_MASS = float64(2.0**-1000)  # less is dropped, for arithmetic on subnormal numbers is slow
EPS = 2.0**-53


class Step(NamedTuple):
    """Transition probabilities of one step.

    target : int64 (E, N), successors; chance : float64 (E, N), given the state and the outcome that the entry belongs to.
    outside : float64 (k, N), 1 where the target left the box in some coordinate.
    rounding : rounding errors of one push, in units of 2^-53: of the moves and fractions (4 reach + 4 a coordinate, and 4 that
        a rule may be off by), the products, and the sum into one state.
    relative, absolute : bounds on the error of a chance in units of 2^-53, of itself and of 1. There is a relative one, else
        inf, for moves of a cell or less by a rule whose p_up is a.
    """

    target: NDArray[int64]
    chance: Floats
    outside: Floats
    rounding: float
    relative: float
    absolute: float


@kernel
def _split(base: Any, move: Any, ends: Any, floors: Any, fractions: Any, rests: Any, outside: Any) -> Any:
    """base[i] + move[j, i], clipped, as floors[j, i] + fractions[j, i]; base holds integers. Returns the longest move.

    rests[j, i] is 1 - fractions[j, i], not computed from it: for a short move down it is the move itself.
    """
    lo, hi = ends
    reach = float64(0)
    for j in range(move.shape[0]):
        for i in range(move.shape[1]):
            t = move[j, i]
            n = np.floor(t)
            a, rest = min(t - n, _ALMOST_ONE), n + float64(1) - t
            s = base[i] + n
            reach = max(reach, abs(t))
            if s < lo:
                s, a, rest, outside[j, i] = lo, float64(0), float64(1), float64(1)
            elif s > hi or (s == hi and a > float64(0)):
                s, a, rest, outside[j, i] = hi, float64(0), float64(1), float64(1)
            floors[j, i] = s
            fractions[j, i] = a
            rests[j, i] = rest
    return reach


class Targets(NamedTuple):
    """Targets in cells, clipped: floors + fractions, (k, N) each, never formed as a sum.

    fractions : in [0, 1). rests : 1 - fractions, to a relative error of some 2^-53 where the fraction is near 1, too. outside :
    1 where the target left the box. reach : the longest move.
    """

    floors: Floats
    fractions: Floats
    rests: Floats
    outside: Floats
    reach: float


def split_targets(base: Floats, move: Floats, grid: Grid) -> Targets:
    """Targets base + move, clipped to the codes of ``grid``. base : integers (N,); move : cells (k, N)."""
    floors, fractions, rests, outside = np.empty(move.shape), np.empty(move.shape), np.empty(move.shape), np.zeros(move.shape)
    ends = float64(grid.q_lo), float64(grid.q_hi)
    moves = np.ascontiguousarray(move)
    reach = _split(np.ascontiguousarray(base), moves, ends, floors, fractions, rests, outside)
    return Targets(floors, fractions, rests, outside, float(reach))


@kernel
def _degree(target: Any, counts: Any) -> Any:
    largest = 0
    for e in range(target.shape[0]):
        for i in range(target.shape[1]):
            counts[target[e, i]] += 1
            largest = max(largest, counts[target[e, i]])
    return largest


def transitions(base: Floats, move: Floats, grid: Grid, rule: Rule) -> Step:
    """From states whose targets are base + move, in cells of ``grid``, to its points in C order.

    base : integers (N, d); move : (k, N, d), finite.
    """
    k, n_states, d = move.shape
    n_points = 2**grid.bits
    outside = np.zeros((k, n_states))
    reach, exact = 0.0, True
    for i in range(d):
        at = split_targets(base[:, i], move[:, :, i], grid)
        reach, outside = max(reach, at.reach), np.maximum(outside, at.outside) if d > 1 else at.outside
        up = rule.up(at.floors, at.fractions)
        same = up is at.fractions and rule.p_down is None  # then the chance of going down is known as well as that of going up
        exact = exact and same
        both = np.empty((k, 2, n_states))
        both[:, 0], both[:, 1] = at.rests if same else rule.down(at.floors, at.rests, up), up
        ends = np.empty((k, 2, n_states), int64)
        ends[:, 0] = at.floors - grid.q_lo
        ends[:, 1] = np.minimum(ends[:, 0] + 1, n_points - 1)
        if i == 0:
            chance, target = both, ends
        else:
            chance = np.concatenate((chance * both[:, :1], chance * both[:, 1:]), axis=1)
            target = np.concatenate((target * n_points + ends[:, :1], target * n_points + ends[:, 1:]), axis=1)
    flat = target.reshape(k * 2**d, n_states)
    counts = np.zeros(n_points**d, int64)
    absolute = d * (4.0 * reach + 8.0) + 8.0
    relative = 8.0 * d + 8.0 if exact and reach <= 1.0 else math.inf
    rounding = float(_degree(flat, counts)) + absolute
    return Step(flat, chance.reshape(flat.shape), outside, rounding, relative, absolute)


@kernel
def push(law: Any, weights: Any, target: Any, chance: Any, first: Any, last: Any, out: Any) -> Any:
    """Add to ``out`` the law after the step, from ``law[first:last]``.

    Returns the range of the states reached, and the probability that the state changed.

    weights : (k,), the probability of each outcome. target, chance : (E, last - first). Fixed order of summation.
    """
    per_outcome = target.shape[0] // weights.size
    low, high, moved = out.size, 0, float64(0)
    for e in range(target.shape[0]):
        weight = weights[e // per_outcome]
        if weight == float64(0):
            continue
        for i in range(last - first):
            m = law[first + i] * weight * chance[e, i]
            if m > LEAST_MASS:
                j = target[e, i]
                out[j] += m
                if j != first + i:
                    moved += m
                low = min(low, j)
                high = max(high, j + 1)
    return low, high, moved


@kernel
def leaving(law: Any, weights: Any, outside: Any, first: Any, last: Any) -> Any:
    """The probability that a target lies outside the box, from ``law[first:last]``; outside : (k, last - first)."""
    total = float64(0)
    for j in range(weights.size):
        part = float64(0)
        for i in range(last - first):
            part += outside[j, i] * law[first + i]
        total += weights[j] * part
    return total


@kernel
def weigh(values: Any, law: Any, first: Any, last: Any, out: Any) -> None:
    """out[h] = sum_i values[h, i] law[i] over first <= i < last."""
    for h in range(values.shape[0]):
        total = float64(0)
        for i in range(first, last):
            total += values[h, i] * law[i]
        out[h] = total
