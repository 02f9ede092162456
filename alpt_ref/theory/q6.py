"""Q6: projection.  (upper)

||P(x) - w*|| <= ||x - w*|| for w* in the box S, P the clip to S.

*Proof.* Coordinate by coordinate: clipping moves x_i towards every point of [lo, hi]. []

Source: this project's statement, the usual property of projections on convex sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems import box
from alpt_ref.theory.claim import NOT_APPLICABLE, Check, Claim, Instance, Measured, Setting
from alpt_ref.theory.drawn import draws


@dataclass(frozen=True)
class Params:
    """The number of points, and the distance of w* from the box."""

    cases: int
    outside: float

    def checks(self) -> Sequence[Check]:
        """The assumption."""
        return (Check("w* in S", self.outside, "<=", 0.0),)


def _ratio(count: int, outside: float) -> Measured:
    """The largest ||P(x) - w*|| / ||x - w*||, d = 3."""
    grid = Grid(4, 0.25)
    lo, hi = box(grid)
    u = draws(count, 6, 14)
    x = 3.0 * (lo + (hi - lo) * u[:, :3])
    w = lo + (hi - lo) * u[:, 3:]
    w[:, 0] += outside * (hi - w[:, 0] + 1.0)
    ratio = np.linalg.norm(np.clip(x, lo, hi) - w, axis=1) / np.linalg.norm(x - w, axis=1)
    return Measured(float(ratio.max()), 1e-15)


def _instances(setting: Setting) -> list[Instance]:
    return [
        Instance("random x and w*, d = 3", Params(2000, 0.0), lambda draw: _ratio(2000, 0.0)),
        Instance("control: w* outside S", Params(2000, 1.0), lambda draw: _ratio(2000, 1.0), expected=NOT_APPLICABLE),
    ]


CLAIMS = (
    Claim(
        "Q6",
        "||P(x) - w*|| <= ||x - w*|| for w* in S, as a ratio",
        "upper",
        lambda p: 1.0 + 1e-15,
        _instances,
        Params.checks,
    ),
)
