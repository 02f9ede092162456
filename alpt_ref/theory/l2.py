r"""L2: no constant learning rate makes nearest rounding good.  (lower)

f(w) = G |w_1 - c_1| + G2 |w_2 - c_2|, c at a cell's centre, both coordinates start at distance D = (n + 1/2) Delta from c,
G2 = G sqrt(Delta/(2 D)). For every constant eta (ties included) the average gap of DR over any number of steps is at least
(G/2)( sqrt(Delta D/2) - Delta/2 ), while SR's floor is Delta (G + G2)/2.

*Proof.* If eta G2 < Delta/2, coordinate 2 never moves: gap >= G2 D = G sqrt(Delta D/2). Otherwise coordinate 1 moves
k = R_D(eta G/Delta) >= (eta G/Delta) - 1/2 cells a step towards c, and two consecutive iterates on either side of it have |w
- c| summing to at least k Delta. []

An average over any two consecutive steps obeys it, too: the rows "later" begin once the path is periodic.

SR is better by the ratio 0.7 sqrt(D/Delta): about 10 at 8 bits, 180 at 16. The second claim compares with reference numbers:
D about 1 from w_1 = (1, 1), c = (Delta/2, Delta/2), the best constant eta, mean gap of the second half of 4e5 steps (DR's path
is periodic long before; SR's floor is its stationary law's). No iterate of DR meets an edge: there is no box.

Source: this project's statement.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import absolute
from alpt_ref.theory.claim import VIOLATED, Claim, Draw, Instance, Measured, Setting
from alpt_ref.walks.rule import STOCHASTIC
from alpt_ref.walks.stationary import stationary_law

Floats = NDArray[float64]


@dataclass(frozen=True)
class Params:
    """G = 1; D = (cells + 1/2) delta; reference : what the second claim compares with."""

    delta: float
    cells: int
    reference: float = math.nan

    @property
    def D(self) -> float:  # noqa: N802
        """The distance that both coordinates start at."""
        return (self.cells + 0.5) * self.delta

    @property
    def G2(self) -> float:  # noqa: N802
        """Slope of the second coordinate."""
        return math.sqrt(self.delta / (2.0 * self.D))


def bound(p: Params) -> float:
    """(G/2)( sqrt(Delta D/2) - Delta/2 )."""
    return 0.5 * (math.sqrt(p.delta * p.D / 2.0) - p.delta / 2.0)


def learning_rates(p: Params) -> Floats:
    """One of every class of learning rates up to 4 D/G, as the moves of both coordinates in cells, (2, n), ascending: DR's path
    changes at ties alone, where eta G/Delta or eta G2/Delta is a half-integer. The ties, exactly, and a point between each two.
    """
    halves = np.arange(0.5, 4.0 * (p.cells + 1))
    second = halves[halves / p.G2 <= halves[-1]]
    ties = np.concatenate((np.stack((halves, halves * p.G2)), np.stack((second / p.G2, second))), axis=1)
    ties = ties[:, np.argsort(ties[0])]
    between = np.concatenate(([0.25], (ties[0, 1:] + ties[0, :-1]) / 2.0))
    moves = np.concatenate((ties, np.stack((between, between * p.G2))), axis=1)
    return np.asarray(moves[:, np.argsort(moves[0])])


def average_gaps(p: Params, moves: Floats, steps: int, skip: int = 0) -> tuple[Floats, Floats]:
    """DR's average gap over the steps skip + 1 .. steps, and its least value over all ends of the average, for each pair of
    ``moves``, (2, n) in cells.

    Codes are counted from the centre's cell, whose ends are 0 and 1: the target q - move is what rounds, so that a tie goes to
    the even code.
    """
    slopes = np.array([[1.0], [p.G2]])
    code = np.full(moves.shape, p.cells + 1.0)
    total, least = np.zeros(moves.shape[1]), np.full(moves.shape[1], np.inf)
    for t in range(steps):
        place = code - 0.5
        if t >= skip:
            total += p.delta * (slopes * np.abs(place)).sum(axis=0)
            least = np.minimum(least, total / (t + 1 - skip))
        code = np.rint(code - np.sign(place) * moves)
    return total / (steps - skip), least


def _every(p: Params, steps: int, skip: int = 0) -> Instance:
    def measure(draw: Draw) -> Measured:
        moves = learning_rates(p)
        mean, least = average_gaps(p, moves, skip + steps, skip)
        least = mean if skip else least
        i = int(np.argmin(least))
        eta = moves[0, i] * p.delta
        which = f"the {steps} steps after {skip}" if skip else f"every number of steps <= {steps}"
        note = f"every eta <= 4 D/G ({least.size} classes), {which}; least at eta = {eta:.4g}"
        return Measured(float(least[i]), 1e-12, note=note)

    after = ", later" if skip else ""
    return Instance(f"nearest, Delta = 2^{math.log2(p.delta):g}, {p.cells} cells{after}", p, measure)


def _stochastic_floor(p: Params) -> Measured:
    """SR's stationary gap, eta = Delta/(2 G); its coordinates are independent."""
    value, error = 0.0, 0.0
    for slope in (1.0, p.G2):
        problem = absolute(slope, 0.5 * p.delta)
        law = stationary_law(problem, Grid(4, p.delta), STOCHASTIC, eta=0.5 * p.delta)
        gap = law.mean(problem.loss)
        value, error = value + gap, error + law.error * gap
    return Measured(value, error)


