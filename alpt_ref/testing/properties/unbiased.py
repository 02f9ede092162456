"""Means and variances under the quantizer's own uniforms (Q2, Q3, L3).

They are judged by sequential tests with stated error rates.
"""

import math

import numpy as np
from numpy import float32, float64

from alpt_ref.intervals import bounded_mean_p
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable
from alpt_ref.testing.evidence import Sensitivity, detectable, log_evidence, p_value
from alpt_ref.testing.level import Level
from alpt_ref.testing.properties.stochastic import FRACTIONS, RARE, binades, cells
from alpt_ref.testing.property import Finding, Property, Trial, least_likely
from alpt_ref.testing.rulers import Ruler, Uniform
from alpt_ref.testing.sampling import Group, group_of, most_against
from alpt_ref.testing.shapes import WIDTHS, fitting
from alpt_ref.testing.targets import main, others, widest

COARSE, COARSE_SAMPLES = (0.25, 0.5, 0.75), 2**14
MEDIUM_SAMPLES = 2**16  # in the cells of formats that are of no kind of their own
SMALL_SIZES, PARTS = (1, 2, 3, 5, 7, 9, 13, 17, 67), (0.5, 0.125, -0.125)
BLOCK = 2**19  # most elements of a call
INDEPENDENT = ("elements-independent", "seeds-independent")
N_UPDATES = 100
SMALLEST_VARIANCE = 1e-9  # stands for none, where all that rounds may be lost for want of random bits


def _cells(candidate: Candidate, ruler: Ruler) -> Group:
    """The group of all values of :func:`cells`."""
    return group_of(candidate, ruler, np.array([x for x, _, _ in cells(ruler)], float32))


def _groups(candidate: Candidate, level: Level) -> list[Group]:
    """The groups to be sampled: every fraction on the widest grid and on the widest of up to 8 bits. Fractions within RARE of
    the grid are apart, and only where the step size is a power of two, for division blurs them elsewhere. On grids of all other
    widths there are only the fractions of COARSE, and in every binade of a format a few."""
    out, coarse = [], min(level.samples, COARSE_SAMPLES)
    for ruler in main(candidate):
        group = _cells(candidate, ruler)
        rare, deep = np.minimum(group.a, 1.0 - group.a) <= RARE, np.isin(group.below, ruler.deep_cells)
        out += [group.only(rare & deep & ruler.exact, level.rare_samples), group.only(~rare & deep, level.samples)]
        out.append(group.only(~deep, min(level.samples, MEDIUM_SAMPLES)))
        everywhere = np.array([x for x, _, _ in binades(ruler, level)], float32)
        out.append(group_of(candidate, ruler, everywhere, coarse))
    for ruler in others(candidate):
        group = _cells(candidate, ruler)
        out.append(group.only(np.isin(group.a, COARSE), coarse))
    # A small bias shows at rare fractions: those first.
    return sorted((group for group in out if group.x.size), key=lambda group: -group.samples)


