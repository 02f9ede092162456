"""Q3: the variance of stochastic rounding.  (exact, upper)

(a) E (Q_S(x)_i - P(x)_i)^2 = Delta^2 a_i (1 - a_i).
(b) For x = w - eta g with w on the grid: E||Q_S(x) - P(x)||^2 <= sum_i min( Delta eta |g_i|, Delta^2/4 ).

*Proof.* (a): up by 1 - a with probability a, down by a with probability 1 - a. (b): a (1 - a) <= min(a, 1 - a), which is at
most |P(x)_i - w_i|/Delta, for w_i is a grid point, and at most 1/4. []

Source: this project's statement; (b) is what makes T1's floor Delta G1/2 rather than of order Delta^2/eta.
"""

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.quantizer import quantize
from alpt_ref.theory.claim import HOLDS, VIOLATED, Cases, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import draws
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.rule import STOCHASTIC, Rule
from alpt_ref.walks.transition import split_targets

K = 10


def variance(rule: Rule, q: NDArray[float64], t: NDArray[float64], grid: Grid) -> NDArray[float64]:
    """E (R(P s) - P s)^2 in cells^2, s = q + t, from the rule's table; all (N,)."""
    n, a, _, _ = split_targets(q, t[None], grid)
    up = rule.up(n, a)
    return np.asarray((up * (1.0 - a) ** 2 + (1.0 - up) * a**2)[0])


def _enumerated(draw: Draw) -> Measured:
    """``quantize`` over all uniforms of 10 bits at fractions j/1024, where the lattice is exact, against a (1 - a)."""
    grid, u = Grid(4, 1.0), np.arange(2**K) / 2.0**K
    a = np.arange(0, 2**K, 5) / 2.0**K
    worst = 0.0
    for below in (-7.0, -1.0, 0.0, 5.0):
        x = np.repeat(below + a, u.size)
        codes = quantize(x, grid, "stochastic", u=np.tile(u, a.size)).reshape(-1, u.size)
        measured = ((codes - (below + a)[:, None]) ** 2).mean(axis=1)
        worst = max(worst, float(np.abs(measured - a * (1.0 - a)).max()))
    return Measured(worst)


def _ratio(rule: Rule, count: int) -> Measured:
    """The largest E r^2 / min(|t|, 1/4), t = eta g/Delta, over codes of 5 bits and moves of 10^-6 to 30 cells."""
    u = draws(1, 2 * count, 7)[0]
    t = np.where(np.arange(count) % 2, 1.0, -1.0) * 10.0 ** (-6.0 + 7.5 * u[:count])
    q = np.floor(32.0 * u[count:]) - 16.0
    ratio = variance(rule, q, t, Grid(5, 1.0)) / np.minimum(np.abs(t), 0.25)
    i = int(np.argmax(ratio))
    return Measured(float(ratio[i]), 1e-12, (unbiased(rule, Grid(5, 1.0)),), f"worst: q = {q[i]:g}, eta g/Delta = {-t[i]:.3g}")


def _exact(setting: Setting) -> list[Instance]:
    return [Instance("quantize, all uniforms of 10 bits", Cases(4 * 205 * 1024), _enumerated)]


def _upper(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    count = 200_000 if setting.full else 20_000
    cases: list[tuple[Rule, str, str]] = [(rule, f"{rule.name}, random codes and moves", HOLDS)]
    if setting.rule is None:
        half = Rule("half up", lambda q_floor, a: 0.5 * (a > 0))
        cases += [(half, "control: up with probability 1/2", VIOLATED)]
    return [Instance(name, Cases(count), lambda d, r=r: _ratio(r, count), expected=e) for r, name, e in cases]  # type: ignore[misc]


CLAIMS = (
    Claim(
        "Q3(a)",
        "SR: E (Q - P)^2 = Delta^2 a (1 - a): largest difference, in cells^2",
        "exact",
        lambda p: 0.0,
        _exact,
        tolerance=lambda p: 1e-12,
    ),
    Claim(
        "Q3(b)",
        "SR from a grid point: E (Q - P)^2 <= min(Delta eta |g|, Delta^2/4), as a ratio",
        "upper",
        lambda p: 1.0 + 2e-12,
        _upper,
        rule="unbiased",
    ),
)
