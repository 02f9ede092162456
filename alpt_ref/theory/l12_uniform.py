r"""L12(a), (d): noise of one cell makes nearest rounding stochastic rounding; skewed noise biases it.  (exact, law, upper)

The setting of ``l12``.

(a) Noise uniform on one cell, h <= 1: DR on noisy gradients *is* SR on exact ones, so that V_DR = alpha (1 - alpha), while
    V_SR = (1/4)/(h (2 - h)), and full precision has (1/12)/(h (2 - h)). The ratio of SR to DR is unbounded, at one and the
    same mean trajectory.
(d) Noise of mean 0 that is rare and large one way, frequent and small the other, biases DR; SR has no bias (L4(a)).

*Proof.* (a): P(R_D(n + a + U) = n + 1) = a. For SR, a step adds 1/12 to V by its noise, and E a (1 - a) = 1/6 by rounding, a
being uniform; V (1 - (1 - h)^2) is their sum. []

Source: this project's statement. C2 on click data rests on the skewness of the gradients (L5), not on rounding noise.
"""

from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, Floats
from alpt_ref.theory.claim import VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.l12 import Params
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.stationary import stationary_law


def _uniform(h_inverse: int, cells: int, outcomes: int) -> tuple[FiniteProblem, FiniteProblem]:
    """The noisy quadratic, noise of one cell at the midpoints of ``outcomes`` equal parts, and the exact one; Delta = 1."""
    c, u = cells / h_inverse, (np.arange(outcomes) + 0.5) / outcomes - 0.5
    noise = u * h_inverse  # of the gradient: eta = h moves the target by u cells

    def loss(w: Floats) -> Floats:
        return np.asarray((w[:, 0] - c) ** 2 / 2.0)

    star = np.array([c])
    noisy = FiniteProblem(
        "noisy", lambda w: (w - c)[None] + noise[:, None, None], np.full(outcomes, 1.0 / outcomes), loss, star, 0.0, 1.0, 1.0
    )
    return noisy, FiniteProblem("exact", lambda w: (w - c)[None], np.ones(1), loss, star, 0.0, 1.0, 1.0)


def _laws(h_inverse: int, cells: int, bits: int, rule: Rule) -> Instance:
    """(a): the L1 distance of the stationary laws of ``rule`` on noisy gradients and of SR on exact ones.

    All targets are multiples of 1/h_inverse^2, and so many midpoints make the chance of rounding up exact.
    """
    p = Params(1.0 / h_inverse, 1.0, cells / h_inverse)

    def measure(draw: Draw) -> Measured:
        noisy, exact = _uniform(h_inverse, cells, h_inverse**2)
        grid, eta = Grid(bits, 1.0), 1.0 / h_inverse
        one, other = stationary_law(noisy, grid, rule, eta=eta), stationary_law(exact, grid, STOCHASTIC, eta=eta)
        return Measured(float(np.abs(one.probability - other.probability).sum()), 1e-13)

    return Instance(f"{rule.name}: h = 1/{h_inverse}, c = {cells}/{h_inverse}", p, measure)


def _equalities(setting: Setting) -> list[Instance]:
    out = [_laws(16, 5, 4, NEAREST), _laws(8, 4, 4, NEAREST), _laws(64, 17, 3, NEAREST)]
    return [*out, replace(_laws(16, 5, 4, STOCHASTIC), name="control, stochastic on noise").expecting(VIOLATED)]


def _numbers(setting: Setting) -> list[Instance]:
    """(a), h = 1/64, c half way: V of DR and of SR on noisy gradients, in cells^2."""
    out = []
    for rule, reference, digit, bits in ((NEAREST, 0.25, 1e-9, 3), (STOCHASTIC, 8.0629921, 1e-6, 6)):
        p = Params(1.0 / 64.0, 1.0, 0.5, reference, digit)

        def measure(draw: Draw, rule: Rule = rule, bits: int = bits) -> Measured:
            noisy, _ = _uniform(64, 32, 4096 if rule is NEAREST else 512)
            law = stationary_law(noisy, Grid(bits, 1.0), rule, eta=1.0 / 64.0)
            return Measured(2.0 * law.mean(noisy.loss), 1e-10)

        out.append(Instance(f"{rule.name}: h = 1/64, c half way", p, measure))
    return out


@dataclass(frozen=True)
class SkewParams:
    """Noise of mean 0: a cells up with probability share, else down."""

    h: float
    share: float
    large: float


def _skewed(p: SkewParams, rule: Rule, name: str) -> Instance:
    """|E w - c| in cells, noise of +large cells with probability share, and -large share/(1 - share) otherwise."""
    values = np.array([p.large, -p.large * p.share / (1.0 - p.share)])
    problem = FiniteProblem(
        "skewed", lambda w: w[None] - values[:, None, None] / p.h, np.array([p.share, 1.0 - p.share]),
        lambda w: w[:, 0] ** 2 / 2.0, np.zeros(1), 0.0, 1.0, 1.0,
    )  # fmt: skip

    def measure(draw: Draw) -> Measured:
        law = stationary_law(problem, Grid(9, 1.0), rule, eta=p.h)
        none = Check("no clipping: probability", law.clipped, "<=", 1e-12)
        return Measured(abs(float(law.mean()[0])), 1e-8, (none,))

    return Instance(name, p, measure)


def _skews(setting: Setting) -> list[Instance]:
    p = SkewParams(0.02, 0.03, 16.0)
    return [
        _skewed(p, STOCHASTIC, "stochastic: 3 % / 97 %"),
        _skewed(replace(p, large=-16.0), STOCHASTIC, "stochastic: 97 % / 3 %"),
        _skewed(p, NEAREST, "control, nearest: 3 % / 97 %").expecting(VIOLATED),
    ]


EQUAL = Claim(
    "L12(a)",
    "noise uniform on a cell: DR on noisy gradients has the stationary law of SR on exact ones: L1 distance",
    "exact",
    lambda p: 0.0,
    _equalities,
    tolerance=lambda p: 1e-10,
)
NUMBERS = Claim(
    "L12(ref)",
    "the same, c half way: V = 1/4 under DR, (1/4)/(h (2 - h)) under SR",
    "law",
    lambda p: p.reference,
    _numbers,
    tolerance=lambda p: p.digit,
)
SKEWED = Claim(
    "L12(d)",
    "skewed noise of mean 0: SR's mean is c: |E w - c| in cells; DR's is not",
    "upper",
    lambda p: 1e-6,
    _skews,
)
CLAIMS = (EQUAL, NUMBERS, SKEWED)
