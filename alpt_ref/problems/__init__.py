"""Problems that know their constants: minimizer, f*, L, mu, G, G1, D, proved or computed, never sampled."""

from alpt_ref.problems.box import Vector, box, diameter, outside
from alpt_ref.problems.generated import gaussian_logistic, one_hot_logistic
from alpt_ref.problems.logistic import (
    GradientBounds,
    LogisticProblem,
    Solution,
    from_dataset,
    grid_of,
    half_width,
)

__all__ = [
    "GradientBounds",
    "LogisticProblem",
    "Solution",
    "Vector",
    "box",
    "diameter",
    "from_dataset",
    "gaussian_logistic",
    "grid_of",
    "half_width",
    "one_hot_logistic",
    "outside",
]
