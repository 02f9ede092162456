"""``exact_law``: the distribution of LPT's iterate after T steps, pushed forward step by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.formats import Format
from alpt_ref.grid import Grid
from alpt_ref.problems.box import in_c_order
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.checks import is_integer
from alpt_ref.walks.rule import Rule, as_rule
from alpt_ref.walks.states import States
from alpt_ref.walks.transition import EPS, Floats, Step, leaving, push, transitions, weigh
from alpt_ref.walks.window import states_on

MAX_STATES = 2**18
MAX_ENTRIES = 2**26
Observable = Callable[[Floats], NDArray[Any]]


class Oracle(Protocol):
    """A stochastic gradient with finitely many outcomes.

    d : number of coordinates. gradients(w) : float64 (N, d) -> (k, N, d), the outcomes at each point.
    probabilities : (k,), or (steps, k) where they change from step to step.
    """

    @property
    def d(self) -> int: ...  # noqa: D102

    @property
    def probabilities(self) -> Floats: ...  # noqa: D102

    def gradients(self, w: Floats, /) -> Floats: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Distribution:
    """A probability distribution on the points of a grid or a format.

    points : float64 (N, d), in C order of the codes or ordinals; probability : (N,), sums to 1.
    """

    points: Floats
    probability: Floats

    __repr__ = brief_repr

    def mean(self, h: Observable | None = None) -> Any:
        """E h(w), a float; E w, (d,), without ``h``."""
        if h is None:
            return self.probability @ self.points
        return float(self.probability @ values_of(h, self.points))

    def support(self) -> Floats:
        """The points of positive probability, (n, d)."""
        return self.points[self.probability > 0]


@dataclass(frozen=True, eq=False)
class Law(Distribution):
    """The distribution after some steps, and what was met on the way to it.

    expectations : (steps + 1, number of observables): E h(w_1), ..., E h(w_{T+1}).
    clipped : (steps,), the probability that the target of a step lay outside the box. moved : (steps,), that w changed.
    error : bound on rounding errors, in the sum of |probability| errors: the law is within it of the law of moves that are off
        by at most 4 units in the last place, of a format by half a unit. (Where nearest rounding meets a tie to within that,
        either side may be taken.)
    """

    expectations: Floats
    clipped: Floats
    moved: Floats
    error: float

    __repr__ = brief_repr


def values_of(h: Observable, points: Floats) -> Floats:
    """h at each point, float64 (N,); ValueError where it is not finite or has another shape."""
    values = np.asarray(h(points), float64)
    if values.shape != (points.shape[0],) or not np.isfinite(values).all():
        raise ValueError(f"an observable must return {points.shape[0]} finite numbers, one a point, got shape {values.shape}")
    return values


def reaches(grid: Grid | Format | States, d: int, entries_per_state: int) -> bool:
    """True where the chain on ``grid`` in d coordinates is small enough for an exact law."""
    n = states_on(grid).size ** d
    return bool(n <= MAX_STATES and n * entries_per_state <= MAX_ENTRIES)


def check_size(states: States, d: int, entries_per_state: int) -> None:
    """ValueError where the chain is too large."""
    if not reaches(states, d, entries_per_state):
        n = states.size**d
        raise ValueError(
            f"{states.name} in {d} coordinates has {n} states and {n * entries_per_state} transitions: "
            f"an exact law takes at most {MAX_STATES} and {MAX_ENTRIES}"
        )


def gradients_at(oracle: Oracle, points: Floats) -> Floats:
    """The outcomes (k, N, d), checked."""
    g = np.asarray(oracle.gradients(points), float64)
    k = np.shape(oracle.probabilities)[-1]
    if g.shape != (k, *points.shape) or not np.isfinite(g).all():
        raise ValueError(f"gradients must be finite, of shape {(k, *points.shape)}, got shape {g.shape}")
    return g


def weights_of(oracle: Oracle, steps: int) -> Floats:
    """Probabilities (steps, k), or (1, k) where they never change; checked, their sums made 1."""
    p = np.atleast_2d(np.asarray(oracle.probabilities, float64))
    if p.shape[0] not in (1, steps) or not np.allclose(p.sum(axis=1), 1.0, rtol=0, atol=1e-12) or (p < 0).any():
        raise ValueError(f"probabilities must be (k,) or ({steps}, k), not negative, with sums 1")
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def start_law(states: States, ordinals: Floats, start: ArrayLike) -> Floats:
    """All mass at the point ``start`` (a number, or (d,)), or ``start`` itself where it is a law (N,); ordinals : (N, d)."""
    given = np.asarray(start, float64)
    n, d = ordinals.shape
    if given.shape == (n,) and n != d:
        if not ((given >= 0).all() and abs(given.sum() - 1.0) <= 1e-9):
            raise ValueError("start must be a point of the grid, or a law of its points with sum 1")
        return given.copy()
    law = np.zeros(n)
    here = states.ordinals_of(given) if given.shape in ((), (d,)) else np.full(d, np.nan)
    place = np.flatnonzero((ordinals == here).all(axis=1))
    if place.size != 1:
        raise ValueError(f"start must be a point of the grid, {states.points_are}, got {start!r}")
    law[place[0]] = 1.0
    return law


def exact_law(
    oracle: Oracle,
    grid: Grid | Format | States,
    rule: Rule | str = "stochastic",
    *,
    eta: ArrayLike,
    steps: int,
    start: ArrayLike = 0.0,
    observe: Sequence[Observable] = (),
) -> Law:
    """The law of w_{T+1}, T = ``steps``, where w_{t+1} = Q(w_t - eta_t g_t) on ``grid`` and g_t is an outcome of ``oracle``.

    grid : a Grid with one step size, a Format, for all its finite numbers, or a :class:`Window` of one.
    oracle : a problem of :mod:`alpt_ref.problems`, or any :class:`Oracle` (``d``, ``gradients``, ``probabilities``).
    rule : a :class:`Rule`, or "nearest", "stochastic", "toward_zero", "floor". Coordinates round independently.
    eta : the learning rate, or one for each step, (steps,).
    start : w_1, a point of the grid (a number for all coordinates, or (d,)), or its law (N,).
    observe : functions h, float64 (N, d) -> (N,), whose expectations are kept for every step.

    One coordinate of up to 16 bits, or several with up to 2^18 points. With gradients of coordinate i that depend on w_i alone
    and exact gradients, coordinates are independent: take the law of each. Accuracy: ``Law.error``, proportional to the
    steps: for 10^4 of them 3e-11 at 8 bits, some 1e-9 at 16; probabilities below 2^-1000 are dropped. Raises ValueError,
    naming the argument.
    """
    states, rule = states_on(grid), as_rule(rule)
    points, codes = states_of(oracle, states)
    if not is_integer(steps) or steps < 0:
        raise ValueError(f"steps must be an integer, not negative, got {steps!r}")
    if callable(observe):
        raise ValueError("observe must be a sequence of functions")
    try:
        rates = np.asarray(eta, float64)
    except (TypeError, ValueError):
        raise ValueError(f"eta must be a number or a vector of numbers, got {eta!r}") from None
    if rates.shape not in ((), (steps,)) or not (np.isfinite(rates).all() and (rates > 0).all()):
        raise ValueError(f"eta must be positive and finite, a number or one for each of {steps} steps")
    rates = np.broadcast_to(rates, (steps,))
    weights, cells = weights_of(oracle, steps), gradients_at(oracle, points) / -states.unit
    values = np.array([values_of(h, points) for h in observe]).reshape(len(observe), points.shape[0])
    law, error = start_law(states, codes, start), 0.0
    expectations, clipped, moved = np.empty((steps + 1, len(observe))), np.empty(steps), np.empty(steps)
    first, last = _range(law)
    still = steps > 0 and bool((rates == rates[0]).all())
    step: Step | None = transitions(codes, rates[0] * cells, states, rule) if still else None
    for t in range(steps):
        weigh(values, law, first, last, expectations[t])
        if not still:
            step = transitions(codes[first:last], rates[t] * cells[:, first:last], states, rule)
        assert step is not None
        window = slice(first, last) if still else slice(None)
        at = weights[t if weights.shape[0] > 1 else 0]
        clipped[t] = leaving(law, at, step.outside[:, window], first, last)
        if step.doubt is not None:
            error += EPS * float(leaving(law, at, step.doubt[:, window], first, last))
        after = np.zeros_like(law)
        first, last, moved[t] = push(law, at, step.target[:, window], step.chance[:, window], first, last, after)
        law = after
        error += EPS * step.rounding
    weigh(values, law, first, last, expectations[steps])
    error += EPS * law.size  # of an expectation's sum
    return Law(points, law, expectations, clipped, moved, error)


def entries_of(oracle: Oracle) -> int:
    """Successors of a state, with multiplicity: k outcomes, and 2^d roundings of each."""
    k = int(np.shape(oracle.probabilities)[-1])
    return k * int(2**oracle.d)


def states_of(oracle: Oracle, states: States) -> tuple[Floats, Floats]:
    """The points and their ordinals, both float64 (N, d); ValueError where the chain is too large."""
    check_size(states, oracle.d, entries_of(oracle))
    ordinals = in_c_order(states.ordinals, oracle.d)
    return states.values(ordinals), ordinals


def _range(law: Floats) -> tuple[int, int]:
    places = np.flatnonzero(law)
    return int(places[0]), int(places[-1]) + 1
