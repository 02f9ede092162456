"""One step of LPT as transition probabilities, and the push of a law through them: the loops under :mod:`alpt_ref.walks.exact`.

N states (points of a grid or a format, d coordinates), k outcomes of the gradient. Outcome j moves coordinate i of a state to
the target n + a, clipped to the ends, n an ordinal (:mod:`alpt_ref.walks.states`); it goes to n + 1 with probability p_up(n,
a), else to n, each coordinate on its own uniform. So a state has E = k 2^d successors, with multiplicity.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.formats import Format
from alpt_ref.grid import Grid
from alpt_ref.scalars.jit import kernel
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.states import States
from alpt_ref.walks.window import states_on

Floats = NDArray[float64]
LEAST_MASS = float64(2.0**-1000)  # less is dropped, for arithmetic on subnormal numbers is slow
EPS = 2.0**-53


class Step(NamedTuple):
    """Transition probabilities of one step.

    target : int64 (E, N), successors; chance : float64 (E, N), given the state and the outcome that the entry belongs to.
    outside : float64 (k, N), 1 where the target left the box in some coordinate.
    rounding : rounding errors of one push, in units of 2^-53: of the moves and fractions (4 reach + 4 a coordinate, and 4 that
        a rule may be off by), the products, and the sum into one state; without those of the moves where there is a ``doubt``.
    doubt : (k, N), their part in the same units, state by state, where cells differ in size; else None.
    relative, absolute : bounds on the error of a chance in units of 2^-53, of itself and of 1. The relative one, inf unless the
        rule's p_up is a, is that of moves into the next cell, and in d > 1 where ``amplified`` is about 1.
    """

    target: NDArray[int64]
    chance: Floats
    outside: Floats
    rounding: float
    relative: float
    absolute: float
    doubt: Floats | None = None


@kernel
def _degree(target: Any, counts: Any) -> Any:
    largest = 0
    for e in range(target.shape[0]):
        for i in range(target.shape[1]):
            counts[target[e, i]] += 1
            largest = max(largest, counts[target[e, i]])
    return largest


def transitions(base: Floats, move: Floats, grid: Grid | Format | States, rule: Rule) -> Step:
    """From states whose targets lie ``move`` away from the points of ordinals ``base``, to the points of ``grid`` in C order.

    base : integers (N, d), the codes of a Grid; move : (k, N, d), finite, in cells of a Grid, as they are on a format.
    """
    states = states_on(grid)
    k, n_states, d = move.shape
    n_points = states.size
    doubt: Floats | None = None
    outside = np.zeros((k, n_states))
    reach, exact = 0.0, True
    for i in range(d):
        at = states.split(base[:, i], move[:, :, i])
        reach, outside = max(reach, at.reach), np.maximum(outside, at.outside) if d > 1 else at.outside
        if at.doubt is not None:
            doubt = at.doubt if doubt is None else doubt + at.doubt
        told = at.floors if at.labels is None else at.labels
        up = rule.up(told, at.fractions)
        same = up is at.fractions and rule.p_down is None  # then the chance of going down is known as well as that of going up
        exact = exact and same
        both = np.empty((k, 2, n_states))
        both[:, 0], both[:, 1] = at.rests if same else rule.down(told, at.rests, up), up
        ends = np.empty((k, 2, n_states), int64)
        ends[:, 0] = at.floors - states.first
        ends[:, 1] = np.minimum(ends[:, 0] + 1, n_points - 1)
        if i == 0:
            chance, target = both, ends
        else:
            chance = np.concatenate((chance * both[:, :1], chance * both[:, 1:]), axis=1)
            target = np.concatenate((target * n_points + ends[:, :1], target * n_points + ends[:, 1:]), axis=1)
    flat = target.reshape(k * 2**d, n_states)
    counts = np.zeros(n_points**d, int64)
    absolute = d * (4.0 * reach + 8.0) + 8.0
    relative = 8.0 * d + 8.0 if exact else math.inf
    rounding = float(_degree(flat, counts)) + (absolute if doubt is None else 8.0 * d + 8.0)
    return Step(flat, chance.reshape(flat.shape), outside, rounding, relative, absolute, doubt)


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
