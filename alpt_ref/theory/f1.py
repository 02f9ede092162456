r"""F1: the energy identity of stochastic rounding on any grid, floating-point formats among them.  (upper, exact)

Points v_0 < v_1 < ... in each coordinate, however far apart: a uniform grid, the numbers of a format, or a part of them. S is
the box between the ends; beyond them the points are thought to go on with the gap of the last cell. Delta(w, +) and Delta(w,
-) are the gaps above and below the point w. LPT with SR and a constant eta, w_1 a point; f convex, E[g_t | past] a
subgradient at w_t.

Guarantee. psi_w(t) = E (Q(w + t) - w)^2 is the interpolant of x -> (x - w)^2 at the points, taken at w + t, and

    psi_w(t) = Delta(w, sign t) |t|  for |t| <= Delta(w, sign t).

With e_t = ||w_t - w*||^2 and Psi(w) = sum_i E psi_{w_i}(-eta g_i)

    (b) E e_{t+1} = E e_t - 2 eta E<g_t, w_t - w*> + E Psi(w_t)       without clipping,

and <= with clipping and w* in S. Hence

    (a) E R(T)/T <= D1^2/(2 eta T) + (1/(2 eta T)) sum_t E Psi(w_t) <= D1^2/(2 eta T) + max_w Psi(w)/(2 eta).

Where no move is longer than the gap in its direction the second term is half the mean of E sum_i Delta(w_{t,i}, .) |g_{t,i}|,
at most max Delta G1/2. On a uniform grid this is T1#, number for number.

    (c) At stationarity, unclipped:  E<grad f(w), w - w*> = E Psi(w)/(2 eta).
    (d) On a format with subnormals, of p mantissa bits, Delta(w, +-) <= 2^-p |w| for every normal w, with equality at the
        powers of two. (Without subnormals the smallest number is as far from 0 as it is large.) Near |w*| the floor is
        2^-(p+1) |w*| G1, relative to the weight. It is not that of the gap at w* itself: where w* lies just below a power of
        two, half of the walk is paid at twice that gap.

*Proof.* Let x lie in the cell [v, v'], a = (x - v)/(v' - v). Q(x) = v' with probability a, else v: E Q(x) = x and
E (Q(x) - x)^2 = a (1 - a) (v' - v)^2 = (x - v)(v' - x), so that for every c

    E (Q(x) - c)^2 = (x - c)^2 + (x - v)(v' - x).

With c = w: psi_w(t) = t^2 + (x - v)(v' - x), x = w + t; and t^2 + t (Delta - t) = Delta t for a move that stays in the cell
next to w. With c = w*: E (Q(x) - w*)^2 = (w - w*)^2 + 2 t (w - w*) + psi_w(t), which with t = -eta g is (b), coordinate by
coordinate. To clip a target and then to round it is to round it on the points that go on, and then to clip, as the ends are
points; clipping shortens the distance to a w* in S. (a): sum over t, divide by 2 eta T, <g, w - w*> is at least f_t(w) -
f_t(w*) in the mean. (c): e_t has one mean. (d): in [2^e, 2^(e+1)) points are 2^(e-p) apart; below 2^e no farther. []

(b), (c) and (d) are put to the test in ``f1_energy``.

Source: this project's statement.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.formats import format_of
from alpt_ref.grid import Grid
from alpt_ref.problems.finite import absolute, clicks, quadratic
from alpt_ref.problems.joint import joint_quadratic, rotated
from alpt_ref.theory import t1_sharp
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.on_points import FloatWalk, energy, gaps, noisy_absolute
from alpt_ref.theory.shape import convex_on
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import ULP, Walk
from alpt_ref.walks.window import Window


@dataclass(frozen=True)
class Params:
    """The numbers of (a). energy : the mean of E Psi(w_t) over the walk, which measuring finds, or the largest Psi."""

    steps: int
    eta: float
    D1: float
    outside: float
    energy: float = math.nan

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        return (Check("w* in S", self.outside, "<=", 0.0), Check("eta > 0", self.eta, ">", 0.0))


def bound(p: Params) -> float:
    """(a)."""
    return p.D1**2 / (2.0 * p.eta * p.steps) + p.energy / (2.0 * p.eta)


def params(walk: FloatWalk) -> Params:
    """The statement for a walk, its energy open."""
    return Params(walk.steps, walk.eta, float(np.linalg.norm(walk.problem.w_star - np.asarray(walk.start))), walk.outside)


Energy = Callable[[FloatWalk, float], float]  # of the walk, and the mean of E Psi along it


def instance(name: str, walk: FloatWalk, energy_of: Energy = lambda walk, mean: mean, checks: Sequence[Check] = ()) -> Instance:
    """The regret of a walk, against the bound with ``energy_of`` it."""
    before, problem = params(walk), walk.problem

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = walk.law(asked.of(walk.rule), [problem.loss, energy(walk)])
        loss, along = law.expectations[:-1].mean(axis=0)
        largest = float(np.abs(problem.loss(law.points)).max()) + abs(problem.f_star)
        after = replace(before, energy=energy_of(walk, float(along)))
        said = (*convex_on(problem, law.points), unbiased(asked), *checks)
        return Measured(float(loss) - problem.f_star, (law.error + ULP) * largest, said, params=after)

    return Instance(name, before, measure)


def largest(walk: FloatWalk, mean: float) -> float:
    """The largest Psi over all points."""
    return float(energy(walk)(walk.points).max())


def at_optimum(walk: FloatWalk, mean: float) -> float:
    """A refuted floor: Delta G1/2 with the gap of the cell that w* lies in."""
    line, _, above = gaps(walk.states)
    gap = above[np.searchsorted(line, walk.problem.w_star[0], side="right") - 1]
    size = walk.problem.probabilities @ np.abs(walk.problem.gradients(walk.points)).sum(axis=2)
    return float(walk.eta * gap * size.max())


def walks(rule: Rule) -> dict[str, FloatWalk]:
    """Walks by name: within a binade, across several, and through zero, with moves shorter and longer than gaps."""
    e4m3, e5m2 = Window("float8_e4m3fn", -2.0, 2.0), Window("float8_e5m2", -2.0, 2.0)
    one, wide = Window("bfloat16", 0.5, 2.0), Window("bfloat16", 2.0**-4, 8.0)
    stretched = joint_quadratic(rotated((1.0, 0.05), 0.6), (0.33, -0.2), 0.2)
    table = Window("float6_e2m3fn", -4.0, 4.0)
    return {
        "e4m3: |w - c| in one cell, short moves": FloatWalk(absolute(1.0, 1.03), e4m3, rule, 0.002, 20_000, 1.0),
        "e4m3: |w - 0.3| from 0, out of subnormals": FloatWalk(absolute(1.0, 0.3), e4m3, rule, 0.004, 1000),
        "e5m2: (w + 0.1)^2/2, noise 0.3, through 0": FloatWalk(quadratic(1.0, -0.1, 0.3), e5m2, rule, 0.1, 300, 0.25),
        "bfloat16: (w - 1)^2/2, noise 0.5": FloatWalk(quadratic(1.0, 1.0, 0.5), one, rule, 0.004, 2000, 1.5),
        "bfloat16: |w - 1.001|, long moves": FloatWalk(absolute(1.0, 1.001), one, rule, 0.1, 400, 0.5),
        "bfloat16: clicks at 70%": FloatWalk(clicks(0.7), wide, rule, 0.02, 1000, 1.5),
        "e2m3: quadratic, d = 2, cond 20": FloatWalk(stretched, table, rule, 0.1, 100, (0.0, 0.0)),
        "e4m3: |w - 1.9|, clipped at 2": FloatWalk(
            noisy_absolute(1.9, 1.5), Window("float8_e4m3fn", 1.0, 2.0), rule, 0.05, 400, 1.0
        ),
    }


def _uniform(rule: Rule) -> Instance:
    """The walk of T1# on a uniform grid, and the check that its bound is the same number."""
    grid, problem, steps = Grid(5, 2.0**-4), quadratic(1.0, 0.31, 0.5), 2000
    known = t1_sharp.bound(t1_sharp.params(Walk(problem, grid, rule, Schedule(0.1), steps, -8)))
    walk = FloatWalk(problem, grid, rule, 0.1, steps, -0.5)
    off = abs(bound(replace(params(walk), energy=largest(walk, 0.0))) / known - 1.0)
    same = Check("T1#(a) gives the same number: relative difference", off, "<=", 1e-12)
    return instance("uniform grid: the largest Psi, as T1#", walk, largest, (same,))


