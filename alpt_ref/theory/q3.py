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
from alpt_ref.problems.box import codes_of
from alpt_ref.quantizer import quantize
from alpt_ref.theory.claim import HOLDS, VIOLATED, Cases, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import draws
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import STOCHASTIC, Rule
from alpt_ref.walks.states import Uniform

K = 10


def variance(rule: Rule, q: NDArray[float64], t: NDArray[float64], grid: Grid) -> NDArray[float64]:
    """E (R(P s) - P s)^2 in cells^2, s = q + t, from the rule's table; all (N,)."""
    at = Uniform(grid).split(q, t[None])
    up = rule.up(at.floors, at.fractions)
    return np.asarray((up * at.rests**2 + rule.down(at.floors, at.rests, up) * at.fractions**2)[0])


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


def _moves(count: int) -> NDArray[float64]:
    """Moves of 10^-6 to 30 cells at random, and the neighbours of 0, 1/2 and 1, to either side.

    Multiples of 2^-52: then the fraction of a move down, 1 + t, is exact, and a rule is asked about the very move.
    """
    t = np.rint(10.0 ** (-6.0 + 7.5 * draws(1, count, 7)[0]) * 2.0**52) / 2.0**52
    special = [2.0**-k for k in range(53)] + [0.5 + 2.0**-52, 0.5 - 2.0**-52, 1.0 + 2.0**-52, 1.0 - 2.0**-52]
    return np.concatenate((t, -t, special, -np.array(special)))


def _ratio(rule: Rule, bits: int, count: int) -> Measured:
    """The largest E r^2 / min(|t|, 1/4), t = eta g/Delta: all codes of ``bits`` bits, each with ``_moves``."""
    grid, t, asked = Grid(bits, 1.0), _moves(count), Asked()
    codes, heard = codes_of(grid)[:, 0], asked.of(rule)
    worst, where = 0.0, (0.0, 0.0)
    for q in np.array_split(codes, max(1, codes.size * t.size // 2**20)):
        ratio = variance(heard, np.repeat(q, t.size), np.tile(t, q.size), grid) / np.minimum(np.abs(np.tile(t, q.size)), 0.25)
        i = int(np.argmax(ratio))
        if ratio[i] > worst:
            worst, where = float(ratio[i]), (q[i // t.size], t[i % t.size])
    note = f"{codes.size} codes x {t.size} moves; worst: q = {where[0]:g}, eta g/Delta = {-where[1]:.3g}"
    return Measured(worst, 1e-12, (unbiased(asked),), note)


def _exact(setting: Setting) -> list[Instance]:
    return [Instance("quantize, all uniforms of 10 bits", Cases(4 * 205 * 1024), _enumerated)]


def _upper(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    bits, count = 10, 4000 if setting.full else 1000

    def row(rule: Rule, name: str, expected: str = HOLDS) -> Instance:
        cases = Cases(2**bits * _moves(count).size)
        return Instance(name, cases, lambda draw: _ratio(rule, bits, count), expected=expected)

    out = [row(rule, f"{rule.name}, {2**bits} codes x {_moves(count).size} moves")]
    if setting.rule is None:
        half = Rule("half up", lambda q_floor, a: 0.5 * (a > 0))
        out.append(row(half, "control: up with probability 1/2", VIOLATED))
    return out


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
