"""Q4: the error of nearest rounding.  (upper)

|Q_D(x)_i - P(x)_i| <= min( Delta/2, |P(x)_i - w_i| ) for every grid point w.

*Proof.* The nearest grid point is at most half a step away, and no farther than w_i. []

Source: this project's statement.
"""

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.quantizer import quantize
from alpt_ref.theory.claim import HOLDS, VIOLATED, Cases, Claim, Instance, Measured, Setting
from alpt_ref.theory.drawn import draws
from alpt_ref.theory.verdict import rounds_to_nearest
from alpt_ref.walks.asked import Asked, blocks, described, n_pairs
from alpt_ref.walks.rule import FLOOR, NEAREST, Rule


def _targets(count: int) -> np.ndarray:
    """Targets in cells within, at and beyond the box of 5 bits: random ones, midpoints and their neighbours."""
    middles = np.arange(-18.0, 18.0) + 0.5
    edges = np.concatenate([np.nextafter(middles, -99.0), middles, np.nextafter(middles, 99.0)])
    return np.concatenate([edges, 40.0 * draws(1, count, 8)[0] - 20.0])


def _table(rule: Rule) -> Measured:
    """The largest error with positive probability over the distance to the nearest grid point, enumerated."""
    asked = Asked(nearest=True)
    heard = asked.of(rule)
    worst, where = 0.0, ""
    for floors, fractions in blocks():
        up = heard.up(floors, fractions)
        error = np.maximum(np.where(up > 0, 1.0 - fractions, 0.0), np.where(up < 1, fractions, 0.0))
        least = np.minimum(fractions, 1.0 - fractions)
        ratio = np.divide(error, least, out=1.0 + error, where=least > 0)  # a grid point that stays: 1
        i = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
        if ratio[i] > worst:
            worst, where = float(ratio[i]), f"q_floor = {floors[i]:g}, a = {fractions[i]:.6g}"
    return Measured(worst, 0.0, (rounds_to_nearest(asked),), f"{described()}; worst: {where}")


def _quantized(count: int) -> Measured:
    """``quantize`` in float64, Delta = 1/8, against the nearest of all grid points."""
    grid, s = Grid(5, 0.125), _targets(count)
    points = np.arange(-16.0, 16.0)
    clipped = np.clip(s, -16.0, 15.0)
    error = np.abs(quantize(s * 0.125, grid, "nearest") - clipped)
    least = np.abs(clipped[:, None] - points).min(axis=1)
    return Measured(float(np.max(np.where(least > 0, error / np.where(least > 0, least, 1.0), 1.0 + error))), 0.0)


def _instances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(NEAREST)
    count = 100_000 if setting.full else 10_000
    table, pairs = "table, all codes", n_pairs()
    out = [Instance(f"{rule.name}, {table}", Cases(pairs), lambda draw: _table(rule))]
    if setting.rule is None:
        out.append(Instance("quantize, against all grid points", Cases(count), lambda draw: _quantized(count), expected=HOLDS))
        out.append(Instance(f"control: floor, {table}", Cases(pairs), lambda draw: _table(FLOOR), expected=VIOLATED))
    return out


CLAIMS = (
    Claim(
        "Q4",
        "DR: |Q - P| <= min(Delta/2, |P - w|) for every grid point w, as a ratio to the least distance",
        "upper",
        lambda p: 1.0,
        _instances,
        rule="nearest",
    ),
)
