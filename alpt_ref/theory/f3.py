r"""F3: under stochastic rounding a learning-rate schedule is only a clock, on any points; L11 with local gaps.  (exact)

One coordinate, points p_0 < ... < p_n of a grid or a format; outcomes of the gradient independent and identically distributed;
every move is at most the gap in its direction, eta_t |g(w)| <= Delta(w, -sign g), at all points; clipping included. Then
P_eta = I + eta A, A free of eta, and

(a) the law after steps of any eta_1, ..., eta_T is that of a random number of steps of eta_max, each taken with probability
    eta_t/eta_max;
(b) every such constant eta has the same stationary law pi:
    pi(k + 1) E g^{+}(p_{k+1}) = pi(k) E g^{-}(p_k).
    The gaps are not in it: pi counts points, as on a uniform grid, and so has a density of 1/Delta over w. Where the gradient
    is noise alone, weights of a format gather where its points are dense, towards 0.

Near zero the assumption is a strong one: gaps go down to that of the subnormals, so that a walk through zero is a clock only
for eta |g| below it. It is checked at all points of a window.

*Proof.* From p_k an update of |t| <= Delta goes to the next point with probability |t|/Delta: entries off the diagonal are
linear in eta, P(k, k + 1) = eta E g^{-}(p_k)/Delta_k and P(k + 1, k) = eta E g^{+}(p_{k+1})/Delta_k, Delta_k the gap between
both. A chain between neighbours is reversible: pi(k) P(k, k + 1) = pi(k + 1) P(k + 1, k), and Delta_k cancels. (a) is L11's
proof. []

Source: this project's statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpt_ref.formats import format_of
from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, Floats, clicks, quadratic, slopes
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import between, draws
from alpt_ref.theory.on_points import FloatWalk, gaps
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.stationary import stationary_law
from alpt_ref.walks.window import Window


@dataclass(frozen=True)
class Params:
    """eta : the largest learning rate. longest : the longest move over the gap in its direction, at eta."""

    eta: float
    longest: float
    points: int

    def checks(self) -> Sequence[Check]:
        """The assumption."""
        return (Check("eta |g(w)| <= Delta(w, -sign g): largest quotient", self.longest, "<=", 1.0 + 1e-12),)


def fastest(walk: FloatWalk) -> float:
    """The largest eta of a clock: the least Delta(w, -sign g)/|g(w)| over all points and outcomes. Ends are left inward."""
    line, below, above = gaps(walk.states)
    g = walk.problem.gradients(line[:, None])[:, :, 0]
    with np.errstate(divide="ignore"):
        return float((np.where(g > 0.0, below, above) / np.abs(g)).min())


def params(walk: FloatWalk) -> Params:
    """The statement for a walk."""
    return Params(walk.eta, walk.eta / fastest(walk), walk.states.size)


def closed_form(walk: FloatWalk) -> Floats:
    """(b): pi from the ratios of neighbours, (n,), for a convex f, between the points that nothing leaves outward."""
    line, _, _ = gaps(walk.states)
    g, p = walk.problem.gradients(line[:, None])[:, :, 0], walk.problem.probabilities
    up, down = p @ np.maximum(-g, 0.0), p @ np.maximum(g, 0.0)  # E g^- and E g^+
    first = int(np.flatnonzero(down == 0.0).max(initial=0))
    last = int(np.flatnonzero(up == 0.0).min(initial=up.size - 1))
    logs = np.concatenate(([0.0], np.cumsum(np.log(up[first:last]) - np.log(down[first + 1 : last + 1]))))
    pi = np.zeros(up.size)
    pi[first : last + 1] = np.exp(logs - logs.max())
    return np.asarray(pi / pi.sum())


def mixed(walk: FloatWalk, etas: Floats) -> Floats:
    """(a), right side, by dense matrices: each step is one of eta_max with probability eta_t/eta_max, else none."""
    line, below, above = gaps(walk.states)
    g, p = walk.problem.gradients(line[:, None])[:, :, 0], walk.problem.probabilities
    n, most = line.size, float(etas.max())
    P, place = np.zeros((n, n)), np.arange(n)
    np.add.at(P, (place, np.minimum(place + 1, n - 1)), most * (p @ np.maximum(-g, 0.0)) / above)
    np.add.at(P, (place, np.maximum(place - 1, 0)), most * (p @ np.maximum(g, 0.0)) / below)
    P[place, place] += 1.0 - P.sum(axis=1)
    law: Floats = (line == walk.start).astype(np.float64)
    for a in etas / most:
        law = (1.0 - a) * law + a * (law @ P)
    return law


def _clock(name: str, walk: FloatWalk, shape: Floats) -> Instance:
    """eta_t = eta times ``shape``, whose largest number is 1."""

    def measure(draw: Draw) -> Measured:
        asked, etas = Asked(), walk.eta * shape
        heard = asked.of(walk.rule)
        law = exact_law(walk.problem, walk.grid, heard, eta=etas, steps=etas.size, start=walk.start)
        return Measured(float(np.abs(law.probability - mixed(walk, etas)).sum()), law.error, (unbiased(asked),))

    return Instance(name, params(walk), measure)


def _at_most(problem: FiniteProblem, grid: Grid | Window, rule: Rule, share: float, start: float) -> FloatWalk:
    """A walk at that share of the largest eta of a clock."""
    walk = FloatWalk(problem, grid, rule, 1.0, 0, start)
    return FloatWalk(problem, grid, rule, share * fastest(walk), 0, start)


def _clocks(setting: Setting) -> list[Instance]:
    rule, u = setting.rule_or(STOCHASTIC), draws(1, 200, 31)[0]
    shape, falling = u / u.max(), 1.0 / np.sqrt(np.arange(1.0, 201.0))
    noisy, one = quadratic(1.0, 1.02, 0.5), Window("bfloat16", 0.5, 1.75)
    leaps = slopes((1.0, -3.0), (0.75, 0.25), 0.5)
    e4m3 = Window("float8_e4m3fn", -0.5, 0.5)
    out = [
        _clock("bfloat16: (w - 1.02)^2/2, random eta_t", _at_most(noisy, one, rule, 0.99, 1.25), shape),
        _clock("bfloat16: the same, eta/sqrt(t)", _at_most(noisy, one, rule, 1.0, 0.75), falling),
        _clock("e4m3: clicks at 60%, through 0", _at_most(clicks(0.6), e4m3, rule, 0.99, -0.25), shape),
        _clock("e3m4: g_t w, clipped at both ends", _at_most(leaps, Window("float8_e3m4", 0.5, 4.0), rule, 1.0, 1.0), shape),
        _clock("uniform grid: L11's clicks", FloatWalk(clicks(0.03), Grid(8, 0.05), rule, 0.049, 0, 0.0), shape),
    ]
    if setting.rule is None:
        still = _at_most(noisy, one, NEAREST, 0.99, 1.25)
        out.append(_clock("control, nearest: bfloat16", still, shape).expecting(VIOLATED))
        whole = FloatWalk(noisy, format_of("float8_e4m3fn"), rule, 0.002, 0, 1.0)
        out.append(_clock("control: a whole format, near 0", whole, shape).expecting(NOT_APPLICABLE))
    return out


def _same(name: str, walk: FloatWalk, weight: bool = False) -> Instance:
    """The L1 distance of the stationary law from (b); ``weight`` : each point times the length of its cells."""

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = stationary_law(walk.problem, walk.grid, asked.of(walk.rule), eta=walk.eta, start=walk.start)
        _, below, above = gaps(walk.states)
        expected = closed_form(walk) * ((below + above) if weight else 1.0)
        off = float(np.abs(law.probability - expected / expected.sum()).sum())
        return Measured(off, law.error, (unbiased(asked),))

    return Instance(name, params(walk), measure)


def _random(i: int, u: Floats, rule: Rule) -> Instance:
    """Clicks and quadratics with noise, on windows of four formats."""
    name = ("float8_e4m3fn", "float8_e5m2", "float6_e2m3fn", "bfloat16")[i % 4]
    lo = between(u[0], 0.25, 1.0)
    window = Window(name, lo, lo * (1.2 if name == "bfloat16" else 4.0))
    noisy = quadratic(1.0, lo * 1.1, between(u[3], 0.5, 4.0))
    problem = clicks(float(0.5 + 0.4 * u[1]), 1 + int(4 * u[2])) if i // 4 % 2 else noisy
    return _same(f"{i}: {name}, {problem.name}"[:44], _at_most(problem, window, rule, 0.05 + 0.95 * u[4], window.lo))


def _laws(setting: Setting) -> list[Instance]:
    rule, count = setting.rule_or(STOCHASTIC), 60 if setting.full else 15
    noisy, one = quadratic(1.0, 1.0, 0.5), Window("bfloat16", 0.75, 1.5)
    out = [_same(f"bfloat16: (w - 1)^2/2, {s:g} of eta", _at_most(noisy, one, rule, s, 1.0)) for s in (0.001, 0.1, 1.0)]
    flat = _at_most(slopes((1.0, -1.0), (0.5, 0.5), 1.0), Window("float8_e4m3fn", 0.25, 4.0), rule, 1.0, 1.0)
    out.append(_same("e4m3: noise alone, uniform over points", flat))
    out += [_random(i, u, rule) for i, u in enumerate(draws(count, 5, 32))]
    if setting.rule is None:
        long = FloatWalk(noisy, one, rule, 0.05, 0, 1.0)
        out += [
            _same("control, nearest: bfloat16", _at_most(noisy, one, NEAREST, 0.9, 1.25)).expecting(VIOLATED),
            _same("refuted: points weighted by their gaps", _at_most(noisy, one, rule, 1.0, 1.0), True).expecting(VIOLATED),
            _same("control: moves of several gaps", long).expecting(NOT_APPLICABLE),
        ]
    return out


CLOCK = Claim(
    "F3(a)",
    "SR on any points, moves within the next gap: the law is that of a random number of steps of eta_max: L1 distance",
    "exact",
    lambda p: 0.0,
    _clocks,
    tolerance=lambda p: 1e-9,
    rule="unbiased",
)
SAME = Claim(
    "F3(b)",
    "SR on any points: every eta of moves within the next gap has one stationary law, free of gaps: L1 distance",
    "exact",
    lambda p: 0.0,
    _laws,
    tolerance=lambda p: 1e-8,
    rule="unbiased",
)
CLAIMS = (CLOCK, SAME)
