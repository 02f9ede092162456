r"""T6: ALPT, the step size is learned: parts (c) and (d), on runs of this package's own ALPT.  (upper)

Algorithm. Logistic regression on minibatches, SGD with eta_t = eta/sqrt(t), precision "alpt"
(:mod:`alpt_ref.kernels.cpu.alpt`): stage 2 learns Delta_{t+1}, one of each row or one of the table, by SGD or
Adam; stage 3 rounds w_t - eta_t g_t onto its grid.

Guarantee (upper). With floor_t = sum_i Delta_{t+1,i} |g_{t,i}| / 2 and
drift_t = sum_i Delta_{t+1,i} |q_{t,i}| |Delta_{t+1,i} - Delta_{t,i}| / (2 eta_t), for w* in every box S_t,

    (c) E (1/T) sum_t [ f_t(w_t) - f_t(w*) - floor_t - drift_t ] <= ( D^2/(2 eta) + eta G^2 )/sqrt(T) + arithmetic
    (d) E sum_t drift_t <= E sum_t floor_t: a Delta that moves at most doubles LPT's floor. A question, not a theorem.

Assumptions. Batches, of at most 64 examples, are fixed beforehand; g_t = grad f_t(w_t), f_t convex, ||g_t||_2 <= G, |logits|
<= 3; every Delta_t stays in a declared range, checked in every replica, so that w*, in the smallest box, is in every S_t, and D
is the largest box's diameter. Delta_{t+1} depends on (w_t, g_t), not on uniforms of step t: stage 2 rounds to nearest.

*Proof of (c).* T6's, coordinate by coordinate, each with a Delta of its own; rows that keep theirs and have no gradient do not
move (Q1). Arithmetic: let a target be off by e cells, the bias of rounding with it. As in T1, that adds at most
2^(m+1) e Delta_max^2 to E|w_{t+1,i} - w*_i|^2: in all d 2^m e Delta_max^2 sqrt(T) / eta. Uniforms of 24 bits give 2^-24. A
target is within M = eta/Delta_min + 2^(m-1) (Delta_max/Delta_min - 1) cells of its code: eight float32 roundings are M 2^-21,
and a gradient of up to 64 examples, |logits| <= 3, is off by 2^-17.8: together less than M 2^-17. []

How it is measured. Replicas differ in the random words alone. Sums stop before the step with which the mean so far of what
(c) averages would leave [-b/10, 1.1 b], b its bound. *(c) holds for stopped sums:* whether step t counts is known before its
uniforms are, and the proof adds up step by step. So the range that intervals need is proved, and a broken bound still shows: a
sum stopped above b speaks against (c); one stopped below, or by a jump from below b, says nothing, and makes the row not
applicable, as any does where a bound of yours, not proved step by step, is in the place of (c)'s. Rows give the mean regret,
against a bound with the means of floor and drift, and the half width of the difference. Those of (d) give the ratio of the two
means, with the half width of drift - floor; no sum of theirs may leave its declared range.

Source: this project's, about Algorithm 1 of arXiv 2212.05735.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.problems import outside
from alpt_ref.rng import MAX_RANDOM_BITS
from alpt_ref.theory import t6
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.sampled import judged_by
from alpt_ref.theory.t6_runs import CORNER, Clicks, Run, Terms, largest_gradients, runs, terms
from alpt_ref.theory.verdict import POWER
from alpt_ref.walks.sampling import decide

Floats = NDArray[float64]
BATCH, LOGIT = 64, 3.0  # what the arithmetic of (c) was proved for
SPANS = ((-0.6, 0.05), (-0.4, 0.05))  # of (d)'s sums, in floors at w_1: from the middle of the box, and from a corner
FIRST = 64  # replicas at the first look; eight times as many at the last


@dataclass(frozen=True)
class Params(t6.Params):
    """The numbers of (b) and of the arithmetic; ``gradient``, ``drift``: the means of floor_t and drift_t, once measured."""

    bits: int = 2
    d: int = 1
    smallest: float = 1.0  # declared range of Delta
    largest: float = 1.0
    batch: int = 1

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers before anything runs."""
        return (*super().checks(), Check("Delta_min > 0", self.smallest, ">", 0.0), Check("batch", self.batch, "<=", BATCH))


