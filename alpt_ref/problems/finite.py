"""Problems whose stochastic gradient has finitely many outcomes: what exact laws are taken of.

Outcome j has probability p_j and gradient g_j(w); sum_j p_j g_j is a subgradient of f, so that E[g | past] is one, as T1 to T5
ask. LPT's iterates are points of its grid: bounds that are maxima over all of these points are rigorous.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import binom

from alpt_ref.grid import Grid
from alpt_ref.problems.box import points_of
from alpt_ref.problems.logistic import GradientBounds
from alpt_ref.scalars.logistic import log_losses
from alpt_ref.tools.brief import brief_repr

Floats = NDArray[float64]


@dataclass(frozen=True, eq=False)
class FiniteProblem:
    """f on R^d with a stochastic gradient of finitely many outcomes.

    gradients : (N, d) -> (k, N, d); probabilities : (k,), or (steps, k). loss : (N, d) -> (N,), f.
    w_star, f_star : a minimizer over R^d, (d,), and f there; NaN where f has none or it is not known.
    L : smoothness of f, inf where it is not smooth. mu : its constant of strong convexity, 0 where it has none.
    """

    name: str
    gradients: Callable[[Floats], Floats]
    probabilities: Floats
    loss: Callable[[Floats], Floats]
    w_star: Floats
    f_star: float
    L: float = math.inf
    mu: float = 0.0

    __repr__ = brief_repr

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(self.w_star.size)

    def mean_gradient(self, w: Floats) -> Floats:
        """sum_j p_j g_j(w), (N, d)."""
        return np.asarray(np.tensordot(self.probabilities, self.gradients(w), axes=1))

    @property
    def parts(self) -> "tuple[FiniteProblem, ...]":
        """The problem itself, alone: see :class:`Separate`."""
        return (self,)

    def gradient_bounds(self, grid: Grid, mode: str = "batch") -> GradientBounds:
        """G and G1: the largest E||g||_2^2 and E||g||_1 over the points of ``grid``, computed at each of them.

        ``mode`` means nothing here: the outcomes say what is random.
        """
        g = self.gradients(points_of(grid, self.d))
        return GradientBounds(
            math.sqrt(float((self.probabilities @ (g**2).sum(axis=2)).max())),
            float((self.probabilities @ np.abs(g).sum(axis=2)).max()),
        )

    def largest_component(self, grid: Grid) -> float:
        """G_inf: the largest |g_i| of any outcome over the points of ``grid``."""
        return float(np.abs(self.gradients(points_of(grid, self.d))).max())

    def noise(self, grid: Grid) -> float:
        """sigma: the square root of the largest E||g - E g||^2 over the points of ``grid``."""
        points = points_of(grid, self.d)
        spread = self.gradients(points) - self.mean_gradient(points)
        return math.sqrt(float((self.probabilities @ (spread**2).sum(axis=2)).max()))

    def pl(self, grid: Grid) -> float:
        """The largest mu with ||grad f||^2 / 2 >= mu (f - f*) at all points of ``grid``: all that a walk there asks of PL."""
        points = points_of(grid, self.d)
        gap = self.loss(points) - self.f_star
        squares = (self.mean_gradient(points) ** 2).sum(axis=1) / 2.0
        some = gap > 2.0**-50 * float(gap.max())  # smaller ones are round-off of f - f*
        return float((squares[some] / gap[some]).min())


@dataclass(frozen=True, eq=False)
class Separate:
    """f(w) = sum_i f_i(w_i), f_i of one coordinate each, with exact gradients: LPT's coordinates are independent.

    ValueError for parts that are not so.
    """

    parts: tuple[FiniteProblem, ...]

    __repr__ = brief_repr

    def __post_init__(self) -> None:
        for part in self.parts:
            if part.d != 1 or np.shape(part.probabilities)[-1] != 1:
                raise ValueError(f"parts must be of one coordinate, with exact gradients; {part.name} is not")

    @cached_property
    def w_star(self) -> Floats:
        """The minimizer, (d,)."""
        return np.concatenate([part.w_star for part in self.parts])

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return len(self.parts)

    @property
    def f_star(self) -> float:
        """f(w*)."""
        return sum(part.f_star for part in self.parts)

    @property
    def mu(self) -> float:
        """Strong convexity: the least of the parts'."""
        return min(part.mu for part in self.parts)

    def gradient_bounds(self, grid: Grid, mode: str = "batch") -> GradientBounds:
        """G and G1 over all points of ``grid``."""
        each = [part.gradient_bounds(grid) for part in self.parts]
        return GradientBounds(math.sqrt(sum(b.G**2 for b in each)), sum(b.G1 for b in each))


