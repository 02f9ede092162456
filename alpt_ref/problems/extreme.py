"""Convex problems of one coordinate that come near to bounds: an absolute value that is bent upwards, or rounded off."""

import numpy as np

from alpt_ref.problems.finite import FiniteProblem


def bent(slope: float, c: float, mu: float) -> FiniteProblem:
    """f(w) = slope |w - c| + mu (w - c)^2/2, exact (sub)gradients: mu-strongly convex, not smooth."""
    return FiniteProblem(
        f"{slope:.4g} |w - {c:.4g}| + {mu:.3g} (w - c)^2/2",
        lambda w: (slope * np.sign(w - c) + mu * (w - c))[None],
        np.ones(1),
        lambda w: slope * np.abs(w[:, 0] - c) + mu * (w[:, 0] - c) ** 2 / 2.0,
        np.array([c]),
        0.0,
        mu=mu,
    )


def huber(slope: float, c: float, width: float) -> FiniteProblem:
    """f(w) = slope |w - c|, less slope width/2, rounded off to a parabola on |w - c| <= width; exact. L = slope/width."""
    return FiniteProblem(
        f"{slope:.4g} huber(w - {c:.4g})",
        lambda w: slope * np.clip((w - c) / width, -1.0, 1.0)[None],
        np.ones(1),
        lambda w: slope * np.where(np.abs(w - c) < width, (w - c) ** 2 / (2.0 * width), np.abs(w - c) - width / 2.0)[:, 0],
        np.array([c]),
        0.0,
        slope / width,
    )