def _reference(log_delta: int, dr: float, sr: float) -> list[Instance]:
    """Best DR and SR's floor at D about 1, c = Delta/2. DR's path is periodic, with period 2, after at most 1/Delta steps."""
    delta = 2.0**log_delta
    n = int(1 / delta)
    p = Params(delta, n - 1, dr)

    def nearest(draw: Draw) -> Measured:
        moves = learning_rates(p)
        mean, _ = average_gaps(p, moves, n + 32, n)
        return Measured(float(mean.min()), 1e-12, note=f"at eta = {moves[0, int(np.argmin(mean))] * delta:.4g}")

    name = f"Delta = 2^{log_delta}, best eta"
    return [
        Instance(f"nearest, {name}", p, nearest),
        Instance(f"stochastic, Delta = 2^{log_delta}, floor", Params(delta, p.cells, sr), lambda draw: _stochastic_floor(p)),
    ]


def _lower(setting: Setting) -> list[Instance]:
    cases = [(-4, 15), (-6, 63), (-8, 100), (-8, 255)] + ([(-10, 1023)] if setting.full else [])
    out = [_every(Params(2.0**k, cells), 3 * cells + 64) for k, cells in cases]
    p = Params(2.0**-8, 255)
    out.append(_every(p, 64, 3 * p.cells))  # beyond the transient, which every average from the start includes
    return [*out, Instance("control: stochastic, stationary", p, lambda draw: _stochastic_floor(p), expected=VIOLATED)]


def _law(setting: Setting) -> list[Instance]:
    numbers = ((-4, 9.9e-2, 3.7e-2), (-6, 4.8e-2, 8.5e-3), (-8, 2.2e-2, 2.0e-3), (-10, 1.1e-2, 5.0e-4))
    return [instance for row in numbers for instance in _reference(*row)]


LOWER = Claim(
    "L2",
    "DR, two coordinates: for every constant eta the average gap >= (G/2)(sqrt(Delta D/2) - Delta/2)",
    "lower",
    bound,
    _lower,
)
LAW = Claim(
    "L2(ref)",
    "the same, D = G = 1: best gap of DR halves as Delta falls by 4, SR's floor falls by 4; 5 % of reference",
    "law",
    lambda p: p.reference,
    _law,
    tolerance=lambda p: 0.05 * p.reference,
)
CLAIMS = (LOWER, LAW)