def _regrets(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    known = walks(rule)
    out = [instance(name, walk) for name, walk in known.items()]
    short = known["e4m3: |w - c| in one cell, short moves"]
    out.append(
        instance("e4m3: |w - c|, largest Psi on [1, 1.5]", replace(short, grid=Window("float8_e4m3fn", 1.0, 1.5)), largest)
    )
    out.append(_uniform(rule))
    if setting.rule is None:
        below = FloatWalk(noisy_absolute(1.97, 3.0), Window("float8_e4m3fn", 0.5, 8.0), rule, 0.01, 40_000, 2.0)
        out.append(instance("below 2: the gaps along the walk", below))
        out.append(instance("refuted: below 2, the gap at w*", below, at_optimum).expecting(VIOLATED))
        stuck = replace(short, rule=NEAREST, problem=absolute(1.0, 1.4))
        out.append(instance("control, nearest: |w - c|", stuck).expecting(VIOLATED))
        out.append(instance("control: half of the energy", short, lambda walk, mean: mean / 2.0).expecting(VIOLATED))
        far = replace(short, problem=absolute(1.0, 500.0), grid=format_of("float8_e4m3fn"), steps=100)
        out.append(instance("control: w* beyond the largest number", far).expecting(NOT_APPLICABLE))
    return out


REGRET = Claim(
    "F1(a)",
    "SR on any points, convex: E R(T)/T <= D1^2/(2 eta T) + mean of E Psi(w_t)/(2 eta), half of E sum_i Delta(w_i, .)|g_i|",
    "upper",
    bound,
    _regrets,
    rule="unbiased",
)
CLAIMS = (REGRET,)
