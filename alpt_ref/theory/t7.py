r"""T7: quantization-aware training: float masters, nearest rounding.  (upper)

Problem. f convex and L-smooth on R^d.

Algorithm. Masters w_t in full precision; v_t = Q_D(w_t), nearest rounding without clipping; w_{t+1} = w_t - eta g_t.

Assumptions. E[g_t | past] = grad f(v_t), E||g_t||^2 <= G^2, constant eta; w* a minimizer, D1 = ||w_1 - w*||.

Guarantee (upper), d coordinates:

    (a) masters     (1/T) sum_t E f(w_t) - f* <= D1^2/(2 eta T) + eta G^2/2 + L d Delta^2/8
    (b) deployed    (1/T) sum_t E f(v_t) - f* <= D1^2/(eta T)   + eta G^2   + L d Delta^2/2

*Proof.* ||w_{t+1} - w*||^2 = ||w_t - w*||^2 - 2 eta <g_t, w_t - w*> + eta^2 ||g_t||^2, and <grad f(v), w - w*> =
<grad f(v), v - w*> + <grad f(v), w - v> >= f(v) - f* + f(w) - f(v) - (L/2) ||w - v||^2 = f(w) - f* - (L/2) ||w - v||^2, by
convexity and smoothness; ||w - v||^2 <= d Delta^2/4. Sum, and divide by 2 eta T: (a). For v: f(v) - f* <=
( sqrt(f(w) - f*) + sqrt(L/2) ||v - w|| )^2 <= 2 (f(w) - f*) + L d Delta^2/4, for f(v) <= f(w) + <grad f(w), v - w> +
(L/2) ||v - w||^2 and ||grad f(w)||^2 <= 2 L (f(w) - f*). []

Against T1#: with gradient noise the floor of LPT is of first order in Delta, and exact; that of float masters is of second.
This is what the memory of the masters buys, and why LSQ, and quantization after training, are ahead of LPT and ALPT at few
bits.

How it is measured. Where gradients are exact, along the trajectory; with noise of two signs, over all 2^T paths. G^2 is the
largest E||g||^2 at any v that was met.

Source: this project's statement.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from alpt_ref.problems.extreme import huber
from alpt_ref.problems.finite import FiniteProblem, Floats, clicks, quadratic
from alpt_ref.problems.joint import finite_logistic, joint_quadratic, rotated, small_logistic
from alpt_ref.theory.claim import VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import between, draws
from alpt_ref.theory.shape import on_points
from alpt_ref.theory.verdict import worst_of

MOST = 2**20  # numbers of all paths' weights at one step
Rounding = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Params:
    """The numbers of the statement; G is known once the paths are."""

    steps: int
    eta: float
    L: float
    delta: float
    d: int
    D1: float
    G: float = math.nan

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        return (Check("eta > 0", self.eta, ">", 0.0), Check("f is smooth: 1/L", 1.0 / self.L, ">", 0.0))


def masters(p: Params) -> float:
    """(a)."""
    return p.D1**2 / (2.0 * p.eta * p.steps) + p.eta * p.G**2 / 2.0 + p.L * p.d * p.delta**2 / 8.0


def deployed(p: Params) -> float:
    """(b)."""
    return p.D1**2 / (p.eta * p.steps) + p.eta * p.G**2 + p.L * p.d * p.delta**2 / 2.0


@dataclass(frozen=True, eq=False)
class Masters:
    """Training with float masters on a problem of equally likely outcomes, from w_1."""

    problem: FiniteProblem
    delta: float
    eta: float
    steps: int
    w_1: Floats
    rounding: Rounding = np.rint

    @cached_property
    def paths(self) -> tuple[float, float, float, Floats]:
        """The means over steps of E f(w_t) - f* and E f(v_t) - f*, the largest E||g||^2 met, and all the points met.

        Every path of outcomes is followed: k^T of them for k outcomes.
        """
        problem, w = self.problem, self.w_1[None]
        k = problem.probabilities.size
        if k ** (self.steps - 1) * w.size > MOST:
            raise ValueError(f"{k}^{self.steps - 1} paths are too many")
        of_w, of_v, squares, met = 0.0, 0.0, 0.0, []
        for _ in range(self.steps):
            v = self.delta * self.rounding(w / self.delta)
            of_w += float(problem.loss(w).mean())
            of_v += float(problem.loss(v).mean())
            g = problem.gradients(v)
            squares = max(squares, float((g**2).sum(axis=2).mean(axis=0).max()))
            met += [w, v]
            w = (w - self.eta * g).reshape(-1, problem.d)
        return of_w / self.steps - problem.f_star, of_v / self.steps - problem.f_star, squares, np.concatenate(met)


def instance(name: str, run: Masters, which: int) -> Instance:
    """(a), which = 0, or (b), which = 1, on a run, whose paths are followed once for both."""
    problem = run.problem
    D1 = float(np.linalg.norm(run.w_1 - problem.w_star))
    before = Params(run.steps, run.eta, problem.L, run.delta, problem.d, D1)

    def measure(draw: Draw) -> Measured:
        *values, squares, met = run.paths
        off = float(np.abs(run.rounding(met / run.delta) - met / run.delta).max())
        checks = (*on_points(problem, met), Check("rounds to nearest: largest error, in cells", off, "<=", 0.5, "rule"))
        scale = float(np.abs(problem.loss(met)).max())
        return Measured(values[which], 1e-13 * scale, checks, params=replace(before, G=math.sqrt(squares)))

    exact = problem.probabilities.size > 1
    return Instance(name, before, measure, "exact" if exact else "trajectory")


def runs(full: bool) -> dict[str, Masters]:
    """Exact gradients: quadratics, clicks, two coordinates; and all paths of noise of two signs."""
    steps = 4000 if full else 1000
    still = FiniteProblem(
        "expected clicks", lambda w: clicks(0.2).mean_gradient(w)[None], np.ones(1), clicks(0.2).loss, clicks(0.2).w_star,
        clicks(0.2).f_star, 0.25,
    )  # fmt: skip
    stretched = joint_quadratic(rotated((1.0, 0.05), 0.6), (0.33, -0.2))
    both = finite_logistic(small_logistic(), "batch")
    noisy = quadratic(1.0, 0.31, 0.5)
    return {
        "(w - c)^2/2": Masters(quadratic(1.0, 0.31), 0.25, 0.05, steps, np.array([-2.0])),
        "(w - c)^2/2, c half way": Masters(quadratic(1.0, 0.125), 0.25, 0.01, steps, np.array([0.13])),
        "expected clicks at 20%": Masters(still, 0.5, 0.5, steps, np.zeros(1)),
        "quadratic, d = 2, cond 20": Masters(stretched, 0.25, 0.3, steps, np.array([1.0, -1.0])),
        "logistic, d = 2": Masters(both, 0.5, 0.5, steps, np.array([1.0, 1.0])),
        "(w - c)^2/2, stuck half a step from c": Masters(quadratic(1.0, 0.0), 0.25, 0.5, 20 * steps, np.array([0.125])),
        "|w - c|^2/2, d = 3, half a step from c": Masters(
            joint_quadratic(np.eye(3), [0.0] * 3), 0.25, 0.5, 5 * steps, np.full(3, 0.125)
        ),
        "|w - c|^2/2, d = 5, c half way": Masters(joint_quadratic(np.eye(5), [0.125] * 5), 0.25, 0.01, steps, np.full(5, 0.13)),
        "huber, to and fro": Masters(huber(1.0, 0.0, 1e-3), 1e-5, 0.25, steps, np.array([0.125])),
        "huber, on the way": Masters(huber(1.0, 0.0, 1e-3), 1e-5, 1.0, 200, np.array([200.0])),
        "(w - c)^2/2, noise 0.5, all paths": Masters(noisy, 0.5, 0.05, 18 if full else 14, np.array([0.4])),
    }


@lru_cache(maxsize=1)
def random_runs(count: int, seed: int) -> tuple[Masters, ...]:
    """One coordinate: quadratics with exact gradients, or all paths of noise, from near and far."""
    out = []
    for i, u in enumerate(draws(count, 8, seed + 70)):
        delta, curvature = between(u[0], 0.01, 2.0), between(u[1], 0.1, 10.0)
        noise = 0.0 if i % 3 else between(u[2], 0.01, 1.0) * curvature * delta
        problem = quadratic(curvature, u[3], noise)
        steps = 2 + int(8 * u[4]) if noise else 2 + int(400 * u[4] ** 2)
        w_1 = np.array([u[3] + delta * (10.0 ** (3.0 * u[5] - 2.0)) * (1 if u[6] < 0.5 else -1)])
        out.append(Masters(problem, delta, between(u[7], 0.002, 1.0) / curvature, steps, w_1))
    return tuple(out)


def _instances(setting: Setting, which: int) -> list[Instance]:
    out = [instance(name, run, which) for name, run in runs(setting.full).items()]
    family = setting.family(300, 4000)

    def members(count: int, seed: int) -> list[Instance]:
        return [instance(run.problem.name, run, which) for run in random_runs(count, seed)]

    out.append(worst_of("random runs", members, family))
    # Masters rest where v is w*; with c half way between two of its points v never comes near.
    centre, start = ((0.0, 0.49), (0.49, 0.49))[which]
    fourth = Masters(quadratic(1.0, centre), 0.25, 0.01, 4000, np.array([start]), lambda s: 4.0 * np.rint(s / 4.0))
    out.append(instance("control: rounds to every fourth point", fourth, which).expecting(VIOLATED))
    return out


MASTERS = Claim(
    "T7(a)",
    "float masters, DR, smooth convex: mean E f(w_t) - f* <= D1^2/(2 eta T) + eta G^2/2 + L d Delta^2/8",
    "upper",
    masters,
    lambda setting: _instances(setting, 0),
)
DEPLOYED = Claim(
    "T7(b)",
    "the weights that are deployed: mean E f(v_t) - f* <= D1^2/(eta T) + eta G^2 + L d Delta^2/2",
    "upper",
    deployed,
    lambda setting: _instances(setting, 1),
)
CLAIMS = (MASTERS, DEPLOYED)