def bound(p: Params) -> float:
    """(c), floor and drift moved to the right side: (b), and arithmetic."""
    cells = p.eta / p.smallest + 2.0 ** (p.bits - 1) * (p.largest / p.smallest - 1.0)
    off = 2.0**-MAX_RANDOM_BITS + 2.0**-17 * cells
    return t6.bound(p) + p.d * 2.0**p.bits * off * p.largest**2 * math.sqrt(p.steps) / p.eta


def params(run: Run) -> Params:
    """The parameters, as far as they are known before anything runs."""
    small, large = (float(grid.delta) for grid in (run.smallest, run.largest))
    G, _ = largest_gradients(run.clicks, run.steps)
    off = outside(run.smallest, run.w_star)
    return Params(run.steps, run.eta, run.D, G, off, 0.0, 0.0, run.bits, run.w_star.size, small, large, run.clicks.batch)


class Means(NamedTuple):
    """Over replicas: the mean that was asked for and its half width; regret, floor and drift; the range of step sizes; the
    largest |logit|; sums that were stopped where they say nothing, and above the limit; what replicas there were.
    """

    value: float
    half: float
    regret: float
    floor: float
    drift: float
    ends: tuple[float, float]
    logit: float
    stopped: tuple[int, int]
    note: str


def means(
    run: Run, of: Callable[[Terms], Floats], span: tuple[float, float], limit: float, draw: Draw, replicas: int, enough: float
) -> Means:
    """The mean of (1/T) sum_t of(terms)_t, with all sums stopped before that one leaves ``span``.

    limit : what the mean is compared with. replicas : at the first look; one, and no interval, where nothing is random.
    enough : the half width that is wanted.
    """
    low, high = span
    kept: list[tuple[float, ...]] = []
    least, largest, logit, below, above = math.inf, 0.0, 0.0, 0, 0

    def values(first: int, last: int) -> Floats:
        nonlocal least, largest, logit, below, above
        out = np.zeros(last - first)
        for replica in range(first, last):
            t = terms(run, replica)
            so_far = np.cumsum(of(t)) / run.steps
            left = (so_far < low) | (so_far > high)
            until = int(np.argmax(left)) if left.any() else run.steps
            out[replica - first] = so_far[until - 1] if until else 0.0
            kept.append(tuple(float(x[:until].sum()) / run.steps for x in (t.regret, t.floor, t.drift)))
            least, largest, logit = min(least, t.least), max(largest, t.largest), max(logit, t.logit)
            if left.any():
                against = bool(so_far[until] > high and out[replica - first] > limit)
                below, above = below + (not against), above + against
        return out

    if run.rounding == "nearest":
        value, half, n = float(values(0, 1)[0]), 1e-12 * (high - low), 1
    else:
        estimate, n = decide(values, low, high, limit, draw.alpha, replicas, 8 * replicas, enough=enough)
        assert estimate.half is not None
        value, half = estimate.mean, estimate.half
    regret, floor, drift = (float(x) for x in np.mean(kept, axis=0))
    note = f"{n} replicas, Delta_t/Delta_1 in [{least / run.delta:.3g}, {largest / run.delta:.3g}]"
    return Means(value, half, regret, floor, drift, (least, largest), logit, (below, above), note)


