"""Q5: order.  (exact)

Q is monotone in x and, for stochastic rounding at fixed x, non-increasing in u; rounding and clipping commute when both act on
s = x/Delta; scaling x and Delta by a power of two scales Q.

*Proof.* Monotone: within a cell "up when u < a" grows with a and shrinks with u, and codes never pass an integer that separates
two targets. Commuting: the ends of the box are integers. Scaling: s is the same number. []

In float32, x clipped to [Delta q_lo, Delta q_hi] and then divided is not s clipped: fl(fl(Delta q_hi)/Delta) can miss q_hi.
That design is a row of the table that must be violated.

Source: this project's statement.
"""

import numpy as np
from numpy import float32

from alpt_ref.grid import Grid
from alpt_ref.quantizer import quantize
from alpt_ref.scalars.rounding import FLOAT64, ROUNDINGS
from alpt_ref.theory.claim import VIOLATED, Cases, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import draws
from alpt_ref.theory.verdict import UNBIASED
from alpt_ref.walks.asked import blocks, described, n_pairs
from alpt_ref.walks.rule import Rule


def _monotone(draw: Draw) -> Measured:
    """Inversions among 20,000 sorted x, for each rule and u; and among sorted u at fixed x."""
    grid = Grid(5, 0.3)
    x = np.sort(12.0 * draws(1, 20_000, 9)[0] - 6.0)
    u = np.linspace(0.0, 1.0 - 2.0**-24, 9)
    bad = sum(int((np.diff(quantize(x, grid, rule)) < 0).sum()) for rule in ROUNDINGS if rule != "stochastic")
    codes = np.array([quantize(x, grid, "stochastic", u=np.full(x.shape, v)) for v in u])
    return Measured(bad + int((np.diff(codes, axis=1) < 0).sum()) + int((np.diff(codes, axis=0) > 0).sum()))


def _commute(draw: Draw) -> Measured:
    """clip(R(s)) against R(clip(s)), s in and out of the box of 4 bits."""
    bad = 0
    for s, u in draws(2000, 2, 10):
        t = 30.0 * s - 15.0
        for rounding in ROUNDINGS:
            rule = getattr(FLOAT64, rounding)
            v = FLOAT64.wrap(u)
            inside = min(max(t, -8.0), 7.0)
            free = rule(np.rint(t), t - np.rint(t), v)
            bad += int(min(max(free, -8.0), 7.0) != rule(np.rint(inside), inside - np.rint(inside), v))
    return Measured(bad)


def _scaled(draw: Draw) -> Measured:
    """Codes of x on Delta against those of 2^k x on 2^k Delta, float32."""
    x = (8.0 * draws(1, 20_000, 11)[0] - 4.0).astype(float32)
    grid, u = Grid(6, 0.0731), draws(1, 20_000, 12)[0].astype(float32)
    base = quantize(x, grid, "stochastic", u=u)
    bad = 0
    for k in (-20, -3, 1, 17):
        scale = float32(2.0**k)
        bad += int((quantize(x * scale, Grid(6, float(grid.delta) * 2.0**k), "stochastic", u=u) != base).sum())
    return Measured(bad)


def _clip_then_divide(draw: Draw) -> Measured:
    """Step sizes at which fl(fl(Delta q_hi)/Delta) is not q_hi."""
    deltas = (0.002 + 0.02 * draws(1, 20_000, 13)[0]).astype(float32)
    edge = (deltas * float32(127)) / deltas
    bad = edge != float32(127)
    i = int(np.argmax(bad))
    return Measured(int(bad.sum()), note=f"Delta = float32({deltas[i]!s}): x = Delta 127 has s = {float(edge[i]):.8g}")


def _table(rule: Rule) -> Measured:
    """Neighbours a < a' with p_up(q, a) > p_up(q, a'): at one u the larger target is rounded lower. Enumerated."""
    falls = 0
    for floors, a in blocks():
        up = rule.up(floors, a)
        falls += int((np.diff(up, axis=1) < -UNBIASED).sum())
    return Measured(falls, note=described())


def _instances(setting: Setting) -> list[Instance]:
    if setting.rule is not None:
        rule = setting.rule
        return [Instance("p_up grows with a, all codes", Cases(n_pairs()), lambda draw: _table(rule))]
    return [
        Instance("monotone in x, falling in u", Cases(20_000 * 20), _monotone),
        Instance("clip and round commute", Cases(8000), _commute),
        Instance("scaled by 2^k, float32", Cases(80_000), _scaled),
        Instance("control: clip x, then divide", Cases(20_000), _clip_then_divide, expected=VIOLATED),
    ]


CLAIMS = (
    Claim(
        "Q5",
        "Q is monotone in x, falls with u, commutes with clipping, scales with powers of two: exceptions",
        "exact",
        lambda p: 0.0,
        _instances,
        rule="any",
    ),
)