def _sampled(candidate: Candidate, level: Level, alpha: float) -> Finding:
    groups = _groups(candidate, level)
    values, places, trials, seed = sum(group.x.size for group in groups), sum(SMALL_SIZES), [], 0
    each = alpha / (values + places)
    for size in SMALL_SIZES:
        plain = candidate.declared.plain
        x = np.resize(np.roll(np.array([plain.near(a) for a in PARTS], float32), size), size)
        group = group_of(candidate, plain, x, level.seeds)
        trials.append(most_against(candidate, group, each)[0])
    for group in groups:
        rows = min(group.samples, max(BLOCK // fitting(group.x.size, WIDTHS), 1))
        trial, seed = most_against(candidate, group, each, rows=rows, first=seed)
        trials.append(trial)
        if trial.p <= each:
            break
    counts = dict.fromkeys(f"{group.samples:,}" for group in groups)
    note = f"{values} values, {' or '.join(counts)} roundings of each; "
    note += f"every element of arrays of {', '.join(map(str, SMALL_SIZES))}, {level.seeds:,} seeds"
    return least_likely(trials, values + places, note, _sensitivity(groups, each))


def _sensitivity(groups: list[Group], alpha: float) -> tuple[Sensitivity, ...]:
    """The Sensitivity at each fraction of power-of-two steps, wherever in the range float32 holds it."""
    found: dict[float, Sensitivity] = {}
    for group in groups:
        for a, hi in zip(group.a, group.hi, strict=True):
            fraction = min(FRACTIONS, key=lambda f: abs(f - float(a)))
            if group.ruler.exact and fraction not in found:
                found[fraction] = detectable(float(a), float(hi - a), group.samples, alpha)._replace(fraction=fraction)
    return tuple(found[a] for a in sorted(found))


def _variance(candidate: Candidate, level: Level, alpha: float) -> Finding:
    """Judge E (Q(x)/delta - s)^2 = a(1-a); with few random bits it may be up to bias |1 - 2a| more or less."""
    ruler, n = widest(candidate), min(level.samples, 2**17)

    def trial(seed: int, x: float) -> Trial:
        case = Case(ruler, np.full(n, x, float32), seed=seed)
        s = float(ruler.locate(x))
        # Only a wrong value has a square beyond 4, and NaN is wrong, too.
        squares = np.nan_to_num(np.minimum((candidate.ordinals(case) - s) ** 2, 4.0), nan=4.0)
        a = s - math.floor(s)
        slack, want = candidate.declared.bias * abs(1.0 - 2.0 * a), a * (1.0 - a)
        nearest = float(np.clip(squares.mean(), max(want - slack, SMALLEST_VARIANCE), want + slack))
        gap, off = float(ruler.step(case.x[:1]).flat[0]), f"{ruler.valued(case.call())} - {x}"
        square, recipe = ("(Q(x) - x)^2", f"({off})") if gap == 1.0 else ("((Q(x) - x) / gap)^2", f"(({off}) / {gap})")
        told = f"x = {x!r}: mean of {square} is {squares.mean():.6g} over {n:,} elements; demanded: {want:.6g} on average"
        return Trial(bounded_mean_p(squares, 0.0, 4.0, nearest), told, f"({recipe} ** 2).mean()")

    trials = [trial(seed, ruler.near(a)) for seed, a in enumerate((0.125, -0.75, 0.5, -0.125))]
    return least_likely(trials, len(trials), f"{len(trials)} fractions, {n:,} roundings each")


def _small_updates(candidate: Candidate, level: Level, alpha: float) -> Finding:
    """Judge weights at 0, or at 1 of a format, that are updated N_UPDATES times by a thousandth of a step up, or down, and
    rounded each time."""
    slack, ruler = candidate.declared.bias, widest(candidate)
    part, unit = ruler.thousandth, ruler.unit
    if slack >= part / 2:
        raise NotApplicable(f"with {candidate.declared.random_bits} random bits updates below {slack:g} {unit} may be lost")
    if isinstance(ruler, Uniform) and ruler.bits < 4:
        raise NotApplicable("the walk needs 4 bits to stay inside")
    start = float(ruler.value(ruler.start))

    def walk(sign: float) -> tuple[float, Trial]:
        """The mean move of the weights, and what the number of roundings away from the start speaks against."""
        update = float(ruler.value(ruler.start + sign * part)) - start
        gap, steps = abs(float(ruler.value(ruler.start + sign)) - start), sign * part
        w, k, n = np.full(level.weights, start, float32), 0, 0
        for seed in range(N_UPDATES):
            inside = ruler.same_gap(w, sign)  # elsewhere the update is another part of the gap
            after = candidate.values(Case(ruler, w + float32(update), seed=seed)).astype(float32)
            k += int(((sign * (after - w) > 0.5 * gap) & inside).sum())
            n, w = n + int(inside.sum()), after
        move = float(((w.astype(float64) - start) / gap).mean())
        at = f"{start:g}"
        told = f"{level.weights:,} weights at {at}, {N_UPDATES} updates of {steps:+.6f} {unit}: mean move {move:+.4f} {unit}, "
        told += f"{k:,} of {n:,} roundings away from {at}; demanded: {steps * N_UPDATES:+.4f}, {n * part:,.0f} on average"
        made = f"zeros({level.weights}" if start == 0.0 else f"full({level.weights}, {start!r}"
        recipe = f"w = np.{made}, np.float32)\n"
        call = ruler.valued(ruler.call(f"w + np.float32({update!r})", "seed", shape=w.shape))
        call = call if ruler.returns == "values" else f"np.float32({call})"
        recipe += f"for seed in range({N_UPDATES}): w = {call}"
        return move, Trial(p_value(float(log_evidence(k, n, part - slack, part + slack))), told, recipe)

    (up, rising), (down, falling) = walk(1.0), walk(-1.0)
    return least_likely((rising, falling), 2, f"mean moves {up:+.4f} and {down:+.4f} {unit} of 0.1")


PROPERTIES = tuple(
    Property(name, statement, source, check, "stochastic", statistical=True, needs=INDEPENDENT)
    for name, statement, source, check in (
        ("unbiased", "E Q(x) = clip(x), at every fraction, both signs, near both ends", "Q2", _sampled),
        ("variance", "Var Q(x) = delta^2 a(1 - a)", "Q3", _variance),
        ("small-updates-survive", "100 updates of delta/1000 move by 0.1 delta on average", "Q2, L3", _small_updates),
    )
)