_ONE = np.ones(1)


def _factor(value: float) -> str:
    return "" if value == 1.0 else f"{value:.4g} "


def absolute(slope: float, c: float) -> FiniteProblem:
    """f(w) = slope |w - c|, exact (sub)gradients: 0 at c. L1, L2."""
    return FiniteProblem(
        f"{_factor(slope)}|w - {c:.4g}|",
        lambda w: slope * np.sign(w - c)[None],
        _ONE,
        lambda w: slope * np.abs(w[:, 0] - c),
        np.array([c]),
        0.0,
    )


def quadratic(curvature: float, c: float, noise: float = 0.0) -> FiniteProblem:
    """f(w) = curvature (w - c)^2 / 2; g = f' + noise or f' - noise, each with probability 1/2. L = mu = curvature."""
    signs = np.array([1.0, -1.0]) if noise else np.zeros(1)
    return FiniteProblem(
        f"{_factor(curvature)}(w - {c:.4g})^2/2" + (f", noise {noise:.4g}" if noise else ""),
        lambda w: curvature * (w - c)[None] + noise * signs[:, None, None],
        np.full(signs.size, 1.0 / signs.size),
        lambda w: curvature * (w[:, 0] - c) ** 2 / 2.0,
        np.array([c]),
        0.0,
        curvature,
        curvature,
    )


def ripple(noise: float = 0.0) -> FiniteProblem:
    """f(w) = w^2 + 3 sin(w)^2: not convex, but PL with mu = 1/32 (Karimi, Nutini, Schmidt 2016). L = 8, for |f''| <= 2 + 6."""
    base = quadratic(1.0, 0.0, noise)
    return FiniteProblem(
        "w^2 + 3 sin(w)^2" + (f", noise {noise:.4g}" if noise else ""),
        lambda w: base.gradients(w) + (w + 3.0 * np.sin(2.0 * w))[None],
        base.probabilities,
        lambda w: w[:, 0] ** 2 + 3.0 * np.sin(w[:, 0]) ** 2,
        np.zeros(1),
        0.0,
        8.0,
    )


def click_rate(w: Floats) -> Floats:
    """The prediction sigmoid(w) of an intercept, (N, 1) -> (N,)."""
    return np.asarray(expit(w[:, 0]))


def clicks(p: float, batch: int = 1, l2: float = 0.0) -> FiniteProblem:
    """Intercept-only logistic regression: ``batch`` independent examples a step, each a click with probability p.

    f(w) = E log_loss(w, y) + l2 w^2 / 2. The mean residual is sigmoid(w) - j/batch, j binomial. L = 1/4 + l2.
    """
    hits = np.arange(batch + 1) / batch
    best = float(logit(p))  # infinite where p is 0 or 1: f then has no minimizer, and the infimum 0
    for _ in range(60 if l2 else 0):  # f is strongly convex and its slope concave or convex on either side of 0
        best -= (float(expit(best)) - p + l2 * best) / (float(expit(best) * expit(-best)) + l2)

    def loss(w: Floats) -> Floats:
        return np.asarray(log_losses(w[:, 0], p) + l2 * w[:, 0] ** 2 / 2.0)

    return FiniteProblem(
        f"clicks, p = {p:.4g}" + (f", batch {batch}" if batch > 1 else "") + (f", l2 {l2:.4g}" if l2 else ""),
        lambda w: expit(w)[None] - hits[:, None, None] + l2 * w[None],
        binom.pmf(np.arange(batch + 1), batch, p),
        loss,
        np.array([best]),
        float(loss(np.array([[best]]))[0]) if math.isfinite(best) else 0.0,
        0.25 + l2,
        l2,
    )


def slopes(values: tuple[float, ...], probabilities: tuple[float, ...], w_star: float) -> FiniteProblem:
    """f_t(w) = g_t w, g_t independent with these values: the mean slope pushes to ``w_star``, an end of the box. L7."""
    g, p = np.array(values), np.array(probabilities)
    mean = float(g @ p)
    return FiniteProblem(
        "g_t w",
        lambda w: np.broadcast_to(g[:, None, None], (g.size, *w.shape)),
        p,
        lambda w: mean * w[:, 0],
        np.array([w_star]),
        mean * w_star,
        0.0,
    )