def regret_of(name: str, run: Run, replicas: int = FIRST) -> Instance:
    """(c) on a run."""
    p = params(run)

    def measure(draw: Draw) -> Measured:
        b = bound(p)
        limit = draw.bound or b  # none where an assumption has failed: then nothing is compared
        found = means(run, lambda t: t.regret - t.floor - t.drift, (-0.1 * b, 1.1 * b), limit, draw, replicas, POWER * limit)
        done = replace(p, gradient=found.floor, drift=found.drift)
        checks = (
            Check("smallest Delta_t", found.ends[0], ">=", p.smallest),
            Check("largest Delta_t", found.ends[1], "<=", p.largest),
            Check("largest |logit|", found.logit, "<=", LOGIT),
            Check("sums that say nothing", found.stopped[0] if judged_by(bound, draw) else sum(found.stopped), "<=", 0.0),
        )
        return Measured(found.regret, found.half, checks, found.note, done)

    return Instance(name, p, measure, "trajectory" if run.rounding == "nearest" else "monte-carlo")


@dataclass(frozen=True)
class DriftParams:
    """(d); ``gradient`` and ``drift`` as in (c)."""

    steps: int
    eta: float
    step_lr: float
    bits: int
    gradient: float = math.nan
    drift: float = math.nan


def drift_of(name: str, run: Run, replicas: int = FIRST, span: tuple[float, float] = SPANS[0]) -> Instance:
    """(d) on a run; no range of Delta is asked for. span : of the mean of drift less floor, in floors at w_1."""
    p = DriftParams(run.steps, run.eta, run.step_lr, run.bits)

    def measure(draw: Draw) -> Measured:
        ratio = draw.bound or 1.0
        slope = np.abs(run.losses(np.full(run.w_star.size, run.delta * run.start))[1]).sum(axis=1)
        first = run.delta * float(slope.mean()) / 2.0
        ends = (span[0] * first, span[1] * first)
        enough = POWER * ratio * 0.75 * abs(span[0]) * first
        found = means(run, lambda t: t.drift - ratio * t.floor, ends, 0.0, draw, replicas, enough)
        done, whole = replace(p, gradient=found.floor, drift=found.drift), Check("sums stopped", sum(found.stopped), "<=", 0.0)
        floor = found.floor or math.nan  # 0 where all sums stop at once: no verdict
        return Measured(found.drift / floor, found.half / floor, (whole,), found.note, done)

    return Instance(name, p, measure, "monte-carlo")


def _regrets(setting: Setting) -> list[Instance]:
    few = Clicks(64, 2, 3, 0.05, 64, 0.0, 0.3)
    stuck = Run(few, 2, 0.2, 0.4, 800, "row", "sgd", 0.01, shrink=0.98, grow=1.05, rounding="nearest")
    wild = replace(runs(False, setting.seed)[CORNER], steps=5, step_lr=1.0)
    replicas = 2 * FIRST if setting.full else FIRST
    return [
        *(regret_of(name, run, replicas) for name, run in runs(setting.full, setting.seed).items()),
        regret_of("control, nearest: 5 rows from 0, stuck", stuck).expecting(VIOLATED),
        regret_of("control: Delta leaves its range", wild).expecting(NOT_APPLICABLE),
    ]


def _drifts(setting: Setting) -> list[Instance]:
    by_sgd = replace(runs(False, setting.seed)[CORNER], steps=20, step_lr=10.0)
    by_adam = replace(by_sgd, step="table", step_optimizer="adam", step_lr=1.0)
    replicas = 2 * FIRST if setting.full else FIRST
    return [
        *(drift_of(name, run, replicas, SPANS[run.start > 0]) for name, run in runs(setting.full, setting.seed).items()),
        drift_of("control: step_lr = 10, row, SGD", by_sgd, span=(-1.0, 12.0)).expecting(VIOLATED),
        drift_of("control: step_lr = 1, table, Adam", by_adam, span=(-1.0, 100.0)).expecting(VIOLATED),
    ]


REGRET = Claim(
    "T6(c)",
    "runs of this package's ALPT, Delta learned by row or table: their regret is within the bound of (b)",
    "upper",
    bound,
    _regrets,
)
DRIFT = Claim(
    "T6(d)",
    "asked of these runs: with learned Delta, the drift term of (b) is at most its floor term (LPT's floor at most doubles)",
    "upper",
    lambda p: 1.0,
    _drifts,
)
CLAIMS = (REGRET, DRIFT)
