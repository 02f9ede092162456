"""Exact laws of one feature's weight: the mean predicted click rate E sigmoid(w) under nearest and stochastic rounding.

One feature, clicks at rate p, w_1 = 0. The closed forms they are held against (L5(b), L6), theta and theta_k:

    DR      Delta / (2 eta): below it an example without a click changes nothing
    SR(k)   2^-k Delta / eta: below it an example without a click never changes anything
    SR      0
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import binom

from alpt_ref.grid import Grid, delta_of_box
from alpt_ref.problems.finite import FiniteProblem, click_rate, clicks
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.store import ArraysOf
from alpt_ref.tools.files import Arrays
from alpt_ref.walks.exact import Law
from alpt_ref.walks.rule import as_rule, bits_of, few_bits
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.stationary import Stationary, stationary_law
from alpt_ref.walks.walk import Walk

Record = dict[str, Any]
LEAST_CHANCE = 1e-12  # outcomes of a batch rarer than this are left out
DR, SR = "nearest", "stochastic"


@dataclass(frozen=True)
class ExactSettings:
    """Grids of the sweeps. Every box is [-half_width, half_width); ``bits`` and ``delta`` of the sweeps go together.

    few : the numbers of random bits shown besides DR and SR, the first also in batches. batch_steps : steps of the batch sweep.
    share, share_eta : how often the rare feature of the batch sweep occurs, and its learning rate.
    """

    half_width: float = 12.8
    bits: int = 9
    p: float = 0.03
    eta: float = 0.2
    few: tuple[int, ...] = (4, 8)
    etas: tuple[float, ...] = (0.04, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, 1.1, 1.6, 2.2, 3.2)
    widths: tuple[int, ...] = (6, 7, 8, 9, 10)
    widths_eta: float = 0.33
    ps: tuple[float, ...] = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
    ks: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24)
    ks_eta: float = float(np.float32(0.05))  # the grid's own Delta: at w = 0 an exact tie, and not just below one
    batches: tuple[int, ...] = (1, 4, 16, 64, 256, 1024)
    batch_steps: int = 20_000
    share: float = 0.02
    share_eta: float = 1.0

    def delta(self, bits: int) -> float:
        """The step size that gives ``bits`` bits the box."""
        return delta_of_box(self.half_width, bits)


@dataclass(frozen=True)
class Point:
    """One law. steps : 0 for the stationary law, else the law after that many steps from w = 0."""

    rule: str
    p: float
    eta: float
    bits: int
    delta: float
    batch: int = 1
    share: float = 1.0
    steps: int = 0

    @property
    def theta(self) -> float:
        """The closed form of the module's first lines; 0 for SR."""
        return theta(self.rule, self.delta, self.eta)


def theta(rule: str, delta: float, eta: float) -> float:
    """Predicted CTR below which an example without a click cannot lower the weight; 0 where none is."""
    k = bits_of(rule)
    if k is not None:
        return 2.0**-k * delta / eta
    return delta / (2.0 * eta) if rule == DR else 0.0


def feature(p: float, share: float, batch: int) -> FiniteProblem:
    """A feature that each of ``batch`` examples has with probability ``share``, clicked at rate p; mean-reduced gradient.

    g(w) = (n sigmoid(w) - j) / batch, n binomial(batch, share) and j binomial(n, p). With share 1 it is ``clicks(p, batch)``.
    """
    base = clicks(p)
    counts = np.flatnonzero(binom.pmf(np.arange(batch + 1), batch, share) > LEAST_CHANCE)
    n = np.concatenate([np.full(count + 1, count) for count in counts])
    j = np.concatenate([np.arange(count + 1) for count in counts])
    chance = binom.pmf(n, batch, share) * binom.pmf(j, n, p)
    n, j, chance = (values[chance > LEAST_CHANCE] for values in (n, j, chance))
    used, hits = (n / batch)[:, None, None], (j / batch)[:, None, None]
    return replace(
        base,
        name=f"feature, p = {p:.4g}, share {share:.4g}, batch {batch}",
        gradients=lambda w: used * expit(w)[None] - hits,
        probabilities=chance / chance.sum(),
    )


def solve(point: Point) -> Arrays:
    """ctr, E sigmoid(w). start : P(w = 0). clipped : P(a target outside the box), its mean over the steps of a finite run.

    error : residual of a stationary law, bound on the rounding error of the law after some steps.
    """
    grid = Grid(point.bits, point.delta)
    oracle, rule = feature(point.p, point.share, point.batch), as_rule(point.rule)
    law: Law | Stationary
    if point.steps:
        law = Walk(oracle, grid, rule, Schedule(point.eta), point.steps).exact()
        clipped, error = float(law.clipped.mean()), law.error
    else:
        law = stationary_law(oracle, grid, rule, eta=point.eta)
        clipped, error = law.clipped, law.residual
    points, probability = law.points, law.probability
    start = float(probability[points[:, 0] == 0.0].sum())
    values = {"ctr": float(probability @ click_rate(points)), "start": start, "clipped": clipped, "error": error}
    return {name: np.array(value) for name, value in values.items()}


def sweeps(s: ExactSettings) -> dict[str, list[Point]]:
    """The laws of every sweep, by its name."""
    rules = (DR, SR, *(few_bits(k) for k in s.few))
    base = Point(DR, s.p, s.eta, s.bits, s.delta(s.bits))
    rare = replace(base, eta=s.share_eta, share=s.share, steps=s.batch_steps)

    def of(points: Sequence[Point], rules: Sequence[str] = rules) -> list[Point]:
        return [replace(point, rule=rule) for point in points for rule in rules]

    return {
        "eta": of([replace(base, eta=eta) for eta in s.etas]),
        "delta": of([replace(base, bits=bits, delta=s.delta(bits), eta=s.widths_eta) for bits in s.widths]),
        "p": of([replace(base, p=p) for p in s.ps]),
        "k": [replace(base, rule=few_bits(k), eta=s.ks_eta) for k in s.ks],
        "batch": of([replace(base, batch=batch, steps=s.batch_steps) for batch in s.batches], rules[:3]),
        "rare": of([replace(rare, batch=batch) for batch in s.batches], rules[:3]),
    }


def cell_of(point: Point) -> Cell:
    """The cell of a law."""
    return Cell(RunSpec("calibration-law", {"name": point.rule, **asdict(point)}), solve, (point,))


def cells(s: ExactSettings) -> list[Cell]:
    """The cells of every sweep."""
    return [cell_of(point) for points in sweeps(s).values() for point in points]


def study(found: ArraysOf, s: ExactSettings) -> Record:
    """All sweeps, each a list of records."""

    def law(point: Point) -> Record:
        cell = cell_of(point)
        values = {name: float(value) for name, value in found(cell).items()}
        return {"cell": cell.spec.id, **asdict(point), "theta": point.theta, **values}

    return {name: list(map(law, points)) for name, points in sweeps(s).items()}
