r"""F2(d): where nearest rounding stops for ever on a floating-point format.  (lower)

Statement, proof and notation: ``f2``.

Source: this project's statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpt_ref.formats import Format, format_of
from alpt_ref.problems.finite import Floats, quadratic
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.on_points import FloatWalk
from alpt_ref.theory.verdict import rounds_to_nearest
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC
from alpt_ref.walks.window import Window


@dataclass(frozen=True)
class StallParams:
    """(d): h = eta lambda, c, the mantissa bits p, and how far from c the walk begins."""

    h: float
    c: float
    mantissa_bits: int
    steps: int
    distance: float

    @property
    def least(self) -> float:
        """(1 - 2h) u |c|/(h + u)."""
        u = 2.0 ** -(self.mantissa_bits + 2)
        return (1.0 - 2.0 * self.h) * u * abs(self.c) / (self.h + u)

    def checks(self) -> Sequence[Check]:
        """The assumptions."""
        return (
            Check("eta lambda <= 1/2", self.h, "<=", 0.5),
            Check("|w_1 - c| >= (1 - 2h) r", self.distance, ">=", self.least),
        )


def _stall(name: str, walk: FloatWalk, curvature: float) -> Instance:
    """E|w_T - c|, which under DR is the distance of a trajectory."""
    kind = walk.grid.format if isinstance(walk.grid, Window) else walk.grid
    assert isinstance(kind, Format)
    c, start = float(walk.problem.w_star[0]), float(np.asarray(walk.start))
    p = StallParams(walk.eta * curvature, c, kind.mantissa_bits, walk.steps, abs(start - c))

    def away(w: Floats) -> Floats:
        return np.asarray(np.abs(w[:, 0] - c))

    def measure(draw: Draw) -> Measured:
        asked = Asked(nearest=True)
        law = walk.law(asked.of(walk.rule), [away])
        note = f"moved in the last step with probability {law.moved[-1]:.3g}"
        return Measured(
            float(law.expectations[-1, 0]), law.error * float(np.ptp(law.points)), (rounds_to_nearest(asked),), note
        )

    return Instance(name, p, measure)


def _stalls(setting: Setting) -> list[Instance]:
    rule, kind = setting.rule_or(NEAREST), format_of("bfloat16")
    near, above = Window(kind, 0.125, 4.0), quadratic(1.0, 1.0)
    small = FloatWalk(above, near, rule, 0.01, 1500, 2.0)
    stuck = 2.0 - 2.0**-7  # the last number below 2: of all of its binade the one with the least gap for its size
    cases = {
        "bfloat16, just stuck below 2, h = 0.01": (
            FloatWalk(quadratic(1.0, stuck + 0.999 * 2.0**-8 / 0.01), near, rule, 0.01, 50, stuck), 1.0),
        "bfloat16, c = 1 from 2, h = 0.01": (small, 1.0),
        "bfloat16, c = 1 from 0.25, h = 0.01": (FloatWalk(above, near, rule, 0.01, 1500, 0.25), 1.0),
        "bfloat16, c = 1 from 2, h = 0.3": (FloatWalk(above, near, rule, 0.3, 400, 2.0), 1.0),
        "bfloat16, c = 3e-39, subnormal, from 2^-126": (
            FloatWalk(quadratic(1.0, 3e-39), Window(kind, -(2.0**-120), 2.0**-120), rule, 0.01, 400, 2.0**-126), 1.0),
        "bfloat16, c = 1 through 0, h = 0.004": (FloatWalk(above, Window(kind, -4.0, 4.0), rule, 0.004, 3000, -1.0), 1.0),
        "e5m2, 4 (w - 1)^2/2, h = 0.1": (FloatWalk(quadratic(4.0, 1.0), Window("float8_e5m2", -8, 8), rule, 0.025, 400, 4.0),
        4.0),
    }  # fmt: skip
    out = [_stall(name, *case) for name, case in cases.items()]
    if setting.rule is None:
        free = FloatWalk(above, near, STOCHASTIC, 0.01, 1500, 2.0)
        out.append(_stall("control, SR: c = 1 from 2, h = 0.01", free, 1.0).expecting(VIOLATED))
        inside = FloatWalk(above, near, rule, 0.01, 100, 1.0)
        out.append(_stall("control: from c itself", inside, 1.0).expecting(NOT_APPLICABLE))
    return out


CLAIM = Claim(
    "F2(d)",
    "DR, f = lambda (w - c)^2/2, h = eta lambda <= 1/2, u = 2^-(p+2): |w_T - c| >= (1 - 2h) u |c|/(h + u)",
    "lower",
    lambda p: p.least,
    _stalls,
    rule="nearest",
)
CLAIMS = (CLAIM,)
