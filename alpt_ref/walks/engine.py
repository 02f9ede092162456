"""Replicas of a walk under any update, yours too, all of them in one step after the other.

    w_t = Delta q_t,   g_t at w_t,   (q_{t+1}, state) = update(q_t, g_t, state, u_t),   t = 1, 2, ..., T

LPT is one such update: q_{t+1} = clip(R(q_t - eta_t g_t / Delta)). A replica's numbers depend on its index alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.rng import Stream, uniforms
from alpt_ref.tools.interrupts import heed
from alpt_ref.walks.replicas import round_codes
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.samplers import Sampler
from alpt_ref.walks.schedule import Schedule

Floats = NDArray[float64]
Update = Callable[[Floats, Floats, Any, Floats], Any]
Weights = Callable[[Floats, Any], Floats]


@dataclass(frozen=True, eq=False)
class OwnUpdate:
    """An update of one's own.

    update : (codes (R, d), gradient (R, d), state, u (R, d)) -> (codes (R, d), state), a row for each replica, float64; u are
        uniforms of 24 bits in [0, 1), fresh in each step. In full precision the codes are the weights themselves. Rows may not
        depend on each other.
    state : what the first call is given: a number, for an array (R, d) of it, a tuple of numbers, for a tuple of such arrays,
        or a function of the first codes (R, d); None for None.
    weights : (codes, state) -> (R, d), the weights that are measured; None: Delta times the codes, where the gradient is taken.
    """

    update: Update
    state: Any = None
    weights: Weights | None = None

    def __post_init__(self) -> None:
        if not callable(self.update):
            raise ValueError(f"update must be a function, got {self.update!r}")
        if self.weights is not None and not callable(self.weights):
            raise ValueError(f"weights must be a function or None, got {self.weights!r}")
        parts = self.state if isinstance(self.state, tuple) else (self.state,)
        numbers = all(isinstance(part, int | float | np.number) for part in parts)
        if not (self.state is None or callable(self.state) or numbers):
            raise ValueError(f"state must be a number, a tuple of numbers, or a function of the codes, got {self.state!r}")

    def first(self, codes: Floats) -> Any:
        """The state before the first step."""
        if callable(self.state):
            return self.state(codes.copy())
        if isinstance(self.state, tuple):
            return tuple(np.full(codes.shape, float(part)) for part in self.state)
        return self.state if self.state is None else np.full(codes.shape, float(self.state))

    def step(self, codes: Floats, g: Floats, state: Any, u: Floats, grid: Grid | None) -> tuple[Floats, Any]:
        """One call of ``update``, its answer checked. ValueError where the codes are none of the grid."""
        answer = self.update(codes.copy(), g, state, u)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            raise ValueError(f"update must return (codes, state), got {type(answer).__name__}")
        after = _answer("update", "finite codes", answer[0], codes.shape)
        if grid is not None and not ((after == np.rint(after)) & (after >= grid.q_lo) & (after <= grid.q_hi)).all():
            raise ValueError(f"update must return codes of the grid, integers in [{grid.q_lo}, {grid.q_hi}]")
        return after, answer[1]

    def looked(self, codes: Floats, state: Any) -> Floats | None:
        """The weights that are measured, checked; None where they are Delta times the codes."""
        if self.weights is None:
            return None
        return _answer("weights", "finite weights", self.weights(codes.copy(), state), codes.shape)


def _answer(name: str, what: str, given: Any, shape: tuple[int, ...]) -> Floats:
    """A copy of what a user's function returned. ValueError unless it has the shape and is finite."""
    try:
        array = np.array(given, float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must return {what} of shape {shape}, got {type(given).__name__}") from None
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"{name} must return {what} of shape {shape}, got shape {array.shape}")
    return array


@dataclass(frozen=True, eq=False)
class Plan:
    """A walk that the engine takes.

    start : codes (d,), weights in full precision. move : a rule, or an update of one's own; in full precision w - eta_t g_t
    where it is a rule. at : numbers of steps, increasing, the last one the number of all: what is recorded after them.
    mean : count f(w_t) - f(w*) at every step, in the place of f_t(w_t) - f_t(w*): of the same expectation, and dearer.
    """

    sampler: Sampler
    grid: Grid | None
    move: Rule | OwnUpdate
    schedule: Schedule
    start: Floats
    at: NDArray[int64]
    seed: int = 0
    mean: bool = False


class Walked(NamedTuple):
    """Records of replicas, a row for each.

    gaps : f(w) - f(w*) after ``at`` steps, (R, n). sums : of f_t(w_t) - f_t(w*) over the steps until then, (R, n).
    last_move : (R,), the last step that changed a code, from 1; 0: none. clipped : (R,), coordinate-steps that a rule clipped.
    """

    gaps: Floats
    sums: Floats
    last_move: NDArray[int64]
    clipped: Floats


def walk(plan: Plan, first: int, last: int) -> Walked:
    """The replicas first .. last - 1 of the walk."""
    sampler, grid, move = plan.sampler, plan.grid, plan.move
    delta = 1.0 if grid is None else float(grid.delta)
    q = np.tile(plan.start, (last - first, 1))
    n, d = q.shape
    state = move.first(q) if isinstance(move, OwnUpdate) else None
    sums, gaps = np.zeros((n, plan.at.size)), np.empty((n, plan.at.size))
    total, last_move, clipped = np.zeros(n), np.zeros(n, int64), np.zeros(n)
    rates, c = plan.schedule.rates(int(plan.at[-1])), 0
    for step in range(rates.size + 1):
        heed()
        w = delta * q
        other = move.looked(q, state) if isinstance(move, OwnUpdate) else None
        looked = w if other is None else other
        if step == plan.at[c]:
            gaps[:, c], sums[:, c] = sampler.losses(looked) - sampler.f_star, total
            c += 1
        if step == rates.size:
            break
        g, over = sampler.gradients(w, first, step)
        if grid is not None and not np.isfinite(g).all():
            raise ValueError(f"gradient must be finite, got a number that is not in step {step + 1}")
        total = total + (sampler.losses(looked) - sampler.f_star if plan.mean or looked is not w else over)
        u = uniforms(n * d, seed=plan.seed, step=step, stream=Stream.LINEAR, offset=first * d).reshape(n, d)
        if isinstance(move, OwnUpdate):
            after, state = move.step(q, g, state, u.astype(float64), grid)
        elif grid is None:
            with np.errstate(over="ignore", invalid="ignore"):  # what diverges is seen in its losses
                after = q - rates[step] * g
        else:
            with np.errstate(over="ignore"):  # a move beyond all codes
                t = -rates[step] / delta * g
            clipped += np.count_nonzero((q + t < grid.q_lo) | (q + t > grid.q_hi), axis=1)
            after = round_codes(q, t, u, move, grid)
        last_move[(after != q).any(axis=1)] = step + 1
        q = after
    return Walked(gaps, sums, last_move, clipped)
