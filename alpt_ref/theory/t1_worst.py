r"""T1#(d): the worst case of stochastic rounding over adversaries that see w_t.  (upper, lower)

One coordinate. An adversary sees w_t and chooses f_t = g_t w, g_t in [-G, G]; its regret against a fixed w* in S is
sum_t g_t (w_t - w*), to which T1#(a) applies. The largest is found by dynamic programming: with V_{T+1} = 0

    V_t(w) = max over g of g (w - w*) + E V_{t+1}(Q(w - eta g))

over finitely many slopes: a lower bound on the worst case.

    (d) SR, eta G <= Delta: in long runs it meets D1^2/(2 eta T) + Delta G/2 to three digits, so that no bound in (T, eta, D1,
        Delta, G) is better than T1#(a). What is missing is the last distance, E|w_{T+1} - w*|^2/(2 eta T).

Source: this project's statement.
"""

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.theory.claim import Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.t1_sharp import Params, bound
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.adversary import worst_regret
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import STOCHASTIC, Rule


def _sharp(bits: int, eta: float, steps: int, start: int, star: int, rule: Rule) -> Instance:
    """(d) on a grid of Delta = 1, G = 1."""
    grid = Grid(bits, 1.0)
    p = Params(steps, eta, 1.0, abs(float(start - star)), eta, max(grid.q_lo - star, star - grid.q_hi))

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        value, shown = worst_regret(grid, asked.of(rule), eta, steps, start, star, np.linspace(-1.0, 1.0, 41))
        return Measured(value, 1e-12 * steps, (unbiased(asked),), shown)

    return Instance(f"{bits} bits, eta {eta:g} Delta/G, T = {steps}", p, measure)


def _worsts(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    cases = [
        (2, 0.1, 6000, -2, 1),
        (3, 0.5, 2000, -4, 3),
        (4, 0.05, 9000, -8, 7),
        (5, 0.9, 3000, 0, 15),
        (6, 0.3, 8000, -32, 31),
    ]
    if setting.full:
        cases += [
            (2, 0.9, 4000, 0, 0),
            (3, 0.02, 40_000, 3, 0),
            (4, 1.0, 2000, 0, -3),
            (5, 0.1, 20_000, -16, 15),
            (6, 0.7, 20_000, 31, -32),
        ]
    return [_sharp(*case, rule) for case in cases]


WORST = Claim(
    "T1#(d)",
    "SR: the worst case over adversaries that see w_t is at most (a)",
    "upper",
    bound,
    _worsts,
    rule="unbiased",
)
SHARP = Claim(
    "T1#(d<)",
    "SR: the same worst case is at least 0.999 of (a)",
    "lower",
    lambda p: 0.999 * bound(p),
    _worsts,
    rule="unbiased",
)
CLAIMS = (WORST, SHARP)
